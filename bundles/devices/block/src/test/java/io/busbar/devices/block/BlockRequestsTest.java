package io.busbar.devices.block;

import static io.busbar.devices.block.BlockFixture.DISCARD;
import static io.busbar.devices.block.BlockFixture.FLUSH;
import static io.busbar.devices.block.BlockFixture.GET_ID;
import static io.busbar.devices.block.BlockFixture.IN;
import static io.busbar.devices.block.BlockFixture.IOERR;
import static io.busbar.devices.block.BlockFixture.OK;
import static io.busbar.devices.block.BlockFixture.OUT;
import static io.busbar.devices.block.BlockFixture.SECURE_ERASE;
import static io.busbar.devices.block.BlockFixture.UNSUPP;
import static io.busbar.devices.block.BlockFixture.WRITE_ZEROES;
import static io.busbar.devices.block.BlockFixture.chain;
import static io.busbar.devices.block.BlockFixture.header;
import static io.busbar.devices.block.BlockFixture.join;
import static io.busbar.devices.block.BlockFixture.segments;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.backend.BlockInfo;
import io.busbar.api.backend.BlockOperation;
import io.busbar.api.backend.BlockRequest;
import io.busbar.api.backend.BlockStatus;
import io.busbar.api.device.Chain;
import io.busbar.api.device.ChainBatch;
import io.busbar.devices.block.ArrayDisk.Asked;
import io.busbar.testkit.TestChain;
import io.busbar.testkit.TestChains;
import io.busbar.testkit.TestPayload;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests one by one (virtio 1.2, 5.2.6), and what a driver gets for each that is wrong. */
class BlockRequestsTest {

    private static final int SECTORS = 64;
    private static final byte[] NOTHING = {};

    private final BlockFixture block = fixture();

