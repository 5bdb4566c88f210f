package io.busbar.busdrivers.vhostuser;

import io.busbar.api.vdpa.Handover;
import io.busbar.api.vdpa.HandoverBusDriver;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.UnixListener;
import io.busbar.core.linux.UnixStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One device on its socket: listens, serves one front-end at a time, resets the device when that has left, and serves
 * the next.
 *
 * <p>Who connects while another front-end is served is disconnected; who connects while the device is being taken back
 * from one that has left waits until that is done, as User Mode Linux tries only once.
 */
final class DeviceBinding implements HandoverBusDriver.HandoverBinding {

    private static final Logger LOG = LoggerFactory.getLogger(DeviceBinding.class);
    private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(1);
    /** How long nobody is accepted after that failed: who waits stays in the queue of the listening socket. */
    private static final long ACCEPT_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    /** A front-end, from the moment that it was accepted until the device was taken back from it. */
    private static final class Client {
        private final Connection connection;
        private final AtomicBoolean changePending = new AtomicBoolean();
        /** The lane's. Null before there is one. */
        private Reactor.Watch watch;
        /** The lane's. Null before there is one. */
        private Session session;
        /** The lane's: the front-end is not served any more. */
        private boolean left;
        /** The reactor's: runs until the first message is complete, and while a later one is incomplete. */
        private Reactor.Timer deadline;
        /** Nothing more is read. Set before the socket is closed. */
        private volatile boolean ended;

        Client(Connection connection) {
            this.connection = connection;
        }

        /** Whether it has left or was told to: also when that happens while its socket is looked at. */
        boolean leaves() {
            return ended || connection.hungUp() || ended;
        }
    }

    private final VdpaDevice device;
    private final Supplier<Settings> settings;
    private final Reactor reactor;
    private final KickWaiter kicks;
    private final Lane lane;
    private final Consumer<DeviceBinding> onClosed;
    private final AtomicBoolean closed = new AtomicBoolean();

    private UnixListener listener;
    private Reactor.Watch listening;
    /** The reactor's: the watch that tells of clients, once it did. */
    private Reactor.Watch doorbell;
    /** The reactor's: runs while nobody is accepted, as that failed. */
    private Reactor.Timer acceptPause;
    /** The reactor's: who was to be accepted last was not, and that is in the log. */
    private boolean acceptFails;
    /** Written by the reactor alone. */
    private volatile Client current;
    private volatile String endpoint = "";
    private volatile boolean connected;
    private volatile Health health = Health.OK;
    /** Nothing is served until it is resumed, here or in another process. */
    private volatile boolean suspended;

    /**
     * Makes a binding that does not listen yet.
     *
     * @param device   the device
     * @param settings as they are at the moment
     * @param reactor  waits for the sockets
     * @param lane     the device's own
     * @param onClosed told when it is closed
     */
    DeviceBinding(
            VdpaDevice device, Supplier<Settings> settings, Reactor reactor, Lane lane,
            Consumer<DeviceBinding> onClosed) {
        this.device = device;
        this.settings = settings;
        this.reactor = reactor;
        this.kicks = new KickWaiter(reactor, device.ops());
        this.lane = lane;
        this.onClosed = onClosed;
    }

    /**
     * Starts to listen in a directory; does nothing if it does already.
     *
     * @throws VdpaException if it cannot
     */
    synchronized void listen(Path directory) throws VdpaException {
        if (listener != null || closed.get()) {
            return;
        }
        Path path = SocketFile.path(directory, device.busName(), device.name());
        listener = SocketFile.listen(path, settings.get());
        try {
            listening = reactor.watch(listener.fd(), this::clientWaits);
        } catch (LinuxException e) {
            listener.close();
            listener = null;
            throw new VdpaException(VdpaError.EIO, Reason.INTERNAL, e.getMessage(), e);
        }
        endpoint = path.toString();
        health = Health.OK;
        LOG.debug("{}: listens at {}", device.name(), endpoint);
    }

