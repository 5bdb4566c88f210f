package io.busbar.runtime.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.tools.shell.Dialogue;
import io.busbar.tools.shell.Invocation;
import io.busbar.tools.shell.Output;
import io.busbar.tools.shell.control.ControlServer;
import io.busbar.tools.shell.control.Session;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The client as a process of its own, against the control server of the shell's bundle. */
@Timeout(120)
class MainTest {
    @TempDir
    private Path directory;

    private ControlServer server;

    private record Result(int exit, String out, String err) {}

    /** Says what it was asked; the number of words is the status. */
    private static final class Echo implements Session {
        @Override
        public int run(Invocation call) {
            call.output().out(call.args() + " in " + call.cwd() + "\n");
            call.output().err("thus\n");
            return call.args().size();
        }

        @Override
        public int line(String line, Path cwd, int columns, Output output, Optional<Dialogue> dialogue) {
            output.out("<" + line + ">\n");
            return line.length();
        }

        @Override
        public List<String> complete(String text) {
            return List.of("<" + text + ">", "second");
        }

        @Override
        public void close() {}
    }

    @BeforeEach
    void serve() throws IOException {
        var instance = Files.createDirectories(directory.resolve("state/default"));
        server = ControlServer.open(instance.resolve("control.sock"), Echo::new);
    }

    @AfterEach
    void close() throws IOException {
        server.close();
    }

    private Result client(String input, String... args) throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:TieredStopAtLevel=1",
                "-cp", System.getProperty("java.class.path"), Main.class.getName()));
        command.addAll(List.of(args));
        var builder = new ProcessBuilder(command).directory(directory.toFile());
        builder.environment().put("BUSBAR_STATE_DIR", directory.resolve("state").toString());
        builder.environment().remove("BUSBAR_INSTANCE");
        var errors = directory.resolve("stderr");
        var process = builder.redirectError(errors.toFile()).start();
        try (var stdin = process.getOutputStream()) {
            stdin.write(input.getBytes(StandardCharsets.UTF_8));
        }
        var out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return new Result(process.exitValue(), out, Files.readString(errors));
    }

    @Test
    void a_commands_words_output_status_and_working_directory_go_through() throws Exception {
        assertThat(client("", "vdpa", "dev show", "Gerät 🦆", "-jp"))
                .isEqualTo(new Result(4, "[vdpa, dev show, Gerät 🦆, -jp] in " + directory.toRealPath() + "\n", "thus\n"));
    }

    @Test
    void an_instance_that_does_not_run_is_named_with_status_3() throws Exception {
        var result = client("", "--instance", "other", "vdpa");
        assertThat(result.exit()).isEqualTo(3);
        assertThat(result.out()).isEmpty();
        assertThat(result.err())
                .startsWith("busbar: instance \"other\" is not running (no " + directory.resolve("state/other") + ")")
                .contains("busbar start");
        server.close();
        assertThat(client("", "vdpa").err()).startsWith("busbar: instance \"default\" is not running (");
    }

    @Test
    void another_directory_of_state_can_be_given() throws Exception {
        Files.createDirectories(directory.resolve("s/x"));
        try (var _ = ControlServer.open(directory.resolve("s/x/control.sock"), Echo::new)) {
            assertThat(client("", "--state-dir", "s", "--instance", "x", "vdpa").exit()).isEqualTo(1);
            assertThat(client("", "--state-dir=s", "--instance=x", "vdpa", "--instance=y").exit()).isEqualTo(2);
        }
    }

    @Test
    void a_wrong_command_line_is_explained_with_status_2() throws Exception {
        assertThat(client("")).isEqualTo(new Result(
                2, "", "busbar: a command was expected, such as \"vdpa dev show\", or \"shell\"\n"));
        assertThat(client("", "--bogus", "vdpa").err()).startsWith("busbar: unknown option \"--bogus\"");
        assertThat(client("", "--instance").err()).isEqualTo("busbar: --instance needs a value\n");
        assertThat(client("", "--instance=", "vdpa").err()).isEqualTo("busbar: --instance needs a value\n");
        assertThat(client("", "--instance", "../x", "vdpa").err()).startsWith("busbar: \"../x\" is no name");
        assertThat(client("", "shell", "now").err()).isEqualTo("busbar: \"shell\" takes no \"now\"\n");
    }

    @Test
    void the_shell_without_a_terminal_runs_plain_lines_until_the_input_ends_or_exit() throws Exception {
        assertThat(client("vdpa dev show\n\n# no command\n  status", "shell"))
                .isEqualTo(new Result(8, "<vdpa dev show>\n<  status>\n", ""));
        assertThat(client("one\nexit\ntwo\n", "shell")).isEqualTo(new Result(3, "<one>\n", ""));
    }

    @Test
    void words_that_fit_are_printed_one_a_line() throws Exception {
        assertThat(client("", "--complete", "vdpa", "dev", "")).isEqualTo(new Result(0, "<vdpa dev >\nsecond\n", ""));
        server.close();
        assertThat(client("", "--complete", "vdpa")).isEqualTo(new Result(3, "", ""));
    }
}
