package io.busbar.devices.block;

import static io.busbar.devices.block.BlockFixture.FLUSH;
import static io.busbar.devices.block.BlockFixture.OK;
import static io.busbar.devices.block.BlockFixture.VERSION_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.backend.BlockInfo;
import io.busbar.api.device.ModelState;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.testkit.TestChain;
import io.busbar.testkit.TestModelContext;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a driver is told (virtio 1.2, 5.2.3 to 5.2.5), what a user may choose, and what another backend must keep. */
class BlockModelTest {

    private static final int SIZE_MAX = 1;
    private static final int SEG_MAX = 2;
    private static final int RO = 5;
    private static final int BLK_SIZE = 6;
    private static final int F_FLUSH = 9;
    private static final int TOPOLOGY = 10;
    private static final int CONFIG_WCE = 11;
    private static final int MQ = 12;
    private static final int F_DISCARD = 13;
    private static final int F_WRITE_ZEROES = 14;
    private static final byte[] SECTOR = new byte[512];

    private static long bits(int... features) {
        long bits = 0;
        for (int feature : features) {
            bits |= 1L << feature;
        }
        return bits;
    }

    private static BlockInfo info(boolean readOnly, boolean flush, boolean discard, boolean writeZeroes) {
        return new BlockInfo(1 << 20, readOnly, flush, discard, writeZeroes, 4096, 512);
    }

    private static BlockModel modelOf(BlockInfo info, String... words) throws VdpaException {
        return new BlockFixture(new ArrayDisk(info), words).model;
    }

    @Test
    void features_are_offered_as_far_as_the_backend_goes() throws Exception {
        long always = bits(SIZE_MAX, SEG_MAX, BLK_SIZE, TOPOLOGY);

        assertThat(modelOf(info(false, false, false, false)).deviceFeatures()).isEqualTo(always);
        assertThat(modelOf(info(false, true, true, true), "queues", "2").deviceFeatures())
                .isEqualTo(always | bits(F_FLUSH, CONFIG_WCE, MQ, F_DISCARD, F_WRITE_ZEROES));
        assertThat(modelOf(info(true, false, true, true)).deviceFeatures()).isEqualTo(always | bits(RO));
    }

    @Test
    void the_configuration_holds_every_field_at_its_place() throws Exception {
        ByteBuffer config = new BlockFixture(ArrayDisk.cached(1 << 20), "queues", "3", "blocksize", "1024").config();

        assertThat(config.capacity()).isEqualTo(96);
        assertThat(config.getLong(0)).as("capacity").isEqualTo(2048);
        assertThat(config.getInt(8)).as("size_max").isEqualTo(1 << 20);
        assertThat(config.getInt(12)).as("seg_max").isEqualTo(126);
        assertThat(config.getInt(20)).as("blk_size").isEqualTo(1024);
        assertThat(config.get(24)).as("physical_block_exp").isEqualTo((byte) 2);
        assertThat(config.get(25)).as("alignment_offset").isZero();
        assertThat(config.getShort(26)).as("min_io_size").isEqualTo((short) 4);
        assertThat(config.get(32)).as("writeback").isEqualTo((byte) 1);
        assertThat(config.getShort(34)).as("num_queues").isEqualTo((short) 3);
        assertThat(config.getInt(36)).as("max_discard_sectors").isEqualTo(1 << 22);
        assertThat(config.getInt(40)).as("max_discard_seg").isEqualTo(16);
        assertThat(config.getInt(44)).as("discard_sector_alignment").isEqualTo(8);
        assertThat(config.getInt(48)).as("max_write_zeroes_sectors").isEqualTo(1 << 22);
        assertThat(config.getInt(52)).as("max_write_zeroes_seg").isEqualTo(16);
        assertThat(config.get(56)).as("write_zeroes_may_unmap").isEqualTo((byte) 1);
    }

    @Test
    void a_read_of_the_configuration_past_its_end_gives_zeroes() throws Exception {
        BlockModel model = BlockFixture.ofCapacity(1 << 20).model;
        byte[] part = {1, 1, 1, 1};
        model.readConfig(94, part);
        assertThat(part).containsOnly(0);
        part[0] = 1;
        model.readConfig(1000, part);
        assertThat(part).containsOnly(0);
        model.readConfig(Integer.MAX_VALUE, part);
        assertThat(part).containsOnly(0);
    }

    @ParameterizedTest
    @CsvSource({
        "queues, 0, a number from 1 to 64", "queues, 65, a number from 1 to 64", "queues, two, a number from 1 to 64",
        "serial, 123456789012345678901, up to 20 printable ASCII characters",
        "serial, Größe, up to 20 printable ASCII characters",
        "cache, none, writeback or writethrough", "blocksize, 256, '512, 1024, 2048 or 4096'",
        "blocksize, 8192, '512, 1024, 2048 or 4096'", "blocksize, 1000, '512, 1024, 2048 or 4096'"})
    void a_wrong_word_is_refused_with_what_was_expected(String word, String value, String expected) {
        assertThatThrownBy(() -> new BlockModelFactory().create(TestModelContext.of(word, value)))
                .isInstanceOfSatisfying(VdpaException.class, e -> assertThat(e.error()).isEqualTo(VdpaError.EINVAL))
                .hasMessage(word + " " + value + ": expected " + expected);
    }

