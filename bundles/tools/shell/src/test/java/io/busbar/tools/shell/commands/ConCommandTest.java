package io.busbar.tools.shell.commands;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.tools.shell.CommandTable;
import io.busbar.tools.shell.fake.FakeConsole;
import io.busbar.tools.shell.fake.FakeConsoleOps;
import io.busbar.tools.shell.fake.FakeInventory;
import io.busbar.tools.shell.fake.FakeManagementDevice;
import io.busbar.tools.shell.fake.Recorder;
import io.busbar.tools.shell.fake.Recorder.Result;
import io.busbar.tools.shell.osgi.ShellCommands;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConCommandTest {

    @TempDir
    private Path directory;

    private final FakeInventory inventory = new FakeInventory();
    private final CommandTable table = new ShellCommands(inventory).table();
    private final FakeConsole console = new FakeConsole();

    @BeforeEach
    void a_console_that_is_driven() {
        inventory.host.managementDevices.add(
                new FakeManagementDevice("sim_console", Set.of(3), 0, 0, List.of(), 2, _ -> new FakeConsoleOps()));
        inventory.host.drivers.add("virtio");
        inventory.driven.add(console);
        Recorder.run(table.command("vdpa").orElseThrow(), "dev add name con0 mgmtdev sim_console");
        Recorder.run(table.command("driver").orElseThrow(), "override con0 virtio");
    }

    private Result con(String line) {
        return Recorder.run(table.command("con").orElseThrow(), line, directory);
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    @Test
    void info_says_what_the_console_is() {
        assertThat(con("con0 info").out()).isEqualTo("con0: 80 columns, 24 rows, emergency write\n  console  open\n");
        assertThat(con("con0 info -j").out()).isEqualTo("{\"con\":{\"con0\":{\"columns\":80,\"rows\":24,\"emergency_write\":true,"
                + "\"ports\":[{\"name\":\"console\",\"open\":true}]}}}\n");
    }

    @Test
    void text_and_files_are_written_whole() throws Exception {
        assertThat(con("con0 console write text hello")).isEqualTo(new Result(0, "", "", ""));
        assertThat(console.written).hasToString("hello");
        console.written.reset();
        Files.write(directory.resolve("f"), random(300_000));
        assertThat(con("con0 console write f").exit()).isZero();
        assertThat(console.written.toByteArray()).isEqualTo(random(300_000));
    }

    @Test
    void what_comes_is_read_as_text_that_does_nothing_to_a_terminal_or_to_a_file() throws Exception {
        console.input = ByteBuffer.wrap("a\u001b[2Jb and more".getBytes(StandardCharsets.UTF_8));
        assertThat(con("con0 console read 6").out()).isEqualTo("a^[[2Jb");
        console.input = ByteBuffer.wrap(random(200_000));
        assertThat(con("con0 console read 200000 f").exit()).isZero();
        assertThat(directory.resolve("f")).hasBinaryContent(random(200_000));
    }

    @Test
    void less_than_was_expected_is_told_with_what_came() {
        console.input = ByteBuffer.wrap("ab".getBytes(StandardCharsets.UTF_8));
        assertThat(con("con0 console read 3")).isEqualTo(new Result(1, "ab",
                "con: con0 console: 2 bytes have come, and for 10 s none more; 3 were expected\n",
                "abcon: con0 console: 2 bytes have come, and for 10 s none more; 3 were expected\n"));
    }

    @Test
    void a_device_that_does_not_take_all_is_named() {
        console.takes = false;
        assertThat(con("con0 console write text hello").err()).isEqualTo(
                "con: con0 console: the device has not taken all of it within 10 s; its state is running\n");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "con0|words are missing: con DEV info, or con DEV PORT and one of: read, write, attach",
        "con0 console|words are missing: con DEV info, or con DEV PORT and one of: read, write, attach",
        "con0 console sing|\"sing\" is unknown; expected one of: read, write, attach",
        "con0 info more|\"more\" is one word too many",
        "con9 info|there is no device \"con9\"; expected one of: con0",
        "con0 nosuch read 5|con0 has no port \"nosuch\"; expected one of: console",
        "con0 console read|a length is missing: con DEV PORT read LENGTH [FILE]",
        "con0 console read -5|\"-5\" is no option; expected one of: -j, -p, -jp, --json, --pretty",
        "con0 console read 5 f more|\"more\" is one word too many",
        "con0 console write|a file, or text and the text, is missing: con DEV PORT write FILE",
        "con0 console write text|a file, or text and the text, is missing: con DEV PORT write FILE",
        "con0 console attach now|\"now\" is one word too many"})
    void wrong_words_are_named(String words, String sentence) {
        assertThat(con(words).err()).isEqualTo("con: " + sentence + "\n");
        assertThat(con(words).exit()).isOne();
    }

    @Test
    void a_file_that_is_not_there_is_named_and_who_cannot_type_is_told_so() {
        assertThat(con("con0 console write nosuch").err()).isEqualTo(
                "con: " + directory.resolve("nosuch") + ": there is no such file or directory\n");
        assertThat(con("con0 console attach").err()).startsWith("con: who gives this command cannot type while it runs");
    }

    @Test
    void devices_ports_and_words_are_proposed() {
        assertThat(table.complete("con ")).containsExactly("con0");
        assertThat(table.complete("con con0 ")).containsExactly("console", "info");
        assertThat(table.complete("con con0 console ")).containsExactly("attach", "read", "write");
        assertThat(table.complete("con con0 console write ")).containsExactly("text");
    }
}
