package io.busbar.backends.switch_;

import io.busbar.api.backend.BackendContext;
import io.busbar.api.backend.BackendException;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * All networks by name: a network begins with its first port, and ends with its last. Control threads, one at a time; what
 * looks after frames that are held back reads beside them.
 */
final class Networks {

    private static final Networks SHARED = new Networks();

    private final ConcurrentSkipListMap<String, Network> networks = new ConcurrentSkipListMap<>();
    private Pacer pacer;

    /** Returns those of this bundle, which all of its backends share. */
    static Networks shared() {
        return SHARED;
    }

    /**
     * Where a device is plugged in.
     *
     * @param network the network
     * @param port    the port
     */
    record Place(Network network, Port port) {}

    /** Plugs a device in. */
    synchronized Place join(BackendContext context, PortSettings settings) throws BackendException {
        if (pacer == null) {
            pacer = new Pacer(this::look);
        }
        Network network = networks.computeIfAbsent(settings.network(), name -> new Network(name, pacer));
        try {
            return new Place(network, network.add(context, settings));
        } catch (BackendException e) {
            endIfEmpty(network);
            throw e;
        }
    }

    /** Unplugs a device. */
    synchronized void leave(Place place) {
        place.network().remove(place.port());
        endIfEmpty(place.network());
    }

    private void endIfEmpty(Network network) {
        if (network.isEmpty()) {
            networks.remove(network.name(), network);
            network.close();
        }
        if (networks.isEmpty() && pacer != null) {
            pacer.close();
            pacer = null;
        }
    }

    private boolean look(int patience) {
        boolean held = false;
        for (Network network : networks.values()) {
            held |= network.look(patience);
        }
        return held;
    }

    /** Returns them by name. */
    List<Network> all() {
        return List.copyOf(networks.values());
    }

    /** Returns the ports of all networks by their names; of two with one name the one that was plugged in last. */
    TreeMap<String, Port> ports() {
        TreeMap<String, Port> ports = new TreeMap<>();
        for (Network network : networks.values()) {
            Network.Ports now = network.ports();
            for (int i = 0; i < now.count(); i++) {
                ports.put(now.get(i).name(), now.get(i));
            }
        }
        return ports;
    }

    /** Returns a network, if it is there. */
    Optional<Network> network(String name) {
        return Optional.ofNullable(networks.get(name));
    }
}
