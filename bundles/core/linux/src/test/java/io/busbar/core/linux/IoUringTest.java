package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.testkit.machine.Allocation;
import io.busbar.testkit.machine.OpenDescriptors;
import io.busbar.testkit.machine.Prerequisite;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class IoUringTest {
    private static final int PAGE = 4096;
    private static final long SECOND = 1_000_000_000L;

    @TempDir
    private Path directory;
    private Arena arena;
    private MemorySegment buffer;
    private IoUring ring;
    private PositionalFile file;
    private final Map<Long, Integer> results = new HashMap<>();

    /** Makes the ring under test. */
    IoUring make(int entries) throws LinuxException {
        return IoUring.create(entries);
    }

    @BeforeEach
    void prepare() throws Exception {
        IoUring.unavailabilityCause().ifPresent(cause -> {
            throw Prerequisite.missing("io_uring: " + cause.getMessage());
        });
        arena = Arena.ofConfined();
        buffer = arena.allocate(4 * PAGE, PAGE);
        ring = make(8);
        file = PositionalFile.open(directory.resolve("disk.img"), OpenFlag.READ_WRITE, OpenFlag.CREATE);
    }

    @AfterEach
    void release() {
        if (ring != null) {
            ring.close();
            file.close();
            arena.close();
        }
    }

    @Test
    void a_request_completes_with_its_user_data() {
        assertThat(ring.nop(0x8000_0000_0000_0001L)).isTrue();
        assertThat(ring.inFlight()).isEqualTo(1);

        assertThat(ring.submitAndWait(1, SECOND)).isEqualTo(1);
        assertThat(ring.drain(results::put)).isEqualTo(1);

        assertThat(results).containsExactly(Map.entry(0x8000_0000_0000_0001L, 0));
        assertThat(ring.inFlight()).isZero();
    }

    @Test
    void what_is_written_is_read_back_plain_and_vectored() throws Exception {
        fill("0123456789abcdef");
        ring.write(number(), buffer.address(), 16, 100, 0, 1);
        complete();
        Iovecs iovecs = new Iovecs(2);
        iovecs.add(buffer.address() + PAGE, 4);
        iovecs.add(buffer.address() + 2 * PAGE, 12);
        ring.readv(number(), iovecs, 100, 2);
        ring.read(number(), buffer.address() + 3 * PAGE, 100, 110, 3);
        complete();

        assertThat(results).containsExactlyInAnyOrderEntriesOf(Map.of(1L, 16, 2L, 16, 3L, 6));
        assertThat(text(PAGE, 4) + text(2 * PAGE, 12)).isEqualTo("0123456789abcdef");
        assertThat(text(3 * PAGE, 6)).isEqualTo("abcdef");
    }

    @Test
    void a_vectored_durable_write_a_sync_a_hole_and_zeroes_do_what_they_say() throws Exception {
        buffer.fill((byte) 7);
        Iovecs iovecs = new Iovecs(2);
        iovecs.add(buffer.address(), 2 * PAGE);
        iovecs.add(buffer.address(), 2 * PAGE);
        ring.writev(number(), iovecs, 0, PositionalFile.RWF_DSYNC, 1);
        complete();
        ring.dataSync(number(), 2);
        ring.punchHole(number(), PAGE, PAGE, 3);
        ring.zeroRange(number(), 3 * PAGE, PAGE, 4);
        complete();

        assertThat(results).containsEntry(1L, 4 * PAGE).containsEntry(2L, 0).containsEntry(3L, 0);
        assertThat(results.get(4L)).isIn(0, -Errno.EOPNOTSUPP);
        assertThat(file.nextHole(0)).isEqualTo(PAGE);
        assertThat(file.size()).isEqualTo(4 * PAGE);
    }

    @Test
    void errors_come_as_results_and_the_requests_behind_them_are_still_done() {
        ring.read(-1, buffer.address(), 16, 0, 1);
        ring.read(number(), 8, 16, 0, 2);
        ring.nop(3);
        ring.write(number(), buffer.address(), PAGE, 0, 0, 4);
        ring.read(number(), 8, 16, 0, 5);
        complete();

        assertThat(results).containsEntry(1L, -Errno.EBADF).containsEntry(3L, 0).containsEntry(4L, PAGE).hasSize(5);
    }

    @Test
    void memory_that_is_not_there_is_efault() {
        file.truncate(PAGE);
        ring.read(number(), 8, 16, 0, 1);
        complete();

        assertThat(results).containsEntry(1L, -Errno.EFAULT);
    }

    @Test
    void there_is_room_for_as_many_per_submit_as_asked_for_and_twice_as_many_in_flight() {
        for (int i = 0; i < 8; i++) {
            assertThat(ring.nop(i)).isTrue();
        }
        assertThat(ring.nop(8)).isFalse();
        assertThat(ring.submit()).isEqualTo(8);
        for (int i = 8; i < 16; i++) {
            assertThat(ring.nop(i)).isTrue();
        }
        ring.submit();
        assertThat(ring.capacity()).isEqualTo(16);
        assertThat(ring.nop(16)).isFalse();

        complete();

        assertThat(results).hasSize(16);
        assertThat(ring.nop(16)).isTrue();
    }

    @Test
    void the_ring_goes_round_many_times_without_a_loss() {
        long[] sum = new long[1];
        long sent = 0;
        for (long i = 1; i <= 10_000; i++) {
            while (!ring.nop(i)) {
                ring.submitAndWait(1, SECOND);
                ring.drain((userData, result) -> sum[0] += userData);
            }
            sent += i;
        }
        while (ring.inFlight() > 0) {
            ring.submitAndWait(1, SECOND);
            ring.drain((userData, result) -> sum[0] += userData);
        }
        assertThat(sum[0]).isEqualTo(sent);
    }

    @Test
    void a_handler_can_prepare_further_requests() {
        ring.nop(3);
        CompletionHandler countdown = (userData, result) -> {
            if (userData > 0) {
                ring.nop(userData - 1);
            }
        };
        int drained = 0;
        while (ring.inFlight() > 0) {
            ring.submitAndWait(1, SECOND);
            drained += ring.drain(countdown);
        }
        assertThat(drained).isEqualTo(4);
    }

    @Test
    void a_wait_with_nothing_to_come_ends_when_its_time_is_over() {
        long start = System.nanoTime();

        assertThat(ring.submitAndWait(1, 5_000_000)).isZero();

        assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(5_000_000);
    }

    @Test
    void a_registered_eventfd_is_signalled_unless_notifications_are_off() throws Exception {
        try (Fd event = EventFd.create(); Epoll epoll = Epoll.create()) {
            epoll.add(event.number(), Epoll.EPOLLIN, 1);
            ring.register(event.number());
            ring.nop(1);
            ring.submit();
            assertThat(epoll.await(20_000)).isEqualTo(1);
            assertThat(EventFd.drain(event.number())).isEqualTo(1);

            ring.setNotifications(false);
            ring.nop(2);
            ring.submit();
            assertThat(epoll.await(0)).isZero();
            ring.setNotifications(true);
            ring.nop(3);
            ring.submit();
            assertThat(epoll.await(20_000)).isEqualTo(1);

            ring.unregister();
            assertThat(ring.drain(results::put)).isEqualTo(3);
        }
    }

    @Test
    void a_request_that_ends_while_this_thread_sleeps_wakes_it() throws Exception {
        try (PipeEnds pipe = PipeEnds.create(); Fd event = EventFd.create(); Epoll epoll = Epoll.create()) {
            epoll.add(event.number(), Epoll.EPOLLIN | Epoll.EPOLLET, 1);
            ring.register(event.number());
            for (int i = 0; i < 1000; i++) {
                ring.setNotifications(false);
                ring.read(pipe.reading().number(), buffer.address(), 1, -1, i);
                ring.submit();
                Thread writer = Thread.ofPlatform().start(() -> EventFd.signal(pipe.writing().number()));
                ring.setNotifications(true);
                long start = System.nanoTime();
                while (!ring.hasCompletions()) {
                    // A sleep may also end early, by the kernel's own signal: then there is a completion as well.
                    assertThat(epoll.await(20_000)).isNotNegative();
                    assertThat(System.nanoTime() - start).as("woken for request " + i).isLessThan(19 * SECOND);
                }
                assertThat(ring.drain(results::put)).isEqualTo(1);
                writer.join();
                ring.read(pipe.reading().number(), buffer.address(), 7, -1, -1);
                complete();
            }
        }
        assertThat(results).hasSize(1001).containsEntry(999L, 1);
    }

    @Test
    void a_request_that_would_wait_for_ever_is_cancelled() throws Exception {
        try (PipeEnds pipe = PipeEnds.create()) {
            ring.read(pipe.reading().number(), buffer.address(), 8, -1, 1);
            ring.submit();
            assertThat(ring.drain(results::put)).isZero();

            ring.cancel(1, 2);
            complete();

            assertThat(results).containsEntry(1L, -Errno.ECANCELED).containsEntry(2L, 0);
            ring.cancel(77, 3);
            complete();
            assertThat(results).containsEntry(3L, -Errno.ENOENT);
        }
    }

    @Test
    void closing_cancels_what_waits_and_drops_what_was_not_submitted() throws Exception {
        OpenDescriptors before = OpenDescriptors.now();
        for (int round = 0; round < 20; round++) {
            IoUring closing = make(4);
            try (PipeEnds pipe = PipeEnds.create()) {
                closing.read(pipe.reading().number(), buffer.address(), 8, -1, 1);
                closing.submit();
                closing.nop(2);

                closing.close();
                closing.close();
            }
            assertThatThrownBy(() -> closing.nop(3)).isInstanceOf(IllegalStateException.class);
        }
        before.awaitNoMore("in the end");
    }

    @Test
    void finishing_reports_each_request_that_was_in_flight() throws Exception {
        try (PipeEnds pipe = PipeEnds.create()) {
            ring.read(pipe.reading().number(), buffer.address(), 8, -1, 1);
            ring.write(number(), buffer.address(), PAGE, 0, 0, 2);
            ring.submit();

            assertThat(ring.finish(SECOND, results::put)).isTrue();

            assertThat(results).containsOnlyKeys(1L, 2L).containsEntry(1L, -Errno.ECANCELED);
        }
    }

    @Test
    void closing_unmaps_the_rings() throws Exception {
        long before = ringMappings();
        try (IoUring other = make(4)) {
            assertThat(other.capacity()).isEqualTo(8);
            assertThat(ringMappings()).isEqualTo(before + 2);
        }
        assertThat(ringMappings()).isEqualTo(before);
    }

    @Test
    void submitting_and_draining_allocate_nothing() {
        int number = number();
        long address = buffer.address();
        long[] sent = new long[1];
        long[] sum = new long[1];
        CompletionHandler handler = (userData, result) -> sum[0] += result;

        long bytes = Allocation.ofManyCalls(() -> {
            sent[0] += 512;
            ring.nop(1);
            ring.write(number, address, 512, 0, 0, 2);
            ring.submitAndWait(2, SECOND);
            ring.drain(handler);
        });

        assertThat(bytes).isZero();
        assertThat(sum[0]).isEqualTo(sent[0]);
    }

    private int number() {
        return file.fd().number();
    }

    private void complete() {
        while (ring.inFlight() > 0) {
            assertThat(ring.submitAndWait(1, SECOND)).isNotNegative();
            ring.drain(results::put);
        }
    }

    private void fill(String text) {
        MemorySegment.copy(text.getBytes(StandardCharsets.US_ASCII), 0, buffer, JAVA_BYTE, 0, text.length());
    }

    private String text(long offset, long length) {
        return new String(buffer.asSlice(offset, length).toArray(JAVA_BYTE), StandardCharsets.US_ASCII);
    }

    private static long ringMappings() throws IOException {
        try (var lines = Files.lines(Path.of("/proc/self/maps"))) {
            return lines.filter(line -> line.contains("io_uring")).count();
        }
    }
}
