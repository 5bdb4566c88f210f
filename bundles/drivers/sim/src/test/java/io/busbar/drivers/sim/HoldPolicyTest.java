package io.busbar.drivers.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendException.Kind;
import io.busbar.api.backend.BlockInfo;
import io.busbar.api.backend.ConsoleBackend;
import io.busbar.api.backend.ConsoleSize;
import io.busbar.api.backend.NetBackend;
import io.busbar.api.backend.NetInfo;
import io.busbar.api.memory.Payload;
import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.LeavingDevice;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VdpaParentDevice;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What becomes of a device, and of its requests, while its backend is away. */
@Timeout(60)
class HoldPolicyTest {

    private static final String TIME = "[0-9-]+T[0-9:]+Z";

    private final FakeEngine engine = new FakeEngine();
    private final FakeModels models = new FakeModels();
    private final FakeBackends file = new FakeBackends("file");
    private final Factories factories = new Factories();
    private final ExecutorService callbacks = Executors.newSingleThreadExecutor();
    private final SimManagementDevice sim = new SimManagementDevice(
            SimClass.ALL.getFirst(),
            new SimServices(
                    engine, factories, new Reaper(Duration.ofSeconds(10), Duration.ofSeconds(10)), callbacks));
    private VdpaParentDevice device;

    @BeforeEach
    void partsAreThere() {
        file.disk = true;
        factories.add(models, null);
        factories.add(file, null);
    }

    @AfterEach
    void end() {
        sim.close();
        callbacks.shutdown();
    }

    private void add(String... words) throws VdpaException {
        Map<String, String> attributes = new LinkedHashMap<>(Map.of("backend", "file", "path", "/a"));
        for (int i = 0; i < words.length; i += 2) {
            attributes.put(words[i], words[i + 1]);
        }
        device = sim.devAdd(new AddRequest("disk0", attributes));
    }

    private void backendLeaves() {
        factories.remove(file);
        sim.partsLeft();
    }

    private void backendComes() {
        factories.add(file, null);
        sim.partsCame();
    }

    private boolean wantsToLeave() {
        return ((LeavingDevice) device).wantsToLeave();
    }

    @Test
    void requests_are_held_for_ever_where_nothing_else_was_said() throws VdpaException {
        add();
        backendLeaves();
        assertThat(device.health().reason()).isEqualTo(Reason.NO_BACKEND);
        assertThat(device.health().sentence())
                .matches("backend file is not there; requests are held since " + TIME);
        assertThat(engine.path.model).isNull();
        assertThat(wantsToLeave()).isFalse();
        backendComes();
        Eventually.that("it goes on", () -> device.health().ok() && engine.path.model != null);
    }

    @Test
    void requests_fail_once_they_were_held_for_long_enough_and_go_on_with_a_backend() throws VdpaException {
        add("no_backend", "fail", "no_backend_after", "0");
        backendLeaves();
        Eventually.that("they fail", () -> device.health().reason() == Reason.REQUESTS_FAIL);
        assertThat(device.health().sentence())
                .matches("backend file is not there; requests fail since " + TIME);
        assertThat(engine.path.model).isSameAs(models.last());
        assertThat(models.last().standIn.info()).isEqualTo(BlockInfo.ofMemory(4096));
        assertThat(device.details()).containsEntry("no_backend", "fail");
        assertThat(wantsToLeave()).isFalse();

        backendComes();
        Eventually.that("it goes on", () -> device.health().ok());
        assertThat(models.last().backend).isSameAs(file.last());
        assertThat(engine.path.calls).as("queues stop before the stand-in goes").endsWith("attach", "detach", "attach");
        assertThat(models.last().standIn).as("no stand-in is left behind a backend").isNotSameAs(models.last().backend);
    }

    @Test
    void requests_are_held_until_their_time_is_over() throws VdpaException {
        add("no_backend", "fail", "no_backend_after", "86400");
        backendLeaves();
        assertThat(device.health().reason()).isEqualTo(Reason.NO_BACKEND);
        assertThat(device.health().sentence()).matches("backend file is not there; requests are held since " + TIME
                + ", and fail from " + TIME + " on");
        assertThat(engine.path.model).isNull();
    }

