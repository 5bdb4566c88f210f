package io.busbar.tools.cardos.net;

import io.busbar.api.driver.FrameListener;
import io.busbar.api.driver.NetDriver;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * One address at one network device: answers ARP and ICMP echo for it, and asks others. What finds no room to be sent is lost, as in
 * every network.
 */
public final class IpHost implements FrameListener, AutoCloseable {

    private static final long AGAIN_MILLIS = 500;

    /** An echo that is on its way. */
    private record Question(int target, int id, int sequence) {}

    private final NetDriver device;
    private final NetDriver.Listening listening;
    private final Map<Integer, CompletableFuture<byte[]>> asked = new ConcurrentHashMap<>();
    private final Map<Question, CompletableFuture<Long>> sent = new ConcurrentHashMap<>();
    private volatile Ipv4Interface address;

    /**
     * Begins to listen.
     *
     * @param device  the network device
     * @param address its address
     */
    public IpHost(NetDriver device, Ipv4Interface address) {
        this.device = device;
        this.address = address;
        listening = device.listen(this);
    }

    /** Returns its address. */
    public Ipv4Interface address() {
        return address;
    }

    /** Has another address from now on, and announces it. */
    public void address(Ipv4Interface other) {
        address = other;
        announce();
    }

    /**
     * Tells the network its address (RFC 5227, section 2.3).
     *
     * @return whether the device took the frame
     */
    public boolean announce() {
        int own = address.address();
        return device.offer(Frames.request(device.mac(), own, own));
    }

    @Override
    public void received(ByteBuffer in) {
        ByteBuffer frame = in.slice();
        byte[] mac = device.mac();
        if (Arrays.equals(Frames.mac(frame, Frames.SOURCE_MAC), mac)) {
            return; // A network that gives frames back: nobody else has asked.
        }
        int own = address.address();
        if (Frames.isArp(frame)) {
            arp(frame, mac, own);
        } else if (Frames.isEcho(frame) && frame.getInt(Frames.IP_TARGET) == own) {
            echo(frame, mac);
        }
    }

    private void arp(ByteBuffer frame, byte[] mac, int own) {
        if (frame.getShort(Frames.ARP_OPERATION) == Frames.REQUEST) {
            if (frame.getInt(Frames.ARP_TARGET) == own) {
                device.offer(Frames.reply(frame, mac));
            }
        } else if (frame.getShort(Frames.ARP_OPERATION) == Frames.REPLY) {
            CompletableFuture<byte[]> who = asked.get(frame.getInt(Frames.ARP_SENDER));
            if (who != null) {
                who.complete(Frames.mac(frame, Frames.ARP_SENDER_MAC));
            }
        }
    }

    private void echo(ByteBuffer frame, byte[] mac) {
        if (frame.get(Frames.ICMP) == Frames.ECHO) {
            if (Frames.end(frame) <= device.maxFrameBytes()) {
                device.offer(Frames.echoReply(frame, mac));
            }
            return;
        }
        CompletableFuture<Long> answered = sent.get(new Question(frame.getInt(Frames.IP_SOURCE),
                Short.toUnsignedInt(frame.getShort(Frames.ICMP_ID)), Short.toUnsignedInt(frame.getShort(Frames.ICMP_SEQUENCE))));
        if (answered != null) {
            answered.complete(System.nanoTime());
        }
    }

    /**
     * Asks who has an address, again and again.
     *
     * @param target   the address
     * @param patience how long
     * @return the hardware address; empty if nobody says so in time
     */
    public Optional<byte[]> resolve(int target, Duration patience) throws InterruptedException {
        CompletableFuture<byte[]> who = asked.computeIfAbsent(target, _ -> new CompletableFuture<>());
        long end = System.nanoTime() + patience.toNanos();
        try {
            do {
                device.offer(Frames.request(device.mac(), address.address(), target));
                Optional<byte[]> found = await(who, TimeUnit.MILLISECONDS.toNanos(AGAIN_MILLIS));
                if (found.isPresent()) {
                    return found;
                }
            } while (System.nanoTime() < end);
            return Optional.empty();
        } finally {
            asked.remove(target, who);
        }
    }

    /**
     * Sends an echo and waits for its reply.
     *
     * @param to       hardware address
     * @param target   the address
     * @param sequence of this echo, 0 to 65 535
     * @param bytes    of data
     * @param patience how long
     * @return nanoseconds; empty if there is no reply in time
     */
    public OptionalLong ping(byte[] to, int target, int sequence, int bytes, Duration patience) throws InterruptedException {
        Question question = new Question(target, ThreadLocalRandom.current().nextInt(1 << Short.SIZE), sequence);
        CompletableFuture<Long> answered = new CompletableFuture<>();
        sent.put(question, answered);
        try {
            long began = System.nanoTime();
            device.offer(Frames.echo(device.mac(), address.address(), to, target, question.id(), sequence, bytes));
            return await(answered, patience.toNanos()).map(ended -> OptionalLong.of(ended - began)).orElse(OptionalLong.empty());
        } finally {
            sent.remove(question);
        }
    }

    private static <T> Optional<T> await(CompletableFuture<T> future, long nanos) throws InterruptedException {
        try {
            return Optional.of(future.get(nanos, TimeUnit.NANOSECONDS));
        } catch (TimeoutException _) {
            return Optional.empty();
        } catch (ExecutionException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    @Override
    public void close() {
        listening.close();
    }
}
