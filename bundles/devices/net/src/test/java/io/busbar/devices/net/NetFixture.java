package io.busbar.devices.net;

import io.busbar.api.vdpa.VdpaException;
import io.busbar.testkit.TestChain;
import io.busbar.testkit.TestChainSource;
import io.busbar.testkit.TestModelContext;
import io.busbar.testkit.TestPayload;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A model with a network, and chains as a driver makes them. */
final class NetFixture {

    static final long VERSION_1 = 1L << 32;
    static final long CSUM = 1;
    static final long GUEST_CSUM = 1L << 1;
    static final long CTRL_GUEST_OFFLOADS = 1L << 2;
    static final long MTU = 1L << 3;
    static final long MAC = 1L << 5;
    static final long GUEST_TSO4 = 1L << 7;
    static final long GUEST_TSO6 = 1L << 8;
    static final long HOST_TSO4 = 1L << 11;
    static final long HOST_TSO6 = 1L << 12;
    static final long MRG_RXBUF = 1L << 15;
    static final long STATUS = 1L << 16;
    static final long CTRL_VQ = 1L << 17;
    static final long CTRL_RX = 1L << 18;
    static final long CTRL_VLAN = 1L << 19;
    static final long CTRL_RX_EXTRA = 1L << 20;
    static final long GUEST_ANNOUNCE = 1L << 21;
    static final long MQ = 1L << 22;
    static final long CTRL_MAC_ADDR = 1L << 23;

    static final int RX = 0;
    static final int TX = 1;

    final TestModelContext context;
    final NetModel model;
    final FakeNetwork network;

    NetFixture(FakeNetwork network, String... words) throws VdpaException {
        this.network = network;
        this.context = TestModelContext.of(words);
        this.model = (NetModel) new NetModelFactory().create(context);
        model.attach(network);
        model.setDriverFeatures(model.deviceFeatures() | VERSION_1);
    }

    static NetFixture able(String... words) throws VdpaException {
        return new NetFixture(FakeNetwork.able(), words);
    }

    /** What the driver accepts is this alone. */
    NetFixture accepting(long features) {
        model.setDriverFeatures(features | VERSION_1);
        return this;
    }

    /** What the driver accepts is all but this. */
    NetFixture without(long features) {
        model.setDriverFeatures((model.deviceFeatures() | VERSION_1) & ~features);
        return this;
    }

    static TestChain readable(byte[]... parts) {
        return new TestChain(TestPayload.of(Frames.join(parts)), TestPayload.ofSizes(0));
    }

    /** A receive buffer of pieces of the given sizes. */
    static TestChain buffer(long... sizes) {
        return new TestChain(TestPayload.of(), TestPayload.ofSizes(sizes));
    }

    static TestChain[] buffers(int count, long size) {
        TestChain[] buffers = new TestChain[count];
        java.util.Arrays.setAll(buffers, i -> buffer(size));
        return buffers;
    }

    TestChain transmit(byte[]... parts) {
        TestChain chain = readable(parts);
        model.service(TX, TestChainSource.of(chain));
        return chain;
    }

    /** Sends a command; returns the acknowledgement, or -1 if there is none. */
    int command(int type, int code, byte... data) {
        TestChain chain = new TestChain(
                TestPayload.of(Frames.join(new byte[] {(byte) type, (byte) code}, data)), TestPayload.ofSizes(1));
        model.service(controlQueue(), TestChainSource.of(chain));
        return chain.written() == 1 ? chain.status() : -1;
    }

    int controlQueue() {
        return model.vqCount() - 1;
    }

    TestChainSource receive(byte[] header, byte[] frame, TestChain... buffers) {
        network.receive(0, header, frame);
        TestChainSource source = TestChainSource.of(buffers);
        model.service(RX, source);
        return source;
    }

    /** The bytes that a buffer came back with. */
    static byte[] written(TestChain chain) {
        return java.util.Arrays.copyOf(chain.writable().bytes(), (int) chain.written());
    }

    static ByteBuffer headerOf(TestChain chain) {
        return ByteBuffer.wrap(written(chain), 0, 12).slice().order(ByteOrder.LITTLE_ENDIAN);
    }

    static byte[] frameOf(TestChain chain) {
        byte[] written = written(chain);
        return java.util.Arrays.copyOfRange(written, 12, written.length);
    }

    long statistic(int queue, String name) {
        return model.statistics(queue).get(name);
    }

    ByteBuffer config() {
        byte[] config = new byte[model.configSize()];
        model.readConfig(0, config);
        return ByteBuffer.wrap(config).order(ByteOrder.LITTLE_ENDIAN);
    }

    long mac() {
        return config().order(ByteOrder.BIG_ENDIAN).getLong(0) >>> 16;
    }

    int status() {
        return config().getShort(6);
    }
}
