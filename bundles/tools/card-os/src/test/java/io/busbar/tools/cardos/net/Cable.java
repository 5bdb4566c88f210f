package io.busbar.tools.cardos.net;

import io.busbar.api.driver.FrameListener;
import io.busbar.api.driver.NetCounters;
import io.busbar.api.driver.NetDriver;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.UnaryOperator;

/** A cable with two network cards at its ends, or one that hears itself. Frames come on a thread of its own. */
final class Cable implements AutoCloseable {

    private final ExecutorService thread = Executors.newSingleThreadExecutor();
    final List<ByteBuffer> frames = new CopyOnWriteArrayList<>();
    /** What becomes of a frame on its way; null if it is lost. */
    volatile UnaryOperator<ByteBuffer> fate = UnaryOperator.identity();

    /** A card; its number is the last byte of its address. */
    final class Card implements NetDriver {

        private final List<FrameListener> listeners = new CopyOnWriteArrayList<>();
        private final byte[] mac;
        volatile Card other = this;

        Card(int number) {
            mac = new byte[] {2, 0, 0, 0, 0, (byte) number};
        }

        @Override
        public byte[] mac() {
            return mac.clone();
        }

        @Override
        public int mtu() {
            return 1500;
        }

        @Override
        public int maxFrameBytes() {
            return 1518;
        }

        @Override
        public boolean isLinkUp() {
            return true;
        }

        @Override
        public boolean offer(ByteBuffer frame) {
            ByteBuffer sent = fate.apply(ByteBuffer.allocate(frame.remaining()).put(frame).flip());
            if (sent != null) {
                frames.add(sent);
                thread.execute(() -> other.listeners.forEach(listener -> listener.received(sent.asReadOnlyBuffer())));
            }
            return true;
        }

        @Override
        public void send(ByteBuffer frame) {
            offer(frame);
        }

        @Override
        public Listening listen(FrameListener listener) {
            listeners.add(listener);
            return () -> listeners.remove(listener);
        }

        @Override
        public NetCounters counters() {
            return new NetCounters(0, 0, 0, 0);
        }

        @Override
        public String device() {
            return "net" + mac[5];
        }

        @Override
        public String bus() {
            return "mic0";
        }

        @Override
        public boolean isUp() {
            return true;
        }
    }

    Card[] both() {
        Card[] cards = {new Card(1), new Card(2)};
        cards[0].other = cards[1];
        cards[1].other = cards[0];
        return cards;
    }

    @Override
    public void close() {
        thread.close();
    }
}
