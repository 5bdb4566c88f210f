package io.busbar.tools.shell.fake;

import io.busbar.api.driver.FrameListener;
import io.busbar.api.driver.NetCounters;
import io.busbar.api.driver.NetDriver;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;

/** A card at whose other end a test answers frames at once. */
public final class FakeCard implements NetDriver {

    /** What was sent. */
    public final List<ByteBuffer> sent = new CopyOnWriteArrayList<>();
    /** Whether the link is up. */
    public volatile boolean linkUp = true;

    private final List<FrameListener> listeners = new CopyOnWriteArrayList<>();
    private final Function<ByteBuffer, ByteBuffer> peer;

    /** A card with a peer that answers a frame with another, or with null. */
    public FakeCard(Function<ByteBuffer, ByteBuffer> peer) {
        this.peer = peer;
    }

    /** Lets a frame come in. */
    public void receive(ByteBuffer frame) {
        listeners.forEach(listener -> listener.received(frame.duplicate()));
    }

    /** Returns how many listen. */
    public int listeners() {
        return listeners.size();
    }

    @Override
    public boolean offer(ByteBuffer frame) {
        ByteBuffer copy = ByteBuffer.allocate(frame.remaining()).put(frame).flip();
        sent.add(copy);
        ByteBuffer answer = peer.apply(copy);
        if (answer != null) {
            receive(answer);
        }
        return true;
    }

    @Override
    public void send(ByteBuffer frame) {
        throw new UnsupportedOperationException("a command does not wait for ever");
    }

    @Override
    public Listening listen(FrameListener listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    @Override
    public String device() {
        return "net0";
    }

    @Override
    public String bus() {
        return "host";
    }

    @Override
    public boolean isUp() {
        return true;
    }

    @Override
    public byte[] mac() {
        return new byte[] {2, 0, 0, 0, 0, 7};
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
        return linkUp;
    }

    @Override
    public NetCounters counters() {
        return new NetCounters(sent.size(), 0, 0, 0);
    }
}
