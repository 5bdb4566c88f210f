package io.busbar.core.bus;

import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.BusSnapshot;
import io.busbar.api.vdpa.Handover;
import io.busbar.api.vdpa.HandoverBus;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.LeavingDevice;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.SwapReport;
import io.busbar.api.vdpa.SwapRequest;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaBusDriver;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VdpaManagementDevice;
import io.busbar.api.vdpa.VdpaParentDevice;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A vDPA bus: devices, who makes them and who is bound to them, all of which may come and go.
 *
 * <p>A device that cannot be there keeps its place ({@link DeviceSlot}), says why, and is added again when the part that
 * it lacks is back; so does one that no bus driver could bind. What was refused although all parts are there, because its
 * image or its socket is in use, is tried again by itself ({@link Retry}). Only a device that a user adds by command is
 * refused as a whole if it cannot be made, bound or kept; one that cannot be made yet (EAGAIN) keeps its place too.
 *
 * <p>Threads: {@link package-info the package} tells the locks. What parts that arrive make possible is done on the
 * executor; what parts that leave make necessary is done before the call returns.
 */
final class Bus implements HandoverBus {

    private static final Logger LOG = LoggerFactory.getLogger(Bus.class);
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int STEPS_OF_TAKING_OFF = 3;
    private static final Comparator<PluggedIn<?>> BY_RANK = Comparator.<PluggedIn<?>>comparingInt(PluggedIn::rank).reversed();

    private final String name;
    private final Executor control;
    private final UnaryOperator<List<BusSnapshot.Part>> parts;
    private final Duration patience;
    private final ChangeLock changes;
    private final PatientCalls patient;
    private final LongSupplier nanoTime;
    private final List<PluggedIn<VdpaManagementDevice>> makers = new CopyOnWriteArrayList<>();
    private final List<PluggedIn<VdpaBusDriver>> drivers = new CopyOnWriteArrayList<>();
    private final AtomicLong changeCount = new AtomicLong();
    private volatile Map<String, DeviceSlot> slots = Map.of();
    private Optional<DeviceStore> store = Optional.empty();
    /** Names of devices that are being made. */
    private final Set<String> reserved = ConcurrentHashMap.newKeySet();
    private volatile boolean behind;
    /** Devices that come from another process; under the lock of changes. */
    private Arrival arrival;

    /**
     * Makes an empty bus.
     *
     * @param name    its name
     * @param control does what arrivals make possible, one after the other
     * @param parts   completes the list of management devices and bus drivers that are there for a snapshot
     */
    Bus(String name, Executor control, UnaryOperator<List<BusSnapshot.Part>> parts) {
        this(name, control, parts, PATIENCE);
    }

    /** As the other one, but waits for another change only so long. */
    Bus(String name, Executor control, UnaryOperator<List<BusSnapshot.Part>> parts, Duration patience) {
        this(name, control, parts, patience, System::nanoTime);
    }

    /** As the other ones, but by another clock. */
    Bus(
            String name,
            Executor control,
            UnaryOperator<List<BusSnapshot.Part>> parts,
            Duration patience,
            LongSupplier nanoTime) {
        this.name = name;
        this.nanoTime = nanoTime;
        this.control = control;
        this.parts = parts;
        this.patience = patience;
        changes = new ChangeLock("bus " + name, patience);
        // Taking a device off takes up to three of these, which is what others wait for a change.
        patient = new PatientCalls(changes, patience.dividedBy(STEPS_OF_TAKING_OFF));
    }

    @Override
    public String name() {
        return name;
    }

    // Devices by command

    @Override
    public Optional<VdpaDevice> devAdd(String managementDevice, AddRequest request, boolean persistent)
            throws VdpaException {
        checkName(request.name());
        String what = "dev add of " + request.name();
        List<PluggedIn<VdpaManagementDevice>> found = new ArrayList<>();
        changes.run(what, () -> found.add(reserve(managementDevice, request.name())));
        PluggedIn<VdpaManagementDevice> maker = found.getFirst();
        try {
            VdpaDevice[] added = new VdpaDevice[1];
            maker.turn().run(what, () -> added[0] = addWhole(what, maker, request, persistent));
            return Optional.ofNullable(added[0]);
        } finally {
            reserved.remove(request.name());
        }
    }