    /** Says why it does not listen. */
    synchronized void cannotListen(Health why) {
        if (listener == null) {
            health = why;
        }
    }

    @Override
    public String endpoint() {
        return endpoint;
    }

    @Override
    public boolean connected() {
        return connected;
    }

    @Override
    public Health health() {
        return health;
    }

    @Override
    public void close() {
        // A binding that another process has now is not taken apart here: its driver would see that.
        if (suspended || !closed.compareAndSet(false, true)) {
            return;
        }
        synchronized (this) {
            if (listener != null) {
                listening.cancel();
                listener.close();
            }
        }
        Client[] last = new Client[1];
        reactor.call(() -> last[0] = current);
        lane.call(() -> {
            if (last[0] != null) {
                leave(last[0], "the device was unbound");
            }
        });
        onClosed.accept(this);
    }

    /** Returns whether no front-end is there, and the device was taken back from the last one. */
    boolean idle() {
        return current == null;
    }

    // To and from another process

    @Override
    public Handover suspend() throws VdpaException {
        SessionWriter to = new SessionWriter();
        suspended = true;
        synchronized (this) {
            if (listener == null) {
                throw new VdpaException(VdpaError.EOPNOTSUPP, "it does not listen: " + health.sentence());
            }
            listening.cancel();
            to.bytes(listener.path().toString().getBytes(StandardCharsets.UTF_8)).descriptor(listener.fd());
        }
        suspendClient(to);
        return to.toHandover();
    }

    private void suspendClient(SessionWriter to) throws VdpaException {
        Client[] last = new Client[1];
        reactor.call(() -> {
            last[0] = current;
            if (acceptPause != null) {
                acceptPause.cancel();
                acceptPause = null;
            }
        });
        Client client = last[0];
        to.flag(client != null);
        if (client != null) {
            stopReading(client);
            handOver(client, to);
        }
    }

    /** When the call returns what was read is handled, and nothing more is read. */
    private void stopReading(Client client) {
        lane.call(() -> {
            if (client.watch != null) {
                client.watch.cancel();
            }
        });
        reactor.call(() -> stopClock(client));
        lane.call(() -> { });
    }

    private void handOver(Client client, SessionWriter to) throws VdpaException {
        VdpaException[] refused = new VdpaException[1];
        lane.call(() -> {
            try {
                if (client.left || client.session == null) {
                    throw new ProtocolException("its front-end is leaving at this moment");
                }
                client.connection.save(to);
                client.session.suspend(to);
            } catch (ProtocolException e) {
                refused[0] = new VdpaException(VdpaError.EAGAIN, Reason.IN_USE, e.getMessage(), e);
            }
        });
        if (refused[0] != null) {
            throw refused[0];
        }
    }

    /**
     * Takes over what another process had, suspended.
     *
     * @throws VdpaException why not; what came in is closed, and the socket's file left alone
     */
    void adopt(Handover state) throws VdpaException {
        suspended = true;
        try (SessionReader from = new SessionReader(state)) {
            Path path = Path.of(new String(from.bytes(SocketFile.MAX_PATH), StandardCharsets.UTF_8));
            listener = UnixListener.adopt(from.neededDescriptor(), path);
            endpoint = path.toString();
            adoptClient(from);
            from.end();
        } catch (LinuxException | ProtocolException | RefusedException e) {
            refuse();
            throw new VdpaException(VdpaError.EINVAL, Reason.STATE_UNKNOWN, e.getMessage(), e);
        }
    }

    private void adoptClient(SessionReader from) throws VdpaException, RefusedException, ProtocolException {
        if (from.flag()) {
            Client client = new Client(Connection.restore(from));
            client.session = new Session(device, client.connection,
                    new Translation(device, kicks, () -> deviceChanged(client)), settings);
            current = client;
            connected = true;
            client.session.begin();
            client.session.restore(from);
        }
    }

