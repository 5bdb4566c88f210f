package io.busbar.devices.console;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_F_VERSION_1;
import static io.busbar.core.virtio.VirtioConfig.bit;
import static io.busbar.core.virtio.console.VirtioConsole.VIRTIO_CONSOLE_F_EMERG_WRITE;
import static io.busbar.core.virtio.console.VirtioConsole.VIRTIO_CONSOLE_F_MULTIPORT;
import static io.busbar.core.virtio.console.VirtioConsole.VIRTIO_CONSOLE_F_SIZE;
import static io.busbar.devices.console.ConsoleFixture.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.backend.ConsoleSize;
import io.busbar.api.device.ModelState;
import io.busbar.api.device.ViewedDeviceModel;
import io.busbar.api.device.ViewedDeviceModel.Looking;
import io.busbar.api.vdpa.ConsolePort;
import io.busbar.api.vdpa.ConsoleViewer;
import io.busbar.api.vdpa.ConsoleViewer.Mode;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.virtio.console.VirtioConsole;
import io.busbar.testkit.TestChain;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The device: features, configuration, viewers (virtio 1.2, 5.3.3 and 5.3.4). */
class ConsoleModelTest {

    @Test
    void a_console_alone_has_two_queues_and_no_ports_to_negotiate() throws Exception {
        ConsoleModel model = new ConsoleFixture().model;
        assertThat(model.vqCount()).isEqualTo(2);
        assertThat(model.deviceFeatures()).isEqualTo(bit(VIRTIO_CONSOLE_F_SIZE) | bit(VIRTIO_CONSOLE_F_EMERG_WRITE));
    }

    @Test
    void named_ports_add_control_queues_and_two_queues_each() throws Exception {
        ConsoleModel model = new ConsoleFixture("ports", "a,b").model;
        assertThat(model.vqCount()).isEqualTo(8);
        assertThat(model.deviceFeatures() & bit(VIRTIO_CONSOLE_F_MULTIPORT)).isNotZero();
        assertThat(model.channels()).containsExactly("console", "a", "b");
        byte[] ports = new byte[4];
        model.readConfig(4, ports);
        assertThat(ports).containsExactly(3, 0, 0, 0);
    }

    @Test
    void as_many_ports_fit_as_user_mode_linux_has_queues_for() throws Exception {
        String names = IntStream.rangeClosed(1, 30).mapToObj(i -> "p" + i).collect(Collectors.joining(","));
        assertThat(new ConsoleFixture("ports", names).model.vqCount()).isEqualTo(64);
        assertThatThrownBy(() -> new ConsoleFixture("ports", names + ",p31"))
                .isInstanceOf(VdpaException.class).hasMessageContaining("p31").hasMessageContaining("at most 30");
    }

    @Test
    void words_that_are_wrong_are_named_with_what_was_expected() {
        for (String ports : List.of("", "a,,b", "a,a", "console", "-x", "a/b", "x".repeat(64))) {
            assertThatThrownBy(() -> new ConsoleFixture("ports", ports)).as(ports)
                    .isInstanceOf(VdpaException.class).hasMessageContaining("ports " + ports + ": expected");
        }
        for (String size : List.of("", "x", "-1", "17M", "1G", "99999999K")) {
            assertThatThrownBy(() -> new ConsoleFixture("scrollback", size)).as(size)
                    .isInstanceOf(VdpaException.class).hasMessageContaining("scrollback " + size + ": expected");
        }
    }

    @Test
    void queues_are_numbered_as_the_standard_says() {
        assertThat(IntStream.range(0, 4).map(VirtioConsole::receiveQueue)).containsExactly(0, 4, 6, 8);
        assertThat(IntStream.range(0, 4).map(VirtioConsole::transmitQueue)).containsExactly(1, 5, 7, 9);
        assertThat(IntStream.of(0, 1, 4, 5, 6, 7).map(VirtioConsole::portOf)).containsExactly(0, 0, 1, 1, 2, 2);
    }

