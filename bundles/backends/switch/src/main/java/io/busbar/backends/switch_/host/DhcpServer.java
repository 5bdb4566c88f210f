package io.busbar.backends.switch_.host;

import static io.busbar.backends.switch_.host.DhcpMessage.ACK;
import static io.busbar.backends.switch_.host.DhcpMessage.NAK;
import static io.busbar.backends.switch_.host.DhcpMessage.OFFER;

import io.busbar.backends.switch_.host.Leases.Client;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The only DHCP server of a network (RFC 2131, section 4.3). What a client says it has, and nobody else has, it keeps: so
 * guests go on over a restart of the server, which remembers nothing. One thread.
 */
final class DhcpServer {

    private static final int REPLY_BYTES = 300;
    private static final int RENEWAL = Leases.SECONDS / 2;
    private static final int REBINDING = Leases.SECONDS / 8 * 7;

    private final Subnet subnet;
    private final Leases leases;

    DhcpServer(Subnet subnet, Leases leases) {
        this.subnet = subnet;
        this.leases = leases;
    }

    /**
     * An answer.
     *
     * @param message   what is sent
     * @param broadcast whether it goes to everybody's address; otherwise to the client's
     * @param address   the client's IP address, where it does not
     */
    record Answer(ByteBuffer message, boolean broadcast, long address) {}

    /**
     * Answers a message.
     *
     * @param message what the client says
     * @param vlan    in which VLAN
     * @param port    slot of its port
     * @param now     seconds
     */
    Optional<Answer> answer(DhcpMessage message, int vlan, int port, long now) {
        Client client = new Client(vlan, message.client());
        switch (message.type()) {
            case DhcpMessage.DISCOVER -> {
                OptionalLong offer = leases.offer(client, port, message.requested(), now);
                return offer.isPresent() ? Optional.of(give(message, OFFER, offer.getAsLong())) : Optional.empty();
            }
            case DhcpMessage.REQUEST -> {
                return request(message, client, port, now);
            }
            case DhcpMessage.DECLINE -> leases.decline(client, message.requested(), now);
            case DhcpMessage.RELEASE -> leases.release(client, message.current());
            case DhcpMessage.INFORM -> {
                return message.current() == 0 ? Optional.empty() : Optional.of(inform(message));
            }
            default -> {
                // Not of a client.
            }
        }
        return Optional.empty();
    }

    private Optional<Answer> request(DhcpMessage message, Client client, int port, long now) {
        if (message.server() != 0 && message.server() != subnet.server()) {
            leases.refuse(client);
            return Optional.empty();
        }
        long wanted = message.requested() != 0 ? message.requested() : message.current();
        if (wanted == 0) {
            return Optional.empty();
        }
        return Optional.of(leases.bind(client, port, wanted, now) ? give(message, ACK, wanted) : refuse(message));
    }

    private Answer give(DhcpMessage message, int type, long address) {
        ByteBuffer reply = begin(message, type);
        reply.putInt(DhcpMessage.YIADDR, (int) address);
        option(reply, DhcpMessage.OPTION_LEASE_SECONDS, Leases.SECONDS);
        option(reply, DhcpMessage.OPTION_RENEWAL_SECONDS, RENEWAL);
        option(reply, DhcpMessage.OPTION_REBINDING_SECONDS, REBINDING);
        describeNetwork(reply);
        boolean settled = message.current() != 0 && type == ACK;
        return new Answer(end(reply), !settled && message.broadcast(), address);
    }

    private Answer inform(DhcpMessage message) {
        ByteBuffer reply = begin(message, ACK);
        reply.putInt(DhcpMessage.CIADDR, (int) message.current());
        describeNetwork(reply);
        return new Answer(end(reply), false, message.current());
    }

    /** A refusal goes to everybody's address: the client is to give up the one that it may have (4.1). */
    private Answer refuse(DhcpMessage message) {
        return new Answer(end(begin(message, NAK)), true, 0);
    }

    private ByteBuffer begin(DhcpMessage message, int type) {
        ByteBuffer reply = ByteBuffer.allocate(REPLY_BYTES);
        reply.put(DhcpMessage.OP, (byte) DhcpMessage.BOOT_REPLY);
        reply.put(DhcpMessage.HARDWARE_TYPE, (byte) DhcpMessage.ETHERNET);
        reply.put(DhcpMessage.HARDWARE_BYTES, (byte) DhcpMessage.ETHERNET_BYTES);
        reply.putInt(DhcpMessage.XID, message.xid());
        reply.putShort(DhcpMessage.FLAGS, (short) (message.broadcast() ? DhcpMessage.BROADCAST_FLAG : 0));
        if (type == ACK) {
            reply.putInt(DhcpMessage.CIADDR, (int) message.current());
        }
        reply.putLong(DhcpMessage.CHADDR, message.client() << Short.SIZE);
        reply.putInt(DhcpMessage.COOKIE, DhcpMessage.MAGIC);
        reply.position(DhcpMessage.OPTIONS);
        reply.put((byte) DhcpMessage.OPTION_TYPE).put((byte) Byte.BYTES).put((byte) type);
        option(reply, DhcpMessage.OPTION_SERVER, (int) subnet.server());
        return reply;
    }

    private void describeNetwork(ByteBuffer reply) {
        option(reply, DhcpMessage.OPTION_MASK, (int) subnet.mask());
        option(reply, DhcpMessage.OPTION_ROUTER, (int) subnet.server());
        option(reply, DhcpMessage.OPTION_BROADCAST, (int) subnet.broadcast());
    }

    private static void option(ByteBuffer reply, int code, int value) {
        reply.put((byte) code).put((byte) Integer.BYTES).putInt(value);
    }

    /** Padded: some clients take no message that is shorter than BOOTP's. */
    private static ByteBuffer end(ByteBuffer reply) {
        return reply.put((byte) DhcpMessage.OPTION_END).clear();
    }
}
