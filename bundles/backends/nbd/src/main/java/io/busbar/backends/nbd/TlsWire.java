package io.busbar.backends.nbd;

import io.busbar.api.backend.BackendException.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;

/** Bytes in a TLS session over a plain wire. */
final class TlsWire implements Wire {

    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final Wire plain;
    private final SSLEngine engine;
    /** What was received and is not decrypted: from its position to its limit. */
    private final ByteBuffer received;
    /** What is encrypted and not sent: from its position to its limit. */
    private final ByteBuffer toSend;
    private final int recordBytes;

    TlsWire(Wire plain, SSLEngine engine) {
        this.plain = plain;
        this.engine = engine;
        recordBytes = engine.getSession().getApplicationBufferSize();
        received = ByteBuffer.allocateDirect(2 * engine.getSession().getPacketBufferSize()).limit(0);
        toSend = ByteBuffer.allocateDirect(2 * engine.getSession().getPacketBufferSize()).limit(0);
    }

    /** Waits until the socket can go on. */
    @FunctionalInterface
    interface Patience {

        /** Waits, for room too if something has to be sent. */
        void await(boolean room) throws IOException;
    }

    /** Settles keys with the server, and checks who it is. */
    void handshake(Patience patience) throws IOException {
        try {
            ByteBuffer none = ByteBuffer.allocate(recordBytes);
            engine.beginHandshake();
            for (HandshakeStatus now = engine.getHandshakeStatus();
                    now != HandshakeStatus.NOT_HANDSHAKING && now != HandshakeStatus.FINISHED;
                    now = engine.getHandshakeStatus()) {
                step(now, none, patience);
            }
            while (holdsBytes()) {
                patience.await(true);
                plain.send(toSend);
            }
        } catch (SSLException e) {
            throw new FarEndException(Kind.PERMISSION, "and we do not trust each other: " + e.getMessage());
        }
    }

    private void step(HandshakeStatus now, ByteBuffer none, Patience patience) throws IOException {
        switch (now) {
            case NEED_TASK -> engine.getDelegatedTask().run();
            case NEED_WRAP -> {
                while (holdsBytes()) {
                    plain.send(toSend);
                    if (holdsBytes()) {
                        patience.await(true);
                    }
                }
                wrap(NOTHING);
                plain.send(toSend);
            }
            default -> {
                SSLEngineResult result = engine.unwrap(received, none);
                if (result.getStatus() == SSLEngineResult.Status.CLOSED) {
                    throw new FarEndException(Kind.PERMISSION, "has ended the TLS session in its handshake");
                }
                if (result.getStatus() == SSLEngineResult.Status.BUFFER_UNDERFLOW) {
                    patience.await(false);
                    if (fill() < 0) {
                        throw new FarEndException(Kind.PERMISSION, "has closed the connection in the TLS handshake");
                    }
                }
            }
        }
    }

    private int fill() throws IOException {
        received.compact();
        try {
            return plain.receive(received);
        } finally {
            received.flip();
        }
    }

    private SSLEngineResult wrap(ByteBuffer from) throws IOException {
        toSend.compact();
        try {
            return engine.wrap(from, toSend);
        } finally {
            toSend.flip();
        }
    }

    @Override
    public int receive(ByteBuffer into) throws IOException {
        int begin = into.position();
        boolean over = false;
        while (!over && into.remaining() >= recordBytes) {
            SSLEngineResult result = engine.unwrap(received, into);
            if (result.getStatus() == SSLEngineResult.Status.CLOSED) {
                return into.position() > begin ? into.position() - begin : -1;
            }
            if (result.getStatus() == SSLEngineResult.Status.BUFFER_UNDERFLOW) {
                int got = fill();
                if (got < 0 && into.position() == begin) {
                    return -1;
                }
                over = got <= 0;
            } else {
                answer(result.getHandshakeStatus());
                over = result.bytesConsumed() == 0;
            }
        }
        return into.position() - begin;
    }

    /** A session that goes on may have things to settle, such as new keys. */
    private void answer(HandshakeStatus status) throws IOException {
        HandshakeStatus now = status;
        while (now == HandshakeStatus.NEED_TASK || now == HandshakeStatus.NEED_WRAP) {
            if (now == HandshakeStatus.NEED_TASK) {
                engine.getDelegatedTask().run();
            } else if (wrap(NOTHING).bytesProduced() == 0) {
                return; // No room: it is asked for again.
            }
            now = engine.getHandshakeStatus();
        }
    }

    @Override
    public void send(ByteBuffer from) throws IOException {
        do {
            plain.send(toSend);
            if (holdsBytes()) {
                return;
            }
            if (from.hasRemaining()) {
                wrap(from);
            }
        } while (holdsBytes());
    }

    @Override
    public boolean holdsBytes() {
        return toSend.hasRemaining();
    }
}