    @Test
    void the_size_is_the_typists_and_without_one_the_backends_and_a_change_is_told() throws Exception {
        ConsoleFixture console = new ConsoleFixture().start();
        assertThat(size(console)).isEqualTo("0x0");
        console.backend.size = Optional.of(new ConsoleSize(100, 40));
        console.model.infoChanged();
        assertThat(size(console)).isEqualTo("100x40");
        ConsoleViewer typist = console.model.view(0, Mode.TYPE, "me");
        int before = console.context.configChanges();
        typist.resize(132, 50);
        assertThat(size(console)).isEqualTo("132x50");
        assertThat(console.context.configChanges()).isEqualTo(before + 1);
        console.model.view(0, Mode.WATCH, "other").resize(10, 10);
        assertThat(size(console)).isEqualTo("132x50");
        console.backend.size = Optional.empty();
        typist.close();
        assertThat(size(console)).as("nobody says otherwise").isEqualTo("132x50");
    }

    @Test
    void a_size_from_before_the_driver_is_told_when_that_first_sends_and_after_a_reset_again() throws Exception {
        ConsoleFixture console = new ConsoleFixture();
        ConsoleViewer typist = console.model.view(0, Mode.TYPE, "me");
        typist.resize(132, 50);
        console.start();
        int before = console.context.configChanges();
        console.send("hello");
        console.send("again");
        assertThat(console.context.configChanges()).isEqualTo(before + 1);
        console.model.setDriverFeatures(0);
        console.start();
        assertThat(console.context.configChanges()).as("the driver has sent nothing").isEqualTo(before + 1);
        console.send("hello");
        assertThat(console.context.configChanges()).isEqualTo(before + 2);
    }

    @Test
    void without_a_size_nothing_is_told() throws Exception {
        ConsoleFixture console = new ConsoleFixture().start();
        int before = console.context.configChanges();
        console.send("hello");
        assertThat(console.context.configChanges()).isEqualTo(before);
    }

    private static String size(ConsoleFixture console) {
        byte[] size = new byte[4];
        console.model.readConfig(0, size);
        return (size[0] & 0xff | (size[1] & 0xff) << 8) + "x" + (size[2] & 0xff | (size[3] & 0xff) << 8);
    }

    @Test
    void a_read_past_the_configuration_finds_zeroes() throws Exception {
        byte[] target = {1, 1, 1, 1};
        new ConsoleFixture().model.readConfig(10, target);
        assertThat(target).containsOnly(0);
        new ConsoleFixture().model.readConfig(1000, target);
        assertThat(target).containsOnly(0);
    }

    @Test
    void a_character_in_an_emergency_is_seen_before_the_driver_has_accepted_anything() throws Exception {
        ConsoleFixture console = new ConsoleFixture();
        ConsoleViewer viewer = console.model.view(0, Mode.WATCH, "me");
        for (byte character : "no!".getBytes(StandardCharsets.US_ASCII)) {
            console.model.writeConfig(8, new byte[] {character, 0, 0, 0});
        }
        assertThat(read(viewer)).isEqualTo("no!");
        console.start();
        console.serve(ConsoleFixture.TRANSMIT);
        assertThat(console.backend.end(0).text()).isEqualTo("no!");
    }

    @Test
    void characters_in_an_emergency_never_push_out_what_the_backend_has_not_taken() throws Exception {
        ConsoleFixture console = new ConsoleFixture("scrollback", "0").start();
        console.backend.end(0).room = 0;
        console.send("a");
        for (int i = 0; i < 100_000; i++) {
            console.model.writeConfig(8, new byte[] {'b'});
        }
        console.backend.end(0).room = Long.MAX_VALUE;
        console.serveWoken();
        assertThat(console.backend.end(0).text()).startsWith("ab").hasSize(64 << 10);
    }

    @Test
    void nothing_else_of_the_configuration_can_be_written() throws Exception {
        ConsoleModel model = new ConsoleFixture().model;
        assertThatThrownBy(() -> model.writeConfig(0, new byte[] {1, 0}))
                .isInstanceOf(VdpaException.class).hasMessageContaining("2 bytes at 0").hasMessageContaining("at 8");
        assertThatThrownBy(() -> model.writeConfig(9, new byte[] {1})).isInstanceOf(VdpaException.class);
        assertThatThrownBy(() -> model.writeConfig(8, new byte[8])).isInstanceOf(VdpaException.class);
    }

