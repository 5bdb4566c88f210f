package io.busbar.backends.tap;

import io.busbar.api.backend.NetBackend;
import io.busbar.api.backend.NetFrame;
import io.busbar.api.backend.WaitingFrame;
import io.busbar.api.memory.Payload;
import io.busbar.core.linux.Errno;
import io.busbar.core.linux.Iovecs;
import io.busbar.core.linux.StreamIo;
import io.busbar.core.linux.Tap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * One queue pair. {@link #transmit} is for the thread of the transmit queue; everything else, the frame that waits among it,
 * for that of the receive queue.
 */
final class TapQueue implements WaitingFrame {

    private static final int ETHERNET_HEADER = 14;

    /** The longest frame that the kernel does not have cut, its VLAN tag, and some room. */
    private static final int ROOM = (64 << 10) + 64;

    /** Frames in a row that cannot be delivered before others of the thread have their turn. */
    private static final int MOST_SKIPPED = 64;

    private final Tap tap;
    private final MemorySegment memory;
    private final Iovecs room = new Iovecs(1);
    private final Runnable again;
    private int length;

    /**
     * Makes a pair.
     *
     * @param tap   the interface's queue
     * @param arena outlives it
     * @param again asks for another {@link #peek} soon
     */
    TapQueue(Tap tap, Arena arena, Runnable again) {
        this.tap = tap;
        this.again = again;
        this.memory = arena.allocate(ROOM, Long.BYTES);
        room.add(memory.address(), ROOM);
    }

    /**
     * Writes a frame: its header, and the driver's own memory behind it, in one call, so that it is one frame to the host.
     * There is always room: what the host does not take, as it is down or out of memory, or because the frame's header makes
     * no sense to it, is lost, as on any wire.
     */
    void transmit(NetFrame frame) {
        Payload data = frame.data();
        data.sendTo(tap.fd().number(), frame.header());
    }

    /** Returns the frame that waits, or null. */
    WaitingFrame peek() {
        for (int skipped = 0; length == 0; skipped++) {
            if (skipped == MOST_SKIPPED) {
                again.run();
                return null;
            }
            long got = StreamIo.readv(tap.fd().number(), room);
            if (got >= NetBackend.HEADER_BYTES + ETHERNET_HEADER) {
                length = (int) got;
            } else if (got < 0 && got != -Errno.EINTR && got != -Errno.EFAULT) {
                return null; // EAGAIN: nothing waits; EBADFD: the interface is gone.
            }
        }
        return this;
    }

    void taken() {
        length = 0;
    }

    int descriptor() {
        return tap.fd().number();
    }

    @Override
    public MemorySegment memory() {
        return memory;
    }

    @Override
    public long offset() {
        return 0;
    }

    @Override
    public int length() {
        return length;
    }
}
