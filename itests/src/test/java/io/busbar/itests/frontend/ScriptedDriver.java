package io.busbar.itests.frontend;

import static io.busbar.testkit.vhostuser.ScriptedFrontEnd.none;
import static io.busbar.testkit.vhostuser.ScriptedFrontEnd.state;
import static io.busbar.testkit.vhostuser.ScriptedFrontEnd.u64;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.Mapping;
import io.busbar.itests.Eventually;
import io.busbar.testkit.vhostuser.ScriptedFrontEnd;
import io.busbar.testkit.vhostuser.ScriptedGuest;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A driver of a block device with a ring that is written by hand (virtio 1.2, 2.7): as right as it takes to get a
 * request done, and as wrong as a test wants.
 */
final class ScriptedDriver implements AutoCloseable {

    static final int SIZE = 256;
    static final int WRITE = 2;
    static final int NEXT = 1;

    private static final long FEATURES = 1L << 32 | 1L << 30;
    private static final long REPLY_ACK = 1L << 3;
    private static final int RING_PAGES = 8;
    private static final int AVAILABLE = 4 * ScriptedGuest.PAGE;
    private static final int USED = 5 * ScriptedGuest.PAGE;
    private static final int INDEX = 2;
    private static final int BUFFERS = 40 * ScriptedGuest.PAGE;
    private static final int GET_ID = 8;
    private static final int ID_BYTES = 20;
    private static final Duration SOON = Duration.ofSeconds(60);

    final ScriptedFrontEnd wire;
    final ScriptedGuest guest;
    final Fd kick = EventFd.create();
    final Fd call = EventFd.create();
    final Fd error = EventFd.create();
    private final Mapping mapping;
    private final MemorySegment memory;
    private final int ring;
    private int available;

    private ScriptedDriver(Path socket, ScriptedGuest guest, int ring) throws LinuxException {
        this.guest = guest;
        this.ring = ring;
        this.mapping = Mapping.map(guest.file().number(), guest.offset(), guest.size(), true);
        this.memory = mapping.segment();
        this.wire = ScriptedFrontEnd.connect(socket);
    }

    /** Connects and starts one ring. */
    static ScriptedDriver start(Path socket, ScriptedGuest guest, int ring) throws LinuxException {
        ScriptedDriver driver = new ScriptedDriver(socket, guest, ring);
        driver.setUp();
        return driver;
    }

    private void setUp() {
        accepted(wire.ack(16, u64(REPLY_ACK)));
        accepted(wire.ack(2, u64(FEATURES)));
        accepted(wire.ack(5, guest.table(), guest.file()));
        accepted(wire.ack(8, state(ring, SIZE)));
        accepted(wire.ack(9, guest.ring(ring)));
        accepted(wire.ack(13, u64(ring), call));
        accepted(wire.ack(14, u64(ring), error));
        accepted(wire.ack(12, u64(ring), kick));
        accepted(wire.ack(18, state(ring, 1)));
        wire.ask(15, none());
    }

    private static void accepted(long answer) {
        if (answer != 0) {
            throw new AssertionError("a message was refused");
        }
    }

    private int ringBase() {
        return RING_PAGES * ScriptedGuest.PAGE * ring;
    }

    /** Writes a descriptor; the address is an offset in the guest's memory. */
    void descriptor(int index, long offset, int length, int flags, int next) {
        rawDescriptor(index, guest.guest() + offset, length, flags, next);
    }

    /** Writes a descriptor as it is. */
    void rawDescriptor(int index, long address, int length, int flags, int next) {
        long at = ringBase() + 16L * index;
        memory.set(JAVA_LONG, at, address);
        memory.set(JAVA_INT, at + 8, length);
        memory.set(JAVA_SHORT, at + 12, (short) flags);
        memory.set(JAVA_SHORT, at + 14, (short) next);
    }

    /** Makes a chain available, and kicks. */
    void offer(int head) {
        long base = ringBase() + AVAILABLE;
        memory.set(JAVA_SHORT, base + 4 + 2L * (available % SIZE), (short) head);
        available++;
        moveAvailableIndex(available);
    }

    /** Sets the available index whatever is behind it, and kicks. */
    void moveAvailableIndex(int index) {
        VarHandle.releaseFence(); // the entry before the index: the device reads the index first
        memory.set(JAVA_SHORT, ringBase() + AVAILABLE + INDEX, (short) index);
        EventFd.signal(kick.number());
    }

    private int usedIndex() {
        int index = Short.toUnsignedInt(memory.get(JAVA_SHORT, ringBase() + USED + INDEX));
        VarHandle.acquireFence(); // the index before what the device wrote until it published it
        return index;
    }

    /** Asks the device for its id, and checks that the request is done: the device works. */
    void getId() {
        memory.asSlice(BUFFERS, 64).fill((byte) 0xee);
        memory.set(JAVA_INT, BUFFERS, GET_ID);
        memory.set(JAVA_LONG, BUFFERS + 8, 0);
        descriptor(0, BUFFERS, 16, NEXT, 1);
        descriptor(1, BUFFERS + 16, ID_BYTES, NEXT | WRITE, 2);
        descriptor(2, BUFFERS + 16 + ID_BYTES, 1, WRITE, 0);
        int before = usedIndex();
        offer(0);
        Eventually.within(SOON, () -> usedIndex() != before, () -> "the request is not done");
        byte status = memory.get(JAVA_BYTE, BUFFERS + 16 + ID_BYTES);
        if (status != 0) {
            throw new AssertionError("status " + status + " of the request, expected 0");
        }
    }

    /** Waits until the device says that the ring is broken. */
    void awaitBroken() {
        Eventually.within(SOON, () -> EventFd.drain(error.number()) > 0, () -> "the ring is not said to be broken");
    }

    @Override
    public void close() {
        wire.close();
        mapping.close();
        guest.close();
        kick.close();
        call.close();
        error.close();
    }
}
