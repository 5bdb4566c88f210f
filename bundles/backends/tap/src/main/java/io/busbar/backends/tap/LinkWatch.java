package io.busbar.backends.tap;

import io.busbar.core.linux.Epoll;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.NetworkLink;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Waits, in a thread of its own, for the host to set an interface up or down, or to take it away. */
final class LinkWatch implements AutoCloseable {

    /** What became of an interface. */
    enum State {
        /** Frames cross it. */
        UP,
        /** It was set down. */
        DOWN,
        /** It is there no more. */
        DELETED
    }

    /** Told, on the watch's thread, of each change. */
    @FunctionalInterface
    interface Listener {
        void changed(State state);
    }

    private static final Logger LOG = LoggerFactory.getLogger(LinkWatch.class);
    private static final long END_MILLIS = TimeUnit.SECONDS.toMillis(5);

    private final String device;
    private final TapInterface watched;
    private final Listener listener;
    private final Epoll epoll;
    private final Fd end;
    private final Thread thread;
    private volatile boolean ending;
    private State state;

    private LinkWatch(String device, TapInterface watched, Listener listener, Epoll epoll, Fd end) {
        this.device = device;
        this.watched = watched;
        this.listener = listener;
        this.epoll = epoll;
        this.end = end;
        this.state = stateOf(watched.link());
        this.thread = Thread.ofPlatform().daemon().name("busbar-" + device + "-link").unstarted(this::watch);
    }

    /**
     * Begins to watch.
     *
     * @param device   name of the device, for the log
     * @param watched  what it uses; the route sockets are the watch's from now on, and closed by their owner after it
     * @param listener told of changes after {@link TapInterface#link()}
     */
    static LinkWatch start(String device, TapInterface watched, Listener listener) throws LinuxException {
        Epoll epoll = Epoll.create();
        Fd end = null;
        try {
            end = EventFd.create();
            epoll.add(end.number(), Epoll.EPOLLIN, 0);
            epoll.add(watched.watch().fd().number(), Epoll.EPOLLIN, 1);
        } catch (LinuxException e) {
            epoll.close();
            if (end != null) {
                end.close();
            }
            throw e;
        }
        LinkWatch watch = new LinkWatch(device, watched, listener, epoll, end);
        watch.thread.start();
        return watch;
    }

    static State stateOf(NetworkLink link) {
        return link.isUp() ? State.UP : State.DOWN;
    }

    private void watch() {
        try {
            look(); // What changed since the interface was opened.
            while (!ending && state != State.DELETED) {
                if (epoll.await(-1) < 0) {
                    return;
                }
                if (!ending) {
                    watched.watch().drain();
                    look();
                }
            }
        } catch (LinuxException e) {
            LOG.warn("{}: the link of {} is not watched any more: {}", device, watched.link().name(), e.getMessage());
        }
    }

    private void look() throws LinuxException {
        Optional<NetworkLink> link = watched.route().link(watched.link().index());
        State now = link.map(LinkWatch::stateOf).orElseGet(this::stateOfAbsent);
        if (now != state) {
            state = now;
            LOG.info("{}: {} is {}", device, watched.link().name(), now == State.UP ? "up" : now == State.DOWN ? "down" : "deleted");
            listener.changed(now);
        }
    }

    /** One that was moved to another network namespace goes on; nobody can see from here whether it is up there. */
    private State stateOfAbsent() {
        return watched.queues().getFirst().hasInterface() ? State.UP : State.DELETED;
    }

    /** Ends the watch; no listener is called afterwards, unless it has hung for seconds. */
    @Override
    public void close() {
        ending = true;
        EventFd.signal(end.number());
        try {
            thread.join(END_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        epoll.close();
        end.close();
    }
}
