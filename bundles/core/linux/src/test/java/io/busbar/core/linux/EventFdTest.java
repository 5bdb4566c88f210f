package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.testkit.machine.Allocation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class EventFdTest {
    @Test
    void signals_add_up_until_they_are_drained() throws Exception {
        try (Fd fd = EventFd.create()) {
            assertThat(EventFd.drain(fd.number())).isEqualTo(-Errno.EAGAIN);
            EventFd.signal(fd.number());
            EventFd.signal(fd.number());

            assertThat(EventFd.drain(fd.number())).isEqualTo(2);
            assertThat(EventFd.drain(fd.number())).isEqualTo(-Errno.EAGAIN);
        }
    }

    @Test
    void draining_an_empty_descriptor_never_waits_even_if_it_is_a_blocking_one() throws Exception {
        try (Fd event = EventFd.createBlocking(); PipeEnds pipe = PipeEnds.create()) {
            assertThat(EventFd.drain(event.number())).isEqualTo(-Errno.EAGAIN);
            assertThat(EventFd.drain(pipe.reading().number())).isEqualTo(-Errno.EAGAIN);
        }
    }

    @Test
    void a_count_near_two_to_the_64_is_not_mistaken_for_an_error() throws Exception {
        try (Fd fd = EventFd.create(); Arena arena = Arena.ofConfined()) {
            MemorySegment most = arena.allocate(JAVA_LONG);
            most.set(JAVA_LONG, 0, -2);
            assertThat(Syscall.call(Nr.WRITE, fd.number(), most.address(), 8)).isEqualTo(8);

            assertThat(EventFd.signal(fd.number())).isEqualTo(-Errno.EAGAIN);
            assertThat(EventFd.drain(fd.number())).isEqualTo(Long.MAX_VALUE);
        }
    }

    @Test
    void the_end_of_a_pipe_is_zero() throws Exception {
        try (PipeEnds pipe = PipeEnds.create()) {
            pipe.writing().close();

            assertThat(EventFd.drain(pipe.reading().number())).isZero();
        }
    }

    @Test
    void a_blocking_wait_ends_with_the_signal_of_another_thread() throws Exception {
        try (Fd fd = EventFd.createBlocking()) {
            Thread signaller = Thread.ofPlatform().start(() -> EventFd.signal(fd.number()));

            assertThat(EventFd.await(fd.number())).isEqualTo(1);
            signaller.join();
        }
    }

    @Test
    void bad_descriptors_give_codes_not_exceptions() {
        assertThat(EventFd.signal(-1)).isEqualTo(-Errno.EBADF);
        assertThat(EventFd.drain(-1)).isEqualTo(-Errno.EBADF);
        assertThat(EventFd.await(1_000_000)).isEqualTo(-Errno.EBADF);
    }

    @Test
    void signal_and_drain_allocate_nothing() throws Exception {
        try (Fd fd = EventFd.create()) {
            int number = fd.number();

            long bytes = Allocation.ofManyCalls(() -> {
                EventFd.signal(number);
                EventFd.drain(number);
            });

            assertThat(bytes).isZero();
        }
    }
}
