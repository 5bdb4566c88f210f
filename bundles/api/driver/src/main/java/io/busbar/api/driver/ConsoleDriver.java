package io.busbar.api.driver;

import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A console device, driven in this process. An OSGi service; see the package.
 *
 * <p>A device has ports: the first is the console, which may be the only one, others have names. Each is a stream of bytes both
 * ways, in order, nothing lost: what nobody reads here stays with the device, and what the device has no room for waits
 * here.
 *
 * <p>The device tells of its ports by and by, after it was bound, and again after it was reset; a port is the same object
 * as long as the device is bound.
 */
@ProviderType
public interface ConsoleDriver extends DeviceDriver {

    /** Returns the ports that the device has told of, by number. */
    List<Port> ports();

    /** Returns how many ports the device may have, 1 and up. */
    int maxPorts();

    /**
     * Returns a port, as soon as the device has told of it.
     *
     * @param name     its name
     * @param patience how long to wait for that
     * @return empty if there is none by then, or the device was let go
     * @throws InterruptedIOException if the thread is interrupted
     */
    Optional<Port> port(String name, Duration patience) throws InterruptedIOException;

    /** Returns the size of the terminal at the console's other end, if the device says so. */
    Optional<TerminalSize> size();

    /** Returns whether the device takes {@link #emergencyWrite}. */
    boolean canWriteInEmergency();

    /**
     * Writes a byte to the console without a queue, at once: for a last message.
     *
     * @param value the byte
     * @throws DriverException UNSUPPORTED if the device does not take it, DEVICE_ERROR if it refused
     */
    void emergencyWrite(byte value) throws DriverException;

    /**
     * A port. Safe for any thread; of several that read, or write, each gets and gives bytes that lie behind each other.
     *
     * <p>A port is opened here by the first use of it, and by any after it was closed; a device need not have bytes for one
     * that is closed.
     *
     * <p>If the device had to be reset, what it had filled is read first; bytes that it had not taken yet are lost or not, which
     * the next operation that writes says once, by a {@link DriverException} RESET. If the device was let go, or has taken the
     * port away, what came is read first, and then all operations end with GONE.
     */
    @ProviderType
    interface Port {

        /** Returns its number; 0 is the console. */
        int index();

        /** Returns its name; {@code console} or {@code portN} if the device gives none. */
        String name();

        /** Returns whether somebody has it open at the device's end; always if the device does not say. */
        boolean isOpen();

        /**
         * Takes bytes that came. Never waits, allocates nothing.
         *
         * @param target filled from its position on
         * @return bytes taken, 0 if none are there
         */
        int poll(ByteBuffer target) throws DriverException;

        /**
         * Takes bytes, and waits for the first of them.
         *
         * @param target filled from its position on
         * @return bytes taken, 1 and up unless the target has no room
         * @throws InterruptedIOException if the thread was interrupted; nothing was taken
         */
        int read(ByteBuffer target) throws DriverException, InterruptedIOException;

        /**
         * Waits until there is something to take, or an operation that reads would fail.
         *
         * @param patience how long
         * @return whether that is so
         * @throws InterruptedIOException if the thread was interrupted
         */
        boolean awaitReadable(Duration patience) throws InterruptedIOException;

        /**
         * Gives bytes for which there is room at once. Never waits, allocates nothing.
         *
         * @param source from its position on, which is behind what was given afterwards
         * @return bytes given
         */
        int offer(ByteBuffer source) throws DriverException;

        /**
         * Gives all bytes; waits for room.
         *
         * @param source from its position to its limit
         * @throws InterruptedIOException if the thread was interrupted; its position is behind what was given
         */
        void write(ByteBuffer source) throws DriverException, InterruptedIOException;

        /**
         * Waits until the device has taken all that was given to this port before.
         *
         * @param patience how long
         * @return whether that is so
         * @throws InterruptedIOException if the thread was interrupted
         */
        boolean flush(Duration patience) throws DriverException, InterruptedIOException;

        /** Tells the device that the port is closed here. What came stays; the next use opens it again. */
        void close();

        /** Returns what comes as a stream, without an end but the device's, which is an exception. Closing it does nothing. */
        InputStream input();

        /** Returns a stream for what goes. Flushing waits for the device; closing it flushes. */
        OutputStream output();
    }
}