    private static BlockFixture fixture(String... words) {
        try {
            return BlockFixture.ofCapacity(SECTORS * 512, words);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static byte[] sectors(int count, int value) {
        byte[] bytes = new byte[count * 512];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    private static byte[] dataOf(TestChain chain) {
        byte[] bytes = chain.writable().bytes();
        return Arrays.copyOf(bytes, bytes.length - 1);
    }

    private void assertUntouched(TestChain chain, int status) {
        assertThat(chain.status()).isEqualTo(status);
        assertThat(block.disk.asked).isEmpty();
    }

    @Test
    void a_read_fills_the_data_and_reports_data_and_status() {
        TestChain chain = block.read(2, 1024);

        assertThat(chain.status()).isEqualTo(OK);
        assertThat(dataOf(chain)).isEqualTo(join(sectors(1, 3), sectors(1, 4)));
        assertThat(chain.written()).isEqualTo(1025);
        assertThat(chain.completions()).isEqualTo(1);
    }

    @Test
    void a_write_puts_the_data_and_reports_the_status_alone() {
        TestChain chain = block.write(5, sectors(2, 0x55));

        assertThat(chain.status()).isEqualTo(OK);
        assertThat(chain.written()).isEqualTo(1);
        assertThat(Arrays.copyOfRange(block.disk.content, 5 * 512, 7 * 512)).isEqualTo(sectors(2, 0x55));
        assertThat(block.disk.content[7 * 512]).isEqualTo((byte) 8);
    }

    @Test
    void a_header_may_be_cut_into_any_buffers() {
        byte[] whole = join(header(OUT, 3), sectors(1, 9));
        List<MemorySegment> pieces = new ArrayList<>();
        int at = 0;
        for (int size : new int[] {1, 0, 2, 5, 0, 7, 3, 1, 509}) {
            MemorySegment piece = Arena.ofAuto().allocate(size);
            MemorySegment.copy(MemorySegment.ofArray(whole), at, piece, 0, size);
            pieces.add(piece);
            at += size;
        }
        assertThat(at).isEqualTo(whole.length);

        TestChain chain = block.process(new TestChain(
                TestPayload.over(pieces.toArray(MemorySegment[]::new)), TestPayload.ofSizes(1)));

        assertThat(chain.status()).isEqualTo(OK);
        assertThat(Arrays.copyOfRange(block.disk.content, 3 * 512, 4 * 512)).isEqualTo(sectors(1, 9));
    }

    @Test
    void the_status_may_share_a_buffer_with_the_data() {
        TestChain chain = block.process(
                new TestChain(TestPayload.of(header(IN, 0)), TestPayload.ofSizes(100, 0, 412 + 1)));

        assertThat(chain.status()).isEqualTo(OK);
        assertThat(dataOf(chain)).isEqualTo(sectors(1, 1));
        assertThat(chain.written()).isEqualTo(513);
    }

    @Test
    void a_transfer_of_no_bytes_ends_well() {
        assertThat(block.read(0, 0).status()).isEqualTo(OK);
        assertThat(block.write(SECTORS).status()).isEqualTo(OK);
        assertThat(block.disk.asked).isEmpty();
    }

    @Test
    void readable_data_of_a_read_is_ignored() {
        TestChain chain = block.process(IN, 0, new byte[700], 512);

        assertThat(chain.status()).isEqualTo(OK);
        assertThat(dataOf(chain)).isEqualTo(sectors(1, 1));
    }

    @Test
    void writable_data_of_a_write_is_zeroed() {
        TestChain chain = block.process(OUT, 0, sectors(1, 7), 30);

        assertThat(chain.status()).isEqualTo(OK);
        assertThat(dataOf(chain)).isEqualTo(new byte[30]);
        assertThat(chain.written()).isEqualTo(31);
    }

    @Test
    void a_chain_without_a_writable_byte_is_given_back_with_length_0() {
        TestChain chain = block.process(new TestChain(TestPayload.of(header(IN, 0)), TestPayload.ofSizes()));

        assertThat(chain.written()).isZero();
        assertThat(chain.completions()).isEqualTo(1);
        assertThat(block.statistic("malformed")).isEqualTo(1);
    }

    @Test
    void a_chain_whose_writable_buffers_are_all_empty_is_given_back_with_length_0() {
        TestChain chain = block.process(new TestChain(TestPayload.of(header(IN, 0)), TestPayload.ofSizes(0, 0)));

        assertThat(chain.written()).isZero();
        assertThat(chain.completions()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 15})
    void a_chain_without_a_whole_header_is_given_back_with_length_0_and_an_error_in_its_status(int bytes) {
        TestChain chain = block.process(new TestChain(TestPayload.of(new byte[bytes]), TestPayload.ofSizes(512, 1)));

        assertThat(chain.written()).isZero();
        assertUntouched(chain, IOERR);
        assertThat(block.statistic("malformed")).isEqualTo(1);
    }

    @Test
    void a_chain_that_has_lost_its_end_is_given_back_with_length_0_and_none_of_its_bytes_touched() {
        TestChain chain = block.process(chain(IN, 0, NOTHING, 512).asCut());

        assertThat(chain.written()).isZero();
        assertUntouched(chain, (byte) 0xEE);
    }

    @Test
    void a_chain_that_has_lost_another_part_is_given_back_with_length_0_and_an_error_in_its_status() {
        TestChain chain = block.process(chain(IN, 0, NOTHING, 512).asFaulted());

        assertThat(chain.written()).isZero();
        assertUntouched(chain, IOERR);
    }

    @Test
    void a_chain_whose_memory_went_away_is_given_back_with_length_0() {
        TestChain header = chain(IN, 0, NOTHING, 512);
        header.readable().vanish();
        TestChain status = chain(IN, 0, NOTHING, 512);
        status.writable().vanish();

        assertThat(block.process(header).written()).isZero();
        assertThat(block.process(status).written()).isZero();
        assertThat(block.statistic("malformed")).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 511, 513, 1000})
    void a_length_that_is_no_multiple_of_the_sector_is_an_error(long bytes) {
        assertUntouched(block.read(0, bytes), IOERR);
        assertUntouched(block.write(0, new byte[(int) bytes]), IOERR);
    }

    @Test
    void the_last_sector_can_be_used_and_the_one_after_it_cannot() {
        assertThat(block.read(SECTORS - 1, 512).status()).isEqualTo(OK);
        assertThat(block.write(SECTORS - 1, sectors(1, 1)).status()).isEqualTo(OK);
        block.disk.asked.clear();

        assertUntouched(block.read(SECTORS, 512), IOERR);
        assertUntouched(block.read(SECTORS - 1, 1024), IOERR);
        assertUntouched(block.read(SECTORS + 1, 512), IOERR);
        assertUntouched(block.write(SECTORS, sectors(1, 1)), IOERR);
        assertUntouched(block.read(SECTORS + 1, 0), IOERR);
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 55, (1L << 55) - 1, -64, 0xff80_0000_0000_0000L})
    void a_sector_whose_byte_offset_would_overflow_is_an_error(long sector) {
        assertUntouched(block.read(sector, 512), IOERR);
        assertUntouched(block.write(sector, sectors(1, 1)), IOERR);
        assertUntouched(block.process(DISCARD, 0, segments(sector, 1, 0), 0), IOERR);
    }

    @Test
    void a_failed_read_leaves_no_old_bytes_before_its_status() {
        block.disk.answer = BlockStatus.IO_ERROR;
        TestChain chain = block.read(0, 1024);

        assertThat(chain.status()).isEqualTo(IOERR);
        assertThat(dataOf(chain)).isEqualTo(new byte[1024]);
        assertThat(chain.written()).isEqualTo(1025);
        assertThat(block.statistic("errors")).isEqualTo(1);
    }

    @Test
    void an_unknown_type_is_unsupported_and_leaves_no_old_bytes_before_its_status() {
        TestChain chain = block.process(0x1234, 0, NOTHING, 700);

        assertUntouched(chain, UNSUPP);
        assertThat(dataOf(chain)).isEqualTo(new byte[700]);
        assertThat(chain.written()).isEqualTo(701);
        assertThat(block.statistic("unsupported")).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {SECURE_ERASE, 5, 10, 15, 16, -1})
    void what_this_device_does_not_offer_is_unsupported(int type) {
        assertUntouched(block.process(type, 0, segments(0, 1, 0), 0), UNSUPP);
    }

    @Test
    void the_backends_own_refusal_becomes_unsupported() {
        block.disk.answer = BlockStatus.UNSUPPORTED;

        assertThat(block.write(0, sectors(1, 1)).status()).isEqualTo(UNSUPP);
    }

    @Test
    void a_flush_goes_to_the_backend_whatever_its_sector() {
        assertThat(block.process(chain(FLUSH, 99)).status()).isEqualTo(OK);
        assertThat(block.disk.last().operation()).isEqualTo(BlockOperation.FLUSH);
        assertThat(block.statistic("flushes")).isEqualTo(1);
    }

    @Test
    void a_flush_by_a_driver_that_did_not_accept_flush_is_unsupported() {
        block.model.setDriverFeatures(BlockFixture.VERSION_1);

        assertUntouched(block.process(chain(FLUSH, 0)), UNSUPP);
    }

    @Test
    void the_id_is_padded_with_nul_to_20_bytes_and_zeroes_beyond() {
        BlockFixture named = fixture("serial", "disk-7");

        assertThat(dataOf(named.process(GET_ID, 0, NOTHING, 20)))
                .isEqualTo(Arrays.copyOf("disk-7".getBytes(), 20));
        assertThat(dataOf(named.process(GET_ID, 0, NOTHING, 1))).isEqualTo("d".getBytes());
        assertThat(dataOf(named.process(GET_ID, 0, NOTHING, 0))).isEmpty();
        TestChain large = named.process(GET_ID, 0, NOTHING, 1 << 20);
        assertThat(dataOf(large)).isEqualTo(Arrays.copyOf("disk-7".getBytes(), 1 << 20));
        assertThat(large.written()).isEqualTo((1 << 20) + 1);
    }

    @Test
    void an_id_of_20_characters_has_no_terminator() {
        BlockFixture named = fixture("serial", "12345678901234567890");

        assertThat(dataOf(named.process(GET_ID, 0, NOTHING, 20))).isEqualTo("12345678901234567890".getBytes());
    }

    @Test
    void a_discard_of_several_ranges_has_one_status() {
        TestChain chain = block.process(DISCARD, 0, segments(0, 8, 0, 16, 4, 0, 30, 0, 0), 0);

        assertThat(chain.status()).isEqualTo(OK);
        assertThat(chain.completions()).isEqualTo(1);
        assertThat(block.disk.asked).containsExactly(
                new Asked(BlockOperation.DISCARD, 0, 4096, false, false),
                new Asked(BlockOperation.DISCARD, 16 * 512, 2048, false, false));
    }

    @Test
    void write_zeroes_carries_the_unmap_flag_of_each_range() {
        block.process(WRITE_ZEROES, 0, segments(0, 1, 1, 1, 1, 0), 0);

        assertThat(block.disk.asked).containsExactly(
                new Asked(BlockOperation.WRITE_ZEROES, 0, 512, false, true),
                new Asked(BlockOperation.WRITE_ZEROES, 512, 512, false, false));
    }

    @Test
    void one_failed_range_fails_the_request_once_all_have_ended() {
        block.disk.holding = true;
        TestChain chain = block.process(DISCARD, 0, segments(0, 1, 0, 1, 1, 0, 2, 1, 0), 0);
        block.disk.end(block.disk.held.get(1));
        block.disk.answer = BlockStatus.IO_ERROR;
        block.disk.end(block.disk.held.get(0));
        assertThat(chain.completions()).isZero();
        block.disk.answer = BlockStatus.OK;
        block.disk.end(block.disk.held.get(2));

        assertThat(chain.status()).isEqualTo(IOERR);
        assertThat(chain.completions()).isEqualTo(1);
    }

    @Test
    void ranges_of_no_sectors_alone_end_well_without_the_backend() {
        assertUntouched(block.process(DISCARD, 0, segments(0, 0, 0, 1, 0, 0), 0), OK);
    }

    @Test
    void a_list_that_is_empty_or_cut_or_too_long_is_an_error() {
        assertUntouched(block.process(DISCARD, 0, NOTHING, 0), IOERR);
        assertUntouched(block.process(DISCARD, 0, new byte[15], 0), IOERR);
        assertUntouched(block.process(WRITE_ZEROES, 0, new byte[17], 0), IOERR);
        assertUntouched(block.process(DISCARD, 0, new byte[17 * 16], 0), IOERR);
    }

    @Test
    void as_many_ranges_as_the_configuration_says_are_taken() {
        long[] values = new long[16 * 3];
        for (int i = 0; i < 16; i++) {
            values[i * 3] = i;
            values[i * 3 + 1] = 1;
        }

        assertThat(block.process(DISCARD, 0, segments(values), 0).status()).isEqualTo(OK);
        assertThat(block.disk.asked).hasSize(16);
    }

    @Test
    void no_range_is_touched_if_one_is_wrong() {
        assertUntouched(block.process(DISCARD, 0, segments(0, 1, 0, SECTORS, 1, 0), 0), IOERR);
        assertUntouched(block.process(WRITE_ZEROES, 0, segments(0, 1, 0, 0, SECTORS + 1, 0), 0), IOERR);
        assertUntouched(block.process(WRITE_ZEROES, 0, segments(0, 1, 1, 1, 0xffff_ffffL, 0), 0), IOERR);
    }

    @Test
    void unknown_flags_of_a_range_and_unmap_of_a_discard_are_unsupported() {
        assertUntouched(block.process(DISCARD, 0, segments(0, 1, 0, 1, 1, 1), 0), UNSUPP);
        assertUntouched(block.process(WRITE_ZEROES, 0, segments(0, 1, 2), 0), UNSUPP);
        assertUntouched(block.process(WRITE_ZEROES, 0, segments(0, 1, 0x8000_0001L), 0), UNSUPP);
    }

    @Test
    void ranges_longer_than_the_configuration_says_are_an_error() {
        block.disk.sayCapacity(8L << 30);

        assertUntouched(block.process(DISCARD, 0, segments(0, (1 << 22) + 1, 0), 0), IOERR);
        assertThat(block.process(chain(FLUSH, 0)).status()).isEqualTo(OK);
    }

    @Test
    void discard_and_write_zeroes_by_a_driver_that_did_not_accept_them_are_unsupported() {
        block.model.setDriverFeatures(BlockFixture.VERSION_1);

        assertUntouched(block.process(DISCARD, 0, segments(0, 1, 0), 0), UNSUPP);
        assertUntouched(block.process(WRITE_ZEROES, 0, segments(0, 1, 0), 0), UNSUPP);
    }

    @Test
    void a_read_only_disk_refuses_whatever_would_change_it() throws Exception {
        BlockFixture readOnly = new BlockFixture(new ArrayDisk(new BlockInfo(4096, true, true, true, true, 512, 512)));

        assertThat(readOnly.write(0, sectors(1, 1)).status()).isEqualTo(IOERR);
        assertThat(readOnly.process(DISCARD, 0, segments(0, 1, 0), 0).status()).isEqualTo(IOERR);
        assertThat(readOnly.process(WRITE_ZEROES, 0, segments(0, 1, 0), 0).status()).isEqualTo(IOERR);
        assertThat(readOnly.disk.asked).isEmpty();
        assertThat(readOnly.read(0, 512).status()).isEqualTo(OK);
    }

    @Test
    void blocks_of_4096_bytes_are_the_unit_of_every_range() {
        BlockFixture large = fixture("blocksize", "4096");

        assertThat(large.read(0, 512).status()).isEqualTo(IOERR);
        assertThat(large.read(1, 4096).status()).isEqualTo(IOERR);
        assertThat(large.write(4, new byte[4096]).status()).isEqualTo(IOERR);
        assertThat(large.process(DISCARD, 0, segments(8, 7, 0), 0).status()).isEqualTo(IOERR);
        assertThat(large.disk.asked).isEmpty();
        assertThat(large.read(8, 8192).status()).isEqualTo(OK);
        assertThat(large.process(DISCARD, 0, segments(8, 8, 0), 0).status()).isEqualTo(OK);
    }

    @Test
    void a_transfer_of_4_gigabytes_is_refused_and_its_memory_zeroed_off_the_queues_thread() {
        MemorySegment megabyte = Arena.ofAuto().allocate(1 << 20).fill((byte) 0xEE);
        MemorySegment[] pieces = new MemorySegment[4097];
        Arrays.fill(pieces, megabyte);
        MemorySegment status = Arena.ofAuto().allocate(1);
        pieces[4096] = status;
        block.disk.sayCapacity(16L << 30);
        List<Runnable> later = new ArrayList<>();
        TestChain chain = new TestChain(TestPayload.of(header(IN, 0)), TestPayload.over(pieces))
                .withIoThreads(later::add);

        block.process(chain);
        assertThat(chain.completions()).isZero();
        assertThat(later).hasSize(1);
        later.getFirst().run();

        assertThat(chain.written()).isEqualTo((4096L << 20) + 1);
        assertThat(status.get(java.lang.foreign.ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) IOERR);
        assertThat(megabyte.get(java.lang.foreign.ValueLayout.JAVA_LONG, 4096)).isZero();
        assertThat(block.disk.asked).isEmpty();
    }

    @Test
    void a_smaller_capacity_counts_from_the_next_request_on() {
        assertThat(block.read(32, 512).status()).isEqualTo(OK);
        block.disk.sayCapacity(32 * 512);

        assertThat(block.read(32, 512).status()).isEqualTo(IOERR);
        assertThat(block.read(31, 512).status()).isEqualTo(OK);
    }

    @Test
    void requests_of_a_batch_may_end_in_any_order_on_any_thread() throws Exception {
        block.disk.holding = true;
        TestChain[] chains = new TestChain[300];
        for (int i = 0; i < chains.length; i++) {
            chains[i] = chain(IN, i % SECTORS, NOTHING, 512).inSlot(i);
        }
        block.model.process(0, new TestChains(chains));
        assertThat(block.disk.held).hasSize(300);

        Thread other = new Thread(() -> block.disk.held.reversed().forEach(block.disk::end));
        other.start();
        other.join();

        for (int i = 0; i < chains.length; i++) {
            assertThat(chains[i].completions()).isEqualTo(1);
            assertThat(dataOf(chains[i])).isEqualTo(sectors(1, i % SECTORS + 1));
        }
    }

    @Test
    void work_for_an_io_thread_finds_its_own_request() {
        block.disk.holding = true;
        List<Runnable> later = new ArrayList<>();
        TestChain read = chain(IN, 1, NOTHING, 512).inSlot(1).withIoThreads(later::add);
        TestChain discard = chain(DISCARD, 0, segments(0, 1, 0, 3, 1, 0), 0).inSlot(2).withIoThreads(later::add);
        block.model.process(0, new TestChains(read, discard));
        List<Long> offsets = new ArrayList<>();
        block.disk.held.forEach(request -> request.onIoThread(mine -> {
            offsets.add(mine.offset());
            block.disk.end(mine);
        }));
        later.forEach(Runnable::run);

        assertThat(offsets).containsExactly(512L, 0L, 3L * 512);
        assertThat(read.status()).isEqualTo(OK);
        assertThat(discard.status()).isEqualTo(OK);
    }

    @ParameterizedTest
    @ValueSource(ints = {OUT, WRITE_ZEROES})
    @Timeout(60)
    void headers_and_ranges_that_change_while_they_are_read_never_reach_past_the_disk(int type) throws Exception {
        byte[] rest = type == OUT ? sectors(1, 7) : segments(0, 1, 0);
        MemorySegment readable = Arena.ofShared().allocate(16 + rest.length, Long.BYTES);
        MemorySegment.copy(join(header(type, 0), rest), 0, readable, ValueLayout.JAVA_BYTE, 0, 16 + rest.length);
        AtomicBoolean flipping = new AtomicBoolean(true);
        Thread driver = Thread.ofPlatform().start(() -> {
            for (long i = 0; flipping.get(); i++) {
                readable.set(ValueLayout.JAVA_LONG, type == OUT ? 8 : 16, i % 2 * SECTORS);
            }
        });
        try {
            TestChain chain = new TestChain(TestPayload.over(readable), TestPayload.ofSizes(1));
            boolean[] seen = new boolean[2];
            for (int i = 0; i < 100_000 || !seen[OK] || !seen[IOERR]; i++) {
                chain.rearm();
                block.process(chain);
                seen[chain.status()] = true;
            }
        } finally {
            flipping.set(false);
            driver.join();
        }
        assertThat(block.disk.asked).allMatch(asked -> asked.offset() == 0 && asked.length() == 512);
    }

    @Test
    void a_request_that_is_completed_twice_is_a_fault_of_the_backend() {
        block.disk.holding = true;
        TestChain chain = block.read(0, 512);
        BlockRequest request = block.disk.held.getFirst();
        request.complete(BlockStatus.OK);

        assertThatThrownBy(() -> request.complete(BlockStatus.OK)).isInstanceOf(IllegalStateException.class);
        assertThat(chain.completions()).isEqualTo(1);
        assertThat(block.statistic("completed twice")).isEqualTo(1);
    }

    @Test
    void a_request_that_an_old_start_of_its_queue_left_with_the_backend_ends_no_new_one() {
        block.disk.holding = true;
        block.read(0, 512);
        block.disk.throwing = true;
        assertThatThrownBy(() -> block.process(chain(IN, 1, NOTHING, 512).inSlot(1))).hasMessage("submit threw");
        block.disk.throwing = false;

        TestChain fresh = block.read(2, 512);
        block.disk.end(block.disk.held.getFirst());
        assertThat(fresh.completions()).isZero();
        block.disk.end(block.disk.held.getLast());
        assertThat(fresh.status()).isEqualTo(OK);
        assertThat(dataOf(fresh)).isEqualTo(sectors(1, 3));
    }

    @Test
    void a_request_that_was_given_up_elsewhere_and_ends_late_ends_no_new_one() {
        block.disk.holding = true;
        block.read(0, 512);
        TestChain fresh = block.read(2, 512);

        block.disk.end(block.disk.held.getFirst());
        assertThat(fresh.completions()).isZero();
        block.disk.end(block.disk.held.getLast());
        assertThat(fresh.status()).isEqualTo(OK);
    }

    @Test
    void requests_of_a_batch_that_was_not_finished_never_reach_the_backend() {
        ChainBatch cut = new ChainBatch() {
            @Override
            public int size() {
                return 2;
            }

            @Override
            public Chain get(int index) {
                if (index == 1) {
                    throw new InternalError("memory is gone");
                }
                return chain(OUT, 0, sectors(1, 7), 0);
            }
        };
        assertThatThrownBy(() -> block.model.process(0, cut)).isInstanceOf(InternalError.class);

        assertThat(block.read(0, 512).status()).isEqualTo(OK);
        assertThat(block.disk.asked).extracting(Asked::operation).containsExactly(BlockOperation.READ);
    }

    @Test
    void counters_tell_what_was_asked() {
        block.read(0, 1024);
        block.write(0, sectors(3, 1));
        block.process(chain(FLUSH, 0));
        block.process(DISCARD, 0, segments(0, 1, 0), 0);
        block.process(WRITE_ZEROES, 0, segments(0, 1, 0), 0);
        block.read(SECTORS, 512);
        block.process(99, 0, NOTHING, 0);

        assertThat(block.model.statistics(0)).containsExactlyInAnyOrderEntriesOf(Map.ofEntries(
                Map.entry("reads", 2L), Map.entry("read bytes", 1024L), Map.entry("writes", 1L),
                Map.entry("written bytes", 1536L), Map.entry("flushes", 1L), Map.entry("discards", 1L),
                Map.entry("write zeroes", 1L), Map.entry("errors", 1L), Map.entry("unsupported", 1L),
                Map.entry("malformed", 0L), Map.entry("completed twice", 0L)));
    }
}