    /** Finds who makes a device, and keeps its name free while it is made: that may take long, and holds nobody else up. */
    private PluggedIn<VdpaManagementDevice> reserve(String managementDevice, String device) throws VdpaException {
        PluggedIn<VdpaManagementDevice> maker = maker(managementDevice).orElseThrow(Bus::noSuchMaker);
        if (slots.containsKey(device) || !reserved.add(device)) {
            throw taken(device);
        }
        return maker;
    }

    private static VdpaException noSuchMaker() {
        return new VdpaException(
                VdpaError.ENODEV, Reason.NO_MANAGEMENT_DEVICE, "Fail to find the specified management device", null);
    }

    private VdpaException taken(String device) {
        return new VdpaException(VdpaError.EEXIST, Reason.IN_USE,
                "device name \"" + device + "\": expected one that no device on bus " + name + " has", null);
    }

    private static void checkName(String device) throws VdpaException {
        if (!NAME.matcher(device).matches()) {
            throw new VdpaException(VdpaError.EINVAL, "device name \"" + device
                    + "\": expected 1 to 64 letters, digits, '.', '_' and '-', with a letter or digit first");
        }
    }

    /**
     * Adds a device or leaves nothing behind; returns null for one that has its place and is not there yet. In the turn of
     * its maker, and while that works not in the bus's change.
     */
    private VdpaDevice addWhole(
            String what, PluggedIn<VdpaManagementDevice> maker, AddRequest request, boolean persistent)
            throws VdpaException {
        DeviceSlot slot = new DeviceSlot(record(maker.name(), request), persistent && store.isPresent());
        Optional<VdpaParentDevice> parent = makeOrKeepThePlace(what, slot, maker);
        boolean[] begun = new boolean[1];
        try {
            changes.run(what, () -> {
                begun[0] = true;
                putWhole(slot, maker, parent);
            });
        } catch (VdpaException refused) {
            if (!begun[0]) {
                parent.ifPresent(made -> Vendors.revoke(maker, made));
            }
            throw refused;
        }
        return slot.present();
    }

    private Optional<VdpaParentDevice> makeOrKeepThePlace(
            String what, DeviceSlot slot, PluggedIn<VdpaManagementDevice> maker) throws VdpaException {
        try {
            VdpaParentDevice[] made = new VdpaParentDevice[1];
            changes.asPart(what, () -> made[0] = Vendors.add(maker, new AddRequest(slot.name(), slot.words())));
            return Optional.of(made[0]);
        } catch (VdpaException refused) {
            if (refused.error() != VdpaError.EAGAIN) {
                throw refused;
            }
            slot.health(why(refused));
            slot.retry().later(nanoTime.getAsLong());
            return Optional.empty();
        }
    }

    private void putWhole(
            DeviceSlot slot, PluggedIn<VdpaManagementDevice> maker, Optional<VdpaParentDevice> parent)
            throws VdpaException {
        boolean left = !makers.contains(maker);
        if (left || slots.containsKey(slot.name())) {
            parent.ifPresent(made -> Vendors.revoke(maker, made));
            throw left ? noSuchMaker() : taken(slot.name());
        }
        if (parent.isPresent()) {
            install(slot, maker, parent.get());
        }
        put(slot);
        try {
            Optional<VdpaException> refusal = slot.present() == null ? Optional.empty() : bind(slot);
            if (refusal.isPresent()) {
                throw refusal.get();
            }
            save(slot, slots.values());
        } catch (VdpaException refused) {
            takeOff(slot, Vendors::revoke, Health.OK);
            drop(slot);
            throw refused;
        }
        observe(slot);
    }

    private static DeviceRecord record(String managementDevice, AddRequest request) {
        Map<String, String> words = new LinkedHashMap<>(request.attributes());
        Optional<String> override = Optional.ofNullable(words.remove(DRIVER_OVERRIDE)).filter(word -> !word.isEmpty());
        return new DeviceRecord(request.name(), managementDevice, override, words);
    }