    @Test
    void the_limits_of_the_words_are_taken() throws Exception {
        assertThat(BlockFixture.ofCapacity(4096, "queues", "64", "serial", "12345678901234567890").model.vqCount())
                .isEqualTo(64);
        assertThat(BlockFixture.ofCapacity(4096).model.vqCount()).isEqualTo(1);
    }

    @Test
    void a_capacity_that_is_no_multiple_of_the_block_size_is_refused() {
        assertThatThrownBy(() -> BlockFixture.ofCapacity(5 * 512, "blocksize", "4096"))
                .hasMessage("capacity of 2560 bytes: expected a multiple of the block size, 4096 bytes");
    }

    @Test
    void a_block_size_below_what_the_backend_transfers_is_refused() {
        ArrayDisk disk = new ArrayDisk(new BlockInfo(8192, false, true, true, true, 4096, 4096));

        assertThatThrownBy(() -> new BlockFixture(disk, "blocksize", "512"))
                .hasMessage("block size 512: expected at least 4096 bytes, in which the backend transfers");
    }

    @Test
    void the_block_size_is_what_the_backend_transfers_if_the_user_set_none() throws Exception {
        ArrayDisk disk = new ArrayDisk(new BlockInfo(8192, false, true, true, true, 4096, 4096));

        assertThat(new BlockFixture(disk).config().getInt(20)).isEqualTo(4096);
    }

    @Test
    void something_else_than_a_block_backend_is_refused() throws Exception {
        BlockModel model = (BlockModel) new BlockModelFactory().create(TestModelContext.of());

        assertThatThrownBy(() -> model.attach("a string"))
                .hasMessage("backend java.lang.String: expected one for block devices");
    }

    /** virtio 1.2, 5.2.6.2: stable at completion, or only after a flush. */
    @Test
    void a_write_is_stable_when_it_ends_if_the_driver_can_neither_flush_nor_choose() throws Exception {
        BlockFixture block = BlockFixture.ofCapacity(1 << 20);

        block.model.setDriverFeatures(VERSION_1);
        block.write(0, SECTOR);
        assertThat(block.disk.last().durable()).isTrue();

        block.model.setDriverFeatures(VERSION_1 | bits(F_FLUSH));
        block.write(0, SECTOR);
        assertThat(block.disk.last().durable()).isFalse();
    }

    @Test
    void the_driver_chooses_the_cache_mode_and_it_counts_from_the_next_request_on() throws Exception {
        BlockFixture block = BlockFixture.ofCapacity(1 << 20);
        block.write(0, SECTOR);
        assertThat(block.disk.last().durable()).isFalse();

        block.model.writeConfig(32, new byte[] {0});
        block.write(0, SECTOR);
        assertThat(block.disk.last().durable()).isTrue();
        assertThat(block.config().get(32)).isZero();

        block.model.writeConfig(32, new byte[] {1});
        block.write(0, SECTOR);
        assertThat(block.disk.last().durable()).isFalse();
    }

    @Test
    void a_request_keeps_the_cache_mode_of_its_submission() throws Exception {
        BlockFixture block = BlockFixture.ofCapacity(1 << 20);
        block.disk.holding = true;
        block.write(0, SECTOR);
        block.model.writeConfig(32, new byte[] {0});

        assertThat(block.disk.held.getFirst().durable()).isFalse();
    }

    @Test
    void a_disk_without_a_volatile_cache_never_has_to_make_writes_stable() throws Exception {
        BlockFixture block = new BlockFixture(new ArrayDisk(info(false, false, true, true)));
        block.write(0, SECTOR);

        assertThat(block.disk.last().durable()).isFalse();
    }

    @Test
    void the_user_can_begin_with_write_through() throws Exception {
        BlockFixture block = BlockFixture.ofCapacity(1 << 20, "cache", "writethrough");

        assertThat(block.config().get(32)).isZero();
        block.write(0, SECTOR);
        assertThat(block.disk.last().durable()).isTrue();
        block.model.setDriverFeatures(VERSION_1 | bits(F_FLUSH));
        block.write(0, SECTOR);
        assertThat(block.disk.last().durable()).as("without CONFIG_WCE").isTrue();
    }

    @Test
    void a_reset_brings_back_the_cache_mode_that_the_user_chose() throws Exception {
        BlockFixture block = BlockFixture.ofCapacity(1 << 20);
        block.model.writeConfig(32, new byte[] {0});
        block.model.setDriverFeatures(0);

        assertThat(block.config().get(32)).isEqualTo((byte) 1);
    }