    @Test
    void one_types_and_others_look_on_until_it_is_their_turn() throws Exception {
        ConsoleFixture console = new ConsoleFixture().start();
        ConsoleViewer first = console.model.view(0, Mode.TYPE, "first");
        ConsoleViewer second = console.model.view(0, Mode.TYPE, "second");
        ConsoleViewer watcher = console.model.view(0, Mode.WATCH, "watcher");
        assertThat(second.types()).isFalse();
        assertThat(second.typist()).isEqualTo("first");
        assertThat(second.type(new byte[] {1}, 0, 1)).isZero();
        ConsolePort port = console.model.consolePorts().getFirst();
        assertThat(port.typist()).isEqualTo("first");
        assertThat(port.watchers()).containsExactly("second", "watcher");
        first.close();
        assertThat(second.types()).isTrue();
        assertThat(watcher.types()).isFalse();
        ConsoleViewer taker = console.model.view(0, Mode.TAKE_OVER, "taker");
        assertThat(taker.types()).isTrue();
        assertThat(second.types()).isFalse();
        taker.close();
        assertThat(second.types()).isTrue();
        second.close();
        assertThat(watcher.typist()).isEmpty();
    }

    @Test
    void a_viewer_that_comes_late_sees_the_last_lines_of_the_console_and_nothing_of_a_named_port() throws Exception {
        ConsoleFixture console = new ConsoleFixture("ports", "data", "scrollback", "10").start();
        console.send("first\nsecond\nthird");
        console.send(VirtioConsole.transmitQueue(1), "binary");
        assertThat(read(console.model.view(0, Mode.WATCH, "me"))).isEqualTo("third");
        assertThat(read(console.model.view(1, Mode.WATCH, "me"))).isEmpty();
    }

    @Test
    void a_viewer_reads_what_was_sent_last_and_then_the_end_when_the_device_is_gone() throws Exception {
        ConsoleFixture console = new ConsoleFixture().start();
        ConsoleViewer viewer = console.model.view(0, Mode.TYPE, "me");
        console.send("bye");
        console.model.close();
        assertThat(read(viewer)).isEqualTo("bye");
        assertThat(viewer.read(new byte[1], 0, 1)).isEqualTo(ConsoleViewer.ENDED);
        assertThatThrownBy(() -> console.model.view(0, Mode.TYPE, "late")).isInstanceOf(VdpaException.class);
    }

    @Test
    void a_viewer_that_waits_is_woken_by_output() throws Exception {
        ConsoleFixture console = new ConsoleFixture().start();
        ConsoleViewer viewer = console.model.view(0, Mode.WATCH, "me");
        StringBuffer seen = new StringBuffer();
        Thread reader = Thread.ofPlatform().daemon().start(() -> {
            try {
                while (!seen.toString().endsWith("!")) {
                    viewer.await(TimeUnit.SECONDS.toNanos(60));
                    seen.append(read(viewer));
                }
            } catch (InterruptedException e) {
                seen.append("interrupted");
            }
        });
        for (int i = 0; i < 200; i++) {
            console.send("x");
            Thread.yield();
        }
        console.send("!");
        assertThat(reader.join(Duration.ofSeconds(30))).isTrue();
        assertThat(seen.toString()).isEqualTo("x".repeat(200) + "!");
    }

    @Test
    void there_is_a_limit_to_viewers_and_ports_that_are_not_there_are_named() throws Exception {
        ConsoleFixture console = new ConsoleFixture();
        for (int i = 0; i < 16; i++) {
            console.model.view(0, Mode.WATCH, "v" + i);
        }
        assertThatThrownBy(() -> console.model.view(0, Mode.WATCH, "one more"))
                .isInstanceOf(VdpaException.class).hasMessageContaining("16 viewers");
        assertThatThrownBy(() -> console.model.view(1, Mode.WATCH, "me"))
                .isInstanceOf(VdpaException.class).hasMessageContaining("port 1: expected 0 to 0");
    }