    @Override
    public void devDel(String device) throws VdpaException {
        changes.run("dev del of " + device, () -> {
            DeviceSlot slot = slot(device);
            save(slot, slots.values().stream().filter(other -> other != slot).toList());
            BusSnapshot.State last = DeviceStates.look(slot).state();
            takeOff(slot, Health.OK);
            drop(slot);
            LOG.info("{}: {} -> removed", device, last);
        });
    }

    @Override
    public void setDriverOverride(String device, Optional<String> busDriver) throws VdpaException {
        changes.run("driver override of " + device, () -> {
            DeviceSlot slot = slot(device);
            Optional<String> before = slot.override();
            slot.override(busDriver.filter(word -> !word.isEmpty()));
            try {
                save(slot, slots.values());
            } catch (VdpaException refused) {
                slot.override(before);
                throw refused;
            }
            rebind(slot);
            observe(slot);
        });
    }

    /** Not in the bus's change: a backend may take long to open, and holds up its own device only. */
    @Override
    public SwapReport swapBackend(String device, SwapRequest request) throws VdpaException {
        DeviceSlot slot = slot(device);
        SwapReport report = Vendors.swap(present(slot), request);
        if (!request.dryRun()) {
            changes.runInside("keeping the backend of " + device, () -> {
                if (slots.get(device) == slot) {
                    slot.words(report.attributes());
                    save(slot, slots.values());
                }
            });
            LOG.info("{}: backend {} -> {}, pause {} us", device, report.from(), report.to(), report.pause().toNanos() / 1000);
        }
        observe(slot);
        return report;
    }

    /** Not in the bus's change either. */
    @Override
    public SwapReport swapModel(String device, Duration deadline, boolean dryRun) throws VdpaException {
        DeviceSlot slot = slot(device);
        SwapReport report = Vendors.swapModel(present(slot), deadline, dryRun);
        if (!dryRun) {
            LOG.info("{}: device model {} -> {}, pause {} us", device, report.from(), report.to(),
                    report.pause().toNanos() / 1000);
        }
        observe(slot);
        return report;
    }

    private static PresentDevice present(DeviceSlot slot) throws VdpaException {
        PresentDevice present = slot.present();
        if (present == null) {
            throw new VdpaException(VdpaError.ENODEV, slot.health().reason(), slot.health().sentence(), null);
        }
        return present;
    }

    /** A bus driver that may not bind the device, as things are now, does not keep it. */
    private void rebind(DeviceSlot slot) {
        Bound bound = slot.bound();
        if (bound != null && !mayBind(bound.driver(), slot)) {
            unbind(slot);
        }
        if (slot.present() != null && slot.bound() == null) {
            bind(slot);
        }
    }

    private DeviceSlot slot(String device) throws VdpaException {
        DeviceSlot slot = slots.get(device);
        if (slot == null) {
            throw new VdpaException(VdpaError.ENODEV, Reason.NOT_FOUND, "device not found", null);
        }
        return slot;
    }

    // To and from another process

    @Override
    public void handOver(Successor successor) throws VdpaException {
        changes.run("handing over to another process", () -> {
            Departure.of(slots.values(), successor);
            // They are the successor's: nobody here adds, binds or takes them off any more.
            makers.clear();
            drivers.clear();
            slots = Map.of();
        });
    }

    @Override
    public void open(List<Place> places) throws VdpaException {
        changes.run("opening what another process hands over", () -> {
            if (arrival != null || !slots.isEmpty()) {
                throw new VdpaException(VdpaError.EBUSY, "bus " + name + " has devices: expected one that has none");
            }
            arrival = new Arrival(new Arriving());
            arrival.open(places);
        });
    }

    @Override
    public void adopt(Stopped device) throws VdpaException {
        changes.run("taking over from another process", () -> {
            if (arrival == null) {
                throw new VdpaException(VdpaError.EINVAL, "nothing was opened that could be taken over");
            }
            arrival.adopt(device);
        });
    }

    @Override
    public void resume() {
        leave("serving what another process has handed over", () -> {
            if (arrival != null) {
                arrival.resume().forEach(this::put);
                arrival = null;
            }
        });
    }

