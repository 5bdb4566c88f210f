package io.busbar.backends.tap;

import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendException.Kind;
import io.busbar.core.linux.Errno;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.NetworkLink;
import io.busbar.core.linux.NetworkNamespace;
import io.busbar.core.linux.RouteSocket;
import io.busbar.core.linux.Tap;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * An interface that was opened and set up: its queues, what the kernel says of it, and the sockets to ask for more.
 *
 * @param queues one for each pair, all attached
 * @param link   what it was like after that
 * @param route  asks for it
 * @param watch  becomes readable when an interface changes
 */
record TapInterface(List<Tap> queues, NetworkLink link, RouteSocket route, RouteSocket watch) implements AutoCloseable {

    private static final int HEADER_BYTES = 12;

    private interface Opening {
        TapInterface open() throws BackendException;
    }

    /** Opens the interface, or makes it, and sets it up as the user wants it. */
    static TapInterface open(TapSettings wanted) throws BackendException {
        return inNamespace(wanted, () -> openHere(wanted));
    }

    /**
     * Takes over an interface of another process, as it is set up.
     *
     * @param queues what that process has open, this one's from now on
     */
    static TapInterface adopt(TapSettings wanted, List<Tap> queues) throws BackendException {
        return inNamespace(wanted, () -> adoptHere(wanted, queues));
    }

    private static TapInterface inNamespace(TapSettings wanted, Opening opening) throws BackendException {
        if (wanted.namespace().isEmpty()) {
            return opening.open();
        }
        String namespace = wanted.namespace().get();
        try {
            return NetworkNamespace.call(namespace, opening::open);
        } catch (BackendException e) {
            throw e;
        } catch (LinuxException e) {
            throw new BackendException(ofNamespace(e.errno()), "netns " + namespace + ": " + e.getMessage()
                    + ", expected the name of a network namespace (ip netns list) or its file", e);
        } catch (Exception e) {
            throw new BackendException(Kind.FAILED, "netns " + namespace + ": " + e, e);
        }
    }

    private static Kind ofNamespace(int errno) {
        return switch (errno) {
            case Errno.ENOENT -> Kind.NOT_FOUND;
            case Errno.EPERM, Errno.EACCES -> Kind.PERMISSION;
            default -> Kind.CONFIG_INVALID;
        };
    }

    private interface Work {
        TapInterface with(List<AutoCloseable> opened) throws LinuxException, BackendException;
    }

    private static TapInterface openHere(TapSettings wanted) throws BackendException {
        return allOrNothing(wanted, new ArrayList<>(), opened -> {
            RouteSocket watch = keep(opened, RouteSocket.watchLinks());
            RouteSocket route = keep(opened, RouteSocket.open());
            Optional<NetworkLink> before = route.link(wanted.name());
            boolean multiQueue = multiQueue(wanted, before);
            List<Tap> queues = new ArrayList<>();
            for (int pair = 0; pair < wanted.pairs(); pair++) {
                queues.add(keep(opened, Tap.open(wanted.name(), multiQueue)));
            }
            prepare(queues.getFirst());
            setUp(wanted, route, before.isEmpty());
            NetworkLink link = find(route, wanted);
            requireAlone(link, wanted);
            return new TapInterface(List.copyOf(queues), link, route, watch);
        });
    }

    private static TapInterface adoptHere(TapSettings wanted, List<Tap> queues) throws BackendException {
        return allOrNothing(wanted, new ArrayList<>(queues), opened -> {
            RouteSocket watch = keep(opened, RouteSocket.watchLinks());
            RouteSocket route = keep(opened, RouteSocket.open());
            return new TapInterface(queues, find(route, wanted), route, watch);
        });
    }

    private static <T extends AutoCloseable> T keep(List<AutoCloseable> opened, T next) {
        opened.add(next);
        return next;
    }

    private static TapInterface allOrNothing(TapSettings wanted, List<AutoCloseable> opened, Work work) throws BackendException {
        try {
            return work.with(opened);
        } catch (LinuxException e) {
            closeAll(opened);
            throw refused(wanted, e);
        } catch (BackendException | RuntimeException e) {
            closeAll(opened);
            throw e;
        }
    }

