package io.busbar.busdrivers.virtio.console;

import static io.busbar.busdrivers.virtio.Driven.random;
import static io.busbar.core.virtio.VirtioConfig.bit;
import static io.busbar.testkit.vdpa.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.driver.ConsoleDriver;
import io.busbar.api.driver.DriverException;
import io.busbar.api.driver.TerminalSize;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.busdrivers.virtio.life.DeviceLife;
import io.busbar.core.virtio.console.VirtioConsole;
import io.busbar.testkit.vdpa.FakeConsole;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A console (virtio 1.2, 5.3), from its users' side and with a device that a test plays. */
@Timeout(120)
class DrivenConsoleTest {

    private static final Duration PATIENCE = Duration.ofSeconds(40);
    private static final int BUFFERS = 32;
    private static final int BUFFER_BYTES = 4096;

    private FakeConsole device;
    private DeviceLife life;
    private DrivenConsole console;

    private DrivenConsole begin(FakeConsole driven) throws VdpaException {
        device = driven;
        life = new DeviceLife(device);
        console = new DrivenConsole("con0", "host", life.lane());
        life.begin(console);
        return console;
    }

    @AfterEach
    void end() {
        life.end("the test is over");
        device.close();
    }

    private ConsoleDriver.Port port(String name) throws IOException {
        return console.port(name, PATIENCE).orElseThrow();
    }

