package io.busbar.drivers.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.ConsoleAccess;
import io.busbar.api.vdpa.ConsoleViewer;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.SwapReport;
import io.busbar.api.vdpa.SwapRequest;
import io.busbar.api.vdpa.SwappableBackend;
import io.busbar.api.vdpa.SwappableModel;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VdpaParentDevice;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A device gets another device model: what stays, what is handed over, and what is refused. */
class ModelSwapTest {

    private static final long ACCEPTED = FakeModels.FLUSH | 1L << 32;

    private final FakeEngine engine = new FakeEngine();
    private final FakeModels old = new FakeModels();
    private final FakeModels next = new FakeModels();
    private final FakeBackends file = new FakeBackends("file");
    private final Factories factories = new Factories();
    private final ExecutorService callbacks = Executors.newSingleThreadExecutor();
    private final SimManagementDevice sim = new SimManagementDevice(
            SimClass.ALL.getFirst(),
            new SimServices(
                    engine, factories, new Reaper(Duration.ofSeconds(10), Duration.ofSeconds(10)), callbacks));
    private VdpaParentDevice device;

    @BeforeEach
    void aDeviceInUse() throws VdpaException {
        old.stateVersion = 1;
        next.stateVersion = 1;
        factories.add(old, null);
        factories.add(file, null);
        device = sim.devAdd(new AddRequest("disk0", Map.of("backend", "file", "path", "/a")));
        ((SimDevice) device).parts().accept(ACCEPTED);
        ((SimDevice) device).parts().writeConfig(4, new byte[] {1});
        ((FakeModels.Stateful) old.last()).settled = 7;
        // As a bundle that comes later does: of several models the newest is used.
        factories.add(next, FakeBundle.newer());
    }

    @AfterEach
    void end() {
        sim.close();
        callbacks.shutdown();
    }

    private SwapReport swap() throws VdpaException {
        return ((SwappableModel) device).swapModel(Duration.ofMillis(250), false);
    }

    private VdpaException refused() {
        VdpaException refusal = catchThrowableOfType(VdpaException.class, this::swap);
        assertThat(refusal).as("refusal").isNotNull();
        return refusal;
    }

    private void assertTheOldOneGoesOn() {
        assertThat(engine.path.model).isSameAs(old.last());
        assertThat(old.last().backend).isSameAs(file.last());
        assertThat(old.last().closed).isFalse();
        assertThat(next.made).as("made and closed").allMatch(model -> model.closed);
        assertThat(device.details()).containsEntry("model_bundle", "").doesNotContainKey("swaps");
        assertThat(device.health().ok()).isTrue();
    }

    @Test
    void the_new_model_goes_on_with_what_the_driver_settled_with_the_old_one() throws VdpaException {
        FakeModels.Model before = old.last();
        SwapReport report = swap();

        assertThat(engine.path.model).isSameAs(next.last());
        assertThat(next.last().calls).containsExactly(
                "attach", "setDriverFeatures " + Long.toHexString(ACCEPTED), "writeConfig 4 1", "restoreState");
        assertThat(((FakeModels.Stateful) next.last()).settled).isEqualTo((byte) 7);
        assertThat(before.closed).isTrue();
        assertThat(file.opened).as("the backend stays").hasSize(1);
        assertThat(file.last().closed).isFalse();
        assertThat(report.from()).isEmpty();
        assertThat(report.to()).isEqualTo("fake.model 9.0.0");
        assertThat(device.details()).containsEntry("model_bundle", "fake.model 9.0.0").containsEntry("swaps", "1");
    }

    @Test
    void counters_go_on() throws VdpaException {
        swap();
        assertThat(((SimDevice) device).parts().statistics(0)).containsEntry("reads", 20L);
    }

    @Test
    void the_backend_can_be_swapped_afterwards_and_so_can_the_model_again() throws VdpaException {
        swap();
        ((SwappableBackend) device).swapBackend(new SwapRequest("file", Map.of(), Duration.ofMillis(250), false));
        assertThat(next.last().backend).isSameAs(file.last());
        swap();
        assertThat(next.made).hasSize(2);
        assertThat(((FakeModels.Stateful) next.last()).settled).isEqualTo((byte) 7);
    }

    @Test
    void the_old_bundle_can_leave_afterwards() throws VdpaException {
        swap();
        factories.remove(old);
        sim.partsLeft();
        assertThat(device.health().ok()).isTrue();
        assertThat(engine.path.model).isSameAs(next.last());
    }

    @Test
    void a_dry_run_changes_nothing() throws VdpaException {
        SwapReport report = ((SwappableModel) device).swapModel(Duration.ofMillis(250), true);
        assertThat(report.to()).isEqualTo("fake.model 9.0.0");
        assertTheOldOneGoesOn();
    }