    /** Judges an interface that is there; returns whether it has, or is to have, several queues. */
    private static boolean multiQueue(TapSettings wanted, Optional<NetworkLink> before) throws BackendException {
        if (before.isEmpty()) {
            return wanted.pairs() > 1;
        }
        NetworkLink there = before.get();
        if (there.tun().isEmpty() || !there.tun().get().isTap()) {
            throw new BackendException(Kind.CONFIG_INVALID, name(wanted) + " is a "
                    + (there.kind().isEmpty() ? "hardware or loopback" : there.kind())
                    + (there.tun().isPresent() ? " interface of IP packets" : " interface")
                    + ": expected a tap interface, or a name that none has");
        }
        NetworkLink.Tun tun = there.tun().get();
        if (wanted.pairs() > 1 && !tun.multiQueue()) {
            throw new BackendException(Kind.CONFIG_INVALID, name(wanted) + " has one queue, but max_vqp is " + wanted.pairs()
                    + ": expected an interface that was made with multi_queue, or max_vqp 1");
        }
        if (tun.queues() > 0) {
            throw inUse(wanted);
        }
        return tun.multiQueue();
    }

    /** What is of all queues. */
    private static void prepare(Tap first) throws LinuxException {
        first.setHeader(HEADER_BYTES);
        first.setOffloads(Tap.TUN_F_CSUM | Tap.TUN_F_TSO4 | Tap.TUN_F_TSO6);
        first.setUnboundedSending();
    }

    private static void setUp(TapSettings wanted, RouteSocket route, boolean made) throws LinuxException, BackendException {
        NetworkLink link = find(route, wanted);
        if (wanted.mtu().isPresent() && wanted.mtu().getAsInt() != link.mtu()) {
            route.setMtu(link, wanted.mtu().getAsInt());
        }
        if (wanted.address().isPresent()) {
            InterfaceAddress address = wanted.address().get();
            route.addAddress(link, address.bytes(), address.prefix());
        }
        if (wanted.up().orElse(made)) {
            route.setUp(link);
        }
    }

    private static NetworkLink find(RouteSocket route, TapSettings wanted) throws LinuxException, BackendException {
        return route.link(wanted.name()).orElseThrow(
                () -> new BackendException(Kind.FAILED, name(wanted) + " was deleted or renamed while it was opened"));
    }

    /** The kernel lets anybody join an interface with several queues, who would then get a part of the frames. */
    private static void requireAlone(NetworkLink link, TapSettings wanted) throws BackendException {
        if (link.tun().isPresent() && link.tun().get().queues() > wanted.pairs()) {
            throw inUse(wanted);
        }
    }

    private static BackendException inUse(TapSettings wanted) {
        return new BackendException(Kind.IN_USE, name(wanted) + " is used by another process or device");
    }

    private static BackendException refused(TapSettings wanted, LinuxException e) {
        return switch (e.errno()) {
            case Errno.EBUSY -> inUse(wanted);
            case Errno.EPERM, Errno.EACCES -> new BackendException(Kind.PERMISSION, name(wanted) + ": " + e.getMessage()
                    + ", expected CAP_NET_ADMIN, or an interface that was made for this user (ip tuntap add "
                    + wanted.name() + " mode tap user NAME) and needs no change", e);
            case Errno.ENOENT, Errno.ENODEV, Errno.ENXIO -> new BackendException(Kind.NOT_FOUND, name(wanted) + ": "
                    + e.getMessage() + ", expected a kernel with tap interfaces (modprobe tun)", e);
            default -> new BackendException(Kind.FAILED, name(wanted) + ": " + e.getMessage(), e);
        };
    }

    private static String name(TapSettings wanted) {
        return "ifname " + wanted.name();
    }

    private static void closeAll(List<AutoCloseable> opened) {
        for (AutoCloseable one : opened.reversed()) {
            try {
                one.close();
            } catch (Exception e) {
                throw new IllegalStateException("descriptors close without an error", e);
            }
        }
    }

    @Override
    public void close() {
        queues.forEach(Tap::close);
        route.close();
        watch.close();
    }
}
