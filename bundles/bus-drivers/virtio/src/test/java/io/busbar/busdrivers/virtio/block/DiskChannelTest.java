package io.busbar.busdrivers.virtio.block;

import static io.busbar.busdrivers.virtio.Driven.random;
import static io.busbar.core.virtio.VirtioConfig.bit;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.driver.DriverException;
import io.busbar.busdrivers.virtio.Driven;
import io.busbar.core.virtio.block.VirtioBlk;
import io.busbar.testkit.vdpa.FakeDisk;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.SeekableByteChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A disk as a channel of bytes. */
@Timeout(120)
class DiskChannelTest {

    private static final int BYTES = 64 << 10;

    private final FakeDisk device = new FakeDisk(BYTES);
    private Driven driven;

    @BeforeEach
    void begin() throws Exception {
        driven = Driven.begin(device);
    }

    @AfterEach
    void end() {
        driven.close();
    }

    @Test
    void anyBytesAnywhereAreReadAndWritten() throws Exception {
        byte[] expected = new byte[BYTES];
        Random random = new Random(7);
        try (SeekableByteChannel channel = driven.disk().channel()) {
            for (int i = 0; i < 300; i++) {
                int from = random.nextInt(BYTES);
                int length = random.nextInt(Math.min(BYTES - from, 5000) + 1);
                channel.position(from);
                if (random.nextBoolean()) {
                    byte[] bytes = random(length, i);
                    System.arraycopy(bytes, 0, expected, from, length);
                    assertThat(channel.write(ByteBuffer.wrap(bytes))).isEqualTo(length);
                } else {
                    ByteBuffer target = ByteBuffer.allocateDirect(length);
                    assertThat(channel.read(target)).isEqualTo(length);
                    assertThat(target.flip()).isEqualTo(ByteBuffer.wrap(expected, from, length));
                }
                assertThat(channel.position()).isEqualTo(from + length);
            }
        }
        assertThat(device.store()).isEqualTo(expected);
    }

    @Test
    void itEndsWhereTheDeviceEnds() throws Exception {
        try (SeekableByteChannel channel = driven.disk().channel()) {
            assertThat(channel.size()).isEqualTo(BYTES);
            channel.position(BYTES - 10);
            assertThat(channel.write(ByteBuffer.allocate(100))).isEqualTo(10);
            assertThatThrownBy(() -> channel.write(ByteBuffer.allocate(1)))
                    .isInstanceOf(DriverException.class)
                    .hasMessage("disk0: write of 1 bytes at 65536: the device has 65536 bytes");
            assertThat(channel.read(ByteBuffer.allocate(1))).isEqualTo(-1);
            channel.position(BYTES - 10);
            assertThat(channel.read(ByteBuffer.allocate(100))).isEqualTo(10);
            assertThat(channel.position(2L * BYTES).read(ByteBuffer.allocate(1))).isEqualTo(-1);
        }
    }

    @Test
    void aDeviceKeepsItsSize() throws Exception {
        try (SeekableByteChannel channel = driven.disk().channel()) {
            assertThatThrownBy(() -> channel.truncate(512)).isInstanceOf(DriverException.class);
            assertThat(channel.truncate(BYTES).size()).isEqualTo(BYTES);
        }
    }

    @Test
    void aChannelThatIsClosedIsNoLongerUsedAndItsDiskIs() throws Exception {
        SeekableByteChannel channel = driven.disk().channel();
        channel.close();

        assertThat(channel.isOpen()).isFalse();
        assertThatThrownBy(() -> channel.read(ByteBuffer.allocate(1))).isInstanceOf(ClosedChannelException.class);
        assertThat(driven.disk().isUp()).isTrue();
    }

    @Test
    void aReadOnlyDiskHasAReadOnlyChannel() throws Exception {
        driven.close();
        driven = Driven.begin(new FakeDisk(BYTES).offering(FakeDisk.FEATURES | bit(VirtioBlk.VIRTIO_BLK_F_RO)));
        try (SeekableByteChannel channel = driven.disk().channel()) {
            assertThatThrownBy(() -> channel.write(ByteBuffer.allocate(1)))
                    .isInstanceOf(NonWritableChannelException.class);
            assertThat(channel.read(ByteBuffer.allocate(1))).isEqualTo(1);
        }
    }

    /** Two channels write other bytes of the same blocks. */
    @Test
    void partsOfOneBlockByTwoChannelsAreNotLost() throws Exception {
        List<Throwable> wrong = Collections.synchronizedList(new ArrayList<>());
        List<Thread> threads = new ArrayList<>();
        for (int half = 0; half < 2; half++) {
            int at = half * 256;
            byte value = (byte) (half + 1);
            threads.add(Thread.ofPlatform().start(() -> {
                try (SeekableByteChannel channel = driven.disk().channel()) {
                    byte[] bytes = new byte[256];
                    Arrays.fill(bytes, value);
                    for (int block = 0; block < BYTES / 512; block++) {
                        channel.position(block * 512L + at).write(ByteBuffer.wrap(bytes));
                    }
                } catch (Throwable e) {
                    wrong.add(e);
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }

        assertThat(wrong).isEmpty();
        for (int i = 0; i < BYTES; i++) {
            assertThat(device.store()[i]).isEqualTo((byte) (i % 512 / 256 + 1));
        }
    }
}
