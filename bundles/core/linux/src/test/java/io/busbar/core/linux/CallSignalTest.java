package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.testkit.machine.Allocation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CountDownLatch;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class CallSignalTest {
    private static final int F_GETFL = 3;
    private static final int O_NONBLOCK = 0x800;

    @Test
    void an_eventfd_counts_the_signals() throws Exception {
        Fd event = EventFd.create();
        try (Fd reader = event.duplicate(); CallSignal call = CallSignal.of(event)) {
            assertThat(call.kind()).isEqualTo(FdKind.EVENTFD);
            assertThat(call.signal()).isZero();
            assertThat(call.signal()).isZero();
            assertThat(EventFd.drain(reader.number())).isEqualTo(2);
        }
    }

    @Test
    void a_full_eventfd_is_a_pending_signal_and_never_blocks_whether_its_owner_opened_it_blocking_or_not()
            throws Exception {
        for (Fd event : new Fd[] {EventFd.create(), EventFd.createBlocking()}) {
            try (CallSignal call = CallSignal.of(event); Arena arena = Arena.ofConfined()) {
                MemorySegment most = arena.allocate(JAVA_LONG);
                most.set(JAVA_LONG, 0, -2);
                Syscall.call(Nr.WRITE, event.number(), most.address(), 8);

                assertThat(call.signal()).isZero();
            }
        }
    }

    @Test
    void a_blocking_eventfd_with_room_is_signalled() throws Exception {
        Fd event = EventFd.createBlocking();
        try (CallSignal call = CallSignal.of(event)) {
            assertThat(call.signal()).isZero();
            assertThat(EventFd.drain(event.number())).isEqualTo(1);
        }
    }

    @Test
    void a_socket_gets_eight_bytes_holding_one_per_signal() throws Exception {
        try (PairOfSockets pair = PairOfSockets.create(); CallSignal call = CallSignal.of(pair.one())) {
            assertThat(call.kind()).isEqualTo(FdKind.SOCKET);
            call.signal();
            call.signal();

            assertThat(EventFd.drain(pair.other().number())).isEqualTo(1);
            assertThat(EventFd.drain(pair.other().number())).isEqualTo(1);
            assertThat(EventFd.drain(pair.other().number())).isEqualTo(-Errno.EAGAIN);
        }
    }

    @Test
    void a_socket_whose_reader_sleeps_never_blocks_and_never_carries_a_partial_count() throws Exception {
        try (PairOfSockets pair = PairOfSockets.create(); CallSignal call = CallSignal.of(pair.one())) {
            for (int i = 0; i < 20_000; i++) {
                assertThat(call.signal()).isZero();
            }
            int whole = 0;
            long count;
            while ((count = EventFd.drain(pair.other().number())) > 0) {
                assertThat(count).isEqualTo(1);
                whole++;
            }
            assertThat(count).isEqualTo(-Errno.EAGAIN);
            assertThat(whole).isPositive();
        }
    }

    @Test
    void a_pipe_whose_reader_sleeps_never_blocks_and_keeps_its_flags() throws Exception {
        try (PipeEnds pipe = PipeEnds.create(); CallSignal call = CallSignal.of(pipe.writing())) {
            assertThat(call.kind()).isEqualTo(FdKind.PIPE);
            for (int i = 0; i < 20_000; i++) {
                assertThat(call.signal()).isZero();
            }
            assertThat(EventFd.drain(pipe.reading().number())).isEqualTo(1);
            assertThat(Syscall.call(Nr.FCNTL, pipe.writing().number(), F_GETFL, 0) & O_NONBLOCK).isZero();
        }
    }

    @Test
    void a_peer_that_is_gone_is_epipe_on_sockets_and_pipes() throws Exception {
        try (PairOfSockets pair = PairOfSockets.create(); CallSignal socket = CallSignal.of(pair.one());
                PipeEnds ends = PipeEnds.create(); CallSignal pipe = CallSignal.of(ends.writing())) {
            pair.other().close();
            ends.reading().close();

            assertThat(socket.signal()).isEqualTo(-Errno.EPIPE);
            assertThat(pipe.signal()).isEqualTo(-Errno.EPIPE);
        }
    }

    @Test
    void after_close_a_signal_is_ebadf() throws Exception {
        CallSignal call = CallSignal.of(EventFd.create());
        call.close();

        assertThat(call.signal()).isEqualTo(-Errno.EBADF);
    }

    @Test
    void a_signal_that_races_with_close_never_reaches_a_file_that_reuses_the_number() throws Exception {
        for (int round = 0; round < 300; round++) {
            CallSignal call = CallSignal.of(EventFd.create());
            CountDownLatch running = new CountDownLatch(1);
            Thread signaller = Thread.ofPlatform().start(() -> {
                while (call.signal() == 0) {
                    running.countDown();
                }
            });
            running.await();
            call.close();
            try (Fd successor = MemFd.create("successor", 0, true)) {
                signaller.join();
                assertThat(successor.size()).isZero();
            }
        }
    }

    @Test
    void what_cannot_carry_a_signal_is_refused_with_its_kind_and_stays_the_callers() throws Exception {
        try (Fd file = MemFd.create("not a call", 8, false)) {
            assertThatThrownBy(() -> CallSignal.of(file)).isInstanceOf(LinuxException.class)
                    .hasMessageContaining("it is REGULAR, expected an eventfd, a socket or a pipe");
            assertThat(file.isOpen()).isTrue();
        }
    }

    @Test
    void signalling_allocates_nothing() throws Exception {
        Fd event = EventFd.create();
        try (CallSignal call = CallSignal.of(event); PairOfSockets pair = PairOfSockets.create();
                CallSignal socket = CallSignal.of(pair.one())) {
            long bytes = Allocation.ofManyCalls(() -> {
                call.signal();
                socket.signal();
            });

            assertThat(bytes).isZero();
        }
    }

    /** A socketpair as User Mode Linux makes it: blocking. */
    private record PairOfSockets(Fd one, Fd other) implements AutoCloseable {
        private static final int AF_UNIX = 1;
        private static final int SOCK_STREAM = 1;

        static PairOfSockets create() throws LinuxException {
            long numbers = Syscall.scratch();
            LinuxException.check(Syscall.call(Nr.SOCKETPAIR, AF_UNIX, SOCK_STREAM, 0, numbers), "create a socketpair");
            return new PairOfSockets(Fd.own(Memory.ALL.get(JAVA_INT, numbers)),
                    Fd.own(Memory.ALL.get(JAVA_INT, numbers + 4)));
        }

        @Override
        public void close() {
            one.close();
            other.close();
        }
    }
}
