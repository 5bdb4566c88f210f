package io.busbar.api.vdpa;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Somebody who looks at a port of a console device, and may type. Of those who want to type one does, the typist: the
 * one who came first, or took it over last; when the typist leaves, the next one is.
 *
 * <p>The typist is a reader like a backend: one that reads slowly holds the driver back, and misses nothing. Who only looks on
 * never holds it back, and is told how much was missed. The size of the driver's console is that of the typist's terminal.
 *
 * <p>Threads: one that reads and waits, and others for the rest. No method but {@link #await} waits.
 */
@ConsumerType
public interface ConsoleViewer extends AutoCloseable {

    /** Returned by {@link #read} when no more will come: the device is gone, or its device model. */
    int ENDED = -1;

    /** Whether a viewer wants to type. */
    enum Mode {
        /** Only looks on. */
        WATCH,
        /** Types, if or as soon as nobody else does. */
        TYPE,
        /** Types, at once: who typed looks on. */
        TAKE_OVER
    }

    /**
     * Waits until there is something to read, room to type again after there was none, another typist, or the end. May
     * return early.
     *
     * @param nanos the longest wait
     * @throws InterruptedException if the thread is interrupted
     */
    void await(long nanos) throws InterruptedException;

    /**
     * Takes what the driver sent.
     *
     * @param target where to
     * @param offset first byte there
     * @param length room there, 1 and up
     * @return bytes read, 0 if none waits, or {@link #ENDED}
     */
    int read(byte[] target, int offset, int length);

    /** Returns how many bytes, in front of what was read last, the viewer was too slow for; then counts anew. */
    long missed();

    /**
     * Types.
     *
     * @param source what
     * @param offset first byte there
     * @param length bytes there
     * @return bytes taken, 0 for who is not the typist; fewer than {@code length} while the driver does not read
     */
    int type(byte[] source, int offset, int length);

    /** Returns whether this viewer is the typist. */
    boolean types();

    /** Returns who the typist is, or empty. */
    String typist();

    /**
     * Says which size the viewer's terminal has.
     *
     * @param columns characters in a line, 1 to 65 535
     * @param rows    lines, 1 to 65 535
     * @throws IllegalArgumentException for other values
     */
    void resize(int columns, int rows);

    /** Ends looking. A second call does nothing. */
    @Override
    void close();
}