    /**
     * Does with a front-end that has nothing to say what is done with one that is handed over; on a binding that is used for nothing
     * else, and does not listen.
     *
     * @param state what a session handed over, without a listening socket
     * @throws VdpaException what of it cannot be done; what came in is closed
     */
    void rehearse(Handover state) throws VdpaException {
        try (SessionReader from = new SessionReader(state)) {
            adoptClient(from);
            from.end();
            resume();
            suspendClient(new SessionWriter());
            resume();
        } catch (ProtocolException | RefusedException e) {
            throw new VdpaException(VdpaError.EINVAL, Reason.STATE_UNKNOWN, e.getMessage(), e);
        } finally {
            close();
        }
    }

    private void refuse() throws VdpaException {
        if (listener != null) {
            listener.fd().close();
        }
        if (current != null) {
            current.session.end();
            current.connection.close();
        }
    }

    @Override
    public void resume() {
        suspended = false;
        Client[] last = new Client[1];
        reactor.call(() -> last[0] = current);
        Client client = last[0];
        if (client != null) {
            lane.call(() -> goOn(client));
        }
        listenOn();
    }

    private synchronized void listenOn() {
        if (listener == null) {
            return;
        }
        try {
            listening = reactor.watch(listener.fd(), this::clientWaits);
            reactor.call(() -> doorbell = listening);
        } catch (LinuxException e) {
            health = new Health(Reason.INTERNAL, e.getMessage());
        }
    }

    private void goOn(Client client) {
        if (client.left || client.session == null) {
            return;
        }
        try {
            client.session.resume();
        } catch (RefusedException e) {
            LOG.warn("{}: {}", device.name(), e.getMessage());
        } catch (ProtocolException e) {
            disconnect(client, e.getMessage());
            return;
        }
        try {
            if (client.connection.inMessage()) {
                startClock(client, "the front-end did not finish a message in time");
            }
            client.watch = reactor.watch(client.connection.fd(), watch -> clientIsReadable(client, watch));
        } catch (LinuxException e) {
            disconnect(client, e.getMessage());
        }
    }

    // On the reactor's thread

    private void clientWaits(Reactor.Watch watch) {
        doorbell = watch;
        if (current != null && current.leaves()) {
            return; // armed again when the device is free
        }
        try {
            accepted(listener.accept());
        } catch (LinuxException e) {
            pauseAccepting(e);
            return;
        }
        watch.rearm();
    }

    private void accepted(Optional<UnixStream> stream) {
        if (acceptFails) {
            acceptFails = false;
            LOG.info("{}: front-ends are accepted again", device.name());
        }
        if (current != null) {
            stream.ifPresent(this::turnAway);
        } else if (stream.isPresent()) {
            Client client = new Client(new Connection(stream.get()));
            current = client;
            startClock(client, "the front-end sent no message in time");
            lane.execute(() -> begin(client));
        }
    }

    /** Who waits is reported at once again and again: where this process has no descriptor left, without end. */
    private void pauseAccepting(LinuxException why) {
        if (!acceptFails) {
            acceptFails = true;
            LOG.warn("{}: a front-end waits and cannot be accepted, which is tried again: {}", device.name(),
                    why.getMessage());
        }
        acceptPause = reactor.schedule(ACCEPT_PAUSE_NANOS, this::listenAgain);
    }

    private void listenAgain() {
        if (acceptPause != null) {
            acceptPause.cancel();
            acceptPause = null;
        }
        doorbell.rearm();
    }

    private void turnAway(UnixStream stream) {
        stream.close();
        LOG.warn("{}: a second front-end was turned away", device.name());
    }

    private void clientIsReadable(Client client, Reactor.Watch watch) {
        if (client.ended) {
            return;
        }
        try {
            Optional<Message> message = client.connection.read();
            if (message.isPresent()) {
                stopClock(client);
                lane.execute(() -> handle(client, message.get(), watch));
                return;
            }
            if (client.connection.inMessage() && client.deadline == null) {
                startClock(client, "the front-end did not finish a message in time");
            }
            watch.rearm();
        } catch (FrontEndLeftException e) {
            endReading(client, () -> leave(client, e.getMessage()));
        } catch (ProtocolException e) {
            endReading(client, () -> disconnect(client, e.getMessage()));
        }
    }

