package io.busbar.busdrivers.vop;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_ACKNOWLEDGE;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_DRIVER;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_DRIVER_OK;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_FEATURES_OK;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_NEEDS_RESET;

import io.busbar.api.memory.DriverMemory;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaBusDriver;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vop.LinkMeter;
import io.busbar.api.vop.VopException;
import io.busbar.busdrivers.vop.page.PageSlot;
import io.busbar.busdrivers.vop.relay.Session;
import io.busbar.busdrivers.vop.relay.SessionPlan;
import io.busbar.core.linux.CurrentThread;
import io.busbar.core.virtio.FeatureNames;
import io.busbar.core.virtio.FeatureRules;
import io.busbar.core.virtio.vop.DeviceCtrl;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A device in a card's page: what the card's driver says there is done to the device, and what the device says is told to the card.
 *
 * <p>All of it happens on the device's lane, in this order: a reset that the card asks for; features, when FEATURES_OK is there;
 * used addresses; DRIVER_OK; the queues. Nothing of the card is believed twice: a value is read once, checked, and the copy used.
 * What a card does wrong, or does not do in time, is its own device's trouble: DEVICE_NEEDS_RESET and a sentence.
 */
final class PublishedDevice implements VdpaBusDriver.Binding {

    private static final Logger LOG = LoggerFactory.getLogger(PublishedDevice.class);

    private static final int SETTLED = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK;
    private static final int LIVE = SETTLED | VIRTIO_CONFIG_S_DRIVER_OK;

    /** A card need not ring when it acknowledges: so often is looked for it. */
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(5);
    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long ENGINE_NANOS = TimeUnit.MICROSECONDS.toNanos(200);
    private static final long END_MILLIS = 3000;

    private final VdpaDevice device;
    private final VdpaConfigOps ops;
    private final HostLink link;
    private final VopSettings settings;
    private final Offer offer;
    private final EntryQueues queues;
    private final LinkMeter meter;
    /** Of each queue. */
    private final LinkMeter[] meters;
    private final Lane lane;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final AtomicBoolean closed = new AtomicBoolean();
    private final Consumer<PublishedDevice> onClosed;
    private PageSlot slot;
    private EntryDoorbell doorbell;

    // Of the lane
    private byte[] config;
    /** It may have changed while nobody was told. */
    private boolean configUnknown;
    private Session session;
    private boolean reset;
    private long resetAt;
    /** What the card has to acknowledge, and until when; NONE for nothing. */
    private int asked = DeviceCtrl.NONE;
    private long askedUntil;
    private boolean askAgain;
    /** A change was not acknowledged in its time: when that comes nobody knows what it is for. */
    private boolean owed;
    private boolean leaving;
    /** The last reset was begun. */
    private boolean released;
    private String fault = "";
    private String missed = "";
    private String stuck = "";

    /** The device has said that its configuration changed. */
    private volatile boolean configTold;
    private volatile boolean leave;
    private volatile boolean live;
    private volatile Health health = Health.OK;

    private PublishedDevice(VdpaDevice device, HostLink link, VopSettings settings, Offer offer, EntryQueues queues,
            Consumer<PublishedDevice> onClosed) {
        this.device = device;
        this.ops = device.ops();
        this.link = link;
        this.settings = settings;
        this.offer = offer;
        this.queues = queues;
        this.onClosed = onClosed;
        meter = link.ops().meter(device.name(), -1);
        meters = new LinkMeter[offer.queues()];
        Arrays.setAll(meters, queue -> link.ops().meter(device.name(), queue));
        lane = new Lane("busbar-vop-" + link.name() + "-" + device.name(), this::turn);
    }

    /**
     * Publishes a device.
     *
     * @param device   which is bound by nobody else
     * @param link     to the card
     * @param settings for it
     * @param onClosed told when it is closed
     * @throws VdpaException if it does not fit an entry, the page is full or not there any more, or the link or the device refuses
     */
    static PublishedDevice publish(
            VdpaDevice device, HostLink link, VopSettings settings, Consumer<PublishedDevice> onClosed) throws VdpaException {
        Offer offer = Offer.of(device);
        device.ops().reset();
        try {
            EntryQueues queues = EntryQueues.allocate(device.name(), link.ops(), offer);
            PublishedDevice published = new PublishedDevice(device, link, settings, offer, queues, onClosed);
            published.beginOrTakeBack();
            return published;
        } catch (InternalError e) {
            throw new VdpaException(VdpaError.EIO, Reason.PROTOCOL_VIOLATION, link.memoryCutShort(), e);
        }
    }

    private void beginOrTakeBack() throws VdpaException {
        boolean begun = false;
        try {
            begin();
            begun = true;
        } finally {
            if (!begun) {
                takeBack();
            }
        }
    }

