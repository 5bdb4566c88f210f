package io.busbar.tools.shell.commands;

import io.busbar.api.driver.NetDriver;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * Somebody on a network, at one card, for the time of a command: has an address, answers who asks for it, asks for others', and
 * sends them echo requests.
 */
final class Pinger implements AutoCloseable {

    private static final int BACKLOG = 64;
    /** Short data fits into a frame that has to be filled up anyway. */
    private static final int HEADERS = PingPackets.ICMP_DATA;

    /** A frame, and when it came. */
    private record Arrival(ByteBuffer frame, long nanos) {}

    private final NetDriver card;
    private final byte[] mac;
    private final NetDriver.Listening listening;
    private final BlockingQueue<Arrival> arrivals = new ArrayBlockingQueue<>(BACKLOG);
    private volatile int address;

    Pinger(NetDriver card) {
        this.card = card;
        mac = card.mac();
        listening = card.listen(this::arrived);
    }

    /** Has this address from now on; 0 for none yet. */
    void address(int own) {
        address = own;
    }

    /** On the driver's thread. */
    private void arrived(ByteBuffer frame) {
        ByteBuffer copy = ByteBuffer.allocate(frame.remaining()).put(frame).flip();
        int own = address;
        if (own != 0 && isArp(copy, PingPackets.ARP_REQUEST) && copy.getInt(PingPackets.ARP_TARGET) == own) {
            byte[] asker = senderOf(copy);
            card.offer(PingPackets.arp(PingPackets.ARP_REPLY, mac, own, asker, copy.getInt(PingPackets.ARP_SENDER)));
        } else {
            arrivals.offer(new Arrival(copy, System.nanoTime()));
        }
    }

    private static boolean isArp(ByteBuffer frame, int operation) {
        return frame.limit() >= PingPackets.ARP_BYTES
                && Short.toUnsignedInt(frame.getShort(PingPackets.TYPE)) == PingPackets.TYPE_ARP
                && frame.getShort(PingPackets.ARP_OPERATION) == operation;
    }

    private static byte[] senderOf(ByteBuffer frame) {
        byte[] sender = new byte[PingPackets.MAC_BYTES];
        frame.get(PingPackets.ARP_SENDER_MAC, sender);
        return sender;
    }

    /** Asks who has an address; empty if nobody says so in time. */
    Optional<byte[]> resolve(int target, Duration patience) throws Wrong {
        send(PingPackets.arp(PingPackets.ARP_REQUEST, mac, address, PingPackets.BROADCAST, target), patience);
        return await(patience, arrival -> isArp(arrival.frame(), PingPackets.ARP_REPLY)
                && arrival.frame().getInt(PingPackets.ARP_SENDER) == target ? senderOf(arrival.frame()) : null);
    }

    /**
     * Sends an echo request.
     *
     * @return nanoseconds to its reply; empty if none comes in time
     */
    OptionalLong ping(byte[] to, int target, int id, int sequence, int bytes, Duration patience) throws Wrong {
        long sent = System.nanoTime();
        send(PingPackets.echo(mac, address, to, target, id, sequence, bytes), patience);
        return await(patience, arrival -> {
            ByteBuffer frame = arrival.frame();
            boolean mine = frame.limit() >= HEADERS && PingPackets.isEchoReply(frame, bytes)
                    && frame.getInt(PingPackets.IP_SOURCE) == target
                    && frame.getInt(PingPackets.IP_TARGET) == address
                    && frame.getShort(PingPackets.ICMP_ID) == (short) id
                    && frame.getShort(PingPackets.ICMP_SEQUENCE) == (short) sequence;
            return mine ? arrival.nanos() - sent : null;
        }).map(OptionalLong::of).orElse(OptionalLong.empty());
    }

    /** A device that takes nothing is not waited for for ever. */
    private void send(ByteBuffer frame, Duration patience) throws Wrong {
        long end = System.nanoTime() + patience.toNanos();
        while (!card.offer(frame)) {
            if (System.nanoTime() > end) {
                throw new Wrong(card.device() + " takes no frame");
            }
            pause();
        }
    }

    private static void pause() throws Wrong {
        try {
            TimeUnit.MILLISECONDS.sleep(1);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private <T> Optional<T> await(Duration patience, Function<Arrival, T> wanted) throws Wrong {
        long end = System.nanoTime() + patience.toNanos();
        try {
            for (long left = patience.toNanos(); left > 0; left = end - System.nanoTime()) {
                Arrival arrival = arrivals.poll(left, TimeUnit.NANOSECONDS);
                T found = arrival == null ? null : wanted.apply(arrival);
                if (found != null) {
                    return Optional.of(found);
                }
            }
            return Optional.empty();
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private static Wrong interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new Wrong("interrupted", e);
    }

    /** Returns an address of a card as text. */
    static String text(byte[] mac) {
        return HexFormat.ofDelimiter(":").formatHex(mac);
    }

    @Override
    public void close() {
        listening.close();
    }
}
