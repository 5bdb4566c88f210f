package io.busbar.tools.shell.commands;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.busbar.api.vdpa.ConsoleViewer;
import io.busbar.tools.shell.CommandTable;
import io.busbar.tools.shell.Dialogue;
import io.busbar.tools.shell.Invocation;
import io.busbar.tools.shell.Output;
import io.busbar.tools.shell.control.ControlServer;
import io.busbar.tools.shell.control.Session;
import io.busbar.tools.shell.fake.FakeConsoleOps;
import io.busbar.tools.shell.fake.FakeInventory;
import io.busbar.tools.shell.fake.FakeManagementDevice;
import io.busbar.tools.shell.fake.Recorder;
import io.busbar.tools.shell.osgi.ShellCommands;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code console} over a real control socket, its messages written by hand. */
@Timeout(120)
class ConsoleCommandTest {

    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final int MIB = 1 << 20;

    @TempDir
    private Path directory;

    private final FakeInventory inventory = new FakeInventory();
    private final FakeConsoleOps console = new FakeConsoleOps();
    private final CommandTable table = new ShellCommands(inventory).table();
    private ControlServer server;

    @BeforeEach
    void serve() throws IOException {
        inventory.host.managementDevices.add(
                new FakeManagementDevice("sim_console", Set.of(3), 0, 0, List.of(), 6, _ -> console));
        Recorder.run(table.command("vdpa").orElseThrow(), "dev add name con0 mgmtdev sim_console");
        server = ControlServer.open(directory.resolve("s"), Commands::new);
    }

    @AfterEach
    void close() throws IOException {
        server.close();
    }

    private final class Commands implements Session {
        @Override
        public int run(Invocation call) {
            return table.run(call);
        }

        @Override
        public int line(String line, Path cwd, int columns, Output output, Optional<Dialogue> dialogue) {
            throw new UnsupportedOperationException("no language here");
        }

        @Override
        public List<String> complete(String text) {
            return table.complete(text);
        }

        @Override
        public void close() {
        }
    }

    /** A client that talks by hand. */
    private final class Client implements AutoCloseable {
        private final SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        private final BufferedReader answers;
        private final StringBuffer notes = new StringBuffer();
        private final ByteArrayOutputStream shown = new ByteArrayOutputStream();

