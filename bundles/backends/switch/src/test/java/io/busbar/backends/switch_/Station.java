package io.busbar.backends.switch_;

import io.busbar.api.backend.BackendContext;
import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendState;
import io.busbar.api.backend.NetBackend;
import io.busbar.api.backend.NetFrame;
import io.busbar.api.backend.Settings;
import io.busbar.api.backend.WaitingFrame;
import io.busbar.api.memory.Payload;
import io.busbar.testkit.TestPayload;
import io.busbar.testkit.TestSettings;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.IntStream;

/** A device model and its driver as the switch sees them: what is plugged into one port. Its methods do not allocate more than they return. */
final class Station implements BackendContext, AutoCloseable {

    private final String name;
    private final Settings settings;
    private final List<String> channels;
    private final AtomicIntegerArray readable;
    private final AtomicIntegerArray writable;
    private final SwitchBackend backend;

    private Station(Networks networks, String name, int pairs, String... words) throws BackendException {
        this.name = name;
        settings = TestSettings.of(words);
        channels = IntStream.range(0, pairs).mapToObj(pair -> "pair" + pair).toList();
        readable = new AtomicIntegerArray(pairs);
        writable = new AtomicIntegerArray(pairs);
        backend = new SwitchBackend(this, networks);
        backend.usePairs(1);
    }

    /** Plugs a device with one pair into network lan0. */
    static Station plug(Networks networks, String name, String... words) {
        return plug(networks, name, 1, words);
    }

    static Station plug(Networks networks, String name, int pairs, String... words) {
        String[] all = Arrays.copyOf(words, words.length + 2);
        all[words.length] = "network";
        all[words.length + 1] = "lan0";
        try {
            return new Station(networks, name, pairs, all);
        } catch (BackendException e) {
            throw new AssertionError(e);
        }
    }

    /** As {@link #plug}, with words that may be wrong, among them the network. */
    static Station tryPlug(Networks networks, String name, String... words) throws BackendException {
        return new Station(networks, name, 1, words);
    }

    /** A frame in a driver's memory, which can be offered again and again. */
    static final class Sent implements NetFrame {

        private final MemorySegment header = Arena.ofAuto().allocate(NetBackend.HEADER_BYTES, Long.BYTES);
        private final MemorySegment bytes;
        private final TestPayload payload;

        Sent(byte... frame) {
            bytes = Arena.ofAuto().allocate(Math.max(1, frame.length)).asSlice(0, frame.length);
            MemorySegment.copy(frame, 0, bytes, ValueLayout.JAVA_BYTE, 0, frame.length);
            payload = TestPayload.over(bytes);
        }

        /** Sets a field of the header, little-endian. */
        Sent with(int field, int value) {
            header.set(ValueLayout.JAVA_SHORT, field, (short) value);
            return this;
        }

        Sent vanished() {
            payload.vanish();
            return this;
        }

        MemorySegment bytes() {
            return bytes;
        }

        @Override
        public MemorySegment header() {
            return header;
        }

        @Override
        public Payload data() {
            return payload;
        }
    }

    boolean send(int pair, Sent frame) {
        frame.payload.rewind();
        return backend.transmit(pair, frame);
    }

    boolean send(byte... frame) {
        return send(0, new Sent(frame));
    }

    /** The next frame with its header, or null. */
    byte[] receiveWhole(int pair) {
        WaitingFrame frame = backend.peek(pair);
        if (frame == null) {
            return null;
        }
        byte[] bytes = new byte[frame.length()];
        MemorySegment.copy(frame.memory(), ValueLayout.JAVA_BYTE, frame.offset(), bytes, 0, bytes.length);
        backend.taken(pair);
        return bytes;
    }

    /** The next frame, or null. */
    byte[] receive() {
        byte[] whole = receiveWhole(0);
        return whole == null ? null : Arrays.copyOfRange(whole, NetBackend.HEADER_BYTES, whole.length);
    }

    /** What was in the frames that wait. */
    List<String> texts() {
        List<String> texts = new ArrayList<>();
        for (byte[] frame = receive(); frame != null; frame = receive()) {
            texts.add(new String(frame, 14, frame.length - 14, StandardCharsets.UTF_8));
        }
        return texts;
    }

    SwitchBackend backend() {
        return backend;
    }

    int timesReadable(int pair) {
        return readable.get(pair);
    }

    int timesWritable(int pair) {
        return writable.get(pair);
    }

    @Override
    public String deviceName() {
        return name;
    }

    @Override
    public Settings settings() {
        return settings;
    }

    @Override
    public Optional<BackendState> predecessor() {
        return Optional.empty();
    }

    @Override
    public boolean readOnly() {
        return false;
    }

    @Override
    public List<String> channels() {
        return channels;
    }

    @Override
    public void infoChanged() {
        throw new AssertionError("a switch never changes");
    }

    @Override
    public void readable(int channel) {
        readable.incrementAndGet(channel);
    }

    @Override
    public void writable(int channel) {
        writable.incrementAndGet(channel);
    }

    @Override
    public void failed(String sentence) {
        throw new AssertionError(sentence);
    }

    @Override
    public void recovered() {
        throw new AssertionError("a switch never fails");
    }

    @Override
    public void close() {
        backend.close();
    }
}