    @Test
    void a_backend_of_another_kind_is_refused() throws Exception {
        ConsoleModel model = new ConsoleFixture().model;
        assertThatThrownBy(() -> model.attach("text"))
                .isInstanceOf(VdpaException.class).hasMessageContaining("expected one for consoles");
    }

    @Test
    void a_driver_without_ports_is_served_its_console_of_a_device_that_has_more() throws Exception {
        ConsoleFixture console = new ConsoleFixture("ports", "data");
        console.model.setDriverFeatures(bit(VIRTIO_F_VERSION_1));
        console.send("plain");
        console.serveWoken();
        assertThat(console.backend.end(0).text()).isEqualTo("plain");
        assertThat(console.model.consolePorts()).extracting(ConsolePort::driverOpen).containsExactly(true, false);
    }

    @Test
    void another_model_goes_on_with_what_was_said_sent_and_typed() throws Exception {
        ConsoleFixture console = new ConsoleFixture("ports", "a").start();
        List<TestChain> control = console.offerControl(10);
        console.tell(0, VirtioConsole.VIRTIO_CONSOLE_DEVICE_READY, 1);
        console.tell(0, VirtioConsole.VIRTIO_CONSOLE_PORT_READY, 1);
        console.tell(1, VirtioConsole.VIRTIO_CONSOLE_PORT_READY, 1);
        console.tell(1, VirtioConsole.VIRTIO_CONSOLE_PORT_OPEN, 1);
        assertThat(ConsoleFixture.messages(control)).hasSize(6);
        console.send("before\n");
        console.backend.end(0).room = 3;
        console.source(ConsoleFixture.TRANSMIT).readable(ConsoleFixture.bytes("held back"));
        console.serve(ConsoleFixture.TRANSMIT);
        assertThat(console.backend.end(0).text()).isEqualTo("before\nhel");
        try (ConsoleViewer viewer = console.model.view(0, Mode.TYPE, "first")) {
            assertThat(viewer.type(ConsoleFixture.bytes("typed"), 0, 5)).isEqualTo(5);
            ModelState saved = console.model.saveState();
            assertThat(viewer.type(ConsoleFixture.bytes("late"), 0, 4)).as("nobody would read it").isZero();

            ConsoleFixture next = new ConsoleFixture("ports", "a").start();
            next.model.restoreState(saved);
            List<TestChain> more = next.offerControl(10);
            next.serve(VirtioConsole.CONTROL_RECEIVE_QUEUE);
            assertThat(ConsoleFixture.messages(more)).as("the driver knows all of it").isEmpty();
            next.source(ConsoleFixture.TRANSMIT).readable(ConsoleFixture.bytes("held back"));
            next.serve(ConsoleFixture.TRANSMIT);
            assertThat(next.backend.end(0).text()).as("not twice, and nothing left out").isEqualTo("d back");
            assertThat(ConsoleFixture.content(next.receive(100))).isEqualTo("typed");
            try (ConsoleViewer late = next.model.view(0, Mode.WATCH, "late")) {
                assertThat(read(late)).isEqualTo("before\nheld back");
            }
        }
    }

    @Test
    void who_looked_at_the_model_before_goes_on_where_it_was_and_types_if_it_typed() throws Exception {
        ConsoleFixture console = new ConsoleFixture().start();
        ViewedDeviceModel.Viewer ann = console.model.view(0, Mode.TYPE, "ann");
        ViewedDeviceModel.Viewer ben = console.model.view(0, Mode.TYPE, "ben");
        ann.resize(132, 50);
        console.send("one,");
        assertThat(read(ann)).isEqualTo("one,");
        console.send("two,");
        ConsoleFixture next = new ConsoleFixture().start();
        next.model.restoreState(console.model.saveState());
        int changes = next.context.configChanges();
        ViewedDeviceModel.Viewer annThere = next.model.resume(ann.looking());
        ViewedDeviceModel.Viewer benThere = next.model.resume(ben.looking());

        assertThat(next.context.configChanges()).as("the size is the same").isEqualTo(changes);
        assertThat(size(next)).isEqualTo("132x50");
        next.send("three");
        assertThat(read(annThere)).as("not twice, and nothing left out").isEqualTo("two,three");
        assertThat(read(benThere)).isEqualTo("one,two,three");
        assertThat(annThere.missed() + benThere.missed()).isZero();
        assertThat(benThere.type(ConsoleFixture.bytes("no"), 0, 2)).isZero();
        assertThat(benThere.typist()).isEqualTo("ann");
        assertThat(annThere.type(ConsoleFixture.bytes("typed"), 0, 5)).isEqualTo(5);
        assertThat(ConsoleFixture.content(next.receive(100))).isEqualTo("typed");
        annThere.close();
        assertThat(benThere.types()).as("its turn").isTrue();
    }