    private static byte[] read(ConsoleDriver.Port port, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining()) {
            port.read(bytes);
        }
        return bytes.array();
    }

    private void receive(int port, byte[] bytes) {
        for (int at = 0; at < bytes.length; at += BUFFER_BYTES) {
            device.receive(port, Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + BUFFER_BYTES)));
        }
    }

    // Streams

    @Test
    void a_console_alone_has_one_port_that_is_open_and_bytes_go_both_ways() throws Exception {
        begin(new FakeConsole(1));
        assertThat(console.ports()).singleElement().satisfies(port -> {
            assertThat(port.name()).isEqualTo("console");
            assertThat(port.isOpen()).isTrue();
        });
        byte[] out = random(1_000_000, 1);
        byte[] in = random(1_000_000, 2);
        receive(0, in);
        try (var stream = port("console").output()) {
            stream.write(out);
        }
        assertThat(device.sent(0)).isEqualTo(out);
        assertThat(port("console").input().readNBytes(in.length)).isEqualTo(in);
        assertThat(device.heard).isEmpty();
    }

    @Test
    void each_port_is_a_stream_of_its_own() throws Exception {
        begin(new FakeConsole(3));
        for (int i = 0; i < 3; i++) {
            ConsoleDriver.Port port = port(i == 0 ? "console" : "data" + i);
            assertThat(port.index()).isEqualTo(i);
            receive(i, random(50_000, i));
            port.write(ByteBuffer.wrap(random(60_000, 10 + i)));
            assertThat(port.flush(PATIENCE)).isTrue();
        }
        for (int i = 0; i < 3; i++) {
            assertThat(read(port(i == 0 ? "console" : "data" + i), 50_000)).isEqualTo(random(50_000, i));
            assertThat(device.sent(i)).isEqualTo(random(60_000, 10 + i));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 4095, 4097, 100_000})
    void bytes_are_in_order_whatever_the_sizes_of_what_reads(int step) throws Exception {
        begin(new FakeConsole(1));
        byte[] in = random(40_000, step);
        for (int at = 0; at < in.length; at += 1234) {
            device.receive(0, Arrays.copyOfRange(in, at, Math.min(in.length, at + 1234)));
        }
        ByteArrayOutputStream got = new ByteArrayOutputStream();
        ByteBuffer target = ByteBuffer.allocate(step);
        while (got.size() < in.length) {
            port("console").read(target.clear());
            got.write(target.array(), 0, target.position());
        }
        assertThat(got.toByteArray()).isEqualTo(in);
    }

    @Test
    void a_reader_who_does_not_read_holds_the_device_back() throws Exception {
        begin(new FakeConsole(1));
        byte[] in = random(2 * BUFFERS * BUFFER_BYTES, 3);
        receive(0, in);
        eventually("all buffers are full", () -> device.waiting(0) == BUFFERS);
        assertThat(read(port("console"), in.length)).isEqualTo(in);
    }

    @Test
    void a_writer_waits_for_a_device_that_does_not_take_and_one_who_offers_does_not() throws Exception {
        begin(new FakeConsole(1));
        device.hold(true);
        ConsoleDriver.Port port = port("console");
        ByteBuffer bytes = ByteBuffer.wrap(random(200_000, 4));
        assertThat(port.offer(bytes)).isEqualTo(BUFFERS * BUFFER_BYTES);
        assertThat(port.offer(bytes)).isZero();
        assertThat(port.flush(Duration.ofMillis(1))).isFalse();
        AtomicReference<Exception> thrown = new AtomicReference<>();
        Thread writer = Thread.ofPlatform().start(() -> {
            try {
                port.write(bytes);
            } catch (Exception e) {
                thrown.set(e);
            }
        });
        eventually("it waits", () -> writer.getState() == Thread.State.TIMED_WAITING);
        device.hold(false);
        assertThat(writer.join(PATIENCE)).isTrue();
        assertThat(thrown.get()).isNull();
        assertThat(port.flush(PATIENCE)).isTrue();
        assertThat(device.sent(0)).isEqualTo(random(200_000, 4));
    }

    @Test
    void one_who_polls_gets_what_is_there_and_one_who_waits_is_told_when_something_is() throws Exception {
        begin(new FakeConsole(1));
        ConsoleDriver.Port port = port("console");
        ByteBuffer target = ByteBuffer.allocate(10);
        assertThat(port.poll(target)).isZero();
        assertThat(port.awaitReadable(Duration.ofMillis(1))).isFalse();
        device.receive(0, random(4, 5));
        assertThat(port.awaitReadable(PATIENCE)).isTrue();
        assertThat(port.poll(target)).isEqualTo(4);
        assertThat(Arrays.copyOf(target.array(), 4)).isEqualTo(random(4, 5));
    }

    @Test
    void a_reader_that_is_interrupted_has_taken_nothing() throws Exception {
        begin(new FakeConsole(1));
        ConsoleDriver.Port port = port("console");
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> port.read(ByteBuffer.allocate(1))).isInstanceOf(InterruptedIOException.class)
                .hasMessage("con0 console: interrupted while it waited");
        assertThat(Thread.interrupted()).isTrue();
        device.receive(0, random(4, 5));
        assertThat(read(port, 4)).isEqualTo(random(4, 5));
    }

    // Control messages

    @Test
    void the_driver_says_that_it_is_ready_then_each_port_and_that_it_is_open_when_it_is_used() throws Exception {
        begin(new FakeConsole(2));
        ConsoleDriver.Port data = port("data1");
        eventually("the console is open", () -> device.heard.contains("0 6 1"));
        assertThat(device.heard).containsExactlyInAnyOrder("0 0 1", "0 3 1", "1 3 1", "0 6 1").startsWith("0 0 1");
        data.poll(ByteBuffer.allocate(1));
        eventually("it is open", () -> device.heard.getLast().equals("1 6 1"));
        data.close();
        eventually("it is closed", () -> device.heard.getLast().equals("1 6 0"));
        data.offer(ByteBuffer.wrap(new byte[1]));
        eventually("it is open again", () -> device.heard.getLast().equals("1 6 1"));
    }

    @Test
    void the_devices_end_and_its_size_are_seen() throws Exception {
        begin(new FakeConsole(2));
        ConsoleDriver.Port data = port("data1");
        eventually("it is open", data::isOpen);
        device.say(1, VirtioConsole.VIRTIO_CONSOLE_PORT_OPEN, 0);
        eventually("it is closed", () -> !data.isOpen());
        assertThat(console.size()).contains(new TerminalSize(80, 24));
        device.say(0, VirtioConsole.VIRTIO_CONSOLE_RESIZE, 0, (byte) 100, (byte) 1, (byte) 50, (byte) 0);
        eventually("its size", () -> console.size().equals(Optional.of(new TerminalSize(356, 50))));
        device.resize(90, 30);
        eventually("its size", () -> console.size().equals(Optional.of(new TerminalSize(90, 30))));
    }

    @Test
    void a_port_that_is_taken_away_ends_what_waits_there_after_what_came_and_may_come_back() throws Exception {
        begin(new FakeConsole(2));
        ConsoleDriver.Port data = port("data1");
        device.receive(1, random(10, 6));
        assertThat(data.awaitReadable(PATIENCE)).isTrue();
        device.say(1, VirtioConsole.VIRTIO_CONSOLE_PORT_REMOVE, 0);
        eventually("it is gone", () -> console.ports().size() == 1);
        assertThat(read(data, 10)).isEqualTo(random(10, 6));
        assertThatThrownBy(() -> data.read(ByteBuffer.allocate(1))).isInstanceOf(DriverException.class)
                .hasMessageContaining("the device has taken the port away");
        assertThatThrownBy(() -> data.write(ByteBuffer.wrap(new byte[1]))).isInstanceOf(DriverException.class);
        device.say(1, VirtioConsole.VIRTIO_CONSOLE_PORT_ADD, 0);
        assertThat(port("data1")).isSameAs(data);
        data.write(ByteBuffer.wrap(random(10, 7)));
        assertThat(data.flush(PATIENCE)).isTrue();
    }

    @Test
    void a_byte_in_an_emergency_goes_to_the_configuration() throws Exception {
        begin(new FakeConsole(1));
        assertThat(console.canWriteInEmergency()).isTrue();
        console.emergencyWrite((byte) 'x');
        assertThat(device.written).containsExactly("8 [120, 0, 0, 0]");
        end();
        begin(new FakeConsole(1, FakeConsole.PLAIN & ~bit(VirtioConsole.VIRTIO_CONSOLE_F_EMERG_WRITE), 2, 1));
        assertThat(console.canWriteInEmergency()).isFalse();
        assertThatThrownBy(() -> console.emergencyWrite((byte) 'x')).isInstanceOf(DriverException.class)
                .hasMessage("con0: takes no byte in an emergency");
    }

    // Hostile devices

    @ParameterizedTest
    @ValueSource(longs = {1, 4096, 1L << 31, 0xffff_0000L})
    void a_device_that_says_it_has_written_more_than_a_buffer_holds_is_read_no_further_than_its_end(long lie) throws Exception {
        begin(new FakeConsole(1));
        device.lie = lie;
        device.receive(0, random(BUFFER_BYTES, 8));
        ByteBuffer target = ByteBuffer.allocate(3 * BUFFER_BYTES);
        assertThat(port("console").read(target)).isEqualTo(BUFFER_BYTES);
        assertThat(Arrays.copyOf(target.array(), BUFFER_BYTES)).isEqualTo(random(BUFFER_BYTES, 8));
        device.lie = 0;
        device.receive(0, random(10, 9));
        assertThat(read(port("console"), 10)).isEqualTo(random(10, 9));
    }

    @Test
    void a_device_that_fills_buffers_with_nothing_holds_nobody_in_a_loop() throws Exception {
        begin(new FakeConsole(1));
        for (int i = 0; i < 10_000; i++) {
            device.receive(0, new byte[0]);
        }
        ByteBuffer target = ByteBuffer.allocate(10);
        assertThat(port("console").poll(target)).isZero();
        device.receive(0, random(10, 10));
        assertThat(read(port("console"), 10)).isEqualTo(random(10, 10));
    }

    @Test
    void control_messages_that_are_none_are_ignored_and_counted() throws Exception {
        begin(new FakeConsole(2));
        ConsoleDriver.Port data = port("data1");
        device.sayRaw();
        device.sayRaw((byte) 1, (byte) 0, (byte) 0, (byte) 0, (byte) 6, (byte) 0, (byte) 1);
        device.say(2, VirtioConsole.VIRTIO_CONSOLE_PORT_ADD, 0);
        device.say(-1, VirtioConsole.VIRTIO_CONSOLE_PORT_OPEN, 1);
        device.say(1, 99, 1);
        device.say(1, VirtioConsole.VIRTIO_CONSOLE_PORT_NAME, 0);
        device.say(1, VirtioConsole.VIRTIO_CONSOLE_PORT_NAME, 0, "\u001b[2J".getBytes(StandardCharsets.US_ASCII));
        device.say(1, VirtioConsole.VIRTIO_CONSOLE_PORT_NAME, 0, new byte[400]);
        device.say(0, VirtioConsole.VIRTIO_CONSOLE_RESIZE, 0, (byte) 1);
        eventually("all were heard", () -> console.malformedMessages() == 9);
        assertThat(data.name()).isEqualTo("data1");
        assertThat(console.ports()).hasSize(2);
        assertThat(console.size()).contains(new TerminalSize(80, 24));
        device.receive(1, random(10, 11));
        assertThat(read(data, 10)).isEqualTo(random(10, 11));
    }

    @Test
    void a_port_that_was_not_added_has_no_messages() throws Exception {
        FakeConsole quiet = new FakeConsole(2);
        quiet.silent = true;
        begin(quiet);
        quiet.say(1, VirtioConsole.VIRTIO_CONSOLE_PORT_OPEN, 1);
        eventually("it was heard", () -> console.malformedMessages() == 1);
        assertThat(console.ports()).isEmpty();
        assertThat(console.port("port1", Duration.ofMillis(1))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"1, con0 has 1 queues: expected 4 and up for a console", "4, con0 has 0 ports: expected 1 and up"})
    void a_device_that_cannot_be_a_console_is_not_driven(int queues, String sentence) {
        FakeConsole wrong = new FakeConsole(
                1, FakeConsole.PLAIN | bit(VirtioConsole.VIRTIO_CONSOLE_F_MULTIPORT), queues, 0);
        assertThatThrownBy(() -> begin(wrong)).isInstanceOf(VdpaException.class).hasMessage(sentence);
    }

    @Test
    void a_device_that_says_it_has_more_ports_than_queues_has_as_many_as_its_queues() throws Exception {
        begin(new FakeConsole(2, FakeConsole.PLAIN | bit(VirtioConsole.VIRTIO_CONSOLE_F_MULTIPORT), 6, Integer.MIN_VALUE));
        assertThat(console.maxPorts()).isEqualTo(2);
        assertThat(port("data1").index()).isOne();
    }

    // Resets

    @Test
    void what_came_before_a_reset_is_read_and_what_goes_goes_on() throws Exception {
        begin(new FakeConsole(2));
        ConsoleDriver.Port data = port("data1");
        receive(1, random(20_000, 12));
        assertThat(read(data, 5000)).isEqualTo(Arrays.copyOf(random(20_000, 12), 5000));
        eventually("all is here", () -> device.waiting(1) == 0);
        eventually("it is open", () -> device.heard.contains("1 6 1"));
        device.needReset();
        eventually("it was reset", () -> device.heard.stream().filter("0 0 1"::equals).count() == 2);
        data.write(ByteBuffer.wrap(random(100, 13)));
        assertThat(data.flush(PATIENCE)).isTrue();
        assertThat(device.sent(1)).isEqualTo(random(100, 13));
        receive(1, random(30, 14));
        byte[] rest = read(data, 15_030);
        assertThat(Arrays.copyOf(rest, 15_000)).isEqualTo(Arrays.copyOfRange(random(20_000, 12), 5000, 20_000));
        assertThat(Arrays.copyOfRange(rest, 15_000, 15_030)).isEqualTo(random(30, 14));
        eventually("it is open again", () -> device.heard.stream().filter("1 6 1"::equals).count() == 2);
    }

    @Test
    void who_writes_after_a_reset_is_told_once_that_something_may_be_lost() throws Exception {
        begin(new FakeConsole(1));
        device.hold(true);
        ConsoleDriver.Port port = port("console");
        port.write(ByteBuffer.wrap(random(100, 15)));
        device.needReset();
        assertThatThrownBy(() -> port.flush(PATIENCE)).isInstanceOf(DriverException.class).hasMessage(
                "con0 console: what was written last may or may not have arrived: the device needs a reset");
        device.hold(false);
        port.write(ByteBuffer.wrap(random(50, 16)));
        assertThat(port.flush(PATIENCE)).isTrue();
        assertThat(device.sent(0)).isEqualTo(random(50, 16));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5})
    void a_device_that_breaks_a_queue_is_reset_and_serves_again(int queue) throws Exception {
        begin(new FakeConsole(2));
        ConsoleDriver.Port data = port("data1");
        eventually("the console is open", () -> device.heard.contains("0 6 1"));
        device.breakQueue(queue);
        Thread looks = Thread.ofPlatform().daemon().start(() -> useUntilReset(queue < 2 ? 0 : 1));
        eventually("it was reset", () -> device.heard.stream().filter("0 0 1"::equals).count() == 2);
        looks.interrupt();
        looks.join();
        eventually("it is up", console::isUp);
        receive(1, random(100, 17));
        assertThat(read(data, 100)).isEqualTo(random(100, 17));
    }

    private void useUntilReset(int index) {
        ConsoleDriver.Port port = console.ports().get(index);
        try {
            while (true) {
                port.poll(ByteBuffer.allocate(1));
                port.flush(Duration.ofMillis(5));
                port.awaitReadable(Duration.ofMillis(5));
            }
        } catch (IOException _) {
            // It was interrupted.
        }
    }

    @Test
    void when_the_device_is_let_go_what_came_is_read_and_then_everybody_is_told() throws Exception {
        begin(new FakeConsole(1));
        ConsoleDriver.Port port = port("console");
        receive(0, random(100, 18));
        assertThat(port.awaitReadable(PATIENCE)).isTrue();
        life.end("the device was unbound from its driver");
        assertThat(read(port, 100)).isEqualTo(random(100, 18));
        assertThatThrownBy(() -> port.read(ByteBuffer.allocate(1))).isInstanceOf(DriverException.class)
                .hasMessage("con0 console: read: the device was unbound from its driver");
        assertThatThrownBy(() -> port.offer(ByteBuffer.allocate(1))).isInstanceOf(DriverException.class)
                .hasMessage("con0 console: write: the device was unbound from its driver");
        assertThat(port.awaitReadable(PATIENCE)).isTrue();
        begin(new FakeConsole(1));
    }
}