    private void begin() throws VdpaException {
        doorbell = EntryDoorbell.request(device.name(), link, meter, lane::wake);
        ops.setConfigCallback(this::configCallback);
        config = offer.config(ops);
        slot = queues.publish(device.name(), link, offer, config, doorbell.number());
        link.ringConfig(meter);
        // Last: nothing that fails leaves it behind.
        lane.start();
    }

    /** Nothing was published, or nobody has been told of it. */
    private void takeBack() {
        if (doorbell != null) {
            doorbell.close();
        }
        queues.close();
        try {
            ops.reset();
        } catch (VdpaException e) {
            LOG.warn("{}: {}", device.name(), e.getMessage());
        }
        if (slot != null) {
            link.page().remove(slot, false);
        }
    }

    // As others see it

    /** The entry's offset is what the card's own device says of itself, too. */
    @Override
    public String endpoint() {
        return link.name() + " entry " + slot.offset();
    }

    @Override
    public boolean connected() {
        return live;
    }

    @Override
    public Health health() {
        return health;
    }

    /** Asks the card to let the device go, and takes it away whether it does or not. */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        leave = true;
        lane.wake();
        try {
            if (!ended.await(3L * settings.ackMillis() + END_MILLIS, TimeUnit.MILLISECONDS)) {
                LOG.warn("{}: does not come back from an op, and stays as it is on {}", device.name(), link.name());
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        onClosed.accept(this);
    }

    /** On a thread of the device. */
    private void configCallback() {
        configTold = true;
        lane.wake();
    }

    // On the lane

    private long turn() {
        try {
            long rest = step();
            if (rest != Lane.END) {
                // Else the error of an access would wait until somebody wakes the lane.
                CurrentThread.throwPendingFault();
            }
            return rest;
        } catch (RuntimeException | Error e) {
            // Also an error: memory that the card has taken away shows as one.
            relayFailed(e);
            return LOOK_NANOS;
        }
    }

    /** Throws nothing: the lane goes on, or the device could not be taken away any more. */
    private void relayFailed(Throwable why) {
        if (fault.isEmpty()) {
            LOG.warn("{}: its relay to {} failed", device.name(), link.name(), why);
        }
        try {
            fail(why instanceof InternalError ? link.memoryCutShort() : "the relay to " + link.name() + " failed: " + why);
        } catch (InternalError _) {
            // The error of an access to memory that is gone may come late; the device has failed already.
        }
    }

    private long step() {
        // One byte acknowledges a change and a removal: the one is waited for before the other is asked.
        if (leave && !leaving && (asked == DeviceCtrl.NONE || !link.answers())) {
            beginLeaving();
        }
        if (!reset && !released && isResetAsked()) {
            beginReset();
        }
        long resting = reset ? goOnResetting() : Lane.AGAIN;
        if (leaving && mayLeave() && (!released || resting == Lane.AGAIN)) {
            return depart();
        }
        if (resting != Lane.AGAIN) {
            return resting;
        }
        followCard();
        if (configTold) {
            configTold = false;
            followDevice(true);
        } else if (configUnknown) {
            followDevice(false);
        }
        long wait = checkAcknowledged();
        return Math.min(wait, relay());
    }

    private boolean isResetAsked() {
        boolean used = session != null || !fault.isEmpty();
        boolean asked = slot.resetAsked() || used && slot.status() == 0;
        return asked && !link.page().isCutShort();
    }

    /** Does what the card's driver says in the page. */
    private void followCard() {
        int status = slot.status();
        if (link.page().isCutShort()) {
            fail(link.pageCutShort());
            return;
        }
        if (!fault.isEmpty()) {
            // The card may have written the status as it knew it.
            if (status != 0 && (status & VIRTIO_CONFIG_S_NEEDS_RESET) == 0) {
                slot.status(status | VIRTIO_CONFIG_S_NEEDS_RESET);
            }
            if (slot.usedAddressesUpdated()) {
                slot.usedAddressesTaken();
            }
            return;
        }
        if (session == null && (status & VIRTIO_CONFIG_S_FEATURES_OK) != 0) {
            settle();
        }
        if (fault.isEmpty() && slot.usedAddressesUpdated()) {
            connect();
            slot.usedAddressesTaken();
        }
        if (fault.isEmpty() && session != null && !live && (status & VIRTIO_CONFIG_S_DRIVER_OK) != 0) {
            goLive();
        }
    }

    /** The driver's features are there: they are checked, and given to the device. */
    private void settle() {
        long accepted = slot.acceptedFeatures();
        Optional<String> refusal = FeatureRules.refusal(offer.deviceId(), offer.features(), accepted);
        if (refusal.isPresent()) {
            fail("features of the card's driver: " + refusal.get());
            return;
        }
        try {
            long features = offer.forDevice(accepted);
            ops.setStatus(VIRTIO_CONFIG_S_ACKNOWLEDGE);
            ops.setStatus(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
            ops.setDriverFeatures(features);
            ops.setStatus(SETTLED);
            if ((ops.getStatus() & VIRTIO_CONFIG_S_FEATURES_OK) == 0) {
                fail("the device refused " + FeatureNames.names(offer.deviceId(), features));
                return;
            }
            session = Session.open(device, new SessionPlan(link.name(), link.ops(), offer.queues(), offer.size(), accepted,
                    features, settings.queueBytes(), settings.dmaThreshold(), lane::wake));
        } catch (VdpaException e) {
            fail("the device cannot be set up: " + sentence(e));
        } catch (VopException e) {
            fail("there is no memory for its requests: " + e.getMessage());
        }
    }

    /** The used rings are there. */
    private void connect() {
        if (session == null || live) {
            fail("the card's driver gave used rings " + (live ? "after DRIVER_OK" : "before FEATURES_OK"));
            return;
        }
        for (int i = 0; i < offer.queues() && fault.isEmpty(); i++) {
            long address = slot.usedAddress(i);
            if (address == 0 || session.isConnected(i)) {
                continue;
            }
            try {
                if (address % Integer.BYTES != 0) {
                    fail("queue " + i + ": used ring at 0x" + Long.toHexString(address) + ": expected a multiple of 4");
                    return;
                }
                session.connect(i, queues.ring(i), address);
            } catch (VopException e) {
                fail("queue " + i + ": used ring: " + e.getMessage());
            } catch (VdpaException e) {
                fail("queue " + i + " cannot be set up: " + sentence(e));
            }
        }
    }

    private void goLive() {
        try {
            ops.setStatus(LIVE);
        } catch (VdpaException e) {
            fail("the device cannot be set up: " + sentence(e));
            return;
        }
        session.run();
        live = true;
    }

    /**
     * Tells the card what the device says of itself.
     *
     * @param told that something has changed: a driver may wait for that alone, as Linux does for the size of a console
     */
    private void followDevice(boolean told) {
        configUnknown = false;
        if (session != null && fault.isEmpty() && (ops.getStatus() & VIRTIO_CONFIG_S_NEEDS_RESET) != 0) {
            fail("the device needs a reset");
        }
        byte[] now = offer.config(ops);
        boolean other = !Arrays.equals(now, config);
        if (other) {
            config = now;
            slot.config(now);
        }
        if (other || told && fault.isEmpty()) {
            ask(DeviceCtrl.CONFIG_CHANGED);
        }
    }

    private long relay() {
        if (session == null || !session.isRunning()) {
            return Lane.SLEEP;
        }
        boolean more = false;
        for (int i = 0; i < meters.length; i++) {
            more |= session.work(i);
            ring(i);
        }
        String broken = session.fault();
        if (!broken.isEmpty()) {
            fail(broken);
            return Lane.AGAIN;
        }
        if (more) {
            return Lane.AGAIN;
        }
        return session.waitsForEngine() ? ENGINE_NANOS : Lane.SLEEP;
    }

    /** One doorbell is for all queues; it is not rung later because there is work on another one. */
    private void ring(int queue) {
        int number = session.takeCall(queue) ? slot.cardDoorbell() : -1;
        if (number >= 0) {
            link.ops().sendInterrupt(number, meters[queue]);
        }
    }

    // What the card has to acknowledge

    private void ask(int what) {
        if (what == DeviceCtrl.CONFIG_CHANGED && (leave || asked != DeviceCtrl.NONE)) {
            askAgain = !leave;
            return;
        }
        slot.ask(what);
        if (!link.ringConfig(meter)) {
            // Nobody is there: who comes reads the page as it is.
            slot.askNothing();
            asked = DeviceCtrl.NONE;
            return;
        }
        asked = what;
        askedUntil = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(settings.ackMillis());
    }

    /** Returns how long to sleep at most. */
    private long checkAcknowledged() {
        if (asked == DeviceCtrl.NONE) {
            return Lane.SLEEP;
        }
        if (!leaving && slot.acknowledged()) {
            link.heard();
            missed = "";
            // It may be that of an earlier change, which the card had looked at before this one was there.
            askAgain |= owed && !leave;
            owed = false;
            return askNext();
        }
        long rest = askedUntil - System.nanoTime();
        if (leaving || rest > 0) {
            return Math.min(Math.max(rest, 1), LOOK_NANOS);
        }
        link.missed();
        owed = true;
        missed = link.name() + " did not acknowledge a change of the configuration within " + settings.ackMillis() + " ms";
        LOG.warn("{}: {}", device.name(), missed);
        return askNext();
    }

    private long askNext() {
        slot.askNothing();
        asked = DeviceCtrl.NONE;
        if (askAgain) {
            askAgain = false;
            ask(DeviceCtrl.CONFIG_CHANGED);
        }
        tellHealth();
        return Lane.AGAIN;
    }

    // Faults and resets

    /** The device cannot go on before its driver has reset it. */
    private void fail(String why) {
        if (!fault.isEmpty()) {
            return;
        }
        fault = why;
        live = false;
        if (session != null) {
            session.halt();
        }
        LOG.warn("{} on {}: {}; it needs a reset", device.name(), link.name(), why);
        tellHealth();
        slot.status(slot.status() | VIRTIO_CONFIG_S_NEEDS_RESET);
        ask(DeviceCtrl.CONFIG_CHANGED);
    }

    private void tellHealth() {
        if (!stuck.isEmpty()) {
            health = new Health(Reason.BACKEND_STUCK, stuck);
        } else if (!fault.isEmpty()) {
            health = new Health(Reason.DEVICE_NEEDS_RESET, fault);
        } else {
            health = missed.isEmpty() ? Health.OK : new Health(Reason.NO_ANSWER, missed);
        }
    }

    private void beginReset() {
        reset = true;
        live = false;
        resetAt = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(settings.ackMillis());
        if (session != null) {
            session.halt();
        }
    }

    /** Returns how long to wait, or AGAIN when the device is as at first. */
    private long goOnResetting() {
        long now = System.nanoTime();
        boolean late = now >= resetAt;
        if (session != null && session.inFlight() > 0 && !late) {
            return resetAt - now;
        }
        try {
            ops.reset();
            if (session != null) {
                device.dma().setMap(0, DriverMemory.EMPTY);
            }
        } catch (VdpaException | RuntimeException e) {
            stuck = "the device does not let go of its requests: " + (e instanceof VdpaException refused ? sentence(refused) : e);
            tellHealth();
            reset = !released || !late;
            return reset ? RETRY_NANOS : Lane.AGAIN;
        }
        letGo();
        // Total before it is said: status, rings, features and addresses are as at first.
        boolean wanted = slot.resetAsked();
        queues.clear();
        for (int i = 0; i < offer.queues(); i++) {
            slot.clearUsedAddress(i);
        }
        slot.clearAcceptedFeatures();
        slot.usedAddressesTaken();
        slot.status(0);
        fault = "";
        stuck = "";
        tellHealth();
        reset = false;
        if (!released) {
            ops.setConfigCallback(this::configCallback);
            configUnknown = true;
        }
        if (wanted) {
            slot.resetDone();
        }
        return Lane.AGAIN;
    }

    private void letGo() {
        if (session == null) {
            return;
        }
        if (session.inFlight() > 0) {
            LOG.warn("{}: the link to {} does not end what it copies; the memory is left to it until it is gone", device.name(), link.name());
            link.keep(session.abandon());
        } else {
            session.close();
        }
        session = null;
    }

    // Leaving

    private void beginLeaving() {
        leaving = true;
        askAgain = false;
        owed |= asked != DeviceCtrl.NONE;
        asked = DeviceCtrl.NONE;
        if (link.answers()) {
            ask(DeviceCtrl.DEV_REMOVE);
        }
    }

    private boolean mayLeave() {
        if (asked == DeviceCtrl.NONE || hasLetGo() || !link.answers()) {
            return true;
        }
        if (System.nanoTime() - askedUntil < 0) {
            return false;
        }
        link.missed();
        LOG.warn("{}: {} did not let it go within {} ms; it is taken away", device.name(), link.name(), settings.ackMillis());
        return true;
    }

    /** Returns whether the card says so: a driver that goes takes its doorbell with it before it acknowledges. */
    private boolean hasLetGo() {
        return slot.isRemoved() || slot.acknowledged() && (!owed || slot.cardDoorbell() < 0);
    }

    /** The card has let go, or has had its time. */
    private long depart() {
        if (!released) {
            released = true;
            beginReset();
            return Lane.AGAIN;
        }
        boolean unused = isUnused();
        // An acknowledgement that is owed would be written into whatever is there then.
        link.page().remove(slot, unused && !owed);
        slot.askNothing();
        doorbell.close();
        if (unused) {
            queues.close();
        } else {
            queues.leaveTo(link);
        }
        ended.countDown();
        return Lane.END;
    }

    /** Returns whether the card has nothing of the device any more. */
    private boolean isUnused() {
        if (link.isGone()) {
            return true;
        }
        if (link.page().isCutShort()) {
            return false;
        }
        return asked == DeviceCtrl.NONE ? link.page().configDoorbell() < 0 : hasLetGo();
    }

    private static String sentence(VdpaException e) {
        return e.getMessage().isEmpty() ? e.error().text() : e.getMessage();
    }
}