    @Test
    void one_that_is_slow_finds_at_the_next_model_what_only_it_has_not_read() throws Exception {
        ConsoleFixture console = new ConsoleFixture("scrollback", "0").start();
        ViewedDeviceModel.Viewer slow = console.model.view(0, Mode.TYPE, "slow");
        String much = "0123456789".repeat(6000);
        console.send(much);
        ConsoleFixture next = new ConsoleFixture("scrollback", "0").start();
        next.model.restoreState(console.model.saveState());
        assertThat(read(next.model.resume(slow.looking()))).isEqualTo(much);
    }

    @Test
    void what_is_not_kept_was_missed_and_what_was_never_sent_is_no_place_to_go_on() throws Exception {
        ConsoleFixture console = new ConsoleFixture("scrollback", "0").start();
        console.send("gone");
        ConsoleFixture next = new ConsoleFixture("scrollback", "0").start();
        next.model.restoreState(console.model.saveState());
        ViewedDeviceModel.Viewer late = next.model.resume(new Looking(0, Mode.WATCH, "late", 1, 0, 0));
        next.send("here");
        assertThat(read(late)).isEqualTo("here");
        assertThat(late.missed()).isEqualTo(3);
        for (Looking wrong : List.of(new Looking(0, Mode.WATCH, "x", 9, 0, 0), new Looking(0, Mode.WATCH, "x", -1, 0, 0),
                new Looking(1, Mode.WATCH, "x", 0, 0, 0))) {
            assertThatThrownBy(() -> next.model.resume(wrong)).as(wrong.toString())
                    .isInstanceOf(VdpaException.class).hasMessageContaining("expected 0 to ");
        }
    }

    @Test
    void a_model_that_was_not_replaced_after_all_goes_on() throws Exception {
        ConsoleFixture console = new ConsoleFixture().start();
        try (ConsoleViewer viewer = console.model.view(0, Mode.TYPE, "first")) {
            console.model.saveState();
            console.model.attach(console.backend);
            assertThat(viewer.type(ConsoleFixture.bytes("typed"), 0, 5)).isEqualTo(5);
            assertThat(ConsoleFixture.content(console.receive(100))).isEqualTo("typed");
        }
    }

    @Test
    void a_state_that_is_not_known_or_makes_no_sense_is_refused_by_name() throws Exception {
        ConsoleModel model = new ConsoleFixture().start().model;
        ModelState saved = model.saveState();
        byte[] content = saved.content();
        List<ModelState> wrong = List.of(
                new ModelState("virtio-net", 1, content),
                new ModelState(saved.format(), 2, content),
                new ModelState(saved.format(), 1, Arrays.copyOf(content, content.length - 1)),
                new ModelState(saved.format(), 1, Arrays.copyOf(content, content.length + 1)),
                new ConsoleFixture("ports", "a,b").model.saveState());
        for (ModelState state : wrong) {
            ConsoleModel fresh = new ConsoleFixture().start().model;
            assertThatThrownBy(() -> fresh.restoreState(state)).as(state.toString())
                    .isInstanceOfSatisfying(VdpaException.class, e -> assertThat(e.reason()).isEqualTo(Reason.STATE_UNKNOWN))
                    .hasMessageContaining(state.toString());
        }
    }
}
