package io.busbar.drivers.sharedmemory;

import io.busbar.api.vop.VopDevice;
import io.busbar.api.vop.VopException;
import io.busbar.api.vop.VopRole;
import io.busbar.core.linux.Epoll;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.UnixListener;
import io.busbar.core.linux.UnixStream;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.osgi.annotation.bundle.Capability;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.metatype.annotations.Designate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One end of a link to another process, for each configuration; a {@link VopDevice} while the other process is there. */
@Component(
        service = {},
        immediate = true,
        configurationPid = SharedMemoryLink.PID,
        configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = SharedMemoryConfig.class, factory = true)
@Capability(namespace = "osgi.service", attribute = "objectClass:List<String>=\"io.busbar.api.vop.VopDevice\"")
public final class SharedMemoryLink {

    static final String PID = "io.busbar.drivers.sharedmemory";

    private static final Logger LOG = LoggerFactory.getLogger(SharedMemoryLink.class);
    private static final Pattern NAME = Pattern.compile("mic(0|[1-9][0-9]{0,2})");
    private static final int CARDS = 128;
    private static final int MOST_MILLIS = 600_000;
    private static final int LEAST_REDIAL = 10;
    private static final long END_MILLIS = 10_000;

    private final String name;
    private final int node;
    private final VopRole role;
    private final Path socket;
    private final long helloNanos;
    private final int redialMillis;
    private final BundleContext context;
    private final Fd wake;
    private final Epoll epoll;
    private final Thread thread;
    private Optional<UnixListener> listener = Optional.empty();
    private volatile boolean ended;

    /**
     * Made by Declarative Services.
     *
     * @param config  what the link is like
     * @param context registers the end
     * @throws IllegalArgumentException names the setting that is wrong and what was expected
     * @throws LinuxException           if the socket cannot be had
     */
    @Activate
    public SharedMemoryLink(SharedMemoryConfig config, BundleContext context) throws LinuxException {
        this.context = context;
        name = config.name();
        node = node(name);
        role = role(config.role());
        if (config.socket().isBlank()) {
            throw new IllegalArgumentException("socket \"\": expected a path");
        }
        socket = Path.of(config.socket());
        helloNanos = TimeUnit.MILLISECONDS.toNanos(within("helloTimeoutMillis", config.helloTimeoutMillis(), 1));
        redialMillis = within("redialMillis", config.redialMillis(), LEAST_REDIAL);
        if (role == VopRole.HOST) {
            listener = Optional.of(UnixListener.bind(socket));
        }
        wake = EventFd.create();
        epoll = Epoll.create();
        epoll.add(wake.number(), Epoll.EPOLLIN | Epoll.EPOLLET, 0);
        if (listener.isPresent()) {
            epoll.add(listener.get().fd().number(), Epoll.EPOLLIN | Epoll.EPOLLET, 1);
        }
        thread = Thread.ofPlatform().daemon().name("busbar-" + name + "-" + config.role() + "-link").start(this::run);
    }

    private static int node(String name) {
        Matcher matcher = NAME.matcher(name);
        if (!matcher.matches() || Integer.parseInt(matcher.group(1)) >= CARDS) {
            throw new IllegalArgumentException("name \"" + name + "\": expected mic0 to mic" + (CARDS - 1));
        }
        return Integer.parseInt(matcher.group(1)) + 1;
    }

    private static VopRole role(String word) {
        for (VopRole role : VopRole.values()) {
            if (role.name().toLowerCase(Locale.ROOT).equals(word)) {
                return role;
            }
        }
        throw new IllegalArgumentException("role \"" + word + "\": expected host or card");
    }

    private static int within(String what, int value, int least) {
        if (value < least || value > MOST_MILLIS) {
            throw new IllegalArgumentException(what + " " + value + ": expected " + least + " to " + MOST_MILLIS);
        }
        return value;
    }

    private void run() {
        while (!ended) {
            Optional<UnixStream> stream = connection();
            if (stream.isPresent()) {
                long begin = System.nanoTime();
                serve(new Peer(stream.get()));
                // Who comes and goes, or says what it should not, again and again must not keep this busy.
                restUntil(begin + TimeUnit.MILLISECONDS.toNanos(redialMillis));
            } else if (role == VopRole.HOST) {
                epoll.await(-1);
            } else {
                restUntil(System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(redialMillis));
            }
        }
    }

    private void restUntil(long end) {
        for (long left = end - System.nanoTime(); !ended && left > 0; left = end - System.nanoTime()) {
            epoll.await((int) TimeUnit.NANOSECONDS.toMillis(left) + 1);
        }
    }

    private Optional<UnixStream> connection() {
        try {
            return listener.isPresent() ? listener.get().accept() : Optional.of(UnixStream.connect(socket, 0));
        } catch (LinuxException e) {
            LOG.debug("{}: {}", name, e.getMessage());
            return Optional.empty();
        }
    }

    private void serve(Peer peer) {
        try (peer; ProcessEnd end = new ProcessEnd(name, node, role, peer, () -> EventFd.signal(wake.number()))) {
            end.meet(helloNanos);
            ServiceRegistration<VopDevice> registration = context.registerService(VopDevice.class, end, null);
            LOG.info("{}: the other process is there", name);
            while (!ended && !end.lost()) {
                epoll.await(-1);
            }
            registration.unregister();
            LOG.info("{}: the other process is gone", name);
        } catch (VopException | Peer.GoneException | LinuxException e) {
            LOG.warn("{}: {}", name, e.getMessage());
        }
    }

    /** Whoever uses the end lets go of it; then the link is closed. */
    @Deactivate
    void stop() {
        ended = true;
        EventFd.signal(wake.number());
        try {
            thread.join(END_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        listener.ifPresent(UnixListener::close);
        epoll.close();
        wake.close();
    }
}
