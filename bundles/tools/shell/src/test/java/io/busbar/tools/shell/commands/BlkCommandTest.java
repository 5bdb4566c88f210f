package io.busbar.tools.shell.commands;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.busbar.api.driver.DriverException;
import io.busbar.api.vdpa.BusSnapshot.Kind;
import io.busbar.api.vdpa.BusSnapshot.Part;
import io.busbar.api.vdpa.Health;
import io.busbar.tools.shell.CommandTable;
import io.busbar.tools.shell.fake.FakeDisk;
import io.busbar.tools.shell.fake.FakeInventory;
import io.busbar.tools.shell.fake.Recorder;
import io.busbar.tools.shell.fake.Recorder.Result;
import io.busbar.tools.shell.osgi.ShellCommands;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BlkCommandTest {

    private static final int BYTES = 3 << 20;

    @TempDir
    Path directory;

    private final FakeInventory inventory = FakeInventory.busbar();
    private final CommandTable table = new ShellCommands(inventory).table();
    private final FakeDisk disk = new FakeDisk("disk0", BYTES);

    @BeforeEach
    void aDiskThatIsDriven() {
        inventory.host.drivers.add("virtio");
        inventory.host.parts.add(new Part(Kind.BUS_DRIVER, "", "virtio", "io.busbar.bus-drivers.virtio 0.1.0", Health.OK));
        inventory.driven.add(disk);
        Recorder.run(table.command("vdpa").orElseThrow(), "dev add name disk0 mgmtdev sim_block");
        ok("driver override disk0 virtio");
    }

    private Result result(String line) {
        String[] words = line.split(" ", 2);
        return Recorder.run(table.command(words[0]).orElseThrow(), words.length > 1 ? words[1] : "", directory);
    }

    private String ok(String line) {
        Result result = result(line);
        assertThat(result.err()).isEmpty();
        assertThat(result.exit()).isZero();
        return result.out();
    }

    private String wrong(String line) {
        Result result = result(line);
        assertThat(result.exit()).isOne();
        return result.err();
    }

    private byte[] file(String name, int length) throws Exception {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        Files.write(directory.resolve(name), bytes);
        return bytes;
    }

    private byte[] disk(int from, int length) {
        return Arrays.copyOfRange(disk.bytes, from, from + length);
    }

    @Test
    void a_file_is_written_verified_and_read_back() throws Exception {
        byte[] bytes = file("in", 2_500_000);
        assertThat(ok("blk disk0 write 4K in")).matches("disk0: wrote 2500000 bytes at 4096 in .* s \\(.* MiB/s\\)\n");
        assertThat(disk(4096, bytes.length)).isEqualTo(bytes);
        assertThat(disk.calls).contains("flush 0+0");
        assertThat(ok("blk disk0 verify 4K in")).startsWith("disk0: verified 2500000 bytes at 4096");
        ok("blk disk0 read 4K 2500000 out");
        assertThat(Files.readAllBytes(directory.resolve("out"))).isEqualTo(bytes);
    }

    @ParameterizedTest
    @CsvSource({"0,512", "1,1", "511,2", "700,3000", "1000,0"})
    void any_offset_and_length_is_written_and_the_bytes_around_it_stay(int offset, int length) throws Exception {
        new Random(1).nextBytes(disk.bytes);
        byte[] before = disk.bytes.clone();
        byte[] bytes = file("in", length);
        ok("blk disk0 write " + offset + " in");
        assertThat(disk(offset, length)).isEqualTo(bytes);
        assertThat(disk(0, offset)).isEqualTo(Arrays.copyOf(before, offset));
        assertThat(disk(offset + length, 5000)).isEqualTo(Arrays.copyOfRange(before, offset + length, offset + length + 5000));
        ok("blk disk0 verify " + offset + " in");
    }

    @Test
    void text_is_written_and_read_as_text() {
        ok("blk disk0 write 100 text hello");
        assertThat(ok("blk disk0 read 100 512")).isEqualTo("hello\n");
        assertThat(new String(disk.bytes, 100, 5, StandardCharsets.US_ASCII)).isEqualTo("hello");
        disk.bytes[100] = (byte) 0xff;
        assertThat(wrong("blk disk0 read 100 512")).isEqualTo(
                "blk: the bytes at 100 are no text; hexdump, or a FILE, was expected\n");
    }

    @Test
    void a_pattern_is_verified_without_its_original_wherever_it_begins() {
        ok("blk disk0 write 4096 pattern 7 1500K");
        ok("blk disk0 verify 4096 pattern 7 1500K");
        ok("blk disk0 verify 5001 pattern 7 1000");
        System.arraycopy(disk.bytes, 8192, disk.bytes, 12288, 512);
        assertThat(wrong("blk disk0 verify 4096 pattern 7 1500K"))
                .matches("blk: disk0: the byte at 1228[89] is 0x..; 0x.. was expected\n");
        assertThat(wrong("blk disk0 verify 4096 pattern 8 512")).contains("was expected");
    }

    @Test
    void a_difference_is_the_exit_status_and_its_place() throws Exception {
        byte[] bytes = file("in", 4096);
        ok("blk disk0 write 0 in");
        disk.bytes[1234]++;
        assertThat(wrong("blk disk0 verify 0 in")).isEqualTo(String.format(
                "blk: disk0: the byte at 1234 is 0x%02x; 0x%02x was expected%n", disk.bytes[1234], bytes[1234]));
    }

    @Test
    void a_hexdump_has_sixteen_bytes_a_line() {
        ok("blk disk0 write 508 text ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        assertThat(ok("blk disk0 hexdump 508 20")).isEqualTo("""
                000001fc  41 42 43 44 45 46 47 48  49 4a 4b 4c 4d 4e 4f 50  |ABCDEFGHIJKLMNOP|
                0000020c  51 52 53 54                                       |QRST|
                """);
    }

    @Test
    void ranges_are_zeroed_and_discarded_up_to_the_end() {
        disk.bytes[512] = 1;
        ok("blk disk0 zero 0 all");
        assertThat(disk.bytes[512]).isZero();
        ok("blk disk0 discard 1M all");
        ok("blk disk0 flush");
        assertThat(disk.calls).contains("zero 0+3145728", "discard 1048576+2097152");
        assertThat(wrong("blk disk0 zero 100 512")).startsWith("blk: disk0: zero of 512 bytes at 100: expected multiples");
    }

    @Test
    void what_it_is_is_shown_and_results_are_json_on_request() {
        assertThat(ok("blk disk0 info")).isEqualTo(
                "disk0: 3145728 bytes, blocks of 512 (physical 4096), writable, discard\n");
        assertThat(json("blk disk0 info -j").get("block_size").getAsInt()).isEqualTo(512);
        JsonObject written = json("blk disk0 write 0 text hello -j");
        assertThat(written.get("operation").getAsString()).isEqualTo("write");
        assertThat(written.get("bytes").getAsInt()).isEqualTo(5);
    }

    private JsonObject json(String line) {
        return JsonParser.parseString(ok(line)).getAsJsonObject().getAsJsonObject("blk").getAsJsonObject("disk0");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "blk|blk: a device and a word are missing: blk DEV and one of: info, read",
        "blk disk0 erase|blk: \"erase\" is unknown; expected one of: info, read",
        "blk disk1 info|blk: there is no device \"disk1\"; expected one of: disk0",
        "blk disk0 read|blk: an offset is missing",
        "blk disk0 read 0|blk: a length is missing",
        "blk disk0 read x 1|blk: \"x\" is no size; a size was expected",
        "blk disk0 read 3M 1|blk: offset 3M: the disk has 3145728 bytes",
        "blk disk0 read 2M 2M|blk: length 2M at 2097152: the disk has 3145728 bytes",
        "blk disk0 read 0 1 out more|blk: \"more\" is one word too many",
        "blk disk0 read 0 3M|blk: text of 3145728 bytes: at most 1048576 were expected, or a FILE",
        "blk disk0 write 0|blk: a file, text or pattern is missing",
        "blk disk0 write 0 text|blk: the text is missing",
        "blk disk0 write 0 pattern x 1|blk: \"x\" is no number of a pattern",
        "blk disk0 write 3145727 text ab|blk: 2 bytes at 3145727: the disk has 3145728 bytes",
        "blk disk0 flush now|blk: \"now\" is one word too many",
    })
    void a_wrong_word_is_named_with_what_was_expected(String line, String sentence) {
        Result result = result(line);
        assertThat(result.exit()).isOne();
        assertThat(result.err()).startsWith(sentence);
        assertThat(disk.calls).noneMatch(call -> call.startsWith("write"));
    }

    @Test
    void a_file_that_is_not_there_is_named() {
        assertThat(wrong("blk disk0 write 0 nosuch")).isEqualTo(
                "blk: " + directory.resolve("nosuch") + ": there is no such file or directory\n");
    }

    @Test
    void what_the_disk_refuses_is_told() {
        disk.failure = new DriverException(DriverException.Kind.DEVICE_ERROR, 1, "disk0: read of 512 bytes at 0: no");
        assertThat(wrong("blk disk0 hexdump 0 16")).isEqualTo("blk: disk0: read of 512 bytes at 0: no\n");
    }

    @Test
    void a_device_of_another_bus_driver_is_left_to_it_and_the_way_is_told() {
        ok("driver override disk0 any");
        assertThat(wrong("blk disk0 info")).isEqualTo("blk: disk0 is bound to the bus driver vhost-user, at"
                + " /run/busbar/disk0.sock; \"driver override disk0 virtio\" gives it to this process, \"driver override"
                + " disk0 any\" gives it back\n");
        assertThat(disk.calls).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"any", "nosuch"})
    void a_device_that_nobody_has_is_taken_for_the_time_of_the_command(String before) {
        inventory.host.matching = "nobody";
        result("driver override disk0 " + before);
        inventory.host.overridesSet.clear();
        ok("blk disk0 info");
        assertThat(inventory.host.overridesSet).containsExactly("disk0 virtio", "disk0 " + before);
    }

    @Test
    void a_device_that_cannot_be_driven_is_given_back() {
        inventory.host.matching = "nobody";
        inventory.host.drivers.remove("virtio");
        result("driver override disk0 any");
        inventory.host.overridesSet.clear();
        assertThat(wrong("blk disk0 info")).startsWith("blk: disk0 cannot be driven");
        assertThat(inventory.host.overridesSet).containsExactly("disk0 virtio", "disk0 any");
    }

    @Test
    void a_device_is_given_to_another_bus_driver_and_back() {
        assertThat(ok("driver override disk0 vhost-user")).isEqualTo("disk0 is bound to vhost-user\n");
        assertThat(ok("driver override disk0 virtio -j")).contains("\"busdriver\":\"virtio\"");
        assertThat(wrong("driver override disk0 nosuch")).startsWith("driver: disk0 is bound to no bus driver now");
        assertThat(wrong("driver override disk0")).startsWith("driver: override needs a device and a bus driver");
        assertThat(wrong("driver override disk1 any")).startsWith("driver: there is no device \"disk1\"");
    }

    @Test
    void words_are_completed() {
        assertThat(table.complete("blk ")).containsExactly("disk0");
        assertThat(table.complete("blk disk0 r")).containsExactly("read");
        assertThat(table.complete("blk disk0 write 0 ")).containsExactly("pattern", "text");
        assertThat(table.complete("blk disk0 verify 0 ")).containsExactly("pattern");
        assertThat(table.complete("blk disk0 zero 0 ")).containsExactly("all");
        assertThat(table.complete("driver override ")).containsExactly("disk0");
        assertThat(table.complete("driver override disk0 v")).containsExactly("virtio");
    }
}