    @Test
    void a_backend_that_cannot_be_opened_again_is_no_reason_to_hold_what_failed() throws VdpaException {
        add("no_backend", "fail", "no_backend_after", "0");
        backendLeaves();
        Eventually.that("they fail", () -> device.health().reason() == Reason.REQUESTS_FAIL);
        file.failure = new BackendException(Kind.NOT_FOUND, "file /a is gone");
        backendComes();
        Eventually.that("the reason is another", () -> device.health().sentence().contains("file /a is gone"));
        assertThat(device.health().reason()).isEqualTo(Reason.REQUESTS_FAIL);
        assertThat(models.last().standIn).isNotNull();

        file.failure = null;
        models.last().refusesToAttach = true;
        Eventually.that("it was opened and refused", () -> device.health().sentence().contains("changed its mind"));
        Eventually.that("they fail all the same", () -> models.last().standIn != null && engine.path.model != null);
        models.last().refusesToAttach = false;
        Eventually.that("it goes on", () -> device.health().ok());
    }

    @Test
    void requests_are_held_while_the_model_is_away_too() throws VdpaException {
        add("no_backend", "fail", "no_backend_after", "0");
        backendLeaves();
        Eventually.that("they fail", () -> device.health().reason() == Reason.REQUESTS_FAIL);
        factories.remove(models);
        sim.partsLeft();
        assertThat(engine.path.model).isNull();
        assertThat(models.last().closed).isTrue();
        factories.add(models, null);
        backendComes();
        Eventually.that("it goes on", () -> device.health().ok());
    }

    @Test
    void a_device_that_is_to_be_removed_says_so_when_the_time_is_over() throws VdpaException {
        add("no_backend", "remove", "no_backend_after", "1");
        assertThat(wantsToLeave()).isFalse();
        backendLeaves();
        assertThat(device.health().sentence()).matches("backend file is not there; requests are held since " + TIME
                + ", and the device is removed at " + TIME);
        Eventually.that("it wants to leave", this::wantsToLeave);
        assertThat(engine.path.model).as("requests wait until then").isNull();
        backendComes();
        Eventually.that("it goes on", () -> device.health().ok() && !wantsToLeave());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "no_backend|maybe|no_backend maybe: expected one of hold, fail, remove",
        "no_backend_after|5|no_backend_after 5: expected no_backend fail or no_backend remove with it; without them requests"
                + " are held for ever",
    })
    void a_word_that_cannot_be_is_refused(String word, String value, String sentence) {
        VdpaException refused = catchThrowableOfType(VdpaException.class, () -> add(word, value));
        assertThat(refused).hasMessage(sentence);
    }

    @ParameterizedTest
    @CsvSource({"-1", "86401", "soon"})
    void a_time_that_cannot_be_is_refused(String time) {
        VdpaException refused = catchThrowableOfType(
                VdpaException.class, () -> add("no_backend", "fail", "no_backend_after", time));
        assertThat(refused).hasMessage("no_backend_after " + time + ": expected seconds, 0 to 86400");
    }

    @Test
    void a_network_card_sees_a_cable_that_is_out_and_what_it_sends_is_dropped() throws VdpaException {
        file.disk = false;
        file.network = true;
        add();
        NetBackend standIn = (NetBackend) StandIn.of(file.last()).orElseThrow();
        assertThat(standIn.info()).isEqualTo(new NetInfo(1500, 1, false, false, false));
        assertThat(standIn.transmit(0, null)).isTrue();
        assertThat(standIn.peek(0)).isNull();
    }

    @Test
    void what_is_written_to_a_console_is_dropped() {
        ConsoleBackend standIn = (ConsoleBackend) StandIn.of(new SilentConsole()).orElseThrow();
        assertThat(standIn.write(0, MemorySegment.NULL, 0, 17)).isEqualTo(17);
        assertThat(standIn.read(0, null)).isZero();
        assertThat(standIn.visitor(1)).as("nobody waits for a reader").isEqualTo(ConsoleBackend.ALWAYS);
        assertThat(standIn.size(0)).isEqualTo(Optional.empty());
    }

    private static final class SilentConsole implements ConsoleBackend {

        @Override
        public long write(int port, MemorySegment bytes, long offset, long length) {
            return 0;
        }

        @Override
        public long read(int port, Payload into) {
            return 0;
        }

        @Override
        public int visitor(int port) {
            return NOBODY;
        }

        @Override
        public Optional<ConsoleSize> size(int port) {
            return Optional.empty();
        }

        @Override
        public void close() {
            // It has nothing.
        }
    }
}
