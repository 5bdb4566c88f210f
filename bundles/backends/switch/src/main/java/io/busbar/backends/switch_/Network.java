package io.busbar.backends.switch_;

import io.busbar.api.backend.BackendContext;
import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendException.Kind;
import io.busbar.backends.switch_.host.Host;
import io.busbar.backends.switch_.host.Subnet;
import io.busbar.core.linux.LinuxException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A switch: its ports, and what it has learned. Ports are one immutable table that is replaced as a whole; the data path
 * reads it once for each frame.
 */
final class Network {

    static final Logger LOG = LoggerFactory.getLogger(Network.class);

    private static final VarHandle HELD;

    static {
        try {
            HELD = MethodHandles.lookup().findVarHandle(Network.class, "held", Lane.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final String name;
    private final Pacer pacer;
    private final MacTable table = new MacTable(new SecureRandom().nextLong());
    private volatile Ports ports = new Ports(new Port[0]);
    private volatile Host host;

    /** The lanes whose driver's frame waits for room: the last one, which leads to the others. */
    private volatile Lane held;

    /** How many ports there ever were; guarded by this. */
    private int portsEver;

    Network(String name, Pacer pacer) {
        this.name = name;
        this.pacer = pacer;
    }

    /** The ports at one moment. Immutable. */
    static final class Ports {

        private final Port[] all;
        private final Port[] bySlot;

        Ports(Port[] all) {
            this.all = all;
            bySlot = new Port[Arrays.stream(all).mapToInt(Port::slot).max().orElse(-1) + 1];
            for (Port port : all) {
                bySlot[port.slot()] = port;
            }
        }

        int count() {
            return all.length;
        }

        Port get(int index) {
            return all[index];
        }

        /** Returns the port with an entry in the table of stations, or null if it is gone or there is none. */
        Port ofOwner(int owner) {
            Port port = owner == MacTable.NOBODY ? null : ofSlot(MacTable.slot(owner));
            return port != null && port.owner() == owner ? port : null;
        }

        /** Returns the port with a slot, or null. */
        Port ofSlot(int slot) {
            return slot < bySlot.length ? bySlot[slot] : null;
        }
    }

    String name() {
        return name;
    }

    Ports ports() {
        return ports;
    }

    MacTable table() {
        return table;
    }

    /** Returns the host that gives addresses, or null. */
    Host host() {
        return host;
    }

    int seconds() {
        return pacer.seconds();
    }

    List<MacTable.Entry> stations() {
        return table.entries(pacer.seconds());
    }

    // Frames that are held back

    /** Remembers a lane whose frame waits for room; on the lane's thread. */
    void hold(Lane lane) {
        if (lane.beginHold()) {
            Lane first;
            do {
                first = held;
                lane.linkHeld(first);
            } while (!HELD.compareAndSet(this, first, lane));
        }
        pacer.hurry();
    }

    /** Lets all frames that are held back be offered again; any thread. */
    void releaseHeld() {
        Lane lane = (Lane) HELD.getAndSet(this, (Lane) null);
        while (lane != null) {
            lane = lane.endHold();
        }
    }

    /**
     * Looks after frames that are held back; the pacer's thread.
     *
     * @return whether there are some
     */
    boolean look(int patience) {
        if (held == null) {
            return false;
        }
        boolean tryAgain = false;
        Ports now = ports;
        for (int i = 0; i < now.count(); i++) {
            tryAgain |= now.get(i).look(patience);
        }
        if (tryAgain) {
            releaseHeld();
        }
        return true;
    }

    // Ports

    /** Plugs a device in. */
    synchronized Port add(BackendContext context, PortSettings settings) throws BackendException {
        Ports now = ports;
        if (now.count() == MacTable.SLOTS) {
            throw new BackendException(
                    Kind.NO_SPACE, "network " + name + " has " + MacTable.SLOTS + " ports: expected one less");
        }
        int slot = 0;
        while (now.ofSlot(slot) != null) {
            slot++;
        }
        try {
            if (settings.subnet().isPresent()) {
                serve(settings.subnet().get());
            }
            Port port = new Port(this, context, settings.vlans(), MacTable.owner(slot, portsEver++));
            Port[] more = Arrays.copyOf(now.all, now.all.length + 1);
            more[now.all.length] = port;
            ports = new Ports(more);
            return port;
        } catch (LinuxException e) {
            throw new BackendException(Kind.NO_SPACE, "network " + name + ": " + e.getMessage(), e);
        }
    }

    private void serve(Subnet subnet) throws BackendException, LinuxException {
        Host now = host;
        if (now == null) {
            host = new Host(name, subnet, this::sendFromHost);
        } else if (!now.subnet().equals(subnet)) {
            throw new BackendException(Kind.CONFIG_INVALID, "dhcp " + subnet + ": network " + name
                    + " gives addresses of " + now.subnet() + " already; expected the same, or no dhcp");
        }
    }

    private void sendFromHost(int slot, int vlan, ByteBuffer frame) {
        Port port = ports.ofSlot(slot);
        if (port != null && port.vlans().carries(vlan)) {
            port.deliver(vlan, frame);
        }
    }

    /** Unplugs a device; nothing is forwarded to it after the return but what is being forwarded just now. */
    synchronized void remove(Port port) {
        port.leave();
        ports = new Ports(Arrays.stream(ports.all).filter(other -> other != port).toArray(Port[]::new));
        table.forget(port.owner());
        // Who waits for room there has none to wait for.
        releaseHeld();
        port.close();
    }

    synchronized boolean isEmpty() {
        return ports.count() == 0;
    }

    /** Ends what runs for the network; it has no ports any more. */
    synchronized void close() {
        if (host != null) {
            host.close();
        }
    }
}
