package io.busbar.devices.block;

import io.busbar.api.vdpa.VdpaException;
import io.busbar.testkit.TestChain;
import io.busbar.testkit.TestChains;
import io.busbar.testkit.TestModelContext;
import io.busbar.testkit.TestPayload;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A model with a disk, and chains as a driver makes them. */
final class BlockFixture {

    static final int IN = 0;
    static final int OUT = 1;
    static final int FLUSH = 4;
    static final int GET_ID = 8;
    static final int DISCARD = 11;
    static final int WRITE_ZEROES = 13;
    static final int SECURE_ERASE = 14;

    static final int OK = 0;
    static final int IOERR = 1;
    static final int UNSUPP = 2;

    static final long VERSION_1 = 1L << 32;

    final TestModelContext context;
    final BlockModel model;
    final ArrayDisk disk;

    BlockFixture(ArrayDisk disk, String... words) throws VdpaException {
        this.disk = disk;
        this.context = TestModelContext.of(words);
        this.model = (BlockModel) new BlockModelFactory().create(context);
        model.attach(disk);
        model.setDriverFeatures(model.deviceFeatures() | VERSION_1);
    }

    static BlockFixture ofCapacity(long capacity, String... words) throws VdpaException {
        return new BlockFixture(ArrayDisk.cached(capacity), words);
    }

    static byte[] header(int type, long sector) {
        return ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putInt(type).putInt(0).putLong(sector).array();
    }

    /** A list of discard or write-zeroes segments: sector, number of sectors and flags in turn. */
    static byte[] segments(long... values) {
        ByteBuffer list = ByteBuffer.allocate(values.length / 3 * 16).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < values.length; i += 3) {
            list.putLong(values[i]).putInt((int) values[i + 1]).putInt((int) values[i + 2]);
        }
        return list.array();
    }

    static byte[] join(byte[] one, byte[] other) {
        return ByteBuffer.allocate(one.length + other.length).put(one).put(other).array();
    }

    /** A chain with a header, further readable bytes and so many writable bytes before the status. */
    static TestChain chain(int type, long sector, byte[] out, long in) {
        return new TestChain(TestPayload.of(join(header(type, sector), out)), TestPayload.ofSizes(in + 1));
    }

    static TestChain chain(int type, long sector) {
        return chain(type, sector, new byte[0], 0);
    }

    TestChain process(TestChain chain) {
        model.process(0, new TestChains(chain));
        return chain;
    }

    TestChain process(int type, long sector, byte[] out, long in) {
        return process(chain(type, sector, out, in));
    }

    TestChain read(long sector, long bytes) {
        return process(IN, sector, new byte[0], bytes);
    }

    TestChain write(long sector, byte... bytes) {
        return process(OUT, sector, bytes, 0);
    }

    long statistic(String name) {
        return model.statistics(0).get(name);
    }

    ByteBuffer config() {
        byte[] config = new byte[model.configSize()];
        model.readConfig(0, config);
        return ByteBuffer.wrap(config).order(ByteOrder.LITTLE_ENDIAN);
    }
}
