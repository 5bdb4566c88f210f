package io.busbar.drivers.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendException.Kind;
import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.SwapReport;
import io.busbar.api.vdpa.SwapRequest;
import io.busbar.api.vdpa.SwappableBackend;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VdpaParentDevice;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A device gets another backend while it is in use. */
@Timeout(60)
class SwapTest {

    private final FakeEngine engine = new FakeEngine();
    private final FakeModels models = new FakeModels();
    private final FakeBackends file = new FakeBackends("file");
    private final FakeBackends memory = new FakeBackends("memory");
    private final Factories factories = new Factories();
    private final ExecutorService callbacks = Executors.newSingleThreadExecutor();
    private final SimManagementDevice sim = new SimManagementDevice(
            SimClass.ALL.getFirst(),
            new SimServices(
                    engine, factories, new Reaper(Duration.ofSeconds(10), Duration.ofSeconds(10)), callbacks));
    private VdpaParentDevice device;
    private FakeBackends.Opened before;

    @BeforeEach
    void aDeviceOverAFile() throws VdpaException {
        factories.add(models, null);
        factories.add(file, null);
        factories.add(memory, null);
    }

    @AfterEach
    void end() {
        sim.close();
        callbacks.shutdown();
    }

    private void add() throws VdpaException {
        device = sim.devAdd(new AddRequest("disk0", words("serial", "S1", "backend", "file", "path", "/a", "size", "4K")));
        before = file.last();
    }

    private static Map<String, String> words(String... words) {
        Map<String, String> attributes = new LinkedHashMap<>();
        for (int i = 0; i < words.length; i += 2) {
            attributes.put(words[i], words[i + 1]);
        }
        return attributes;
    }

    private SwapReport swap(String backend, String... words) throws VdpaException {
        return ((SwappableBackend) device).swapBackend(
                new SwapRequest(backend, words(words), Duration.ofMillis(250), false));
    }

    private SwapReport tryOut(String backend, String... words) throws VdpaException {
        return ((SwappableBackend) device).swapBackend(
                new SwapRequest(backend, words(words), Duration.ofMillis(250), true));
    }

    private SwapReport swapByForce(String backend, String... words) throws VdpaException {
        return ((SwappableBackend) device).swapBackend(
                new SwapRequest(backend, words(words), Duration.ofMillis(250), false, true));
    }

    private VdpaException refused(String backend, String... words) {
        VdpaException refusal = catchThrowableOfType(VdpaException.class, () -> swap(backend, words));
        assertThat(refusal).as("refusal").isNotNull();
        return refusal;
    }

    private void assertGoesOnAsBefore() {
        assertThat(models.last().backend).isSameAs(before);
        assertThat(before.closed).isFalse();
        assertThat(device.health().ok()).isTrue();
        assertThat(device.details()).containsEntry("backend", "file").containsEntry("path", "/a").doesNotContainKey("swaps");
    }

    @Test
    void the_new_backend_is_opened_before_the_exchange_and_the_old_one_closed_after_it() throws VdpaException {
        add();
        List<String> during = new ArrayList<>();
        memory.duringOpen = () -> during.add(models.last().backend.path + " " + before.closed);
        SwapReport report = swap("memory", "path", "/b");

        assertThat(during).containsExactly("/a false");
        assertThat(engine.path.calls).endsWith("exchange 250");
        assertThat(models.last().backend).isSameAs(memory.last());
        assertThat(before.closed).isTrue();
        assertThat(memory.last().closed).isFalse();
        assertThat(models.made).as("the device model stays").hasSize(1);
        assertThat(report.from()).isEqualTo("file");
        assertThat(report.to()).isEqualTo("memory");
        assertThat(report.inFlight()).isEqualTo(16);
        assertThat(report.pause()).isEqualTo(Duration.ofNanos(6000));
        assertThat(report.attributes()).containsExactly(
                Map.entry("serial", "S1"), Map.entry("backend", "memory"), Map.entry("path", "/b"));
    }

    @Test
    void swaps_and_their_pauses_are_counted_in_the_details() throws VdpaException {
        add();
        swap("memory", "path", "/b");
        swap("file", "path", "/c");
        assertThat(device.details())
                .containsEntry("backend", "file")
                .containsEntry("path", "/c")
                .doesNotContainKey("size")
                .containsEntry("swaps", "2")
                .containsEntry("last_pause_us", "6")
                .containsEntry("longest_pause_us", "6");
    }

