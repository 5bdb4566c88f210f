package io.busbar.backends.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.device.DeviceModel;
import io.busbar.devices.block.BlockModelFactory;
import io.busbar.testkit.TestBackendContext;
import io.busbar.testkit.TestChain;
import io.busbar.testkit.TestChains;
import io.busbar.testkit.TestModelContext;
import io.busbar.testkit.TestPayload;
import io.busbar.testkit.machine.Allocation;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The device model and the RAM disk together. */
class BlockOverMemoryTest {

    private static final int IN = 0;
    private static final int OUT = 1;
    private static final int FLUSH = 4;
    private static final int DISCARD = 11;
    private static final int WRITE_ZEROES = 13;
    private static final long VERSION_1 = 1L << 32;
    private static final long SEED = 20261120;
    private static final int SECTORS = 8192;

    private MemoryBackend disk;
    private DeviceModel model;

    @BeforeEach
    void open() throws Exception {
        disk = new MemoryBackend(TestBackendContext.of("size", SECTORS / 2 + "K"));
        model = new BlockModelFactory().create(TestModelContext.of());
        model.attach(disk);
        model.setDriverFeatures(model.deviceFeatures() | VERSION_1);
    }

    @AfterEach
    void close() {
        model.detach();
        model.close();
        disk.close();
    }

    private static byte[] request(int type, long sector, byte[] data) {
        return ByteBuffer.allocate(16 + data.length).order(ByteOrder.LITTLE_ENDIAN)
                .putInt(type).putInt(0).putLong(sector).put(data).array();
    }

    private static byte[] range(long sector, int sectors) {
        return ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putLong(sector).putInt(sectors).array();
    }

    private TestChain process(byte[] readable, long writable) {
        TestChain chain = new TestChain(TestPayload.of(readable), TestPayload.ofSizes(writable, 1));
        model.process(0, new TestChains(chain));
        return chain;
    }

    /** 20000 random requests, a third of them at or over the end, against an array; seed {@value #SEED}. */
    @Test
    void random_requests_do_to_the_disk_what_they_do_to_an_array() {
        Random random = new Random(SEED);
        byte[] expected = new byte[SECTORS * 512];
        for (int i = 0; i < 20_000; i++) {
            int count = random.nextInt(1, 65);
            int sector = random.nextInt(3) == 0 ? SECTORS - 32 + random.nextInt(40) : random.nextInt(SECTORS);
            int type = switch (random.nextInt(5)) {
                case 0, 1 -> IN;
                case 2 -> OUT;
                case 3 -> WRITE_ZEROES;
                default -> FLUSH;
            };
            check(i, type, sector, count, expected, random);
        }
        assertThat(read(0, SECTORS)).isEqualTo(expected);
    }

    private void check(int round, int type, int sector, int count, byte[] expected, Random random) {
        boolean fits = sector + count <= SECTORS;
        int from = sector * 512;
        int to = from + count * 512;
        byte[] data = new byte[type == OUT ? count * 512 : 0];
        random.nextBytes(data);
        TestChain chain = switch (type) {
            case IN -> process(request(IN, sector, data), count * 512L);
            case OUT -> process(request(OUT, sector, data), 0);
            case WRITE_ZEROES -> process(request(WRITE_ZEROES, 0, range(sector, count)), 0);
            default -> process(request(FLUSH, 0, data), 0);
        };
        String name = "request " + round + ", type " + type + ", sector " + sector + ", " + count + " sectors";
        if (type == FLUSH) {
            assertThat(chain.status()).as(name).isEqualTo(2);
            return;
        }
        assertThat(chain.status()).as(name).isEqualTo(fits ? 0 : 1);
        if (type == IN) {
            byte[] want = fits ? Arrays.copyOfRange(expected, from, to) : new byte[count * 512];
            assertThat(Arrays.copyOf(chain.writable().bytes(), count * 512)).as(name).isEqualTo(want);
        } else if (fits && type == OUT) {
            System.arraycopy(data, 0, expected, from, data.length);
        } else if (fits) {
            Arrays.fill(expected, from, to, (byte) 0);
        }
    }

    private byte[] read(long sector, int count) {
        TestChain chain = process(request(IN, sector, new byte[0]), count * 512L);
        return Arrays.copyOf(chain.writable().bytes(), count * 512);
    }

    /**
     * The hot path allocates nothing: reads, writes, discards and refusals. Measured over rounds of a million, of which
     * one without an allocation is enough: the first ones may see code being compiled again, but 16 bytes per request
     * would show in each as 16 million.
     */
    @Test
    void a_million_requests_allocate_nothing() {
        TestChain read = new TestChain(TestPayload.of(request(IN, 8, new byte[0])), TestPayload.ofSizes(4096, 1));
        TestChain write = new TestChain(TestPayload.of(request(OUT, 8, new byte[4096])), TestPayload.ofSizes(1));
        TestChain discard = new TestChain(TestPayload.of(request(DISCARD, 0, range(64, 1))), TestPayload.ofSizes(1));
        TestChain wrong = new TestChain(TestPayload.of(request(IN, SECTORS, new byte[0])), TestPayload.ofSizes(512, 1));
        TestChain[] chains = {read.inSlot(0), write.inSlot(1), discard.inSlot(2), wrong.inSlot(3)};
        TestChains batch = new TestChains(chains);
        serve(batch, chains, 50_000);

        assertThat(Allocation.leastOf(() -> serve(batch, chains, 250_000))).isZero();
        assertThat(model.statistics(0).get("reads")).isGreaterThanOrEqualTo(300_000);
        assertThat(model.statistics(0).get("errors")).isEqualTo(model.statistics(0).get("writes"));
    }

    private void serve(TestChains batch, TestChain[] chains, int rounds) {
        for (int i = 0; i < rounds; i++) {
            for (TestChain chain : chains) {
                chain.rearm();
            }
            model.process(0, batch);
        }
    }
}
