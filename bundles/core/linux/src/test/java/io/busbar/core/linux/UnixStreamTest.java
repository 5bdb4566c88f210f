package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import io.busbar.testkit.machine.Allocation;
import io.busbar.testkit.machine.OpenDescriptors;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class UnixStreamTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long MILLISECOND = 1_000_000L;
    private static final int F_GETFD = 1;
    /** How often that is done which could leave a descriptor behind. */
    private static final int ROUNDS = 20;
    private static final String EVENTFD = "anon_inode:[eventfd]";

    private Arena arena;
    private UnixStream here;
    private UnixStream there;
    private MemorySegment buffer;

    @BeforeEach
    void connect() throws Exception {
        arena = Arena.ofConfined();
        List<UnixStream> ends = UnixStream.pair();
        here = ends.get(0);
        there = ends.get(1);
        buffer = arena.allocate(4096);
    }

    @AfterEach
    void disconnect() {
        here.close();
        there.close();
        arena.close();
    }

    @Test
    void header_and_payload_arrive_as_one_message() {
        MemorySegment header = bytes("header:");
        MemorySegment payload = bytes("payload");

        assertThat(here.send(header.address(), 7, payload.address(), 7)).isEqualTo(14);

        assertThat(there.receive(buffer.address(), 4096)).isEqualTo(14);
        assertThat(text(14)).isEqualTo("header:payload");
    }

    @Test
    void nothing_to_receive_is_eagain_and_a_closed_peer_is_zero() {
        assertThat(there.receive(buffer.address(), 12)).isEqualTo(-Errno.EAGAIN);
        here.close();
        assertThat(there.receive(buffer.address(), 12)).isZero();
        assertThat(there.receiveExactly(buffer.address(), 12, SECOND)).isZero();
    }

    @Test
    void sending_to_a_closed_peer_is_epipe() {
        there.close();

        assertThat(here.send(bytes("x").address(), 1)).isEqualTo(-Errno.EPIPE);
    }

    @Test
    void descriptors_travel_both_ways_in_order_and_are_close_on_exec() throws Exception {
        for (List<UnixStream> way : List.of(List.of(here, there), List.of(there, here))) {
            UnixStream from = way.get(0);
            UnixStream to = way.get(1);
            try (Fd event = EventFd.create(); Fd memory = MemFd.create("passed", 77, true)) {
                from.send(bytes("h").address(), 1, 0, 0, List.of(event, memory));
                assertThat(to.receive(buffer.address(), 1)).isEqualTo(1);

                List<Fd> taken = to.takeDescriptors();

                assertThat(taken).hasSize(2);
                EventFd.signal(taken.get(0).number());
                assertThat(EventFd.drain(event.number())).isEqualTo(1);
                assertThat(taken.get(1).size()).isEqualTo(77);
                assertThat(Syscall.call(Nr.FCNTL, taken.get(0).number(), F_GETFD, 0)).isEqualTo(1);
                assertThat(to.descriptorCount()).isZero();
                taken.forEach(Fd::close);
            }
        }
    }

    @Test
    void more_than_eight_descriptors_and_the_most_that_linux_passes_all_arrive() throws Exception {
        OpenDescriptors before = OpenDescriptors.now();
        try (Fd event = EventFd.create()) {
            for (int count : new int[] {9, 64, UnixStream.MAX_DESCRIPTORS}) {
                List<Fd> many = new ArrayList<>();
                for (int i = 0; i < count; i++) {
                    many.add(event);
                }
                assertThat(here.send(bytes("h").address(), 1, 0, 0, many)).isEqualTo(1);
                assertThat(there.receive(buffer.address(), 1)).isEqualTo(1);

                assertThat(there.descriptorCount()).isEqualTo(count);
                assertThat(there.descriptorsLost()).isFalse();
                assertThat(before.more()).containsOnly(entry(EVENTFD, 1 + count));
                there.closeDescriptors();
            }
        }
        before.awaitNoMore("in the end");
    }

    @Test
    void one_descriptor_too_many_to_send_is_refused() throws Exception {
        try (Fd event = EventFd.create()) {
            List<Fd> tooMany = Collections.nCopies(UnixStream.MAX_DESCRIPTORS + 1, event);

            assertThatThrownBy(() -> here.send(buffer.address(), 1, 0, 0, tooMany))
                    .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("254 descriptors");
        }
    }

    @Test
    void descriptors_that_do_not_fit_are_said_to_be_lost_and_none_leaks() throws Exception {
        OpenDescriptors before = OpenDescriptors.now();
        for (int round = 0; round < ROUNDS; round++) {
            List<UnixStream> pair = UnixStream.pair();
            try (UnixStream sender = pair.get(0); UnixStream small = UnixStream.adopt(pair.get(1).fd(), 2);
                    Fd event = EventFd.create()) {
                sender.send(bytes("h").address(), 1, 0, 0, List.of(event, event, event, event, event));

                assertThat(small.receive(buffer.address(), 1)).isEqualTo(1);

                assertThat(small.descriptorsLost()).isTrue();
                assertThat(small.descriptorCount()).isEqualTo(2);
                small.closeDescriptors();
                assertThat(small.descriptorsLost()).isFalse();
            }
        }
        before.awaitNoMore("in the end");
    }

    @Test
    void a_flood_of_descriptors_is_bounded_and_the_surplus_closed() throws Exception {
        OpenDescriptors before = OpenDescriptors.now();
        try (Fd event = EventFd.create()) {
            List<Fd> hundred = Collections.nCopies(100, event);
            for (int i = 0; i < 5; i++) {
                here.send(bytes("h").address(), 1, 0, 0, hundred);
                there.receive(buffer.address(), 1);
            }

            assertThat(there.descriptorCount()).isEqualTo(UnixStream.MAX_DESCRIPTORS);
            assertThat(there.descriptorsLost()).isTrue();
            assertThat(before.more()).containsOnly(entry(EVENTFD, 1 + UnixStream.MAX_DESCRIPTORS));
            there.close();
        }
        before.awaitNoMore("in the end");
    }

    @Test
    void descriptors_that_nobody_took_are_closed_with_the_stream() throws Exception {
        OpenDescriptors before = OpenDescriptors.now();
        for (int round = 0; round < ROUNDS; round++) {
            List<UnixStream> pair = UnixStream.pair();
            try (Fd event = EventFd.create()) {
                pair.get(0).send(bytes("h").address(), 1, 0, 0, List.of(event, event));
                pair.get(1).receive(buffer.address(), 1);
            }
            pair.forEach(UnixStream::close);
        }

        before.awaitNoMore("in the end");
    }

    @Test
    void a_closed_descriptor_cannot_be_sent() throws Exception {
        Fd closed = EventFd.create();
        closed.close();

        assertThat(here.send(buffer.address(), 1, 0, 0, List.of(closed))).isEqualTo(-Errno.EBADF);
    }

    @Test
    void each_message_keeps_its_own_descriptors_if_no_more_than_it_is_asked_for() throws Exception {
        try (Fd first = MemFd.create("first", 1, true); Fd second = MemFd.create("second", 2, true)) {
            here.send(bytes("111111111111").address(), 12, bytes("pay").address(), 3, List.of(first));
            here.send(bytes("222222222222").address(), 12, 0, 0, List.of(second));

            assertThat(there.receiveExactly(buffer.address(), 12, SECOND)).isEqualTo(12);
            assertThat(sizeOfOnlyDescriptor()).isEqualTo(1);
            assertThat(there.receiveExactly(buffer.address(), 3, SECOND)).isEqualTo(3);
            assertThat(there.descriptorCount()).isZero();
            assertThat(there.receiveExactly(buffer.address(), 12, SECOND)).isEqualTo(12);
            assertThat(sizeOfOnlyDescriptor()).isEqualTo(2);
        }
    }

    @Test
    void a_message_that_comes_byte_by_byte_is_put_together_and_keeps_its_descriptor() throws Exception {
        try (Fd event = EventFd.create()) {
            MemorySegment text = bytes("twelve bytes");
            here.send(text.address(), 1, 0, 0, List.of(event));
            int have = 0;
            for (int i = 1; i <= 12; i++) {
                int got = there.receive(buffer.address() + have, 12 - have);
                have += got;
                assertThat(have).isEqualTo(i);
                if (i < 12) {
                    here.send(text.address() + i, 1);
                }
            }
            assertThat(text(12)).isEqualTo("twelve bytes");
            assertThat(there.descriptorCount()).isEqualTo(1);
        }
    }

    @Test
    void a_message_that_stops_half_way_times_out_and_can_be_continued() {
        here.send(bytes("12345").address(), 5);

        assertThat(there.receiveExactly(buffer.address(), 8, 5 * MILLISECOND)).isEqualTo(-Errno.ETIMEDOUT);
        assertThat(there.received()).isEqualTo(5);

        here.send(bytes("678").address(), 3);
        assertThat(there.receiveExactly(buffer.address() + 5, 3, SECOND)).isEqualTo(3);
        assertThat(text(8)).isEqualTo("12345678");
    }

    @Test
    void a_peer_that_leaves_half_way_is_a_reset() {
        here.send(bytes("12345").address(), 5);
        here.close();

        assertThat(there.receiveExactly(buffer.address(), 12, SECOND)).isEqualTo(-Errno.ECONNRESET);
    }

    @Test
    void a_wait_for_a_message_ends_when_another_thread_sends_it() throws Exception {
        Thread sender = Thread.ofPlatform().start(() -> {
            for (int i = 0; i < 12; i++) {
                here.send(buffer.address() + 100, 1);
            }
        });

        assertThat(there.receiveExactly(buffer.address(), 12, -1)).isEqualTo(12);
        sender.join();
    }

    @Test
    void shutdown_wakes_a_receiver() throws Exception {
        int[] result = {-1};
        Thread receiver = Thread.ofPlatform().start(() -> result[0] = there.receiveExactly(buffer.address(), 12, -1));

        assertThat(there.shutdown()).isZero();

        receiver.join();
        assertThat(result[0]).isZero();
    }

    @Test
    void a_peer_that_does_not_read_is_eagain_then_a_timeout_and_never_blocks() {
        MemorySegment block = arena.allocate(65536);
        int sent;
        do {
            sent = here.send(block.address(), 65536);
        } while (sent > 0);

        assertThat(sent).isEqualTo(-Errno.EAGAIN);
        assertThat(here.sendFully(block.address(), 12, block.address(), 8, List.of(), 5 * MILLISECOND))
                .isEqualTo(-Errno.ETIMEDOUT);
        assertThat(here.sendFully(block.address(), 12, block.address(), 8, List.of(), 0))
                .isEqualTo(-Errno.ETIMEDOUT);
    }

    @Test
    void more_than_the_socket_holds_is_sent_fully_while_the_peer_reads() throws Exception {
        int length = 4 << 20;
        MemorySegment data = Arena.ofAuto().allocate(length);
        for (int i = 0; i < length; i++) {
            data.set(JAVA_BYTE, i, (byte) (i * 31 >> 3));
        }
        MemorySegment copy = Arena.ofAuto().allocate(length);
        int[] received = new int[1];
        Thread reader = Thread.ofPlatform().start(
                () -> received[0] = there.receiveExactly(copy.address(), length, 20 * SECOND));

        int split = 1000;
        assertThat(here.sendFully(data.address(), split, data.address() + split, length - split, List.of(), 20 * SECOND))
                .isEqualTo(length);

        reader.join();
        assertThat(received[0]).isEqualTo(length);
        assertThat(copy.mismatch(data)).isEqualTo(-1);
    }

    @Test
    void memory_that_is_not_there_is_efault() {
        assertThat(here.send(8, 4)).isEqualTo(-Errno.EFAULT);
    }

    @Test
    void sending_and_receiving_allocate_nothing() throws Exception {
        try (Fd event = EventFd.create()) {
            List<Fd> one = List.of(event);
            long address = buffer.address();

            long bytes = Allocation.ofManyCalls(() -> {
                here.send(address, 12, address, 8, one);
                there.receive(address, 20);
                there.closeDescriptors();
                there.send(address, 20);
                here.receiveExactly(address, 20, 0);
            });

            assertThat(bytes).isZero();
        }
    }

    private long sizeOfOnlyDescriptor() throws Exception {
        List<Fd> taken = there.takeDescriptors();
        assertThat(taken).hasSize(1);
        try (Fd fd = taken.get(0)) {
            return fd.size();
        }
    }

    private MemorySegment bytes(String text) {
        return arena.allocateFrom(text, StandardCharsets.US_ASCII);
    }

    private String text(int length) {
        return new String(buffer.asSlice(0, length).toArray(JAVA_BYTE), StandardCharsets.US_ASCII);
    }
}
