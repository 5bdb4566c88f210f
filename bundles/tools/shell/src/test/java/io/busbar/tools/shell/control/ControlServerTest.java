package io.busbar.tools.shell.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.tools.shell.Dialogue;
import io.busbar.tools.shell.Invocation;
import io.busbar.tools.shell.Output;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(180)
class ControlServerTest {

    private static final Duration DEADLINE = Duration.ofSeconds(60);

    @TempDir
    private Path directory;

    private Path socket;
    private ControlServer server;
    private final CountDownLatch started = new CountDownLatch(1);
    private final CountDownLatch release = new CountDownLatch(1);
    private final CountDownLatch finished = new CountDownLatch(1);

    @BeforeEach
    void listen() throws IOException {
        socket = directory.resolve("control.sock");
        server = ControlServer.open(socket, Echo::new);
    }

    @AfterEach
    void close() throws IOException {
        release.countDown();
        server.close();
    }

    /** Says what it was asked. */
    private final class Echo implements Session {

        @Override
        public int run(Invocation call) {
            switch (call.args().getFirst()) {
                case "slow" -> {
                    started.countDown();
                    await(release);
                    call.output().out("late\n");
                    finished.countDown();
                }
                case "last" -> call.output().whenAnswered(() -> {
                    await(release);
                    finished.countDown();
                });
                case "broken" -> throw new NoClassDefFoundError("io/gone/Command");
                case "stays" -> {
                    started.countDown();
                    while (!call.output().isGone()) {
                        call.output().err("still here\n");
                    }
                    finished.countDown();
                }
                case "flood" -> call.output().out("x".repeat(1 << 20));
                default -> call.output().out(String.join(" ", call.args()) + " in " + call.cwd() + "\n");
            }
            call.output().err("done\n");
            return call.args().size();
        }

        @Override
        public int line(String line, Path cwd, int columns, Output output, Optional<Dialogue> dialogue) {
            output.out(line + " " + cwd + " " + columns);
            return 7;
        }

        @Override
        public List<String> complete(String text) {
            return List.of(text + "!");
        }

        @Override
        public void close() {
        }

