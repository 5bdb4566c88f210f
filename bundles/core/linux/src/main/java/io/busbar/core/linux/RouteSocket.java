package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Asks the kernel for the network interfaces of a namespace and changes them (rtnetlink(7)): of the one in which the
 * calling thread opened this. A socket either asks or watches. One thread at a time; {@link #close()} from any.
 */
public final class RouteSocket implements AutoCloseable {
    private static final int AF_NETLINK = 16;
    private static final int SOCK_RAW = 3;
    private static final int SOCK_NONBLOCK = 0x800;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int NETLINK_ROUTE = 0;
    private static final int RTMGRP_LINK = 1;

    private static final int NLMSG_ERROR = 2;
    private static final int RTM_NEWLINK = 16;
    private static final int RTM_GETLINK = 18;
    private static final int RTM_NEWADDR = 20;
    private static final int NLM_F_REQUEST = 0x1;
    private static final int NLM_F_ACK = 0x4;
    private static final int NLM_F_REPLACE = 0x100;
    private static final int NLM_F_CREATE = 0x400;

    /* struct ifinfomsg: 0 family, 2 type, 4 index, 8 flags, 12 which of them change */
    private static final int IFINFOMSG = 16;
    private static final int LINK_INDEX = 4;
    private static final int LINK_FLAGS = 8;
    private static final int LINK_CHANGE = 12;
    private static final int IFF_UP = 1;
    private static final int IFLA_IFNAME = 3;
    private static final int IFLA_MTU = 4;
    private static final int IFLA_LINKINFO = 18;
    private static final int IFLA_INFO_KIND = 1;
    private static final int IFLA_INFO_DATA = 2;
    private static final int IFLA_TUN_TYPE = 3;
    private static final int IFLA_TUN_MULTI_QUEUE = 7;
    private static final int IFLA_TUN_NUM_QUEUES = 8;
    private static final int IFLA_TUN_NUM_DISABLED_QUEUES = 9;
    private static final int TYPE_TAP = 2;

    /* struct ifaddrmsg: 0 family, 1 prefix length, 2 flags, 3 scope, 4 index */
    private static final int IFADDRMSG = 8;
    private static final int ADDRESS_INDEX = 4;
    private static final int IFA_ADDRESS = 1;
    private static final int IFA_LOCAL = 2;
    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;
    private static final int INET_BYTES = 4;

    /** What the kernel answers about one link has some kilobytes, more with many virtual functions. */
    private static final int ROOM = 64 << 10;
    private static final int REQUEST_ROOM = 256;

    private final Fd fd;
    private final RouteMessage request = new RouteMessage(Arena.ofAuto().allocate(REQUEST_ROOM, Long.BYTES));
    private final RouteMessage answer = new RouteMessage(Arena.ofAuto().allocate(ROOM, Long.BYTES));
    private int sequence;

    private RouteSocket(Fd fd) {
        this.fd = fd;
    }

    /** A socket to ask with. */
    public static RouteSocket open() throws LinuxException {
        return new RouteSocket(newSocket(0));
    }

    /** A socket that becomes readable when an interface of the namespace changes: see {@link #drain()}. */
    public static RouteSocket watchLinks() throws LinuxException {
        Fd socket = newSocket(SOCK_NONBLOCK);
        try (Arena arena = Arena.ofConfined()) {
            // struct sockaddr_nl: 0 family, 4 port, 8 groups
            MemorySegment address = arena.allocate(12, Integer.BYTES);
            address.set(JAVA_SHORT, 0, (short) AF_NETLINK);
            address.set(JAVA_INT, 8, RTMGRP_LINK);
            LinuxException.check(Syscall.call(Nr.BIND, socket.number(), address.address(), address.byteSize()),
                    "watch network interfaces");
            return new RouteSocket(socket);
        } catch (LinuxException e) {
            socket.close();
            throw e;
        }
    }

    private static Fd newSocket(int flags) throws LinuxException {
        return Fd.own((int) LinuxException.check(
                Syscall.call(Nr.SOCKET, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_ROUTE),
                "create a route netlink socket"));
    }

    /** The socket. */
    public Fd fd() {
        return fd;
    }

    /** Forgets what a socket that watches was told: that something has changed is all that counts. */
    public void drain() {
        long got;
        do {
            got = Syscall.call(Nr.READ, fd.number(), answer.memory().address(), ROOM);
        } while (got > 0 || got == -Errno.EINTR || got == -Errno.ENOBUFS);
    }

    /**
     * Looks for an interface by its name.
     *
     * @param name 1 to 15 bytes
     */
    public Optional<NetworkLink> link(String name) throws LinuxException {
        begin(RTM_GETLINK, 0, IFINFOMSG);
        request.addText(IFLA_IFNAME, name);
        return ask("look for interface " + name);
    }

    /** Looks for an interface by its number. */
    public Optional<NetworkLink> link(int index) throws LinuxException {
        begin(RTM_GETLINK, 0, IFINFOMSG);
        request.putInt(LINK_INDEX, index);
        return ask("look for interface number " + index);
    }

    /**
     * Sets an interface up.
     *
     * @throws LinuxException EPERM without CAP_NET_ADMIN, ENODEV
     */
    public void setUp(NetworkLink link) throws LinuxException {
        begin(RTM_NEWLINK, NLM_F_ACK, IFINFOMSG);
        request.putInt(LINK_INDEX, link.index());
        request.putInt(LINK_FLAGS, IFF_UP);
        request.putInt(LINK_CHANGE, IFF_UP);
        order("set " + link.name() + " up");
    }

    /**
     * Sets an interface's MTU.
     *
     * @throws LinuxException EPERM without CAP_NET_ADMIN, EINVAL when the interface does not take it, ENODEV
     */
    public void setMtu(NetworkLink link, int mtu) throws LinuxException {
        begin(RTM_NEWLINK, NLM_F_ACK, IFINFOMSG);
        request.putInt(LINK_INDEX, link.index());
        request.addInt(IFLA_MTU, mtu);
        order("set the MTU of " + link.name() + " to " + mtu);
    }

    /**
     * Gives an interface an address; one that it has already stays.
     *
     * @param address 4 or 16 bytes
     * @param prefix  bits that name the network
     * @throws LinuxException EPERM without CAP_NET_ADMIN, EINVAL, ENODEV
     */
    public void addAddress(NetworkLink link, byte[] address, int prefix) throws LinuxException {
        begin(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, IFADDRMSG);
        request.putByte(0, address.length == INET_BYTES ? AF_INET : AF_INET6);
        request.putByte(1, prefix);
        request.putInt(ADDRESS_INDEX, link.index());
        request.addBytes(IFA_LOCAL, address);
        request.addBytes(IFA_ADDRESS, address);
        order("give " + link.name() + " an address");
    }

    private void begin(int type, int flags, int fixed) {
        request.begin(type, NLM_F_REQUEST | flags, ++sequence, fixed);
    }

    private void order(String what) throws LinuxException {
        LinuxException.check(exchange(what), what);
    }

    private Optional<NetworkLink> ask(String what) throws LinuxException {
        int error = exchange(what);
        if (error == -Errno.ENODEV) {
            return Optional.empty();
        }
        LinuxException.check(error, what);
        return Optional.of(readLink());
    }

    /** Sends the request and receives the answer to it: 0, or the negative errno that the kernel answers. */
    private int exchange(String what) throws LinuxException {
        LinuxException.check(
                Syscall.retry(Nr.WRITE, fd.number(), request.memory().address(), request.length(0), 0), what);
        do {
            LinuxException.check(Syscall.retry(Nr.READ, fd.number(), answer.memory().address(), ROOM, 0), what);
        } while (answer.sequence(0) != sequence);
        return answer.type(0) == NLMSG_ERROR ? answer.intAt(RouteMessage.HEADER) : 0;
    }

    private NetworkLink readLink() {
        int attributes = RouteMessage.HEADER + IFINFOMSG;
        int end = answer.length(0);
        int name = answer.find(attributes, end, IFLA_IFNAME);
        int mtu = answer.find(attributes, end, IFLA_MTU);
        int info = answer.find(attributes, end, IFLA_LINKINFO);
        String kind = "";
        Optional<NetworkLink.Tun> tun = Optional.empty();
        if (info >= 0) {
            int infoEnd = info + answer.attributeLength(info);
            int kindAt = answer.find(info + RouteMessage.ATTRIBUTE, infoEnd, IFLA_INFO_KIND);
            int data = answer.find(info + RouteMessage.ATTRIBUTE, infoEnd, IFLA_INFO_DATA);
            kind = kindAt < 0 ? "" : answer.textAt(value(kindAt));
            tun = data >= 0 && kind.equals("tun") ? Optional.of(readTun(data)) : Optional.empty();
        }
        return new NetworkLink(
                answer.intAt(RouteMessage.HEADER + LINK_INDEX),
                name < 0 ? "" : answer.textAt(value(name)),
                (answer.intAt(RouteMessage.HEADER + LINK_FLAGS) & IFF_UP) != 0,
                mtu < 0 ? 0 : answer.intAt(value(mtu)),
                kind,
                tun);
    }

    private NetworkLink.Tun readTun(int data) {
        int from = data + RouteMessage.ATTRIBUTE;
        int end = data + answer.attributeLength(data);
        int type = answer.find(from, end, IFLA_TUN_TYPE);
        int multiQueue = answer.find(from, end, IFLA_TUN_MULTI_QUEUE);
        return new NetworkLink.Tun(
                type >= 0 && answer.byteAt(value(type)) == TYPE_TAP,
                multiQueue >= 0 && answer.byteAt(value(multiQueue)) != 0,
                count(from, end, IFLA_TUN_NUM_QUEUES) + count(from, end, IFLA_TUN_NUM_DISABLED_QUEUES));
    }

    private int count(int from, int end, int type) {
        int at = answer.find(from, end, type);
        return at < 0 ? 0 : answer.intAt(value(at));
    }

    private static int value(int attribute) {
        return attribute + RouteMessage.ATTRIBUTE;
    }

    /** Closes the socket. A second call does nothing. */
    @Override
    public void close() {
        fd.close();
    }
}