    @Test
    void without_words_the_same_backend_is_opened_again_as_it_is() throws VdpaException {
        add();
        SwapReport report = swap("file");
        assertThat(report.attributes()).containsEntry("path", "/a").containsEntry("size", "4K");
        assertThat(file.opened).hasSize(2);
        assertThat(models.last().backend).isSameAs(file.last());
    }

    @Test
    void a_device_whose_backend_leaves_after_a_swap_comes_back_with_the_new_words() throws VdpaException {
        add();
        swap("memory", "path", "/b");
        factories.remove(memory);
        sim.partsLeft();
        assertThat(device.health().reason()).isEqualTo(Reason.NO_BACKEND);
        factories.add(memory, null);
        sim.partsCame();
        Eventually.that("the device goes on", () -> device.health().ok());
        assertThat(memory.last().path).isEqualTo("/b");
    }

    @Test
    void a_backend_that_does_not_keep_what_the_driver_was_told_is_refused_before_any_queue_stops() throws VdpaException {
        add();
        memory.misfit = true;
        assertThat(refused("memory", "path", "/b").reason()).isEqualTo(Reason.FEATURES_MISMATCH);
        assertThat(engine.path.calls).doesNotContain("exchange 250");
        assertThat(memory.last().revoked).as("what its opening changed is taken back").isTrue();
        assertGoesOnAsBefore();
    }

    @Test
    void a_backend_that_cannot_be_opened_is_refused() throws VdpaException {
        add();
        memory.failure = new BackendException(Kind.NOT_FOUND, "file /b is not there");
        assertThat(refused("memory", "path", "/b").getMessage()).isEqualTo("file /b is not there");
        assertThat(refused("nosuch").getMessage())
                .isEqualTo("backend nosuch is not there: expected one of file, memory");
        assertThat(refused("file", "path", "/b", "colour", "red").getMessage()).startsWith("unknown word colour");
        assertThat(refused("file", "serial", "S2").getMessage())
                .isEqualTo("word serial is the device's, which stays as it is: expected words of backend file");
        assertThat(refused("file", "readonly", "on").getMessage()).startsWith("word readonly is the device's");
        assertGoesOnAsBefore();
    }

    @Test
    void requests_that_do_not_end_leave_the_old_backend_in_its_place() throws VdpaException {
        add();
        engine.path.stuck = true;
        assertThat(refused("memory", "path", "/b").error()).isEqualTo(VdpaError.ETIMEDOUT);
        engine.path.stuck = false;
        assertThat(memory.last().revoked).isTrue();
        assertGoesOnAsBefore();
    }

    @Test
    void a_model_that_refuses_at_the_last_moment_keeps_the_old_backend() throws VdpaException {
        add();
        models.last().refusesToAttach = true;
        assertThat(refused("memory", "path", "/b").getMessage()).isEqualTo("changed its mind");
        assertThat(memory.last().revoked).isTrue();
        assertGoesOnAsBefore();
    }

    @Test
    void a_dry_run_opens_and_checks_and_takes_all_of_it_back() throws VdpaException {
        add();
        SwapReport report = tryOut("memory", "path", "/b");
        assertThat(report.attributes()).containsEntry("path", "/b");
        assertThat(report.pause()).isZero();
        assertThat(engine.path.calls).doesNotContain("exchange 250");
        assertThat(memory.last().revoked).isTrue();
        assertGoesOnAsBefore();
    }

    @Test
    void a_backend_that_has_its_storage_for_itself_yields_it_to_its_successor() throws VdpaException {
        file.locks = true;
        add();
        swap("file", "path", "/a");
        assertThat(models.last().backend).isSameAs(file.last()).isNotSameAs(before);
        assertThat(before.closed).isTrue();
        assertThat(file.locked).containsEntry("/a", file.last());
    }

    @Test
    void storage_that_was_yielded_comes_back_if_the_swap_fails() throws VdpaException {
        file.locks = true;
        add();
        models.last().refusesToAttach = true;
        refused("file", "path", "/a");
        assertThat(file.last()).isNotSameAs(before);
        assertThat(file.locked).containsEntry("/a", before);
        assertGoesOnAsBefore();

        tryOut("file", "path", "/a");
        assertThat(file.locked).containsEntry("/a", before);
        assertGoesOnAsBefore();
    }