    private final class Arriving implements Arrival.Host {

        @Override
        public Optional<PluggedIn<VdpaManagementDevice>> maker(String wanted) {
            return Bus.this.maker(wanted);
        }

        @Override
        public Optional<PluggedIn<VdpaBusDriver>> driver(String wanted) {
            return drivers.stream().filter(driver -> driver.name().equals(wanted)).findFirst();
        }

        @Override
        public void make(DeviceSlot slot, PluggedIn<VdpaManagementDevice> maker, Optional<Handover> prepared) throws VdpaException {
            install(slot, maker, Vendors.add(maker, new AddRequest(slot.name(), slot.words()), prepared));
        }
    }

    // Parts that come and go

    /** A management device is there: devices that lack it are added. */
    void arrived(VdpaManagementDevice service, String origin) {
        makers.add(pluggedIn(service, "management device ", Vendors.ask(service::name, "?"), origin, 0));
        reconcileSoon();
    }

    private <T> PluggedIn<T> pluggedIn(T service, String kind, String itsName, String origin, int rank) {
        return new PluggedIn<>(service, itsName, origin, rank, new ChangeLock(kind + itsName, patience));
    }

    /** A management device may be able to do what it could not before. */
    void changed() {
        reconcileSoon();
    }

    /** A management device goes: its devices leave the bus before the return. */
    void left(VdpaManagementDevice service) {
        List<PluggedIn<VdpaManagementDevice>> gone = makers.stream().filter(maker -> maker.is(service)).toList();
        makers.removeAll(gone);
        gone.forEach(this::awaitTurn);
        leave("departure of a management device", () -> {
            for (DeviceSlot slot : slots.values()) {
                PresentDevice device = slot.present();
                if (device != null && device.maker().is(service)) {
                    takeOff(slot, noMaker(slot));
                }
            }
        });
    }

    /** What a command has it make right now is complete, or taken back, before it is gone. */
    private void awaitTurn(PluggedIn<VdpaManagementDevice> maker) {
        try {
            maker.turn().runInside("departure", () -> { });
        } catch (VdpaException late) {
            LOG.error("{}", late.getMessage());
        }
    }

    /** A bus driver is there: devices that have none are offered to it, before those of a lower rank. */
    void arrived(VdpaBusDriver service, String origin, int rank) {
        drivers.add(pluggedIn(service, "bus driver ", Vendors.ask(service::name, "?"), origin, rank));
        drivers.sort(BY_RANK);
        reconcileSoon();
    }

    /** A bus driver goes: its bindings are closed before the return. */
    void left(VdpaBusDriver service) {
        drivers.removeIf(driver -> driver.is(service));
        leave("departure of a bus driver", () -> {
            for (DeviceSlot slot : slots.values()) {
                Bound bound = slot.bound();
                if (bound != null && bound.driver().is(service)) {
                    unbind(slot);
                    slot.health(noDriver(slot));
                }
            }
        });
    }

    private void leave(String what, ChangeLock.Change change) {
        changeCount.incrementAndGet();
        try {
            changes.runInside(what, change);
        } catch (VdpaException late) {
            LOG.error("{}", late.getMessage());
        }
        reconcileSoon();
    }

    private void reconcileSoon() {
        changeCount.incrementAndGet();
        control.execute(this::reconcile);
    }

    /**
     * Lets go of parts that left while another change took too long; adds what is absent, binds what is unbound, as far
     * as the parts that are there allow.
     */
    private void reconcile() {
        try {
            changes.run("adding and binding what can be", () -> {
                for (DeviceSlot slot : slots.values()) {
                    letGo(slot);
                    if (slot.present() == null) {
                        restore(slot);
                    }
                    if (slot.present() != null && slot.bound() == null) {
                        bind(slot);
                    }
                    observe(slot);
                }
            });
        } catch (VdpaException late) {
            behind = true;
            LOG.error("{}", late.getMessage());
        }
    }

    private void letGo(DeviceSlot slot) {
        Bound bound = slot.bound();
        if (bound != null && !drivers.contains(bound.driver())) {
            unbind(slot);
        }
        PresentDevice device = slot.present();
        if (device != null && !makers.contains(device.maker())) {
            takeOff(slot, noMaker(slot));
        }
    }