        Client(String stream, String... words) throws IOException {
            channel.connect(UnixDomainSocketAddress.of(directory.resolve("s")));
            answers = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8));
            send("{\"v\":1,\"stream\":\"" + stream + "\",\"who\":\"me\",\"args\":[\"console\",\"con0\""
                    + String.join("", List.of(words).stream().map(word -> ",\"" + word + "\"").toList()) + "]}");
        }

        void send(String line) throws IOException {
            ByteBuffer bytes = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        }

        void type(byte[] bytes) throws IOException {
            send("{\"data\":\"" + Base64.getEncoder().encodeToString(bytes) + "\"}");
        }

        JsonObject next() throws IOException {
            JsonObject answer = JsonParser.parseString(answers.readLine()).getAsJsonObject();
            if (answer.has("err")) {
                notes.append(answer.get("err").getAsString());
            }
            if (answer.has("data")) {
                shown.writeBytes(Base64.getDecoder().decode(answer.get("data").getAsString()));
            }
            return answer;
        }

        Client until(String key) throws IOException {
            JsonObject answer = next();
            while (!answer.has(key)) {
                answer = next();
            }
            return this;
        }

        Client untilShown(int bytes) throws IOException {
            while (shown.size() < bytes) {
                next();
            }
            return this;
        }

        Client untilNoted(String text) throws IOException {
            while (notes.indexOf(text) < 0) {
                next();
            }
            return this;
        }

        int exit() throws IOException {
            JsonObject answer = next();
            while (!answer.has("exit")) {
                answer = next();
            }
            return answer.get("exit").getAsInt();
        }

        int leave() throws IOException {
            send("{\"leave\":1}");
            return exit();
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    private static void eventually(BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + DEADLINE.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("time").isLessThan(deadline);
            Thread.sleep(5);
        }
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    @Test
    void bytes_go_both_ways_as_they_are_and_the_connection_serves_other_commands_afterwards() throws Exception {
        try (Client client = new Client("terminal")) {
            client.until("input");
            assertThat(client.notes).hasToString("console: connected to con0; Ctrl-] leaves\n");
            console.viewer.send(random(MIB));
            client.type(random(100_000));
            assertThat(client.untilShown(MIB).shown.toByteArray()).isEqualTo(random(MIB));
            eventually(() -> console.viewer.typed().length == 100_000);
            assertThat(console.viewer.typed()).isEqualTo(random(100_000));
            assertThat(console.viewer.mode).isEqualTo(ConsoleViewer.Mode.TYPE);
            assertThat(console.viewer.who).isEqualTo("me");
            assertThat(client.leave()).isZero();
            assertThat(console.viewer.closed).isTrue();
            client.send("{\"v\":1,\"args\":[\"console\",\"list\"]}");
            assertThat(client.exit()).isZero();
        }
    }

    @Test
    void the_terminals_size_is_told_and_its_changes_and_none_that_is_none() throws Exception {
        try (Client client = new Client("terminal", "data")) {
            client.until("input").send("{\"columns\":111,\"rows\":33}");
            eventually(() -> console.viewer.size.equals("111x33"));
            client.send("{\"columns\":0,\"rows\":0}");
            client.send("{\"columns\":80,\"rows\":24}");
            eventually(() -> console.viewer.size.equals("80x24"));
            assertThat(console.viewer.port).isOne();
            assertThat(client.leave()).isZero();
        }
    }

    @Test
    void what_is_typed_waits_for_room_and_whoever_waits_can_leave() throws Exception {
        try (Client client = new Client("terminal")) {
            client.until("input");
            console.viewer.room(10);
            client.type(random(200));
            eventually(() -> console.viewer.typed().length == 10);
            console.viewer.room(20);
            eventually(() -> console.viewer.typed().length == 30);
            assertThat(client.leave()).isZero();
        }
    }

    @Test
    void a_client_that_does_not_read_is_not_sent_without_measure_and_what_waits_stays_with_the_port() throws Exception {
        try (Client client = new Client("terminal")) {
            client.until("input");
            console.viewer.send(random(8 * MIB));
            int[] before = {0};
            eventually(() -> console.viewer.unread() == before[0] | (before[0] = console.viewer.unread()) < 0);
            assertThat(console.viewer.unread()).isGreaterThan(4 * MIB);
            assertThat(client.untilShown(8 * MIB).shown.toByteArray()).isEqualTo(random(8 * MIB));
            assertThat(client.leave()).isZero();
        }
    }

    @ParameterizedTest
    @CsvSource({"0, true", "2000000, true", "2000000, false", "0, false"})
    void a_client_that_dies_leaves_nothing_behind_also_while_what_it_typed_finds_no_room(int typed, boolean reads)
            throws Exception {
        Client client = new Client("terminal");
        client.until("input");
        console.viewer.room(0);
        Thread types = Thread.ofPlatform().daemon().start(() -> {
            try {
                for (int i = 0; i < typed; i += 100_000) {
                    client.type(random(100_000));
                }
            } catch (IOException _) {
                // It died.
            }
        });
        if (!reads) {
            console.viewer.send(random(MIB));
        }
        eventually(() -> typed == 0 || types.getState() == Thread.State.RUNNABLE);
        client.close();
        eventually(() -> console.viewer.closed);
        eventually(() -> Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().matches("busbar-con.*-.*")));
    }

    @Test
    void one_who_comes_second_is_told_who_types_and_what_a_terminal_types_meanwhile_is_for_nobody() throws Exception {
        console.typist = "ann on pts/7";
        try (Client client = new Client("terminal")) {
            client.untilNoted("console: con0: ann on pts/7 types, and you look on until it is your turn; --force takes over\n");
            client.type(random(50));
            client.send("{\"columns\":9,\"rows\":9}");
            eventually(() -> console.viewer.size.equals("9x9"));
            console.typist = "";
            client.untilNoted("console: con0: you type now\n");
            client.type(random(20));
            eventually(() -> console.viewer.typed().length == 20);
            assertThat(console.viewer.typed()).isEqualTo(random(20));
            assertThat(client.leave()).isZero();
        }
    }

    @Test
    void what_a_pipe_has_waits_for_its_turn() throws Exception {
        console.typist = "ann";
        try (Client client = new Client("pipe")) {
            client.untilNoted("types");
            client.type(random(50));
            client.send("{\"end\":1}");
            console.typist = "";
            assertThat(client.until("input").leave()).isZero();
            assertThat(console.viewer.typed()).isEqualTo(random(50));
        }
    }

    @Test
    void a_pipe_whose_input_has_ended_stays_until_nothing_comes_any_more() throws Exception {
        try (Client client = new Client("pipe", "--linger", "3")) {
            client.until("input").send("{\"end\":1}");
            for (int i = 0; i < 4; i++) {
                console.viewer.send(random(10));
                client.untilShown(10 * (i + 1));
                Thread.sleep(1000); // together longer than it stays, and each far shorter
            }
            assertThat(client.until("input").leave()).isZero();
            assertThat(client.shown.size()).isEqualTo(40);
        }
    }

    @Test
    void who_only_looks_on_types_nothing_and_stays_when_the_input_has_ended() throws Exception {
        try (Client client = new Client("pipe", "--watch", "--linger", "0")) {
            client.until("input").type(random(50));
            client.send("{\"end\":1}");
            console.viewer.miss(1234);
            console.viewer.send("x".getBytes(StandardCharsets.UTF_8));
            client.untilShown(1);
            assertThat(client.notes).hasToString("console: con0: 1234 bytes were missed\n");
            console.viewer.send("y".getBytes(StandardCharsets.UTF_8));
            client.untilShown(2);
            assertThat(client.leave()).isZero();
            assertThat(console.viewer.mode).isEqualTo(ConsoleViewer.Mode.WATCH);
            assertThat(console.viewer.typed()).isEmpty();
        }
    }

    @Test
    void who_takes_over_says_so() throws Exception {
        try (Client client = new Client("terminal", "--force")) {
            assertThat(client.until("input").leave()).isZero();
            assertThat(console.viewer.mode).isEqualTo(ConsoleViewer.Mode.TAKE_OVER);
        }
    }

    @Test
    void a_device_that_goes_is_told_and_ends_the_command() throws Exception {
        try (Client client = new Client("terminal")) {
            client.until("input");
            console.viewer.send("last words".getBytes(StandardCharsets.UTF_8));
            console.viewer.end();
            client.untilNoted("console: con0 is gone\n").until("input");
            assertThat(client.shown).hasToString("last words");
            assertThat(client.leave()).isOne();
        }
    }

    @Test
    void escape_sequences_come_as_they_are_or_written_out_as_the_operator_chooses() throws Exception {
        byte[] clears = "\u001b[2Jx".getBytes(StandardCharsets.UTF_8);
        try (Client client = new Client("terminal")) {
            client.until("input");
            console.viewer.send(clears);
            assertThat(client.untilShown(5).shown.toByteArray()).isEqualTo(clears);
            client.leave();
        }
        try (Client client = new Client("terminal", "--escaped")) {
            client.until("input");
            console.viewer.send(clears);
            assertThat(client.untilShown(6).shown).hasToString("^[[2Jx");
            client.leave();
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "hello", "{\"data\":5}|", "{\"data\":\"***\"}", "{\"columns\":-1,\"rows\":5}", "{\"columns\":70000,\"rows\":5}",
        "{\"columns\":\"x\",\"rows\":5}", "{\"v\":1,\"args\":[\"status\"]}", "{\"data\":{}}", "[]"})
    void a_client_that_sends_something_else_is_let_go(String line) throws Exception {
        try (Client client = new Client("terminal")) {
            client.until("input").send(line);
            eventually(() -> console.viewer.closed);
            assertThat(client.answers.readLine()).isNull();
        }
    }

    @Test
    void a_client_that_cannot_type_is_told_what_can() {
        assertThat(Recorder.run(table.command("console").orElseThrow(), "con0").err()).isEqualTo(
                "console: who gives this command cannot type while it runs: busbar console NAME, or busbar shell was expected\n");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "''|a device is missing: console NAME [PORT]",
        "nosuch|there is no device \"nosuch\"; expected one of: con0",
        "con0 nosuch|con0 has no port \"nosuch\"; expected one of: console, data",
        "con0 data more|\"more\" is one word too many",
        "con0 --watch --force|--force types and --watch does not: one of them was expected",
        "con0 --loud|\"--loud\" is no option; expected one of: --watch, --force, --escaped, --linger",
        "con0 --linger|--linger \"\": a number of seconds from 0 to 3600 was expected",
        "con0 --linger 3601|--linger \"3601\": a number of seconds from 0 to 3600 was expected"})
    void wrong_words_are_named(String words, String sentence) {
        Recorder.Result result = Recorder.run(table.command("console").orElseThrow(), words);
        assertThat(result.err()).isEqualTo("console: " + sentence + "\n");
        assertThat(result.exit()).isOne();
    }

    @Test
    void too_many_viewers_are_told_so() throws Exception {
        console.full = true;
        try (Client client = new Client("terminal")) {
            assertThat(client.exit()).isOne();
            assertThat(client.notes).hasToString("console: con0: port console has 16 viewers\n");
        }
    }

    @Test
    void the_list_says_who_is_there() {
        console.typist = "ann on pts/7";
        assertThat(Recorder.run(table.command("console").orElseThrow(), "list").out()).isEqualTo("""
                con0  console  driver open    backend closed  ann on pts/7 types
                con0  data     driver closed  backend open    ann looks on, ben looks on
                """);
        assertThat(Recorder.run(table.command("console").orElseThrow(), "list con0 -j").out()).isEqualTo("{\"console\":{\"con0\":"
                + "[{\"port\":\"console\",\"driver_open\":true,\"backend_open\":false,\"typist\":\"ann on pts/7\",\"watchers\":[]},"
                + "{\"port\":\"data\",\"driver_open\":false,\"backend_open\":true,\"typist\":\"\",\"watchers\":[\"ann\",\"ben\"]}]}}\n");
    }

    @Test
    void devices_ports_and_options_are_proposed() {
        List<String> first = new ArrayList<>(table.complete("console "));
        assertThat(first).containsExactly("con0", "list");
        assertThat(table.complete("console con0 ")).containsExactly("console", "data");
        assertThat(table.complete("console con0 --w")).containsExactly("--watch");
        assertThat(table.complete("console list ")).containsExactly("con0");
    }
}
