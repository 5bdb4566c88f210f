package io.busbar.core.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.testkit.machine.Allocation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class EpollTest {
    private static final int NOW = 0;

    @Test
    void a_signalled_descriptor_is_reported_with_its_token_and_events() throws Exception {
        try (Epoll epoll = Epoll.create(); Fd quiet = EventFd.create(); Fd loud = EventFd.create()) {
            epoll.add(quiet.number(), Epoll.EPOLLIN, 7);
            epoll.add(loud.number(), Epoll.EPOLLIN, 0xfedc_ba98_7654_3210L);
            EventFd.signal(loud.number());

            assertThat(epoll.await(1000)).isEqualTo(1);
            assertThat(epoll.token(0)).isEqualTo(0xfedc_ba98_7654_3210L);
            assertThat(epoll.events(0)).isEqualTo(Epoll.EPOLLIN);
        }
    }

    @Test
    void several_events_come_with_one_wait_up_to_the_capacity() throws Exception {
        try (Epoll epoll = Epoll.create(2); Fd a = EventFd.create(); Fd b = EventFd.create(); Fd c = EventFd.create()) {
            for (Fd fd : new Fd[] {a, b, c}) {
                epoll.add(fd.number(), Epoll.EPOLLIN, fd.number());
                EventFd.signal(fd.number());
            }

            assertThat(epoll.await(NOW)).isEqualTo(2);
            assertThat(epoll.token(0)).isNotEqualTo(epoll.token(1));
        }
    }

    @Test
    void modify_changes_the_token_and_remove_ends_the_reports() throws Exception {
        try (Epoll epoll = Epoll.create(); Fd fd = EventFd.create()) {
            epoll.add(fd.number(), Epoll.EPOLLIN, 1);
            EventFd.signal(fd.number());

            epoll.modify(fd.number(), Epoll.EPOLLIN, 2);
            assertThat(epoll.await(NOW)).isEqualTo(1);
            assertThat(epoll.token(0)).isEqualTo(2);

            epoll.remove(fd.number());
            assertThat(epoll.await(NOW)).isZero();
        }
    }

    @Test
    void a_wait_ends_when_its_time_is_over_in_milliseconds_and_nanoseconds() throws Exception {
        try (Epoll epoll = Epoll.create()) {
            long start = System.nanoTime();
            assertThat(epoll.await(20)).isZero();
            assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(19_000_000);

            start = System.nanoTime();
            assertThat(epoll.awaitNanos(300_000)).isZero();
            assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(300_000);
        }
    }

    @Test
    void a_wait_without_limit_ends_with_a_signal_of_another_thread() throws Exception {
        try (Epoll epoll = Epoll.create(); Fd fd = EventFd.create()) {
            epoll.add(fd.number(), Epoll.EPOLLIN, 5);
            Thread signaller = Thread.ofPlatform().start(() -> EventFd.signal(fd.number()));

            assertThat(epoll.awaitNanos(-1)).isEqualTo(1);
            signaller.join();
        }
    }

    @Test
    void a_regular_file_is_refused_with_eperm_and_the_descriptor_named() throws Exception {
        try (Epoll epoll = Epoll.create(); Fd file = MemFd.create("file", 1, false)) {
            assertThatThrownBy(() -> epoll.add(file.number(), Epoll.EPOLLIN, 0))
                    .hasMessage("watch descriptor " + file.number() + ": Operation not permitted (EPERM)");
        }
    }

    @Test
    void after_close_a_wait_is_ebadf() throws Exception {
        Epoll epoll = Epoll.create();
        epoll.close();
        epoll.close();

        assertThat(epoll.await(NOW)).isEqualTo(-Errno.EBADF);
    }

    @Test
    void waiting_allocates_nothing() throws Exception {
        try (Epoll epoll = Epoll.create(); Fd fd = EventFd.create()) {
            epoll.add(fd.number(), Epoll.EPOLLIN, 5);
            EventFd.signal(fd.number());

            long bytes = Allocation.ofManyCalls(() -> {
                epoll.await(NOW);
                epoll.awaitNanos(NOW);
                epoll.token(0);
                epoll.events(0);
            });

            assertThat(bytes).isZero();
        }
    }
}
