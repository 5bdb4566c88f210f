package io.busbar.drivers.vop;

import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.AttributeInfo;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaBuses;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VdpaManagementDevice;
import io.busbar.api.vdpa.VdpaParentDevice;
import io.busbar.api.vop.LinkMeter;
import io.busbar.api.vop.VopDevice;
import io.busbar.api.vop.VopError;
import io.busbar.api.vop.VopException;
import io.busbar.api.vop.VopHardwareOps;
import io.busbar.api.vop.VopInterrupt;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.virtio.VirtioIds;
import io.busbar.core.virtio.vop.DeviceCtrl;
import io.busbar.core.virtio.vop.DeviceDesc;
import io.busbar.core.virtio.vop.DevicePage;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The card's end of one link: its bus, on which the management device {@code vop} makes a device of each entry of the host's page.
 * A device is there as long as its entry, unless a user removes it before; {@code vdpa dev add name block0 mgmtdev mic0/vop} adds
 * it again.
 *
 * <p>The doorbell for changes is published before the page is read for the first time, so that no change is missed. Removal and
 * change of the configuration are acknowledged when they are done here.
 *
 * <p>The page is followed by a thread of its own; what the management device does is done by the bus's threads.
 */
final class Card implements VdpaManagementDevice, AutoCloseable {

    /** The name of the management device. */
    static final String NAME = "vop";

    private static final Logger LOG = LoggerFactory.getLogger(Card.class);
    private static final String PAGE = "page";
    private static final int NO_QUEUE = -1;
    private static final int NO_DOORBELL = -1;
    private static final long CLOSE_SECONDS = 60;
    private static final long AGAIN_MILLIS = 500;
    private static final String PAGE_GONE = "the host has taken its page away";

    /** Makes the management device known to the bus. */
    @FunctionalInterface
    interface Registrar {

        /**
         * Registers it.
         *
         * @param bus   it is for
         * @param maker the management device
         */
        Registration register(String bus, VdpaManagementDevice maker);
    }

    /** That it is known. */
    interface Registration extends AutoCloseable {

        /** It may make what it could not make before. */
        void changed();

        @Override
        void close();
    }

    /** An entry that was found. */
    private static final class Known {
        final String name;
        final PageEntry entry;
        /** Why its device could not be added, to be told with the place that is kept for it. */
        volatile VdpaException refusal;
        volatile EntryDevice device;

        Known(String name, PageEntry entry) {
            this.name = name;
            this.entry = entry;
        }
    }

    private final String name;
    private final VopHardwareOps link;
    private final VdpaBuses buses;
    private final Registrar registrar;
    private final Settings settings;
    private final ExecutorService thread;
    private final AtomicBoolean changed = new AtomicBoolean();
    /** The page will be looked at again without a doorbell. */
    private final AtomicBoolean again = new AtomicBoolean();
    private final Map<String, Known> named = new ConcurrentHashMap<>();
    private volatile boolean linkGone;

    // On the thread
    private final List<Known> entries = new ArrayList<>();
    private CardPage page;
    private VopInterrupt interrupt;
    private VdpaBuses.OpenBus bus;
    private Registration registration;
    private long handles;
    private String trouble = "";