    @Test
    void one_that_offers_something_else_is_refused() {
        next.features = 0;
        assertThat(refused().reason()).isEqualTo(Reason.FEATURES_MISMATCH);
        assertTheOldOneGoesOn();
    }

    @Test
    void one_that_does_not_know_the_state_is_refused_by_the_states_version() {
        next.stateVersion = 2;
        VdpaException refusal = refused();
        assertThat(refusal.reason()).isEqualTo(Reason.STATE_UNKNOWN);
        assertThat(refusal).hasMessage("fake version 1, 1 bytes: expected version 2");
        assertTheOldOneGoesOn();
    }

    @Test
    void one_that_takes_no_state_is_refused() {
        next.stateVersion = 0;
        assertThat(refused().reason()).isEqualTo(Reason.STATE_UNKNOWN);
        assertTheOldOneGoesOn();
    }

    @Test
    void one_that_cannot_be_made_is_refused() {
        next.failure = new VdpaException(VdpaError.EINVAL, "word serial: expected more");
        assertThat(refused()).hasMessage("word serial: expected more");
        assertTheOldOneGoesOn();
    }

    @Test
    void queues_that_do_not_stop_in_time_refuse_it() {
        engine.path.stuck = true;
        assertThat(refused().error()).isEqualTo(VdpaError.ETIMEDOUT);
        engine.path.stuck = false;
        assertTheOldOneGoesOn();
    }

    @Test
    void a_model_that_left_and_came_back_goes_on_with_what_was_settled() throws VdpaException {
        factories.remove(next);
        factories.remove(old);
        sim.partsLeft();
        assertThat(device.health().reason()).isEqualTo(Reason.NO_DEVICE_MODEL);
        factories.add(next, FakeBundle.newer());
        sim.partsCame();
        Eventually.that("the device goes on", () -> device.health().ok());
        assertThat(((FakeModels.Stateful) next.last()).settled).isEqualTo((byte) 7);
    }

    private ConsoleAccess addConsole() throws VdpaException {
        old.console = true;
        next.console = true;
        factories.remove(next);
        device = sim.devAdd(new AddRequest("con0", Map.of("backend", "file", "path", "/con")));
        factories.add(next, FakeBundle.newer());
        return (ConsoleAccess) device.ops();
    }

    @Test
    void who_looks_goes_on_at_the_new_model_the_typist_first_and_who_has_left_does_not() throws VdpaException {
        ConsoleAccess console = addConsole();
        ConsoleViewer watcher = console.view(0, ConsoleViewer.Mode.WATCH, "ann");
        ConsoleViewer typist = console.view(0, ConsoleViewer.Mode.TAKE_OVER, "ben");
        console.view(0, ConsoleViewer.Mode.WATCH, "left").close();
        assertThat(typist.read(new byte[1], 0, 1)).isOne();
        swap();

        FakeModels.Viewed there = (FakeModels.Viewed) next.last();
        assertThat(there.calls).endsWith("restoreState", "resume ben TAKE_OVER 1", "resume ann WATCH 0");
        assertThat(typist.missed()).as("at the one before").isOne();
        typist.read(new byte[1], 0, 1);
        assertThat(typist.missed()).isOne();
        watcher.close();
        assertThat(there.viewers).extracting(viewer -> viewer.closed).containsExactly(false, true);
        swap();
        assertThat(next.last().calls).endsWith("restoreState", "resume ben TAKE_OVER 2");
    }

    @Test
    @Timeout(60)
    void the_queues_do_not_wait_for_somebody_who_looks() throws Exception {
        ConsoleViewer reader = addConsole().view(0, ConsoleViewer.Mode.WATCH, "ann");
        CountDownLatch reads = new CountDownLatch(1);
        CountDownLatch comesBack = new CountDownLatch(1);
        ((FakeModels.Viewed) old.last()).viewers.getFirst().whileReading = () -> {
            reads.countDown();
            await(comesBack);
        };
        Thread reading = Thread.ofPlatform().start(() -> reader.read(new byte[1], 0, 1));
        reads.await();

        VdpaException refusal = refused();
        assertThat(refusal.error()).isEqualTo(VdpaError.ETIMEDOUT);
        assertThat(refusal).hasMessageStartingWith("somebody who looks at the console does not come back");
        assertThat(engine.path.calls).as("no queue was stopped").noneMatch(call -> call.startsWith("exchange"));
        comesBack.countDown();
        reading.join();
        swap();
        assertThat(next.last().calls).endsWith("restoreState", "resume ann WATCH 1");
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
