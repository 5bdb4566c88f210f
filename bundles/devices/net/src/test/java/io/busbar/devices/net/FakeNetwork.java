package io.busbar.devices.net;

import io.busbar.api.backend.NetBackend;
import io.busbar.api.backend.NetFrame;
import io.busbar.api.backend.NetInfo;
import io.busbar.api.backend.WaitingFrame;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** A network that notes what it is given, and has what a test puts there. */
final class FakeNetwork implements NetBackend {

    private final List<byte[]> headers = new ArrayList<>();
    private final List<byte[]> frames = new ArrayList<>();
    private final List<Deque<Frame>> waiting = new ArrayList<>();
    private final List<Integer> pairsTold = new ArrayList<>();
    private final List<Boolean> plugs = new ArrayList<>();
    private NetInfo info;
    private int room = Integer.MAX_VALUE;

    private record Frame(MemorySegment memory, long offset, int length) implements WaitingFrame {
    }

    FakeNetwork(NetInfo info) {
        this.info = info;
        for (int i = 0; i < info.pairs(); i++) {
            waiting.add(new ArrayDeque<>());
        }
    }

    /** One that takes everything. */
    static FakeNetwork able() {
        return new FakeNetwork(new NetInfo(65_535, 8, true, true, true));
    }

    /** One that takes whole frames alone. */
    static FakeNetwork plain() {
        return new FakeNetwork(new NetInfo(1500, 1, false, false, true));
    }

    FakeNetwork withLink(boolean up) {
        info = new NetInfo(info.mtu(), info.pairs(), info.checksum(), info.tso(), up);
        return this;
    }

    /** From now on there is room for so many frames. */
    void setRoom(int count) {
        room = count;
    }

    /** Lets a frame wait, behind a header, somewhere in the middle of memory. */
    void receive(int pair, byte[] header, byte[] frame) {
        MemorySegment memory = Arena.ofAuto().allocate(100L + header.length + frame.length).fill((byte) 0xDD);
        MemorySegment.copy(header, 0, memory, ValueLayout.JAVA_BYTE, 50, header.length);
        MemorySegment.copy(frame, 0, memory, ValueLayout.JAVA_BYTE, 50L + header.length, frame.length);
        waiting.get(pair).add(new Frame(memory, 50, header.length + frame.length));
    }

    int waiting(int pair) {
        return waiting.get(pair).size();
    }

    List<byte[]> headers() {
        return headers;
    }

    List<byte[]> frames() {
        return frames;
    }

    List<Integer> pairsTold() {
        return pairsTold;
    }

    /** Returns what was said of the cable. */
    List<Boolean> plugs() {
        return plugs;
    }

    @Override
    public NetInfo info() {
        return info;
    }

    @Override
    public void usePairs(int pairs) {
        pairsTold.add(pairs);
    }

    @Override
    public void plugged(boolean in) {
        plugs.add(in);
    }

    @Override
    public boolean transmit(int pair, NetFrame frame) {
        if (room == 0) {
            return false;
        }
        room--;
        headers.add(frame.header().toArray(ValueLayout.JAVA_BYTE));
        MemorySegment bytes = Arena.ofAuto().allocate(frame.data().remaining());
        frame.data().copyTo(bytes, 0, bytes.byteSize());
        frames.add(bytes.toArray(ValueLayout.JAVA_BYTE));
        return true;
    }

    @Override
    public WaitingFrame peek(int pair) {
        return waiting.get(pair).peek();
    }

    @Override
    public void taken(int pair) {
        waiting.get(pair).remove();
    }

    @Override
    public void close() {
        waiting.clear();
    }
}
