package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/**
 * One queue of a tap interface (linux/Documentation/networking/tuntap.rst): each write to its descriptor is a frame to the
 * host, each read one from it, with a {@code struct virtio_net_hdr} in front. The descriptor never waits. Any thread.
 */
public final class Tap implements AutoCloseable {
    /** Frames whose checksum is not filled in yet may be read (this and the others: include/uapi/linux/if_tun.h). */
    public static final int TUN_F_CSUM = 0x01;
    /** Segments of TCP over IPv4 that are to be cut may be read. */
    public static final int TUN_F_TSO4 = 0x02;
    /** Segments of TCP over IPv6 that are to be cut may be read. */
    public static final int TUN_F_TSO6 = 0x04;
    /** Most queues of one interface (MAX_TAP_QUEUES). */
    public static final int MAX_QUEUES = 256;
    /** Most bytes of an interface's name (IFNAMSIZ without the NUL). */
    public static final int MAX_NAME_BYTES = 15;

    private static final String CONTROL = "/dev/net/tun";
    private static final int AT_FDCWD = -100;
    private static final int O_RDWR = 2;
    private static final int O_NONBLOCK = 0x800;
    private static final int O_CLOEXEC = 0x80000;

    private static final int IFF_TAP = 0x0002;
    private static final int IFF_MULTI_QUEUE = 0x0100;
    private static final int IFF_ATTACH_QUEUE = 0x0200;
    private static final int IFF_DETACH_QUEUE = 0x0400;
    private static final int IFF_NO_PI = 0x1000;
    private static final int IFF_VNET_HDR = 0x4000;

    private static final long TUNSETIFF = 0x400454caL;
    private static final long TUNSETOFFLOAD = 0x400454d0L;
    private static final long TUNGETIFF = 0x800454d2L;
    private static final long TUNSETSNDBUF = 0x400454d4L;
    private static final long TUNSETVNETHDRSZ = 0x400454d8L;
    private static final long TUNSETQUEUE = 0x400454d9L;
    private static final long TUNSETVNETLE = 0x400454dcL;
    private static final long TUNSETCARRIER = 0x400454e2L;

    /* struct ifreq: 16 bytes name, then a union; its flags are 16 bits. */
    private static final int IFREQ = 40;
    private static final int FLAGS = 16;

    private final String name;
    private final Fd fd;

    private Tap(String name, Fd fd) {
        this.name = name;
        this.fd = fd;
    }

    /**
     * Becomes a queue of a tap interface in the calling thread's network namespace; makes the interface, which then lasts as
     * long as its queues, if there is none of that name.
     *
     * @param name       1 to {@link #MAX_NAME_BYTES} bytes
     * @param multiQueue whether the interface has several queues
     * @throws LinuxException of {@code /dev/net/tun}: ENOENT, ENODEV, EACCES; of the interface: EPERM, EBUSY when its only
     *         queue is taken, EINVAL when it is no tap or has one queue where several were asked for or the reverse, E2BIG
     *         when it has {@link #MAX_QUEUES}
     */
    public static Tap open(String name, boolean multiQueue) throws LinuxException {
        Fd fd = openControl();
        try (Arena arena = Arena.ofConfined()) {
            int flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | (multiQueue ? IFF_MULTI_QUEUE : 0);
            MemorySegment request = request(arena, flags);
            byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
            if (bytes.length == 0 || bytes.length > MAX_NAME_BYTES) {
                throw new LinuxException("use interface " + name, Errno.EINVAL,
                        "its name has " + bytes.length + " bytes, expected 1 to " + MAX_NAME_BYTES);
            }
            MemorySegment.copy(bytes, 0, request, JAVA_BYTE, 0, bytes.length);
            LinuxException.check(ioctl(fd, TUNSETIFF, request.address()), "use tap interface " + name);
            return new Tap(name, fd);
        } catch (LinuxException e) {
            fd.close();
            throw e;
        }
    }

