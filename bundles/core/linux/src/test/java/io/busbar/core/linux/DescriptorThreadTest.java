package io.busbar.core.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class DescriptorThreadTest {
    private final LinkedBlockingQueue<String> seen = new LinkedBlockingQueue<>();

    private String next() throws InterruptedException {
        return seen.poll(30, TimeUnit.SECONDS);
    }

    @Test
    void a_descriptor_that_is_ready_is_told_until_it_is_let_go() throws Exception {
        try (DescriptorThread thread = DescriptorThread.start("test"); Fd event = EventFd.create()) {
            int number = event.number();
            DescriptorThread.Watch watch = thread.watch(number, Epoll.EPOLLIN, events -> {
                EventFd.drain(number);
                seen.add(Thread.currentThread().getName() + " " + events);
            });
            EventFd.signal(number);
            assertThat(next()).isEqualTo("test " + Epoll.EPOLLIN);
            EventFd.signal(number);
            assertThat(next()).isNotNull();
            watch.close();
            watch.close();
            EventFd.signal(number);
            thread.execute(() -> seen.add("task"));
            assertThat(next()).isEqualTo("task");
        }
    }

    @Test
    void what_is_thrown_ends_nothing() throws Exception {
        try (DescriptorThread thread = DescriptorThread.start("test"); Fd event = EventFd.create()) {
            thread.watch(event.number(), Epoll.EPOLLIN | Epoll.EPOLLET, events -> {
                seen.add("ready");
                throw new IllegalStateException("on purpose");
            });
            EventFd.signal(event.number());
            assertThat(next()).isEqualTo("ready");
            EventFd.signal(event.number());
            assertThat(next()).isEqualTo("ready");
        }
    }

    @Test
    void who_calls_waits_until_it_is_done_or_has_failed() throws Exception {
        try (DescriptorThread thread = DescriptorThread.start("test")) {
            thread.call(() -> seen.add(Thread.currentThread().getName()));
            assertThat(seen).containsExactly("test");
            thread.call(() -> {
                throw new IllegalStateException("on purpose");
            });
        }
    }

    @Test
    void the_thread_ends_when_it_is_closed_also_by_itself() throws Exception {
        DescriptorThread thread = DescriptorThread.start("test");
        thread.execute(() -> seen.add("before"));
        thread.execute(() -> {
            thread.close();
            seen.add(Thread.currentThread().isAlive() ? "closing" : "dead");
        });
        assertThat(next()).isEqualTo("before");
        assertThat(next()).isEqualTo("closing");
        thread.close();
    }
}
