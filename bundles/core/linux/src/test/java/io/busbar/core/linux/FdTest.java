package io.busbar.core.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.testkit.machine.OpenDescriptors;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

import org.junit.jupiter.api.Test;

class FdTest {
    private static final int F_GETFD = 1;
    private static final int FD_CLOEXEC = 1;

    @Test
    void closing_twice_closes_one_descriptor_only() throws Exception {
        Fd first = EventFd.create();
        int number = first.number();
        first.close();
        Fd reusesTheNumber = EventFd.create();

        first.close();

        assertThat(reusesTheNumber.number()).isEqualTo(number);
        assertThat(EventFd.signal(reusesTheNumber.number())).isZero();
        reusesTheNumber.close();
    }

    @Test
    void a_closed_descriptor_has_number_minus_one_and_a_call_with_it_says_ebadf() throws Exception {
        Fd fd = EventFd.create();
        fd.close();

        assertThat(fd.isOpen()).isFalse();
        assertThat(fd.number()).isEqualTo(-1);
        assertThat(EventFd.signal(fd.number())).isEqualTo(-Errno.EBADF);
        assertThatThrownBy(fd::duplicate).isInstanceOf(LinuxException.class).hasMessageContaining("EBADF");
    }

    @Test
    void a_retained_descriptor_is_closed_by_its_last_release() throws Exception {
        Fd fd = EventFd.create();
        int number = fd.number();
        assertThat(fd.retain()).isTrue();

        fd.close();

        assertThat(EventFd.signal(number)).isZero();
        assertThat(fd.retain()).isFalse();
        fd.release();
        assertThat(EventFd.signal(number)).isEqualTo(-Errno.EBADF);
    }

    @Test
    void many_threads_closing_at_once_close_it_once() throws Exception {
        OpenDescriptors before = OpenDescriptors.now();
        for (int round = 0; round < 50; round++) {
            Fd fd = EventFd.create();
            CountDownLatch start = new CountDownLatch(1);
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                threads.add(Thread.ofPlatform().start(() -> {
                    awaitQuietly(start);
                    fd.close();
                }));
            }
            start.countDown();
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(fd.isOpen()).isFalse();
        }
        before.awaitNoMore("in the end");
    }

    @Test
    void a_duplicate_is_the_same_open_file_with_its_own_life_and_close_on_exec() throws Exception {
        Fd original = EventFd.create();
        try (Fd copy = original.duplicate()) {
            EventFd.signal(original.number());
            original.close();

            assertThat(EventFd.drain(copy.number())).isEqualTo(1);
            assertThat(Syscall.call(Nr.FCNTL, copy.number(), F_GETFD, 0)).isEqualTo(FD_CLOEXEC);
        }
    }

    @Test
    void the_kind_of_each_descriptor_is_told() throws Exception {
        try (Fd event = EventFd.create(); Epoll epoll = Epoll.create(); Fd memory = MemFd.create("kind", 1, true);
                PipeEnds pipe = PipeEnds.create(); Fd directory = open("/"); Fd character = open("/dev/null")) {
            assertThat(event.kind()).isEqualTo(FdKind.EVENTFD);
            assertThat(epoll.fd().kind()).isEqualTo(FdKind.OTHER);
            assertThat(memory.kind()).isEqualTo(FdKind.REGULAR);
            assertThat(pipe.reading().kind()).isEqualTo(FdKind.PIPE);
            assertThat(pipe.writing().kind()).isEqualTo(FdKind.PIPE);
            assertThat(directory.kind()).isEqualTo(FdKind.DIRECTORY);
            assertThat(character.kind()).isEqualTo(FdKind.CHARACTER);
        }
    }

    @Test
    void the_size_of_a_file_is_its_length_in_bytes() throws Exception {
        try (Fd memory = MemFd.create("size", 12345, true)) {
            assertThat(memory.size()).isEqualTo(12345);
        }
    }

    private static Fd open(String path) throws Exception {
        try (java.lang.foreign.Arena arena = java.lang.foreign.Arena.ofConfined()) {
            long name = arena.allocateFrom(path).address();
            return Fd.own((int) LinuxException.check(Syscall.call(Nr.OPENAT, -100, name, 0x80000, 0), "open " + path));
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void descriptors_of_one_file_are_told_from_those_of_two() throws Exception {
        Fd other = MemFd.create("one", 4096, false);
        try (Fd one = MemFd.create("one", 4096, false); Fd again = Fd.duplicateOf(one.number())) {
            assertThat(one.isSameFileAs(again)).isTrue();
            assertThat(one.isSameFileAs(other)).isFalse();
            other.close();
            assertThatThrownBy(() -> one.isSameFileAs(other)).isInstanceOf(LinuxException.class);
        }
    }
}