    /**
     * Begins.
     *
     * @param device    the end of the link
     * @param buses     makes the bus
     * @param registrar makes the management device known
     * @param settings  how long the host may take
     */
    Card(VopDevice device, VdpaBuses buses, Registrar registrar, Settings settings) {
        name = device.name();
        link = device.ops();
        this.buses = buses;
        this.registrar = registrar;
        this.settings = settings;
        thread = Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("busbar-vop-" + name).factory());
        thread.execute(this::begin);
    }

    private void begin() {
        try {
            page = new CardPage(link.remoteDevicePage().orElseThrow(
                    () -> new VopException(VopError.EPROTO, "the link has no page of the host")));
            page.read(); // Throws for one that is no page, and then there is no bus.
            bus = buses.open(name);
            registration = registrar.register(name, this);
            int doorbell = link.nextDoorbell();
            interrupt = link.requestInterrupt(doorbell, PAGE, link.meter(PAGE, NO_QUEUE), () -> {
                link.acknowledgeInterrupt(doorbell);
                pageChanged();
            });
            page.configDb(doorbell);
            follow();
        } catch (VdpaException | VopException | IllegalArgumentException e) {
            LOG.error("{}: devices of the host cannot be used: {}", name, e.getMessage());
        } catch (InternalError gone) {
            LOG.error("{}: devices of the host cannot be used: {}", name, PAGE_GONE);
        }
    }

    /** Any thread; several changes at once are looked at once. */
    private void pageChanged() {
        if (changed.compareAndSet(false, true)) {
            try {
                thread.execute(this::follow);
            } catch (RejectedExecutionException _) {
                // The card is closed.
            }
        }
    }

    /**
     * Ends: the devices leave the bus, and that goes.
     *
     * @param gone whether the host cannot be reached any more, and is not asked
     */
    void close(boolean gone) {
        linkGone = gone;
        thread.execute(this::end);
        thread.shutdown();
        try {
            if (!thread.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
                LOG.error("{}: devices do not leave the bus", name);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        close(false);
    }

    /** Whatever the host has taken away meanwhile: a bus that stayed would be in the way of the next card of this name. */
    private void end() {
        if (interrupt != null) {
            step(() -> page.configDb(NO_DOORBELL));
            step(interrupt::close);
        }
        if (registration != null) {
            step(registration::close);
        }
        if (bus != null) {
            step(bus::close);
        }
        if (page != null) {
            step(page::close);
        }
    }

    private void step(Runnable step) {
        try {
            step.run();
        } catch (RuntimeException | InternalError e) {
            LOG.warn("{}: at its end: {}", name, e.toString());
        }
    }

    // The page

    private void follow() {
        changed.set(false);
        try {
            followPage();
        } catch (InternalError gone) {
            tellOnce(PAGE_GONE);
        }
    }

    private void followPage() {
        Optional<DevicePage> now = look();
        if (now.isEmpty()) {
            return;
        }
        List<DevicePage.Slot> live = now.get().entries().stream().filter(DevicePage.Slot::live).toList();
        for (Known known : List.copyOf(entries)) {
            Optional<DevicePage.Slot> slot = live.stream().filter(known.entry::is).findFirst();
            if (slot.isPresent()) {
                attend(known, slot.get());
            } else {
                leave(known);
            }
        }
        for (DevicePage.Slot slot : live) {
            if (entries.stream().noneMatch(known -> known.entry.offset() == slot.offset())) {
                arrive(slot.offset());
            }
        }
    }

    /** Reads the page; one that makes no sense is told once, and changes nothing. */
    private Optional<DevicePage> look() {
        try {
            DevicePage now = page.read();
            trouble = "";
            return Optional.of(now);
        } catch (IllegalArgumentException wrong) {
            tellOnce(wrong.getMessage());
            return Optional.empty();
        }
    }

    private void tellOnce(String sentence) {
        if (!sentence.equals(trouble) && !linkGone) {
            trouble = sentence;
            LOG.error("{}: {}", name, trouble);
        }
    }

    /** Its type is written last: only what is read after that was seen is all of it. */
    private void arrive(int offset) {
        Optional<DevicePage.Slot> whole = look().stream()
                .flatMap(now -> now.entries().stream())
                .filter(slot -> slot.live() && slot.offset() == offset)
                .findFirst();
        if (whole.isEmpty()) {
            return;
        }
        Known known = new Known(freeName(whole.get().entry().desc()), page.take(whole.get(), ++handles));
        entries.add(known);
        named.put(known.name, known);
        add(known);
    }

    private String freeName(DeviceDesc desc) {
        String kind = switch (desc.type()) {
            case VirtioIds.VIRTIO_ID_NET -> "net";
            case VirtioIds.VIRTIO_ID_BLOCK -> "block";
            case VirtioIds.VIRTIO_ID_CONSOLE -> "console";
            default -> "type" + desc.type() + "-";
        };
        int number = 0;
        while (named.containsKey(kind + number)) {
            number++;
        }
        return kind + number;
    }

    /** What is refused has its place on the bus all the same, with the reason, and the bus tries again. */
    private void add(Known known) {
        try {
            bus.bus().devAdd(NAME, new AddRequest(known.name, Map.of()), false);
        } catch (VdpaException refused) {
            if (refused.error() == VdpaError.EEXIST) {
                registration.changed();
                return;
            }
            LOG.warn("{}/{}: {}", name, known.name, refused.getMessage());
            known.refusal = refused;
            try {
                bus.bus().devAdd(NAME, new AddRequest(known.name, Map.of()), false);
            } catch (VdpaException again) {
                LOG.error("{}/{}: {}", name, known.name, again.getMessage());
            }
        }
    }

    private void attend(Known known, DevicePage.Slot slot) {
        DeviceCtrl ctrl = slot.entry().ctrl();
        EntryDevice device = known.device;
        boolean asked = ctrl.configChange() != DeviceCtrl.NONE && ctrl.guestAck() == 0;
        if (asked && ctrl.configChange() == DeviceCtrl.DEV_REMOVE) {
            if (!remove(known)) {
                return; // What is acknowledged the host gives to another device.
            }
        } else if (asked && device != null) {
            device.configChanged(known.entry.readConfig());
        }
        if (asked) {
            known.entry.acknowledge();
            link.sendInterrupt(known.entry.hostDb(), meter(known));
        }
        if (device != null) {
            device.statusOfHost(slot.entry().desc().status());
        }
    }

    private LinkMeter meter(Known known) {
        return link.meter(known.name, NO_QUEUE);
    }

    private void leave(Known known) {
        if (remove(known)) {
            entries.remove(known);
            named.remove(known.name, known);
        }
    }

    /** Returns whether it is off the bus; if not it is tried again. */
    private boolean remove(Known known) {
        try {
            bus.bus().devDel(known.name);
            return true;
        } catch (VdpaException refused) {
            if (refused.error() == VdpaError.ENODEV) {
                return true;
            }
            LOG.error("{}/{}: the host has removed it, and it cannot be taken off the bus yet: {}", name, known.name,
                    refused.getMessage());
            lookAgainLater();
            return false;
        }
    }

    /** Once, however many devices and looks want it. */
    private void lookAgainLater() {
        if (again.compareAndSet(false, true)) {
            CompletableFuture.delayedExecutor(AGAIN_MILLIS, TimeUnit.MILLISECONDS).execute(() -> {
                again.set(false);
                pageChanged();
            });
        }
    }

    // The management device

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Set<Integer> supportedClasses() {
        return Set.of(VirtioIds.VIRTIO_ID_NET, VirtioIds.VIRTIO_ID_BLOCK, VirtioIds.VIRTIO_ID_CONSOLE);
    }

    /** Returns what every device offers; the rest is what the host offers. */
    @Override
    public long supportedFeatures() {
        return EntryFeatures.always();
    }

    @Override
    public int maxSupportedVqs() {
        return DeviceDesc.MAX_QUEUES;
    }

    @Override
    public List<AttributeInfo> attributes() {
        return List.of();
    }

    @Override
    public VdpaParentDevice devAdd(AddRequest request) throws VdpaException {
        if (!request.attributes().isEmpty()) {
            throw new VdpaException(VdpaError.EINVAL, "unknown word " + request.attributes().keySet().iterator().next()
                    + ": what a device of vop is, its host says");
        }
        Known known = named.get(request.name());
        if (known == null) {
            throw new VdpaException(VdpaError.EAGAIN, Reason.NOT_CONNECTED,
                    "the host's page has no device " + request.name(), null);
        }
        VdpaException refusal = known.refusal;
        known.refusal = null;
        if (refusal != null) {
            throw new VdpaException(VdpaError.EAGAIN, refusal.reason() == Reason.NONE ? Reason.INTERNAL : refusal.reason(),
                    refusal.getMessage(), refusal);
        }
        known.device = make(known);
        return known.device;
    }

    private EntryDevice make(Known known) throws VdpaException {
        known.entry.check();
        try {
            return new EntryDevice(known.name, name, known.entry, link, settings, () -> linkGone);
        } catch (VopException e) {
            throw new VdpaException(VdpaError.EINVAL, Reason.PROTOCOL_VIOLATION,
                    known.entry + " cannot be used: " + e.getMessage(), e);
        } catch (InternalError gone) {
            throw new VdpaException(VdpaError.EINVAL, Reason.PROTOCOL_VIOLATION,
                    known.entry + " cannot be used: its rings were taken away", gone);
        } catch (LinuxException e) {
            throw new VdpaException(VdpaError.EIO, Reason.INTERNAL, e.getMessage(), e);
        }
    }

    @Override
    public void devDel(VdpaParentDevice device) {
        named.values().stream().filter(known -> known.device == device).forEach(known -> known.device = null);
        ((EntryDevice) device).close();
    }
}