    @Test
    void storage_of_another_device_is_not_to_be_had() throws VdpaException {
        file.locks = true;
        add();
        sim.devAdd(new AddRequest("disk1", words("backend", "file", "path", "/b")));
        assertThat(refused("file", "path", "/b").reason()).isEqualTo(Reason.IN_USE);
        assertThat(file.locked).containsEntry("/a", before);
    }

    @Test
    void who_loses_its_storage_to_a_stranger_meanwhile_does_not_go_on_until_it_has_it_again() throws VdpaException {
        file.locks = true;
        add();
        models.last().refusesToAttach = true;
        FakeBackends.Opened stranger = file.last();
        file.duringOpen = () -> {
            if (file.locked.isEmpty()) {
                file.duringOpen = () -> { };
                file.locked.put("/a", stranger);
            }
        };
        assertThat(refused("file", "path", "/a").reason()).isEqualTo(Reason.IN_USE);
        assertThat(engine.path.model).as("the queues hold").isNull();
        assertThat(before.closed).isTrue();
        models.last().refusesToAttach = false;
        file.locked.clear();
        Eventually.that("the device goes on", () -> engine.path.model != null && device.health().ok());
    }

    @Test
    void there_is_one_swap_at_a_time_and_none_of_a_device_that_holds() throws VdpaException {
        add();
        List<VdpaException> inside = new ArrayList<>();
        memory.duringOpen = () -> inside.add(refused("file", "path", "/c"));
        swap("memory", "path", "/b");
        assertThat(inside).extracting(VdpaException::error).containsExactly(VdpaError.EBUSY);

        factories.remove(memory);
        sim.partsLeft();
        assertThat(refused("file", "path", "/a").reason()).isEqualTo(Reason.NO_BACKEND);
    }

    @Test
    void a_backend_that_leaves_while_its_successor_is_opened_is_not_swapped() throws VdpaException {
        add();
        memory.duringOpen = () -> {
            factories.remove(file);
            sim.partsLeft();
        };
        assertThat(refused("memory", "path", "/b").error()).isEqualTo(VdpaError.EAGAIN);
        assertThat(memory.last().closed).isTrue();
        assertThat(engine.path.model).isNull();
    }

    @Test
    void a_device_that_is_deleted_while_the_new_backend_is_opened_keeps_neither() throws VdpaException {
        add();
        memory.duringOpen = () -> sim.devDel(device);
        assertThat(refused("memory", "path", "/b").error()).isEqualTo(VdpaError.ENODEV);
        assertThat(memory.last().closed).isTrue();
        assertThat(before.closed).isTrue();
    }

    @Test
    void a_successor_whose_bundle_leaves_while_it_is_opened_holds_as_any_other() throws VdpaException {
        add();
        memory.duringOpen = () -> factories.remove(memory);
        swap("memory", "path", "/b");
        Eventually.that("the device holds", () -> device.health().reason() == Reason.NO_BACKEND);
    }

    @Test
    void by_force_what_does_not_end_is_taken_away_from_the_old_backend() throws VdpaException {
        add();
        swapByForce("memory", "path", "/b");
        assertThat(engine.path.calls).endsWith("exchange by force 250");
        assertThat(models.last().backend).isSameAs(memory.last());
        assertThat(before.closed).isTrue();
    }

    @Test
    void the_old_backend_goes_on_if_it_cannot_be_fenced() throws VdpaException {
        add();
        engine.path.cannotFence = true;
        VdpaException refusal = catchThrowableOfType(VdpaException.class, () -> swapByForce("memory", "path", "/b"));
        assertThat(refusal.reason()).isEqualTo(Reason.BACKEND_STUCK);
        assertThat(memory.last().revoked).isTrue();
        assertGoesOnAsBefore();
    }

    @Test
    void a_backend_that_lost_its_requests_does_not_go_on_but_is_opened_anew() throws VdpaException {
        add();
        models.last().refusesToAttach = true;
        VdpaException refusal = catchThrowableOfType(VdpaException.class, () -> swapByForce("memory", "path", "/b"));
        assertThat(refusal).hasMessage("changed its mind");
        assertThat(before.closed).as("it never gets these requests again").isTrue();
        models.last().refusesToAttach = false;
        Eventually.that("the device goes on", () -> engine.path.model != null && device.health().ok());
        assertThat(models.last().backend).isSameAs(file.last()).isNotSameAs(before);
    }

