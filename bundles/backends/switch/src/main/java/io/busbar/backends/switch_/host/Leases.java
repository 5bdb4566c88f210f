package io.busbar.backends.switch_.host;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Who has which address. A client that comes back gets the address that it had, and one that was never here one that
 * follows from its own address: so guests keep theirs also over a restart, where nobody else has it.
 *
 * <p>Bounded, as a whole and for each port. Any thread.
 */
public final class Leases {

    /** How long a client may use an address, in seconds. */
    public static final int SECONDS = 3600;

    /** How long an address that was offered is kept for the client, in seconds. */
    static final int OFFER_SECONDS = 60;

    /** How long an address that a client found in use is not given, in seconds. */
    static final int DECLINED_SECONDS = 600;

    /** Addresses that are kept in mind at the most. */
    static final int MOST = 4096;

    /** Addresses that clients of one port can have at the most; of small subnets no more than half. */
    static final int MOST_OF_A_PORT = 64;

    /** Of the owner of an address that is declined, which is no client. */
    private static final int NO_VLAN = 0;

    private static final long MULTIPLIER = 0x9e37_79b9_7f4a_7c15L;

    private final Subnet subnet;
    private final Map<Client, Lease> byClient = new HashMap<>();

    /** The one that was changed first comes first. */
    private final Map<Long, Lease> byAddress = new LinkedHashMap<>();

    Leases(Subnet subnet) {
        this.subnet = subnet;
    }

    /**
     * A client.
     *
     * @param vlan    its VLAN
     * @param address its Ethernet address
     */
    public record Client(int vlan, long address) {}

    /** What an address is. */
    private enum State {
        OFFERED,
        BOUND,
        GIVEN_BACK,
        DECLINED
    }

    private record Lease(Client client, long address, int port, State state, long until) {

        boolean isHeld(long now) {
            return state != State.GIVEN_BACK && now < until;
        }
    }

    /**
     * An address that is in use.
     *
     * @param client  by whom
     * @param address the address
     * @param port    slot of the port over which it was asked for
     * @param left    seconds until it ends
     */
    public record Bound(Client client, long address, int port, long left) {}

    /**
     * Offers an address.
     *
     * @param client    to whom
     * @param port      slot of the client's port
     * @param requested which one it would like, or 0
     * @param now       seconds
     * @return the address, or empty if there is none
     */
    synchronized OptionalLong offer(Client client, int port, long requested, long now) {
        Lease had = byClient.get(client);
        if (had != null) {
            if (!had.isHeld(now)) {
                if (isGreedy(port, now)) {
                    return OptionalLong.empty();
                }
                put(new Lease(client, had.address, port, State.OFFERED, now + OFFER_SECONDS));
            }
            return OptionalLong.of(had.address);
        }
        if (isGreedy(port, now)) {
            return OptionalLong.empty();
        }
        OptionalLong free =
                isFree(requested, now) && makeRoom(now) ? OptionalLong.of(requested) : search(client, now);
        free.ifPresent(address -> put(new Lease(client, address, port, State.OFFERED, now + OFFER_SECONDS)));
        return free;
    }

    /**
     * Gives a client an address.
     *
     * @param client  to whom
     * @param port    slot of the client's port
     * @param address which one it wants
     * @param now     seconds
     * @return whether it has it now; false if somebody else has, or it is none of a client's
     */
    synchronized boolean bind(Client client, int port, long address, long now) {
        Lease had = byClient.get(client);
        boolean its = had != null && had.address == address;
        if (!its && (!isFree(address, now) || isGreedy(port, now) || !makeRoom(now))) {
            return false;
        }
        put(new Lease(client, address, port, State.BOUND, now + SECONDS));
        return true;
    }

    /** A client gives its address back; it gets the same one again if nobody needs it meanwhile. */
    synchronized void release(Client client, long address) {
        Lease had = byClient.get(client);
        if (had != null && had.address == address && had.state == State.BOUND) {
            put(new Lease(client, address, had.port, State.GIVEN_BACK, 0));
        }
    }

    /** A client goes to another server. */
    synchronized void refuse(Client client) {
        Lease had = byClient.get(client);
        if (had != null && had.state == State.OFFERED) {
            remove(had);
        }
    }

    /** A client has found somebody else at its address. */
    synchronized void decline(Client client, long address, long now) {
        Lease had = byClient.get(client);
        if (had != null && had.address == address) {
            remove(had);
            put(new Lease(new Client(NO_VLAN, address), address, had.port, State.DECLINED, now + DECLINED_SECONDS));
        }
    }

    /**
     * Returns what is in use, by address.
     *
     * @param now seconds
     */
    synchronized List<Bound> bound(long now) {
        List<Bound> bound = new ArrayList<>();
        byAddress.values().stream()
                .filter(lease -> lease.state == State.BOUND && lease.isHeld(now))
                .sorted((one, other) -> Long.compare(one.address, other.address))
                .forEach(lease -> bound.add(new Bound(lease.client, lease.address, lease.port, lease.until - now)));
        return bound;
    }

    private boolean isFree(long address, long now) {
        Lease lease = byAddress.get(address);
        return subnet.isClient(address) && (lease == null || !lease.isHeld(now));
    }

    private boolean isGreedy(int port, long now) {
        long clients = subnet.lastClient() - subnet.firstClient() + 1;
        long most = Math.min(MOST_OF_A_PORT, (clients + 1) / 2);
        return byAddress.values().stream().filter(lease -> lease.port == port && lease.isHeld(now)).count() >= most;
    }

    /** An address that nobody ever had, or else one that nobody has any more. */
    private OptionalLong search(Client client, long now) {
        long clients = subnet.lastClient() - subnet.firstClient() + 1;
        if (byAddress.size() < Math.min(MOST, clients)) {
            long hash = client.address() * MULTIPLIER >>> 1;
            for (long i = 0; i < clients; i++) {
                long address = subnet.firstClient() + (hash + i) % clients;
                if (!byAddress.containsKey(address)) {
                    return OptionalLong.of(address);
                }
            }
        }
        Optional<Lease> old = old(now);
        return old.isPresent() ? OptionalLong.of(old.get().address) : OptionalLong.empty();
    }

    /** Takes the place of what there was of this client, and of this address. */
    private void put(Lease lease) {
        Lease ofClient = byClient.get(lease.client);
        if (ofClient != null) {
            remove(ofClient);
        }
        Lease ofAddress = byAddress.get(lease.address);
        if (ofAddress != null) {
            remove(ofAddress);
        }
        byClient.put(lease.client, lease);
        byAddress.put(lease.address, lease);
    }

    /** Forgets an address that nobody has any more, if there is no room for another; returns whether there is. */
    private boolean makeRoom(long now) {
        if (byAddress.size() < MOST) {
            return true;
        }
        Optional<Lease> old = old(now);
        old.ifPresent(this::remove);
        return old.isPresent();
    }

    private Optional<Lease> old(long now) {
        return byAddress.values().stream().filter(lease -> !lease.isHeld(now)).findFirst();
    }

    private void remove(Lease lease) {
        byClient.remove(lease.client);
        byAddress.remove(lease.address);
    }
}