        private void await(CountDownLatch latch) {
            try {
                latch.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private final class Client implements AutoCloseable {
        private final SocketChannel channel;
        private final BufferedReader answers;

        Client() throws IOException {
            channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            channel.connect(UnixDomainSocketAddress.of(socket));
            answers = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8));
        }

        Client send(String text) throws IOException {
            ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            return this;
        }

        /** The answers up to the exit status; what came if the connection ends. */
        List<String> answer() throws IOException {
            List<String> lines = new ArrayList<>();
            String line = answers.readLine();
            while (line != null) {
                lines.add(line);
                if (line.contains("\"exit\"")) {
                    break;
                }
                line = answers.readLine();
            }
            return lines;
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    @Test
    void a_command_is_answered_with_its_output_and_status() throws IOException {
        try (Client client = new Client()) {
            assertThat(client.send("{\"v\":1,\"args\":[\"a\",\"b c\"],\"cwd\":\"/home/me\",\"columns\":80}\n").answer())
                    .containsExactly("{\"out\":\"a b c in /home/me\\n\"}", "{\"err\":\"done\\n\"}", "{\"exit\":2}");
        }
    }

    @Test
    void what_is_to_be_done_last_is_done_when_the_answer_was_sent() throws Exception {
        try (Client client = new Client()) {
            assertThat(client.send("{\"v\":1,\"args\":[\"last\"],\"cwd\":\"/home/me\",\"columns\":80}\n").answer())
                    .containsExactly("{\"err\":\"done\\n\"}", "{\"exit\":1}");
            assertThat(finished.getCount()).isEqualTo(1);
            release.countDown();
            assertThat(finished.await(30, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void requests_of_a_connection_are_answered_in_order_however_they_are_cut() throws IOException {
        try (Client client = new Client()) {
            client.send("{\"v\":1,\"line\":\"x\",\"cwd\":\"/\",\"columns\":9}\n{\"v\":1,\"comp");
            assertThat(client.answer()).containsExactly("{\"out\":\"x / 9\"}", "{\"exit\":7}");
            client.send("lete\":\"vdpa dev\",\"cursor\":4}\n");
            assertThat(client.answer()).containsExactly("{\"candidates\":[\"vdpa!\"],\"exit\":0}");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", "hello", "[]", "{\"v\":1}", "{\"v\":2,\"args\":[]}", "{\"args\":[]}", "{\"v\":1,\"args\":\"vdpa\"}",
        "{\"v\":1,\"args\":[1]}", "{\"v\":1,\"args\":[],\"cwd\":\"relative\"}", "{\"v\":1,\"args\":[],\"cwd\":\"/a\\u0000\"}",
        "{\"v\":1,\"complete\":\"x\",\"cursor\":2}", "{\"v\":1,\"complete\":\"x\",\"cursor\":-1}",
        "{\"v\":1,\"line\":\"x\",\"columns\":1e99}", "{\"v\":1,\"line\":5}", "{\"v\":1,\"line\":\"x\"}{}", "{'v':1}"})
    void what_is_no_request_is_named_and_the_connection_goes_on(String line) throws IOException {
        try (Client client = new Client()) {
            List<String> answer = client.send(line + "\n").answer();
            assertThat(answer).hasSize(2);
            assertThat(answer.get(0)).startsWith("{\"err\":\"");
            assertThat(answer.get(1)).isEqualTo("{\"exit\":2}");
            assertThat(client.send("{\"v\":1,\"line\":\"x\"}\n").answer()).last().isEqualTo("{\"exit\":7}");
        }
    }

    @Test
    void deep_nesting_is_no_request() throws IOException {
        try (Client client = new Client()) {
            assertThat(client.send("[".repeat(100_000) + "\n").answer()).last().isEqualTo("{\"exit\":2}");
        }
    }

    @Test
    void a_line_without_end_is_cut_off() throws IOException {
        try (Client client = new Client()) {
            client.send("x".repeat(ControlServer.MAX_LINE_BYTES + 1));
            assertThat(client.answer()).first().asString().contains("longer than " + ControlServer.MAX_LINE_BYTES);
            assertThat(client.answer()).isEmpty();
        }
    }

    @Test
    void a_command_that_ends_with_an_error_fails_alone() throws IOException {
        try (Client client = new Client()) {
            assertThat(client.send("{\"v\":1,\"args\":[\"broken\"]}\n").answer()).containsExactly(
                    "{\"err\":\"failed, the log says where: java.lang.NoClassDefFoundError: io/gone/Command\\n\"}",
                    "{\"exit\":1}");
            assertThat(client.send("{\"v\":1,\"line\":\"x\"}\n").answer()).last().isEqualTo("{\"exit\":7}");
        }
    }

    @Test
    void a_client_for_whom_there_is_no_thread_is_let_go_and_the_next_one_is_served() throws Exception {
        socket = directory.resolve("second.sock");
        AtomicInteger asked = new AtomicInteger();
        try (ControlServer _ = ControlServer.open(socket, Echo::new, work ->
                asked.getAndIncrement() == 0 ? new NoThread() : Thread.ofPlatform().daemon().unstarted(work))) {
            try (Client unlucky = new Client()) {
                assertThat(unlucky.answer()).isEmpty();
            }
            try (Client next = new Client()) {
                assertThat(next.send("{\"v\":1,\"line\":\"x\"}\n").answer()).last().isEqualTo("{\"exit\":7}");
            }
        }
    }

    /** What the JVM does where the system has no thread left. */
    private static final class NoThread extends Thread {
        @Override
        public void start() {
            throw new OutOfMemoryError("unable to create native thread");
        }
    }

    @Test
    void clients_do_not_wait_for_each_other() throws Exception {
        try (Client slow = new Client(); Client quick = new Client()) {
            slow.send("{\"v\":1,\"args\":[\"slow\"]}\n");
            assertThat(started.await(60, TimeUnit.SECONDS)).isTrue();
            assertThat(quick.send("{\"v\":1,\"args\":[\"a\"]}\n").answer()).last().isEqualTo("{\"exit\":1}");
            release.countDown();
            assertThat(slow.answer()).contains("{\"out\":\"late\\n\"}");
        }
    }

    @Test
    void a_client_that_leaves_does_not_stop_its_command_and_leaves_no_thread() throws Exception {
        try (Client client = new Client()) {
            client.send("{\"v\":1,\"args\":[\"slow\"]}\n");
            assertThat(started.await(60, TimeUnit.SECONDS)).isTrue();
        }
        release.countDown();
        assertThat(finished.await(60, TimeUnit.SECONDS)).isTrue();
        eventually(() -> clientThreads() == 0);
    }

    @Test
    void a_command_that_looks_for_it_sees_that_its_client_has_left() throws Exception {
        try (Client client = new Client()) {
            client.send("{\"v\":1,\"args\":[\"stays\"]}\n");
            assertThat(started.await(60, TimeUnit.SECONDS)).isTrue();
            assertThat(client.answers.readLine()).contains("still here");
        }
        assertThat(finished.await(60, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void a_client_that_leaves_in_the_middle_of_a_line_leaves_no_thread() throws Exception {
        for (int i = 0; i < 20; i++) {
            try (Client client = new Client()) {
                client.send("{\"v\":1,\"args\":[\"fl");
            }
        }
        eventually(() -> clientThreads() == 0);
    }

    @Test
    void more_than_the_most_clients_are_told_so() throws Exception {
        List<Client> clients = new ArrayList<>();
        for (int i = 0; i < ControlServer.MAX_CONNECTIONS; i++) {
            clients.add(new Client());
            assertThat(clients.getLast().send("{\"v\":1,\"line\":\"x\"}\n").answer()).hasSize(2);
        }
        try (Client tooMany = new Client()) {
            assertThat(tooMany.answer()).first().asString().contains("too many connections");
        }
        for (Client client : clients) {
            client.close();
        }
        eventually(() -> clientThreads() == 0);
        try (Client next = new Client()) {
            assertThat(next.send("{\"v\":1,\"line\":\"x\"}\n").answer()).last().isEqualTo("{\"exit\":7}");
        }
    }

    @Test
    void long_output_arrives_whole() throws IOException {
        try (Client client = new Client()) {
            assertThat(client.send("{\"v\":1,\"args\":[\"flood\"]}\n").answer().getFirst())
                    .hasSize((1 << 20) + "{\"out\":\"\"}".length());
        }
    }

    @Test
    void only_the_owner_may_connect() throws IOException {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket))).isEqualTo("rw-------");
        try (var files = Files.list(directory)) {
            assertThat(files).containsExactly(socket);
        }
    }

    @Test
    void the_place_of_a_dead_socket_is_taken_and_a_live_one_is_left_alone() throws IOException {
        assertThatThrownBy(() -> ControlServer.open(socket, Echo::new)).hasMessageContaining("somebody listens");
        Path dead = directory.resolve("dead.sock");
        try (ServerSocketChannel left = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            left.bind(UnixDomainSocketAddress.of(dead));
        }
        ControlServer.open(dead, Echo::new).close();
        assertThat(dead).doesNotExist();
    }

    @Test
    void a_path_that_is_too_long_is_refused() {
        assertThatThrownBy(() -> ControlServer.open(directory.resolve("x".repeat(108)), Echo::new))
                .hasMessageContaining("107");
    }

    @Test
    void closing_ends_connections_and_removes_the_socket() throws Exception {
        try (Client idle = new Client()) {
            idle.send("{\"v\":1,\"line\":\"x\"}\n").answer();
            server.close();
            assertThat(idle.answer()).isEmpty();
            assertThat(socket).doesNotExist();
            eventually(() -> clientThreads() == 0);
        }
    }

    private static long clientThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("busbar-control-"))
                .count();
    }

    private static void eventually(BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + DEADLINE.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("deadline").isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(2);
        }
    }
}