    private void restore(DeviceSlot slot) {
        Optional<PluggedIn<VdpaManagementDevice>> maker = maker(slot.managementDevice());
        if (maker.isEmpty()) {
            slot.health(noMaker(slot));
            slot.retry().none();
            return;
        }
        try {
            PluggedIn<VdpaManagementDevice> from = maker.get();
            install(slot, from, patient.make(
                    from,
                    "dev add of " + slot.name(),
                    () -> Vendors.add(from, new AddRequest(slot.name(), slot.words())),
                    parent -> control.execute(() -> comesLate(slot, from, parent))));
        } catch (VdpaException refused) {
            slot.health(why(refused));
            slot.retry().later(nanoTime.getAsLong());
        }
    }

    /** What was made after the bus had gone on is taken, if it is still wanted. */
    private void comesLate(DeviceSlot slot, PluggedIn<VdpaManagementDevice> maker, VdpaParentDevice parent) {
        late(slot, () -> Vendors.delete(maker, parent), () -> {
            boolean wanted = slot.present() == null && makers.contains(maker);
            if (wanted) {
                install(slot, maker, parent);
                bind(slot);
            }
            return wanted;
        });
    }

    private void comesLate(DeviceSlot slot, PresentDevice device, Bound bound) {
        late(slot, () -> Vendors.close(slot.name(), bound), () -> {
            boolean wanted = slot.present() == device && slot.bound() == null && drivers.contains(bound.driver());
            if (wanted) {
                bound(slot, bound);
            }
            return wanted;
        });
    }

    private void late(DeviceSlot slot, Runnable apart, PatientCalls.Making<Boolean> take) {
        boolean[] taken = new boolean[1];
        try {
            changes.run("late arrival at " + slot.name(), () -> {
                // What cannot be installed was taken apart there.
                taken[0] = slots.get(slot.name()) == slot;
                taken[0] = taken[0] && take.make();
                observe(slot);
            });
        } catch (VdpaException refused) {
            LOG.error("{}: {}", slot.name(), refused.getMessage());
        }
        if (!taken[0]) {
            apart.run();
        }
    }

    // Persistence

    /**
     * Keeps devices in a directory from now on, and adds those that are kept there already.
     *
     * @param kept where; empty keeps none
     */
    void keep(Optional<DeviceStore> kept) {
        try {
            changes.run("reading the list of devices", () -> {
                store = kept;
                List<DeviceRecord> records = kept.isEmpty() ? List.of() : kept.get().load();
                records.forEach(this::putBack);
            });
        } catch (VdpaException unreadable) {
            LOG.error("{}", unreadable.getMessage());
        }
        reconcileSoon();
    }

    private void putBack(DeviceRecord record) {
        try {
            checkName(record.name());
        } catch (VdpaException wrong) {
            LOG.error("a device in the list of devices is left out: {}", wrong.getMessage());
            return;
        }
        if (!slots.containsKey(record.name())) {
            DeviceSlot slot = new DeviceSlot(record, true);
            slot.health(noMaker(slot));
            put(slot);
        }
    }

    /** Writes the list, if a change of this device changes it. */
    private void save(DeviceSlot changed, Iterable<DeviceSlot> all) throws VdpaException {
        if (!changed.persistent() || store.isEmpty()) {
            return;
        }
        List<DeviceRecord> records = new ArrayList<>();
        for (DeviceSlot slot : all) {
            if (slot.persistent()) {
                records.add(slot.record());
            }
        }
        store.get().save(records);
    }

    // Steps of a change; the lock is held

    /** Puts a device that was made into its place, or takes it apart. */
    private void install(DeviceSlot slot, PluggedIn<VdpaManagementDevice> maker, VdpaParentDevice parent)
            throws VdpaException {
        try {
            slot.present(new PresentDevice(
                    name, slot, maker, parent, () -> statusChanged(slot), bytes -> resized(slot, bytes)));
        } catch (RuntimeException thrown) {
            Vendors.revoke(maker, parent);
            throw new VdpaException(VdpaError.EIO, Reason.INTERNAL,
                    maker.name() + " made a device that cannot be used: " + thrown, thrown);
        }
        slot.health(noDriver(slot));
    }

