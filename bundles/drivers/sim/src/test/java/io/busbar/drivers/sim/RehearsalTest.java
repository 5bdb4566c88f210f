package io.busbar.drivers.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What new models are made to do before a swap, and what of it is seen elsewhere: nothing. */
class RehearsalTest {

    private static final long ACCEPTED = FakeModels.FLUSH | 1L << 32;

    private final FakeEngine engine = new FakeEngine();
    private final FakeModels old = new FakeModels();
    private final FakeModels next = new FakeModels();
    private final FakeBackends file = new FakeBackends("file");
    private final Factories factories = new Factories();
    private final ExecutorService callbacks = Executors.newSingleThreadExecutor();
    private final Notifications notifications = new Notifications("disk0", callbacks);
    private final Reaper reaper = new Reaper(Duration.ofSeconds(10), Duration.ofSeconds(10));
    private final PartsOpener opener = new PartsOpener(
            SimClass.ALL.getFirst(),
            new AddRequest("disk0", Map.of("backend", "file", "path", "/a")),
            new SimServices(engine, factories, reaper, callbacks),
            notifications,
            new Misbehaviour());

    @BeforeEach
    void twoModelsThatAreAlike() {
        old.stateVersion = 1;
        next.stateVersion = 1;
        file.disk = true;
        factories.add(file, null);
    }

    @AfterEach
    void end() {
        callbacks.shutdown();
    }

    private void rehearse() throws VdpaException {
        new Rehearsal(opener, ACCEPTED).of(old, next, new FakeBackends.Disk(null, "/a", file));
    }

    private void assertAllHasEnded() {
        Eventually.that("models are closed", () -> old.made.stream().allMatch(model -> model.closed)
                && next.made.stream().allMatch(model -> model.closed));
    }

    @Test
    void a_model_takes_over_and_works_on_a_backend_that_does_nothing() throws VdpaException {
        rehearse();
        assertAllHasEnded();
        assertThat(next.made).hasSize(1);
        assertThat(next.last().calls)
                .startsWith("stand-in", "setDriverFeatures " + Long.toHexString(ACCEPTED), "restoreState")
                .doesNotContain("attach");
        assertThat(engine.path.calls).contains("setVqNum 0 256", "run", "kick 0", "close");
        assertThat(engine.path.features).isEqualTo(ACCEPTED);
    }

    @Test
    void one_that_does_not_know_the_state_is_refused_before_a_queue_stops() {
        next.stateVersion = 2;
        VdpaException refusal = catchThrowableOfType(VdpaException.class, this::rehearse);
        assertThat(refusal.reason()).isEqualTo(Reason.STATE_UNKNOWN);
        assertThat(engine.path).as("queues").isNull();
        assertAllHasEnded();
    }

    @Test
    void what_a_model_says_meanwhile_nobody_hears() throws VdpaException {
        rehearse();
        next.last().context.configChanged();
        next.last().context.wake(0);
        assertThat(notifications.generation()).isZero();
    }
}
