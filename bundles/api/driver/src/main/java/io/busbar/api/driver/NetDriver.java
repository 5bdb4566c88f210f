package io.busbar.api.driver;

import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A network card, driven in this process. An OSGi service; see the package.
 *
 * <p>A frame is what is on the wire of an Ethernet without its checksum: destination, source, type, and what they carry; 14
 * bytes to {@link #maxFrameBytes()}. Checksums inside of it are its sender's business: the device is asked for none. As in
 * every network frames may be lost: while the device is down or its link is, or when nobody takes them in time.
 */
@ProviderType
public interface NetDriver extends DeviceDriver {

    /** Bytes of an Ethernet header, which every frame has. */
    int HEADER_BYTES = 14;

    /** Returns the address of the card, 6 bytes; one of its own if the device has none. It may change. */
    byte[] mac();

    /** Returns the most bytes behind the header of a frame; 1500 if the device does not say. */
    int mtu();

    /** Returns the most bytes of a frame: header, one VLAN tag, and what the {@link #mtu()} allows. */
    int maxFrameBytes();

    /** Returns whether the link is up; always if the device does not say. */
    boolean isLinkUp();

    /**
     * Sends a frame if there is room for it at once. Never waits, allocates nothing.
     *
     * @param frame from its position to its limit, where its position is after the return; copied
     * @return false if the device has all that it takes, or is not up: nothing was sent, and the position is as before
     * @throws IllegalArgumentException if the frame is too short or too long
     */
    boolean offer(ByteBuffer frame);

    /**
     * Sends a frame; waits for room, as long as the device takes none or is not up.
     *
     * @param frame as for {@link #offer}
     * @throws IllegalArgumentException if the frame is too short or too long
     * @throws DriverException          GONE if the device was let go
     * @throws InterruptedIOException   if the thread was interrupted; nothing was sent
     */
    void send(ByteBuffer frame) throws DriverException, InterruptedIOException;

    /**
     * Listens to the frames that come in from now on. Several may listen, and each gets every frame; frames that come while
     * nobody listens are dropped.
     *
     * @param listener told of each frame
     * @return ends it when it is closed; a frame may still be on its way to the listener then
     */
    Listening listen(FrameListener listener);

    /** Returns what the card did since it was bound. */
    NetCounters counters();

    /** A listener that listens. */
    @ProviderType
    interface Listening extends AutoCloseable {

        /** Ends it. */
        @Override
        void close();
    }
}