    /** Offers the device to the bus drivers, by rank and then in the order in which they came; returns why the first failed. */
    private Optional<VdpaException> bind(DeviceSlot slot) {
        VdpaException failure = null;
        for (PluggedIn<VdpaBusDriver> driver : drivers) {
            if (!mayBind(driver, slot)) {
                continue;
            }
            try {
                bound(slot, probe(driver, slot));
                return Optional.empty();
            } catch (VdpaException refused) {
                failure = failure == null ? refused : failure;
            }
        }
        if (failure == null) {
            slot.health(noDriver(slot));
            slot.retry().none();
        } else {
            slot.health(why(failure));
            slot.retry().later(nanoTime.getAsLong());
        }
        return Optional.ofNullable(failure);
    }

    private Bound probe(PluggedIn<VdpaBusDriver> driver, DeviceSlot slot) throws VdpaException {
        PresentDevice device = slot.present();
        return patient.make(
                driver,
                "probe of " + slot.name(),
                () -> Vendors.probe(driver, device),
                late -> control.execute(() -> comesLate(slot, device, late)));
    }

    private static void bound(DeviceSlot slot, Bound binding) {
        slot.bound(binding);
        slot.health(Health.OK);
        slot.retry().none();
    }

    private static boolean mayBind(PluggedIn<VdpaBusDriver> driver, DeviceSlot slot) {
        return slot.override()
                .map(wanted -> wanted.equals(driver.name()))
                .orElseGet(() -> Vendors.matches(driver, slot.present()));
    }

    private void unbind(DeviceSlot slot) {
        Bound bound = slot.bound();
        if (bound != null) {
            patient.call("unbinding " + slot.name(), () -> Vendors.close(slot.name(), bound));
            slot.bound(null);
        }
    }

    private void takeOff(DeviceSlot slot, Health why) {
        takeOff(slot, Vendors::delete, why);
    }

    /** Takes the device off the bus: its bus driver first, then everybody's way to it, then the device itself. */
    private void takeOff(
            DeviceSlot slot, BiConsumer<PluggedIn<VdpaManagementDevice>, VdpaParentDevice> apart, Health why) {
        unbind(slot);
        PresentDevice device = slot.present();
        if (device != null) {
            device.remove(patient.patience());
            slot.present(null);
            patient.call("deleting " + slot.name(), () -> apart.accept(device.maker(), device.parent()));
        }
        slot.health(why);
    }

    private void put(DeviceSlot slot) {
        Map<String, DeviceSlot> next = new LinkedHashMap<>(slots);
        next.put(slot.name(), slot);
        slots = next;
        changeCount.incrementAndGet();
    }

    private void drop(DeviceSlot slot) {
        Map<String, DeviceSlot> next = new LinkedHashMap<>(slots);
        next.remove(slot.name(), slot);
        slots = next;
        changeCount.incrementAndGet();
    }

    private Optional<PluggedIn<VdpaManagementDevice>> maker(String wanted) {
        return makers.stream().filter(maker -> maker.name().equals(wanted)).findFirst();
    }

    private static Health why(VdpaException refused) {
        String sentence = refused.getMessage();
        return new Health(
                refused.reason() == Reason.NONE ? Reason.INTERNAL : refused.reason(),
                sentence.isEmpty() ? refused.error().text() : sentence);
    }

    private static Health noMaker(DeviceSlot slot) {
        return new Health(
                Reason.NO_MANAGEMENT_DEVICE, "management device " + slot.managementDevice() + " is not there");
    }

    private static Health noDriver(DeviceSlot slot) {
        return new Health(
                Reason.NO_BUS_DRIVER,
                slot.override()
                        .map(wanted -> "bus driver " + wanted + " is not there")
                        .orElse("no bus driver takes the device"));
    }

    // Looking at the bus: no lock

    @Override
    public List<VdpaDevice> devices() {
        List<VdpaDevice> devices = new ArrayList<>();
        for (DeviceSlot slot : slots.values()) {
            PresentDevice device = slot.present();
            if (device != null) {
                devices.add(device);
            }
        }
        return List.copyOf(devices);
    }