    @Test
    void nothing_but_the_cache_mode_can_be_written() throws Exception {
        BlockModel model = BlockFixture.ofCapacity(1 << 20).model;

        assertThatThrownBy(() -> model.writeConfig(0, new byte[8]))
                .hasMessage("config write of 8 bytes at 0: expected 1 byte at 32, the cache mode");
        assertThatThrownBy(() -> model.writeConfig(32, new byte[2])).isInstanceOf(VdpaException.class);
        assertThatThrownBy(() -> model.writeConfig(32, new byte[0])).isInstanceOf(VdpaException.class);
        assertThatThrownBy(() -> model.writeConfig(32, new byte[] {2}))
                .hasMessage("cache mode 2: expected 0 (write-through) or 1 (write-back)");
        assertThatThrownBy(() -> modelOf(info(false, false, true, true)).writeConfig(32, new byte[] {0}))
                .hasMessage("cache mode: this disk has no volatile cache to switch");
    }

    @Test
    void another_backend_must_do_what_the_driver_was_told() throws Exception {
        BlockModel model = modelOf(info(false, true, true, true));
        model.detach();

        assertThatThrownBy(() -> model.attach(new ArrayDisk(info(true, true, true, true))))
                .hasMessageContaining("read-only");
        assertThatThrownBy(() -> model.attach(new ArrayDisk(info(false, true, false, true))))
                .hasMessageContaining("no discard");
        assertThatThrownBy(() -> model.attach(new ArrayDisk(info(false, true, true, false))))
                .hasMessageContaining("no write zeroes");
        model.attach(new ArrayDisk(info(false, true, true, true)));
    }

    @Test
    void features_stay_as_the_first_backend_made_them() throws Exception {
        BlockFixture block = new BlockFixture(new ArrayDisk(info(false, true, true, true)));
        long before = block.model.deviceFeatures();
        block.model.detach();
        block.model.attach(new ArrayDisk(info(false, false, true, true)));

        assertThat(block.model.deviceFeatures()).isEqualTo(before);
        assertThat(block.process(BlockFixture.chain(FLUSH, 0)).status()).as("nothing to flush").isEqualTo(OK);
    }

    @Test
    void another_capacity_of_another_backend_is_told_to_the_driver() throws Exception {
        BlockFixture block = BlockFixture.ofCapacity(1 << 20);
        block.model.detach();
        assertThat(block.config().getLong(0)).as("without a backend").isEqualTo(2048);
        block.model.attach(ArrayDisk.cached(1 << 20));
        assertThat(block.context.configChanges()).isZero();

        block.model.detach();
        block.model.attach(ArrayDisk.cached(2 << 20));
        assertThat(block.context.configChanges()).isEqualTo(1);
        assertThat(block.config().getLong(0)).isEqualTo(4096);
    }

    @Test
    void a_successor_in_use_must_have_the_capacity_too() throws Exception {
        BlockFixture block = new BlockFixture(ArrayDisk.cached(1 << 20));
        block.model.checkSuccessor(ArrayDisk.cached(1 << 20));
        for (int other : new int[] {1 << 19, 2 << 20}) {
            assertThatThrownBy(() -> block.model.checkSuccessor(ArrayDisk.cached(other)))
                    .hasMessage("the backend has " + other + " bytes, but the driver was told 1048576: expected the same;"
                            + " the block resize command changes it");
        }
        assertThatThrownBy(() -> block.model.checkSuccessor(new ArrayDisk(info(true, true, true, true))))
                .hasMessageContaining("read-only");
        assertThatThrownBy(() -> block.model.checkSuccessor("a string")).hasMessageContaining("expected one for block");
    }

    @Test
    void a_late_completion_of_an_old_backend_does_not_touch_a_request_to_the_new_one() throws Exception {
        BlockFixture block = BlockFixture.ofCapacity(1 << 20);
        block.disk.holding = true;
        TestChain old = block.read(0, 512);
        block.model.detach();
        ArrayDisk successor = ArrayDisk.cached(1 << 20);
        successor.holding = true;
        block.model.attach(successor);
        TestChain fresh = block.read(0, 512);

        block.disk.end(block.disk.held.getFirst());

        assertThat(fresh.completions()).isZero();
        assertThat(old.completions()).isEqualTo(1);
    }

    @Test
    void another_model_goes_on_with_the_cache_mode_and_refuses_what_it_does_not_know() throws Exception {
        BlockFixture block = BlockFixture.ofCapacity(1 << 20);
        ModelState saved = block.model.saveState();
        block.model.writeConfig(32, new byte[] {0});
        ModelState writeThrough = block.model.saveState();
        assertThat(writeThrough).isNotEqualTo(saved);
        BlockFixture next = BlockFixture.ofCapacity(1 << 20);
        next.model.restoreState(writeThrough);
        assertThat(next.model.saveState()).isEqualTo(writeThrough);
        for (ModelState wrong : List.of(
                new ModelState("virtio-net", 1, new byte[1]), new ModelState(saved.format(), 2, new byte[1]),
                new ModelState(saved.format(), 1, new byte[2]))) {
            assertThatThrownBy(() -> next.model.restoreState(wrong)).hasMessageContaining(wrong.toString());
        }
    }

    @Test
    void the_capability_words_are_those_that_users_write() {
        assertThat(new BlockModelFactory().attributes().stream().map(attribute -> attribute.name()).toList())
                .isEqualTo(List.of("queues", "serial", "cache", "blocksize"));
        assertThat(Set.of(new BlockModelFactory().deviceId())).containsExactly(2);
    }
}