    @Test
    void a_device_whose_exchange_does_not_come_back_holds_and_has_its_backend_opened_anew() throws VdpaException {
        add();
        engine.path.hangs = true;
        assertThat(refused("memory", "path", "/b").reason()).isEqualTo(Reason.BACKEND_STUCK);
        assertThat(engine.path.calls).as("nothing goes on with what may be changed").containsSequence("exchange 250", "detach");
        assertThat(before.closed).isTrue();
        engine.path.hangs = false;
        Eventually.that("the device goes on", () -> engine.path.model != null && device.health().ok());
        assertThat(models.last().backend).isSameAs(file.last()).isNotSameAs(before);
    }

    @Test
    void the_same_storage_is_swapped_by_force_only_by_a_backend_that_can_fence_it() throws VdpaException {
        file.disk = true;
        add();
        VdpaException refusal = catchThrowableOfType(VdpaException.class, () -> swapByForce("file"));
        assertThat(refusal.error()).isEqualTo(VdpaError.EOPNOTSUPP);
        assertThat(refusal).hasMessageStartingWith(
                "backend file cannot keep requests that it was given from its storage, so that a swap by force needs another");
        assertGoesOnAsBefore();
        swapByForce("file", "path", "/c");

        file.fences = true;
        swapByForce("file", "path", "/d");
        FakeBackends.Fencing fencing = (FakeBackends.Fencing) file.last();
        models.last().duringAttach = () -> assertThat(fencing.fenced).as("before the new one is used").isTrue();
        swapByForce("file");
        assertThat(fencing.fenced).isTrue();
        assertThat(fencing.closed).isTrue();
    }

    private FakeBackends.Fencing addFencing() throws VdpaException {
        file.disk = true;
        file.fences = true;
        add();
        return (FakeBackends.Fencing) before;
    }

    private VdpaException refusedByForce() {
        VdpaException refusal = catchThrowableOfType(VdpaException.class, () -> swapByForce("file"));
        assertThat(refusal).as("refusal").isNotNull();
        return refusal;
    }

    @Test
    void nobody_has_the_storage_until_the_old_backend_is_sure_that_it_is_free() throws VdpaException {
        FakeBackends.Fencing old = addFencing();
        old.unsure = new BackendException(Kind.IN_USE, "not confirmed");
        assertThat(refusedByForce()).hasMessage("not confirmed");
        int opened = file.opened.size();
        AtomicInteger asked = new AtomicInteger();
        old.whenAsked = asked::incrementAndGet;
        Eventually.that("it is asked again and again", () -> asked.get() > 1);
        assertThat(device.health().reason()).isEqualTo(Reason.BACKEND_STUCK);
        assertThat(device.health().sentence()).startsWith("not confirmed; requests are held since");
        assertThat(engine.path.model).isNull();
        assertThat(old.closed).isFalse();
        assertThat(file.opened).hasSize(opened);

        old.unsure = null;
        Eventually.that("the device goes on", () -> engine.path.model != null && device.health().ok());
        assertThat(old.closed).isTrue();
        assertThat(models.last().backend).isSameAs(file.last()).isNotSameAs(old);
    }

    @Test
    void a_backend_that_never_will_be_sure_is_opened_anew() throws VdpaException {
        FakeBackends.Fencing old = addFencing();
        old.unsure = new BackendException(Kind.FAILED, "the connection was lost");
        assertThat(refusedByForce()).hasMessage("the connection was lost");
        Eventually.that("the device goes on", () -> engine.path.model != null && device.health().ok());
        assertThat(models.last().backend).isNotSameAs(old);
    }

    @Test
    void a_backend_that_does_not_answer_is_not_waited_for() throws VdpaException {
        FakeBackends.Fencing old = addFencing();
        old.hangs = true;
        assertThat(refusedByForce()).hasMessageContaining("has not said within 2000 ms whether its storage is free");
        Eventually.that("it says so", () -> device.health().reason() == Reason.BACKEND_STUCK);
        old.answers.countDown();
        Eventually.that("the device goes on", () -> engine.path.model != null && device.health().ok());
        assertThat(old.fenced).isTrue();
    }

    @Test
    void a_device_that_is_deleted_asks_nobody_any_more() throws VdpaException {
        FakeBackends.Fencing old = addFencing();
        old.unsure = new BackendException(Kind.IN_USE, "not confirmed");
        refusedByForce();
        sim.devDel(device);
        Eventually.that("it is closed", () -> old.closed);
    }
}