    private void startClock(Client client, String missed) {
        client.deadline = reactor.schedule(settings.get().messageTimeoutNanos(), () -> {
            if (!client.ended) {
                endReading(client, () -> disconnect(client, missed));
            }
        });
    }

    private void endReading(Client client, Runnable end) {
        stopClock(client);
        client.ended = true;
        lane.execute(end);
    }

    private static void stopClock(Client client) {
        if (client.deadline != null) {
            client.deadline.cancel();
            client.deadline = null;
        }
    }

    private void free(Client client) {
        stopClock(client);
        if (current == client) {
            current = null;
            listenAgain();
        }
    }

    // On the lane

    private void begin(Client client) {
        connected = true;
        LOG.debug("{}: a front-end connected", device.name());
        try {
            client.session = new Session(device, client.connection,
                    new Translation(device, kicks, () -> deviceChanged(client)), settings);
            client.session.begin();
            client.watch = reactor.watch(client.connection.fd(), watch -> clientIsReadable(client, watch));
        } catch (VdpaException | LinuxException e) {
            disconnect(client, "it cannot be served: " + e.getMessage());
        } catch (RuntimeException | Error e) {
            LOG.error("{}: a front-end cannot be served", device.name(), e);
            leave(client, "a fault of this side");
        }
    }

    private void handle(Client client, Message received, Reactor.Watch watch) {
        try (Message message = received) {
            if (client.left) {
                return;
            }
            client.session.handle(message);
            watch.rearm();
        } catch (FrontEndLeftException e) {
            leave(client, e.getMessage());
        } catch (ProtocolException e) {
            disconnect(client, e.getMessage());
        } catch (RuntimeException | Error e) {
            LOG.error("{}: a message could not be handled", device.name(), e);
            leave(client, "a fault of this side");
        }
    }

    /** A device's thread says so: once until it was taken note of. */
    private void deviceChanged(Client client) {
        if (client.changePending.compareAndSet(false, true)) {
            lane.execute(() -> passOnChange(client));
        }
    }

    private void passOnChange(Client client) {
        client.changePending.set(false);
        if (client.left) {
            return;
        }
        try {
            client.session.deviceChanged();
        } catch (ProtocolException e) {
            disconnect(client, e.getMessage());
        }
    }

    /** Ends a connection that its front-end did not end: somebody is to see why. */
    private void disconnect(Client client, String why) {
        if (!client.left) {
            LOG.warn("{}: the front-end is disconnected: {}", device.name(), why);
        }
        leave(client, why);
    }

    private void leave(Client client, String why) {
        if (client.left) {
            return;
        }
        client.left = true;
        client.ended = true;
        connected = false;
        if (client.watch != null) {
            client.watch.cancel();
        }
        LOG.debug("{}: the connection ends: {}", device.name(), why);
        takeBack(client);
    }

    private void takeBack(Client client) {
        try {
            if (client.session != null) {
                client.session.end();
            }
        } catch (VdpaException | RuntimeException | Error e) {
            client.connection.close();
            stuck(client, e);
            return;
        }
        client.connection.close();
        if (!closed.get()) {
            health = Health.OK;
            reactor.execute(() -> free(client));
        }
    }

    private void stuck(Client client, Throwable why) {
        if (health.ok()) {
            LOG.warn("{}: cannot be taken back from its front-end yet", device.name(), why);
        }
        health = new Health(Reason.BACKEND_STUCK,
                "the device cannot be taken back from the front-end that left: " + why.getMessage());
        if (!closed.get()) {
            reactor.schedule(RETRY_NANOS, () -> lane.execute(() -> {
                if (!closed.get()) {
                    takeBack(client);
                }
            }));
        }
    }
}
