package io.busbar.backends.nbd;

import io.busbar.api.backend.BackendException.Kind;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import javax.net.ssl.SSLEngine;

/** A socket to the server, and the waiting for it. One thread at a time. */
final class Connection {

    /** What is done to whatever is ready: nothing, as the one socket is looked at anyway. */
    private static final Consumer<SelectionKey> NOTHING = key -> { };

    /** For all of a handshake at the most, and for each address of a server. */
    private static final int HANDSHAKE_SECONDS = 10;

    private final SocketChannel channel;
    private final SelectionKey key;
    private final BooleanSupplier givenUp;
    /** What was received and nobody has taken yet: from its position to its limit. */
    private final ByteBuffer received;
    private final int handshakeSeconds;
    private final long deadline;
    private int interest;
    private Wire wire;

    private Connection(
            SocketChannel channel, SelectionKey key, ByteBuffer room, int timeoutSeconds, BooleanSupplier givenUp) {
        this.channel = channel;
        this.key = key;
        this.received = room.limit(0);
        this.givenUp = givenUp;
        this.handshakeSeconds = Math.min(timeoutSeconds, HANDSHAKE_SECONDS);
        this.deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(handshakeSeconds);
        this.interest = key.interestOps();
        this.wire = new PlainWire(channel);
    }

    /**
     * Connects to a server.
     *
     * @param selector waits for the socket; who wakes it has {@code givenUp} asked
     * @param room     for what is received, at least 64 KiB; the connection's as long as it lasts
     * @param givenUp  whether nobody wants the connection any more
     * @throws IOException naming the obstacle, at the last of its addresses
     */
    static Connection to(Target target, Selector selector, ByteBuffer room, BooleanSupplier givenUp)
            throws IOException {
        IOException obstacle = null;
        for (SocketAddress address : addresses(target)) {
            try {
                return to(address, target.timeoutSeconds(), selector, room, givenUp);
            } catch (FarEndException e) {
                obstacle = e;
            } catch (IOException e) {
                obstacle = unreachable(e);
            }
        }
        throw obstacle;
    }

    private static FarEndException unreachable(IOException e) {
        String why = String.valueOf(e.getMessage());
        boolean mayNot = why.contains("Permission denied");
        return new FarEndException(mayNot ? Kind.PERMISSION : Kind.NOT_FOUND, "cannot be reached: " + why);
    }

    private static List<SocketAddress> addresses(Target target) throws FarEndException {
        if (target.path() != null) {
            return List.of(UnixDomainSocketAddress.of(target.path()));
        }
        try {
            List<SocketAddress> all = new ArrayList<>();
            for (InetAddress address : InetAddress.getAllByName(target.host())) {
                all.add(new InetSocketAddress(address, target.port()));
            }
            return all;
        } catch (UnknownHostException e) {
            throw new FarEndException(Kind.NOT_FOUND, "cannot be reached: nobody knows the name " + target.host());
        }
    }

    private static Connection to(
            SocketAddress address, int timeoutSeconds, Selector selector, ByteBuffer room, BooleanSupplier givenUp)
            throws IOException {
        SocketChannel channel = address instanceof UnixDomainSocketAddress unix
                ? SocketChannel.open(StandardProtocolFamily.UNIX)
                : SocketChannel.open();
        try {
            channel.configureBlocking(false);
            if (!(address instanceof UnixDomainSocketAddress)) {
                channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            }
            boolean there = channel.connect(address);
            SelectionKey key = channel.register(selector, there ? SelectionKey.OP_READ : SelectionKey.OP_CONNECT);
            Connection connection = new Connection(channel, key, room, timeoutSeconds, givenUp);
            while (!there) {
                connection.awaitHandshake(SelectionKey.OP_CONNECT);
                there = channel.finishConnect();
            }
            return connection;
        } catch (IOException | RuntimeException e) {
            close(channel, selector);
            throw e;
        }
    }

    /** Encrypts all that follows. */
    void encrypt(SSLEngine engine) throws IOException {
        TlsWire encrypted = new TlsWire(wire, engine);
        encrypted.handshake(room -> awaitHandshake(room ? SelectionKey.OP_READ | SelectionKey.OP_WRITE : SelectionKey.OP_READ));
        wire = encrypted;
    }

    /** Receives so many bytes of the handshake. */
    ByteBuffer receiveFully(int bytes) throws IOException {
        while (received.remaining() < bytes) {
            int got = receive();
            if (got < 0) {
                throw new FarEndException(Kind.NOT_FOUND, "has closed the connection in the handshake");
            }
            if (got == 0) {
                awaitHandshake(SelectionKey.OP_READ);
            }
        }
        byte[] taken = new byte[bytes];
        received.get(taken);
        return ByteBuffer.wrap(taken);
    }

    /**
     * Receives what is there.
     *
     * @return how many bytes; 0 if none is there, -1 if none will come any more
     */
    int receive() throws IOException {
        received.compact();
        try {
            return wire.receive(received);
        } finally {
            received.flip();
        }
    }

    /** What was received and nobody has taken yet: from its position to its limit. */
    ByteBuffer received() {
        return received;
    }

    /** Sends bytes of the handshake. */
    void sendFully(ByteBuffer bytes) throws IOException {
        wire.send(bytes);
        while (bytes.hasRemaining() || wire.holdsBytes()) {
            awaitHandshake(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
            wire.send(bytes);
        }
    }

    private void awaitHandshake(int operations) throws IOException {
        long left = deadline - System.nanoTime();
        if (left <= 0) {
            throw new FarEndException("has not ended the handshake in " + handshakeSeconds + " s");
        }
        await(operations, left);
        if (givenUp.getAsBoolean()) {
            throw new FarEndException("is not wanted any more");
        }
    }

    /** The bytes that go to and fro after the handshake. */
    Wire wire() {
        return wire;
    }

    /**
     * Waits until something was received, there is room, or somebody wakes the selector.
     *
     * @param forRoom whether room is waited for too
     * @param nanos   how long at the most
     */
    void await(boolean forRoom, long nanos) throws IOException {
        await(forRoom ? SelectionKey.OP_READ | SelectionKey.OP_WRITE : SelectionKey.OP_READ, nanos);
    }

    private void await(int operations, long nanos) throws IOException {
        if (operations != interest) {
            interest = operations;
            key.interestOps(operations);
        }
        key.selector().select(NOTHING, TimeUnit.NANOSECONDS.toMillis(nanos) + 1);
    }

    void close() {
        close(channel, key.selector());
    }

    /** A channel that is in a selector's care is closed by the selector, when it looks next. */
    private static void close(SocketChannel channel, Selector selector) {
        try {
            channel.close();
            selector.selectNow(NOTHING);
        } catch (IOException _) {
            // It is gone, whatever the system says of it.
        }
    }
}