    @Override
    public Optional<VdpaDevice> device(String device) {
        return Optional.ofNullable(slots.get(device)).map(DeviceSlot::present);
    }

    @Override
    public List<VdpaManagementDevice> managementDevices() {
        return makers.stream().filter(this::isFirst).map(PluggedIn::part).toList();
    }

    private boolean isFirst(PluggedIn<VdpaManagementDevice> maker) {
        return maker(maker.name()).filter(first -> first == maker).isPresent();
    }

    @Override
    public BusSnapshot snapshot() {
        List<BusSnapshot.Part> there = new ArrayList<>();
        for (PluggedIn<VdpaManagementDevice> maker : makers) {
            Health health = isFirst(maker)
                    ? Health.OK
                    : new Health(Reason.CONFIG_INVALID, "a management device " + maker.name() + " was there before");
            there.add(new BusSnapshot.Part(
                    BusSnapshot.Kind.MANAGEMENT_DEVICE, "", maker.name(), maker.origin(), health));
        }
        for (PluggedIn<VdpaBusDriver> driver : drivers) {
            there.add(new BusSnapshot.Part(
                    BusSnapshot.Kind.BUS_DRIVER, "", driver.name(), driver.origin(), Health.OK));
        }
        return new BusSnapshot(
                name, changeCount.get(), parts.apply(there), slots.values().stream().map(this::look).toList());
    }

    /**
     * Notes states that only the devices know: one that holds, or whose client came or went. Catches up with changes, and
     * tries again what was refused.
     */
    void observe() {
        if (behind) {
            behind = false;
            reconcileSoon();
        } else if (slots.values().stream().anyMatch(slot -> slot.retry().isDue(nanoTime.getAsLong()))) {
            control.execute(this::reconcile);
        }
        slots.values().forEach(this::observe);
        slots.values().stream().filter(Bus::wantsToLeave).forEach(slot -> control.execute(() -> letLeave(slot)));
    }

    private static boolean wantsToLeave(DeviceSlot slot) {
        PresentDevice device = slot.present();
        return device != null && device.parent() instanceof LeavingDevice leaving && Vendors.ask(leaving::wantsToLeave, false);
    }

    /** Removes a device that wants it, unless it has changed its mind or was replaced meanwhile. */
    private void letLeave(DeviceSlot slot) {
        if (slots.get(slot.name()) != slot || !wantsToLeave(slot)) {
            return;
        }
        Health why = DeviceStates.condition(slot).health();
        try {
            devDel(slot.name());
            LOG.warn("{}: removed by itself ({}: {})", slot.name(), why.reason(), why.sentence());
        } catch (VdpaException refused) {
            LOG.error("{}: cannot be removed: {}", slot.name(), refused.getMessage());
        }
    }

    private void observe(DeviceSlot slot) {
        DeviceStates.Condition now = DeviceStates.condition(slot);
        seen(slot, now.state(), now.health());
    }

    private BusSnapshot.Device look(DeviceSlot slot) {
        BusSnapshot.Device now = DeviceStates.look(slot);
        seen(slot, now.state(), now.health());
        return now;
    }

    private void seen(DeviceSlot slot, BusSnapshot.State state, Health health) {
        if (slot.seen(state, health)) {
            changeCount.incrementAndGet();
        }
    }

    /** A change that the bus itself makes is looked at when it is complete. */
    private void statusChanged(DeviceSlot slot) {
        if (!changes.isMine()) {
            observe(slot);
        }
    }

    /** A device has a new capacity, with which it comes back. */
    private void resized(DeviceSlot slot, long bytes) throws VdpaException {
        changes.runInside("keeping the size of " + slot.name(), () -> {
            if (slot.resized(bytes)) {
                save(slot, slots.values());
            }
        });
    }

    /** Takes every device off the bus; what is kept stays kept. */
    void close() {
        leave("closing the bus", () -> {
            for (DeviceSlot slot : slots.values()) {
                takeOff(slot, noMaker(slot));
            }
            slots = Map.of();
        });
    }
}