    /**
     * Takes over a queue of another process, as it is set up.
     *
     * @param name the interface's name when it was opened
     * @param fd   taken over
     */
    public static Tap adopt(String name, Fd fd) {
        return new Tap(name, fd);
    }

    private static Fd openControl() throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            long path = arena.allocateFrom(CONTROL, StandardCharsets.UTF_8).address();
            int flags = O_RDWR | O_NONBLOCK | O_CLOEXEC;
            return Fd.own((int) LinuxException.check(Syscall.retry(Nr.OPENAT, AT_FDCWD, path, flags, 0), "open " + CONTROL));
        }
    }

    private static MemorySegment request(Arena arena, int flags) {
        MemorySegment request = arena.allocate(IFREQ, Long.BYTES);
        request.set(JAVA_SHORT, FLAGS, (short) flags);
        return request;
    }

    /** The interface's name when it was opened. */
    public String name() {
        return name;
    }

    /** What frames are written to and read from, non-blocking: readable when a frame waits. */
    public Fd fd() {
        return fd;
    }

    /**
     * Chooses the header in front of each frame: of all queues of the interface.
     *
     * @param bytes 10, or 12 with {@code num_buffers}; little-endian on every machine
     */
    public void setHeader(int bytes) throws LinuxException {
        setInt(TUNSETVNETHDRSZ, bytes, "have headers of " + bytes + " bytes at ");
        setInt(TUNSETVNETLE, 1, "have little-endian headers at ");
    }

    /**
     * Says what frames may be read: of all queues of the interface.
     *
     * @param offloads TUN_F_ bits
     */
    public void setOffloads(int offloads) throws LinuxException {
        LinuxException.check(ioctl(fd, TUNSETOFFLOAD, offloads), "have offloads 0x" + Integer.toHexString(offloads)
                + " at " + name);
    }

    /** Says that a write never fails for want of room: what a receiver has no room for it drops, as with any interface. */
    public void setUnboundedSending() throws LinuxException {
        setInt(TUNSETSNDBUF, Integer.MAX_VALUE, "have no limit to what is being sent at ");
    }

    /**
     * Plugs the cable in, or pulls it: what the host sees as the interface's carrier.
     *
     * @throws LinuxException EINVAL on kernels before 5.0
     */
    public void setCarrier(boolean on) throws LinuxException {
        setInt(TUNSETCARRIER, on ? 1 : 0, "set the carrier of ");
    }

    /**
     * Makes this queue of several one that the host sends to, or not: then it loses what waits in it, and can only be
     * written.
     */
    public void setAttached(boolean attached) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = request(arena, attached ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE);
            LinuxException.check(ioctl(fd, TUNSETQUEUE, request.address()),
                    (attached ? "attach a queue of " : "detach a queue of ") + name);
        }
    }

    /** Whether the host sends to this queue of several. */
    public boolean isAttached() throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = request(arena, 0);
            LinuxException.check(ioctl(fd, TUNGETIFF, request.address()), "look at a queue of " + name);
            return (request.get(JAVA_SHORT, FLAGS) & IFF_DETACH_QUEUE) == 0;
        }
    }

    /** Whether the interface is still there, in whichever namespace. */
    public boolean hasInterface() {
        try (Arena arena = Arena.ofConfined()) {
            return ioctl(fd, TUNGETIFF, request(arena, 0).address()) == 0;
        }
    }

    /** Gives the queue back. The last one takes an interface with it that was not made to stay. */
    @Override
    public void close() {
        fd.close();
    }

    private void setInt(long command, int value, String what) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            LinuxException.check(ioctl(fd, command, arena.allocateFrom(JAVA_INT, value).address()), what + name);
        }
    }

    private static long ioctl(Fd fd, long command, long argument) {
        return Syscall.call(Nr.IOCTL, fd.number(), command, argument);
    }
}
