package io.busbar.drivers.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendException.Kind;
import io.busbar.api.memory.DriverMemory;
import io.busbar.api.memory.MemoryRegion;
import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.BackendFeatures;
import io.busbar.api.vdpa.ConsoleAccess;
import io.busbar.api.vdpa.ConsolePort;
import io.busbar.api.vdpa.ConsoleViewer;
import io.busbar.api.vdpa.DmaDomain;
import io.busbar.api.vdpa.DmaFaultCounter;
import io.busbar.api.vdpa.Handover;
import io.busbar.api.vdpa.HandoverDevice;
import io.busbar.api.vdpa.IncrementalIommu;
import io.busbar.api.vdpa.KickDescriptors;
import io.busbar.api.vdpa.LinkControl;
import io.busbar.api.vdpa.OnChipIommu;
import io.busbar.api.vdpa.PlatformDma;
import io.busbar.api.vdpa.QueueStatistics;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.ResizableCapacity;
import io.busbar.api.vdpa.Suspendable;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VdpaParentDevice;
import io.busbar.api.vdpa.VqState;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SimDeviceTest {

    private static final int UP_TO_FEATURES_OK = 11;
    private static final int UP_TO_DRIVER_OK = 15;
    private static final long ACCEPTED = FakeEngine.VERSION_1 | FakeModels.FLUSH;

    private final FakeEngine engine = new FakeEngine();
    private final FakeModels models = new FakeModels();
    private final FakeBackends file = new FakeBackends("file");
    private final Factories factories = new Factories();
    private final ExecutorService callbacks = Executors.newSingleThreadExecutor();
    private final SimManagementDevice sim = new SimManagementDevice(
            SimClass.ALL.getFirst(),
            new SimServices(
                    engine, factories, new Reaper(Duration.ofSeconds(10), Duration.ofSeconds(10)), callbacks));

    @BeforeEach
    void partsAreThere() {
        factories.add(models, null);
        factories.add(file, null);
    }

    @AfterEach
    void end() {
        sim.close();
        callbacks.shutdown();
    }

    private VdpaParentDevice add(String... words) throws VdpaException {
        Map<String, String> attributes = new LinkedHashMap<>();
        for (int i = 0; i < words.length; i += 2) {
            attributes.put(words[i], words[i + 1]);
        }
        return sim.devAdd(new AddRequest("disk0", attributes));
    }

    private VdpaParentDevice disk() throws VdpaException {
        return add("backend", "file", "path", "/x");
    }

    private static void run(VdpaConfigOps ops) throws VdpaException {
        ops.setStatus(3);
        ops.setDriverFeatures(ACCEPTED);
        ops.setStatus(UP_TO_FEATURES_OK);
        ops.setVqReady(0, true);
        ops.setStatus(UP_TO_DRIVER_OK);
    }

    private static VdpaException refused(ThrowingCallable op) {
        VdpaException refusal = catchThrowableOfType(VdpaException.class, op);
        assertThat(refusal).as("refusal").isNotNull();
        return refusal;
    }

    private void leaves(FakeBackends factory) {
        factories.remove(factory);
        sim.partsLeft();
    }

    private void leaves(FakeModels factory) {
        factories.remove(factory);
        sim.partsLeft();
    }

    private void comes(FakeBackends factory) {
        factories.add(factory, null);
        sim.partsCame();
    }

    private void comes(FakeModels factory) {
        factories.add(factory, null);
        sim.partsCame();
    }

    @Nested
    class Words {

        @Test
        void go_to_the_device_the_model_and_the_backend() throws VdpaException {
            VdpaParentDevice device = add(
                    "backend", "file", "path", "/x", "serial", "S1", "readonly", "on", "size", "1G", "queues", "4", "dma",
                    "platform");
            assertThat(models.last().context.attributes()).isEqualTo(Map.of("serial", "S1", "queues", "4"));
            assertThat(models.last().context.deviceName()).isEqualTo("disk0");
            assertThat(file.last().path).isEqualTo("/x");
            assertThat(file.last().context.readOnly()).isTrue();
            assertThat(file.last().context.deviceName()).isEqualTo("disk0");
            assertThat(device.vqCount()).isEqualTo(4);
            assertThat(device.ops()).isInstanceOf(PlatformDma.class);
        }

        @Test
        void that_are_shown_are_those_that_were_given_but_for_secrets() throws VdpaException {
            VdpaParentDevice device = add("backend", "file", "path", "/x", ".password", "p");
            assertThat(device.details())
                    .containsExactly(
                            Map.entry("backend", "file"), Map.entry("path", "/x"), Map.entry("backend_bundle", "fake 1"),
                            Map.entry("model_bundle", ""));
        }

        @Test
        void without_a_backend_list_those_that_are_there() {
            factories.add(new FakeBackends("memory"), null);
            VdpaException refusal = refused(() -> add("path", "/x"));
            assertThat(refusal.error()).isEqualTo(VdpaError.EINVAL);
            assertThat(refusal).hasMessage("backend is missing: expected backend NAME, one of file, memory");
        }

        @Test
        void with_an_unknown_backend_list_those_that_are_there() {
            VdpaException refusal = refused(() -> add("backend", "flie", "path", "/x"));
            assertThat(refusal.error()).isEqualTo(VdpaError.ENODEV);
            assertThat(refusal.reason()).isEqualTo(Reason.NO_BACKEND);
            assertThat(refusal).hasMessage("backend flie is not there: expected one of file");
        }

        @Test
        void that_nobody_knows_are_named_with_what_is_known_and_the_backend_is_closed() {
            VdpaException refusal = refused(() -> add("backend", "file", "path", "/x", "sise", "1G"));
            assertThat(refusal.error()).isEqualTo(VdpaError.EINVAL);
            assertThat(refusal)
                    .hasMessage("unknown word sise: backend file knows .password, path, size; its device knows queues, serial;"
                            + " every device knows backend, readonly, dma, no_backend,"
                            + " no_backend_after");
            assertThat(file.last().closed).isTrue();
            assertThat(models.last().closed).isTrue();
        }

        @Test
        void with_a_wrong_value_quote_it() {
            assertThat(refused(() -> add("backend", "file", "path", "/x", "readonly", "yes")))
                    .hasMessage("readonly yes: expected on or off");
            assertThat(refused(() -> add("backend", "file", "path", "/x", "dma", "magic")))
                    .hasMessage("dma magic: expected device, platform or incremental");
            assertThat(refused(() -> add("backend", "file", "path", "/x", "size", "0")))
                    .hasMessageContaining("size 0: expected a size above 0");
            assertThat(file.opened).as("nothing is left open").allMatch(backend -> backend.closed);
        }

        @Test
        void are_listed_for_help() {
            assertThat(sim.attributes())
                    .extracting(attribute -> attribute.name())
                    .containsExactly(
                            "backend", "readonly", "dma", "no_backend", "no_backend_after", "serial", "queues");
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void what_a_backend_says_reaches_the_user_with_the_error_of_its_kind(Kind kind) {
        file.failure = new BackendException(kind, "/x: it is so");
        VdpaException refusal = refused(SimDeviceTest.this::disk);
        assertThat(refusal).hasMessage("/x: it is so");
        assertThat(refusal.error())
                .isEqualTo(switch (kind) {
                    case CONFIG_INVALID -> VdpaError.EINVAL;
                    case NOT_FOUND -> VdpaError.ENOENT;
                    case PERMISSION -> VdpaError.EACCES;
                    case IN_USE -> VdpaError.EBUSY;
                    case NO_SPACE -> VdpaError.ENOSPC;
                    case FAILED -> VdpaError.EIO;
                });
        assertThat(refusal.reason()).isNotEqualTo(Reason.NONE);
        assertThat(models.last().closed).isTrue();
    }

    @Test
    void a_backend_that_may_not_call_native_code_says_so() {
        file.failure = new BackendException(
                Kind.FAILED, "native access is off", new IllegalStateException(new IllegalCallerException("no")));
        VdpaException refusal = refused(this::disk);
        assertThat(refusal.error()).isEqualTo(VdpaError.EPERM);
        assertThat(refusal.reason()).isEqualTo(Reason.NATIVE_ACCESS_DISABLED);
    }

    @Test
    void without_a_device_model_nothing_is_made() {
        factories.remove(models);
        VdpaException refusal = refused(this::disk);
        assertThat(refusal.reason()).isEqualTo(Reason.NO_DEVICE_MODEL);
        assertThat(file.opened).isEmpty();
    }

    @Test
    void a_model_that_does_not_take_the_backend_refuses_the_device_as_a_whole() {
        file.misfit = true;
        assertThat(refused(this::disk)).hasMessage("the backend is read-only now");
        assertThat(file.last().revoked).as("what its opening changed is taken back").isTrue();
        assertThat(models.last().closed).isTrue();
        assertThat(engine.path).isNull();
    }

    @Test
    void a_model_that_lacks_a_class_leaves_no_backend_open() {
        models.lacksClass = true;
        assertThatThrownBy(this::disk).isInstanceOf(NoClassDefFoundError.class);
        assertThat(file.last().closed).isTrue();
        assertThat(models.last().closed).isTrue();
    }

    @Test
    void a_device_that_the_bus_refuses_takes_back_what_its_backends_opening_changed() throws VdpaException {
        VdpaParentDevice device = disk();
        sim.devRevoke(device);
        assertThat(engine.path.closed).isTrue();
        assertThat(file.last().revoked).isTrue();
        assertThat(models.last().closed).isTrue();
    }

    @Test
    void deleting_closes_everything() throws VdpaException {
        VdpaParentDevice device = disk();
        sim.devDel(device);
        assertThat(engine.path.closed).isTrue();
        assertThat(file.last().closed).isTrue();
        assertThat(file.last().revoked).isFalse();
        assertThat(models.last().closed).isTrue();
    }

    @Nested
    class Ops {

        @Test
        void offer_the_models_features_and_the_rings_but_no_access_platform() throws VdpaException {
            VdpaConfigOps ops = disk().ops();
            assertThat(ops.getDeviceFeatures()).isEqualTo(FakeModels.FLUSH | FakeEngine.VERSION_1);
            assertThat(ops.getDeviceId()).isEqualTo(2);
            assertThat(ops.getVqNumMax()).isEqualTo(256);
            assertThat(ops.getConfigSize()).isEqualTo(FakeModels.CONFIG_SIZE);
        }

        @Test
        void bring_the_device_up() throws VdpaException {
            VdpaConfigOps ops = disk().ops();
            run(ops);
            assertThat(ops.getStatus()).isEqualTo(UP_TO_DRIVER_OK);
            assertThat(ops.getDriverFeatures()).isEqualTo(ACCEPTED);
            assertThat(engine.path.features).isEqualTo(ACCEPTED);
            assertThat(engine.path.running).isTrue();
            assertThat(models.last().calls).contains("setDriverFeatures " + Long.toHexString(ACCEPTED));
        }

        @Test
        void leave_features_ok_clear_without_version_1() throws VdpaException {
            VdpaConfigOps ops = disk().ops();
            ops.setStatus(3);
            ops.setDriverFeatures(FakeModels.FLUSH);
            ops.setStatus(UP_TO_FEATURES_OK);
            assertThat(ops.getStatus()).isEqualTo(3);
            assertThat(models.last().calls).containsExactly("attach");
        }

        @Test
        void reset_all_but_memory_and_configuration() throws VdpaException {
            VdpaConfigOps ops = disk().ops();
            ((OnChipIommu) ops).setMap(0, DriverMemory.EMPTY);
            run(ops);
            ops.reset();
            assertThat(ops.getStatus()).isZero();
            assertThat(ops.getDriverFeatures()).isZero();
            assertThat(engine.path.running).isFalse();
            assertThat(models.last().calls).endsWith("setDriverFeatures 0");
        }

        @Test
        void keep_the_status_when_the_reset_does_not_end() throws VdpaException {
            VdpaParentDevice device = disk();
            run(device.ops());
            engine.path.stuck = true;
            assertThat(refused(device.ops()::reset).error()).isEqualTo(VdpaError.ETIMEDOUT);
            assertThat(device.ops().getStatus()).isEqualTo(UP_TO_DRIVER_OK);
            assertThat(device.health().reason()).isEqualTo(Reason.BACKEND_STUCK);

            engine.path.stuck = false;
            device.ops().reset();
            assertThat(device.ops().getStatus()).isZero();
            assertThat(device.health().ok()).isTrue();
        }

        @Test
        void say_that_a_request_is_overdue_and_go_on() throws VdpaException {
            VdpaParentDevice device = disk();
            run(device.ops());
            engine.path.overdue = "1 request of queue 0 in flight since then";
            assertThat(device.health().reason()).isEqualTo(Reason.REQUEST_OVERDUE);
            assertThat(device.health().sentence()).isEqualTo("1 request of queue 0 in flight since then");
            engine.path.overdue = "";
            assertThat(device.health().ok()).isTrue();
        }

        @Test
        void pass_the_rest_to_the_data_path() throws VdpaException {
            VdpaConfigOps ops = disk().ops();
            ops.setVqNum(0, 8);
            ops.setVqAddress(0, 0, 0, 0);
            ops.setVqState(0, VqState.Split.INITIAL);
            ops.setVqCallback(0, null);
            ((KickDescriptors) ops).setVqKickDescriptor(0, 5);
            ops.kickVq(0);
            ((Suspendable) ops).suspend();
            ((Suspendable) ops).resume();
            assertThat(engine.path.calls)
                    .containsExactly(
                            "attach", "setVqNum 0 8", "setVqAddress 0", "setVqState 0", "setVqCallback 0",
                            "setVqKickDescriptor 0 5", "kick 0", "pause", "run");
            assertThat(ops.getVqState(0)).isEqualTo(new VqState.Split(3));
            assertThat(((DmaFaultCounter) ops).dmaFaults()).isEqualTo(6);
            assertThat(((BackendFeatures) ops).getBackendFeatures()).isEqualTo(BackendFeatures.ENABLE_AFTER_DRIVER_OK);
            assertThat(((QueueStatistics) ops).getVendorVqStats(0)).containsExactly(
                    Map.entry("reads", 10L), Map.entry("kicks", 2L));
        }

        @Test
        void say_that_the_driver_broke_a_queue_until_the_reset() throws VdpaException {
            VdpaParentDevice device = disk();
            List<Thread> told = Collections.synchronizedList(new ArrayList<>());
            device.ops().setConfigCallback(() -> told.add(Thread.currentThread()));
            run(device.ops());
            engine.path.events.queueBroken(0, "descriptor loop");

            assertThat(device.ops().getStatus()).isEqualTo(UP_TO_DRIVER_OK | 0x40);
            assertThat(device.health().reason()).isEqualTo(Reason.DEVICE_NEEDS_RESET);
            assertThat(device.health().sentence()).isEqualTo("queue 0: descriptor loop");
            Eventually.that("the driver is told", () -> told.size() == 1);
            assertThat(told.getFirst()).as("on another thread").isNotSameAs(Thread.currentThread());

            device.ops().reset();
            assertThat(device.ops().getStatus()).isZero();
            assertThat(device.health().ok()).isTrue();
        }
    }

    /** The other process's device is one beside it, as far as the device knows. */
    @Nested
    class Upgrade {

        @Test
        void hands_over_the_generation_and_that_the_driver_has_to_reset_it() throws VdpaException {
            HandoverDevice old = (HandoverDevice) disk();
            run(old.ops());
            file.last().context.infoChanged();
            file.last().context.infoChanged();
            engine.path.events.queueBroken(0, "descriptor loop");
            HandoverDevice next = (HandoverDevice) disk();
            next.ops().setStatus(3);
            next.ops().setDriverFeatures(ACCEPTED);
            next.ops().setStatus(UP_TO_FEATURES_OK);

            next.takeOver(old.handOver());

            assertThat(next.ops().getGeneration()).isEqualTo(old.ops().getGeneration()).isPositive();
            assertThat(next.ops().getStatus()).isEqualTo(UP_TO_FEATURES_OK | 0x40);
            assertThat(next.health()).isEqualTo(old.health());
            assertThat(next.health().sentence()).isEqualTo("queue 0: descriptor loop");
            next.ops().reset();
            assertThat(next.health().ok()).isTrue();
        }

        @Test
        void counts_from_where_the_other_one_was_and_not_what_was_rehearsed() throws VdpaException {
            HandoverDevice old = (HandoverDevice) disk();
            Map<String, Long> counted = ((QueueStatistics) old.ops()).getVendorVqStats(0);
            HandoverDevice next = (HandoverDevice) disk();
            next.takeOver(next.handOver());
            next.takeOver(old.handOver());
            assertThat(counted).containsEntry("kicks", 2L);
            assertThat(((QueueStatistics) next.ops()).getVendorVqStats(0)).isEqualTo(counted);
        }

        @Test
        void keeps_open_what_the_other_process_is_given_also_if_its_bundle_leaves_meanwhile() throws VdpaException {
            file.handsOver = true;
            HandoverDevice old = (HandoverDevice) disk();
            FakeBackends.Opened before = file.last();
            old.prepareHandover();
            factories.remove(file);
            assertThat(before.closed).isFalse();
            assertThat(old.health().ok()).isTrue();
            old.cancelHandover();
            Eventually.that("it is let go", () -> before.closed);
            assertThat(old.health().reason()).isEqualTo(Reason.NO_BACKEND);
        }

        @Test
        void opens_the_backend_with_what_the_other_one_prepared_and_lets_it_go_on_when_it_is_alone() throws VdpaException {
            file.handsOver = true;
            HandoverDevice old = (HandoverDevice) disk();
            assertThat(file.last().context.predecessor()).isEmpty();
            FakeBackends.Owner before = (FakeBackends.Owner) file.last();
            Handover prepared = old.prepareHandover().orElseThrow();
            assertThat(prepared.descriptors()).containsExactly(7);

            HandoverDevice next = (HandoverDevice) sim.devAdd(
                    new AddRequest("disk0", Map.of("backend", "file", "path", "/x")), prepared);

            FakeBackends.Owner after = (FakeBackends.Owner) file.last();
            assertThat(after.context.predecessor()).contains(before.handOver());
            assertThat(after.wentOn).isZero();
            next.goOn();
            assertThat(after.wentOn).isOne();
            old.cancelHandover();
            assertThat(before.wentOn).isOne();
        }

        @Test
        void does_not_open_a_backend_with_what_another_one_prepared() {
            Handover other = new Handover("backend memory", 3, new byte[0], List.of());
            assertThat(refused(() -> sim.devAdd(new AddRequest("disk0", Map.of("backend", "file", "path", "/x")), other)))
                    .hasMessageEndingWith("expected backend file version 3");
        }
    }

    @Nested
    class Translation {

        @Test
        void of_the_device_replaces_the_table() throws VdpaException {
            VdpaConfigOps ops = disk().ops();
            assertThat(ops).isNotInstanceOf(PlatformDma.class).isNotInstanceOf(IncrementalIommu.class);
            try (Arena arena = Arena.ofConfined()) {
                DriverMemory table = DriverMemory.of(List.of(region(arena, 0)));
                ((OnChipIommu) ops).setMap(0, table);
                assertThat(engine.path.memory).isSameAs(table);
                assertThat(refused(() -> ((OnChipIommu) ops).setMap(1, table)).error()).isEqualTo(VdpaError.EINVAL);
            }
        }

        @Test
        void of_the_platform_follows_the_domain() throws VdpaException {
            VdpaConfigOps ops = add("backend", "file", "path", "/x", "dma", "platform").ops();
            assertThat(ops).isNotInstanceOf(OnChipIommu.class).isNotInstanceOf(IncrementalIommu.class);
            DmaDomain.Listener[] listener = new DmaDomain.Listener[1];
            ((PlatformDma) ops).attachDomain(new DmaDomain() {
                @Override
                public DriverMemory memory() {
                    return DriverMemory.EMPTY;
                }

                @Override
                public void onChange(Listener newListener) {
                    listener[0] = newListener;
                }
            });
            try (Arena arena = Arena.ofConfined()) {
                DriverMemory table = DriverMemory.of(List.of(region(arena, 0)));
                listener[0].changed(table);
                assertThat(engine.path.memory).isSameAs(table);
            }
        }

        @Test
        void range_by_range_keeps_a_table() throws VdpaException {
            IncrementalIommu iommu =
                    (IncrementalIommu) add("backend", "file", "path", "/x", "dma", "incremental").ops();
            assertThat(iommu).isNotInstanceOf(OnChipIommu.class).isNotInstanceOf(PlatformDma.class);
            try (Arena arena = Arena.ofConfined()) {
                iommu.dmaMap(0, region(arena, 0x1000));
                iommu.dmaMap(0, region(arena, 0x2000));
                assertThat(refused(() -> iommu.dmaMap(0, region(arena, 0x1020))).error()).isEqualTo(VdpaError.EEXIST);
                assertThat(refused(() -> iommu.dmaUnmap(0, 0x1000, 8)).error()).isEqualTo(VdpaError.ENOENT);
                iommu.dmaUnmap(0, 0x1000, 64);
                assertThat(engine.path.memory.regions()).extracting(MemoryRegion::iova).containsExactly(0x2000L);
            }
        }

        private static MemoryRegion region(Arena arena, long iova) {
            return new MemoryRegion(iova, 64, arena.allocate(64), true, -1, 0);
        }
    }

    @Nested
    class LookingOn {

        @ParameterizedTest
        @EnumSource(DmaKind.class)
        void is_shown_if_the_device_model_can_whatever_the_translation(DmaKind dma) throws VdpaException {
            String word = dma.name().toLowerCase(Locale.ROOT);
            assertThat(add("backend", "file", "path", "/x", "dma", word).ops()).isNotInstanceOf(ConsoleAccess.class);
            models.console = true;
            ConsoleAccess ops = (ConsoleAccess) add("backend", "file", "path", "/x", "dma", word).ops();
            assertThat(ops.consolePorts()).extracting(ConsolePort::name).containsExactly("console");
            ops.view(3, ConsoleViewer.Mode.WATCH, "me");
            assertThat(models.last().calls).contains("view 3 WATCH me");
        }

        @Test
        void says_what_is_missing_while_the_device_model_is_away() throws VdpaException {
            models.console = true;
            ConsoleAccess ops = (ConsoleAccess) disk().ops();
            leaves(models);

            assertThat(refused(ops::consolePorts).error()).isEqualTo(VdpaError.EAGAIN);
            assertThat(refused(ops::consolePorts).reason()).isEqualTo(Reason.NO_DEVICE_MODEL);
        }
    }

    @Test
    void a_backend_says_what_came_of_its_words_and_what_it_recovers_from() throws VdpaException {
        file.details = Map.of("path", "/not/this", "address", "127.0.0.1:4000");
        VdpaParentDevice device = disk();
        assertThat(device.details()).containsEntry("path", "/x").containsEntry("address", "127.0.0.1:4000");
        file.last().context.failed("the disk is full");
        assertThat(device.health().sentence()).isEqualTo("the disk is full");
        file.last().context.recovered();
        assertThat(device.health().ok()).isTrue();
    }

    @Nested
    class Link {

        @ParameterizedTest
        @EnumSource(DmaKind.class)
        void is_shown_if_the_model_has_one_whatever_the_translation(DmaKind dma) throws VdpaException {
            String word = dma.name().toLowerCase(Locale.ROOT);
            assertThat(add("backend", "file", "path", "/x", "dma", word).ops()).isNotInstanceOf(LinkControl.class);
            models.linked = true;
            VdpaConfigOps ops = add("backend", "file", "path", "/x", "dma", word).ops();
            ((LinkControl) ops).setLink(false);
            assertThat(models.last().calls).contains("setLink false");
        }

        @Test
        void that_is_down_is_down_for_the_next_model_too() throws VdpaException {
            models.linked = true;
            VdpaConfigOps ops = disk().ops();
            ((LinkControl) ops).setLink(false);
            leaves(models);
            comes(models);
            Eventually.that("the device goes on", () -> engine.path.model != null);
            assertThat(models.made).hasSize(2);
            assertThat(models.last().calls).contains("setLink false");
        }

        @Test
        void of_a_device_whose_backend_is_away_cannot_be_told() throws VdpaException {
            models.linked = true;
            VdpaConfigOps ops = disk().ops();
            leaves(file);
            assertThat(refused(() -> ((LinkControl) ops).setLink(false)).error()).isEqualTo(VdpaError.EAGAIN);
        }
    }

    @Nested
    class Resizing {

        @ParameterizedTest
        @EnumSource(DmaKind.class)
        void is_shown_if_the_backend_can_whatever_the_translation(DmaKind dma) throws VdpaException {
            String word = dma.name().toLowerCase(Locale.ROOT);
            assertThat(add("backend", "file", "path", "/x", "dma", word).ops()).isNotInstanceOf(ResizableCapacity.class);
            file.resizable = true;
            assertThat(add("backend", "file", "path", "/x", "dma", word).ops()).isInstanceOf(ResizableCapacity.class);
        }

        @Test
        void a_backend_that_comes_back_is_opened_with_the_size_that_it_was_given_last() throws VdpaException {
            file.resizable = true;
            VdpaParentDevice device = add("backend", "file", "path", "/x", "size", "2K");
            ((ResizableCapacity) device.ops()).resize(4096);
            assertThat(device.details()).containsEntry("size", "4096");
            leaves(file);
            comes(file);

            Eventually.that("the device goes on", () -> engine.path.model != null);
            assertThat(file.opened).hasSize(2);
            assertThat(file.last().context.settings().text("size")).contains("4096");
        }

        @Test
        void reaches_the_backend_and_the_driver_is_told() throws VdpaException {
            file.resizable = true;
            VdpaConfigOps ops = disk().ops();
            List<String> told = Collections.synchronizedList(new ArrayList<>());
            ops.setConfigCallback(() -> told.add("changed"));
            int before = ops.getGeneration();
            ((ResizableCapacity) ops).resize(4096);

            assertThat(((FakeBackends.Resizable) file.last()).size).isEqualTo(4096);
            assertThat(ops.getGeneration()).isEqualTo(before + 1);
            Eventually.that("the driver is told", () -> told.size() == 1);
            assertThat(refused(() -> ((ResizableCapacity) ops).resize(1 << 21)).error()).isEqualTo(VdpaError.ENOSPC);
        }

        @Test
        void is_done_while_no_request_is_in_flight_and_the_queues_go_on_however_it_ends() throws VdpaException {
            file.resizable = true;
            VdpaConfigOps ops = disk().ops();
            List<String> modelDuring = new ArrayList<>();
            ((FakeBackends.Resizable) file.last()).duringResize = () -> modelDuring.add("" + engine.path.model);
            ((ResizableCapacity) ops).resize(4096);
            refused(() -> ((ResizableCapacity) ops).resize(1 << 21));

            assertThat(modelDuring).containsExactly("null", "null");
            assertThat(engine.path.model).isNotNull();
        }

        @Test
        void is_refused_while_requests_do_not_end_and_the_queues_go_on() throws VdpaException {
            file.resizable = true;
            VdpaConfigOps ops = disk().ops();
            engine.path.stuck = true;

            assertThat(refused(() -> ((ResizableCapacity) ops).resize(4096)).error()).isEqualTo(VdpaError.ETIMEDOUT);
            assertThat(((FakeBackends.Resizable) file.last()).size).isZero();
            assertThat(engine.path.calls).endsWith("detach", "attach");
        }
    }

    @Nested
    class Away {

        private VdpaParentDevice device;
        private VdpaConfigOps ops;

        @BeforeEach
        void running() throws VdpaException {
            device = disk();
            ops = device.ops();
            run(ops);
        }

        @Test
        void the_backend_holds_the_queues_until_it_is_back() throws VdpaException {
            leaves(file);
            assertThat(engine.path.model).isNull();
            assertThat(file.last().closed).isTrue();
            assertThat(device.health().reason()).isEqualTo(Reason.NO_BACKEND);
            assertThat(ops.getStatus()).as("the driver sees nothing").isEqualTo(UP_TO_DRIVER_OK);

            comes(file);
            Eventually.that("the device goes on", () -> engine.path.model != null);
            assertThat(file.opened).hasSize(2);
            assertThat(file.last().path).isEqualTo("/x");
            assertThat(file.last().closed).isFalse();
            assertThat(models.made).as("the model stays").hasSize(1);
            assertThat(models.last().backend).isSameAs(file.last());
            assertThat(device.health().ok()).isTrue();
            assertThat(engine.path.running).isTrue();
        }

        @Test
        void the_backend_is_replaced_at_once_by_another_of_its_name() {
            FakeBackends next = new FakeBackends("file");
            comes(next);
            leaves(file);
            Eventually.that("the device goes on", () -> engine.path.model != null);
            assertThat(models.last().backend).isSameAs(next.last());
            assertThat(file.last().closed).isTrue();
        }

        @Test
        void another_backend_changes_nothing() {
            FakeBackends other = new FakeBackends("memory");
            comes(other);
            leaves(other);
            assertThat(engine.path.calls).doesNotContain("detach");
            assertThat(device.health().ok()).isTrue();
        }

        @Test
        void the_configuration_is_what_it_was() {
            leaves(file);
            byte[] target = {9, 9};
            ops.getConfig(0, target);
            assertThat(target).containsExactly(1, 1);
            ops.getConfig(FakeModels.CONFIG_SIZE - 1, target);
            assertThat(target).containsExactly(1, 0);
            assertThat(refused(() -> ops.setConfig(0, new byte[1])).error()).isEqualTo(VdpaError.EAGAIN);
        }

        @Test
        void a_backend_that_is_back_with_other_properties_tells_the_driver() {
            List<String> told = Collections.synchronizedList(new ArrayList<>());
            ops.setConfigCallback(() -> told.add("changed"));
            leaves(file);
            file.capacity = 2;
            comes(file);
            Eventually.that("the driver is told", () -> told.size() == 1);
        }

        @Test
        void a_backend_that_breaks_a_promise_is_closed_and_the_queues_hold() {
            leaves(file);
            file.misfit = true;
            comes(file);
            Eventually.that("it is refused", () -> device.health().reason() == Reason.FEATURES_MISMATCH);
            assertThat(device.health().sentence())
                    .startsWith("the backend is read-only now; requests are held since ");
            assertThat(engine.path.model).isNull();
            // It is tried again and again, so that the last one may have been opened just now.
            Eventually.that("it is closed", () -> file.last().closed);

            file.misfit = false;
            Eventually.that("it is tried again", () -> engine.path.model != null);
        }

        @Test
        void a_backend_that_cannot_be_opened_again_says_why_and_is_tried_again() {
            leaves(file);
            file.failure = new BackendException(Kind.NOT_FOUND, "no file /x");
            comes(file);
            Eventually.that("it says why", () -> device.health().sentence()
                    .startsWith("cannot be opened again: no file /x; requests are held since "));
            assertThat(device.health().reason()).isEqualTo(Reason.NO_BACKEND);

            file.failure = null;
            Eventually.that("it is tried again", () -> engine.path.model != null);
            assertThat(device.health().ok()).isTrue();
        }

        /** A device that is shown as one that holds does hold, and one that goes on is not shown as one that holds. */
        @Test
        void a_backend_with_which_the_model_fails_is_closed_and_the_queues_hold() {
            leaves(file);
            file.unreadable = true;
            comes(file);
            Eventually.that("it says why", () -> device.health().sentence().contains("no capacity"));
            assertThat(engine.path.model).isNull();
            Eventually.that("it is closed", () -> file.last().closed);

            file.unreadable = false;
            Eventually.that("it is tried again", () -> engine.path.model != null);
            Eventually.that("it is shown", () -> device.health().ok());
        }

        @Test
        void a_backend_whose_requests_do_not_end_is_closed_only_when_they_do() {
            engine.path.stuck = true;
            leaves(file);
            assertThat(device.health().reason()).isEqualTo(Reason.BACKEND_STUCK);
            assertThat(file.last().closed).isFalse();
            FakeBackends next = new FakeBackends("file");
            comes(next);
            assertThat(next.opened).as("a request is never in two hands").isEmpty();

            engine.path.stuck = false;
            Eventually.that("the next takes over", () -> models.last().backend == next.opened.stream().findFirst().orElse(null)
                    && engine.path.model != null);
            assertThat(file.last().closed).isTrue();
            assertThat(device.health().ok()).isTrue();
        }

        /** Two attempts at once, by whom it was told and by whom it is recovered; after that with pauses. */
        @Test
        void a_backend_whose_requests_do_not_end_is_not_asked_for_again_and_again() {
            engine.path.stuck = true;
            long start = System.nanoTime();
            leaves(file);
            Eventually.that("it is tried again", () -> Collections.frequency(List.copyOf(engine.path.calls), "detach") >= 4);
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofMillis(500));
            assertThat(device.health().reason()).isEqualTo(Reason.BACKEND_STUCK);
            engine.path.stuck = false;
        }

        @Test
        void the_model_holds_the_queues_until_a_new_one_knows_what_the_driver_was_told() throws VdpaException {
            ops.setConfig(3, new byte[] {7});
            leaves(models);
            FakeModels.Model first = models.last();
            assertThat(engine.path.model).isNull();
            assertThat(first.closed).isTrue();
            assertThat(file.last().closed).as("the backend stays").isFalse();
            assertThat(device.health().reason()).isEqualTo(Reason.NO_DEVICE_MODEL);
            assertThat(((QueueStatistics) ops).getVendorVqStats(0)).containsEntry("reads", 10L);

            comes(models);
            Eventually.that("the device goes on", () -> engine.path.model != null);
            assertThat(models.made).hasSize(2);
            assertThat(models.last().calls)
                    .containsExactly("attach", "setDriverFeatures " + Long.toHexString(ACCEPTED), "writeConfig 3 7");
            assertThat(file.opened).hasSize(1);
            assertThat(((QueueStatistics) ops).getVendorVqStats(0)).as("counters go on").containsEntry("reads", 20L);
        }

        @Test
        void a_model_that_offers_something_else_is_refused() {
            leaves(models);
            models.features = 0;
            comes(models);
            Eventually.that("it is refused", () -> device.health().reason() == Reason.FEATURES_MISMATCH);
            assertThat(engine.path.model).isNull();
            assertThat(device.health().sentence()).contains("FLUSH");
        }

        @Test
        void both_may_leave_and_come_back_in_any_order() {
            leaves(file);
            leaves(models);
            comes(file);
            assertThat(engine.path.model).isNull();
            comes(models);
            Eventually.that("the device goes on", () -> engine.path.model != null);

            leaves(models);
            leaves(file);
            comes(models);
            Eventually.that("the backend is missing", () -> device.health().reason() == Reason.NO_BACKEND);
            comes(file);
            Eventually.that("the device goes on again", () -> engine.path.model != null);
            assertThat(device.health().ok()).isTrue();
        }

        @Test
        void a_driver_resets_and_sets_up_a_device_that_holds() throws VdpaException {
            leaves(models);
            ops.reset();
            run(ops);
            assertThat(engine.path.running).isTrue();

            comes(models);
            Eventually.that("the device goes on", () -> engine.path.model != null);
            assertThat(models.last().calls).contains("setDriverFeatures " + Long.toHexString(ACCEPTED));
        }

        @Test
        void a_device_that_holds_is_deleted() {
            leaves(file);
            sim.devDel(device);
            comes(file);
            assertThat(file.opened).hasSize(1);
            assertThat(engine.path.closed).isTrue();
        }

        @Test
        void what_a_closed_backend_still_says_is_ignored() {
            FakeBackends.Opened old = file.last();
            leaves(file);
            int before = ops.getGeneration();
            old.context.infoChanged();
            assertThat(ops.getGeneration()).isEqualTo(before);
        }
    }

    @Test
    void a_backend_that_failed_is_named_while_the_device_goes_on() throws VdpaException {
        VdpaParentDevice device = disk();
        file.last().context.failed("the disk is gone");
        assertThat(device.health().reason()).isEqualTo(Reason.BACKEND_FAILED);
        assertThat(device.health().sentence()).isEqualTo("the disk is gone");
        assertThat(engine.path.model).isNotNull();
    }

    @Test
    void a_net_device_without_a_link_says_why_and_goes_on() throws VdpaException {
        file.network = true;
        VdpaParentDevice device = disk();
        assertThat(device.health().ok()).isTrue();
        ((FakeBackends.Network) file.last()).linkUp = false;
        assertThat(device.health().reason()).isEqualTo(Reason.LINK_DOWN);
        assertThat(device.health().sentence()).isEqualTo("nobody is at /x");
        assertThat(engine.path.model).isNotNull();
    }
}
