package io.busbar.tools.shell.commands;

import static io.busbar.tools.shell.fake.Recorder.run;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.busbar.api.vdpa.BusSnapshot.Kind;
import io.busbar.api.vdpa.BusSnapshot.Part;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.SwapRequest;
import io.busbar.tools.shell.CommandTable;
import io.busbar.tools.shell.fake.FakeInventory;
import io.busbar.tools.shell.fake.Recorder.Result;
import io.busbar.tools.shell.osgi.ShellCommands;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OwnCommandsTest {

    private final FakeInventory inventory = FakeInventory.busbar();
    private final CommandTable table = new ShellCommands(inventory).table();

    @BeforeEach
    void parts() {
        inventory.host.parts.add(new Part(Kind.MANAGEMENT_DEVICE, "block", "sim_block", "io.busbar.drivers.sim 0.1.0", Health.OK));
        inventory.host.parts.add(new Part(Kind.BUS_DRIVER, "", "vhost-user", "io.busbar.bus-drivers.vhost-user 0.1.0",
                new Health(Reason.PERMISSION, "/run/busbar cannot be written")));
        inventory.host.parts.add(new Part(Kind.BACKEND, "block", "file", "io.busbar.backends.file 0.1.0", Health.OK));
        inventory.host.parts.add(new Part(Kind.DEVICE_MODEL, "block", "block", "io.busbar.devices.block 0.1.0", Health.OK));
        ok("vdpa dev add name disk0 mgmtdev sim_block");
    }

    @ParameterizedTest
    @CsvSource({"2G, 2147483648", "512, 512", "1k, 1024", "3M, 3145728", "1T, 1099511627776"})
    void a_block_device_is_resized_to_what_was_asked(String size, long bytes) {
        assertThat(ok("block resize disk0 " + size)).isEmpty();
        assertThat(inventory.block.resizedTo).isEqualTo(bytes);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "block resize disk0 12Q|block: \"12Q\" is no size; a size was expected: digits and an optional K, M, G or T",
        "block resize disk0 0|block: \"0\" is no size",
        "block resize disk0 99999999T|block: \"99999999T\" is no size",
        "block resize disk0 1000|block: \"1000\" is 1000 bytes; a multiple of 512 was expected",
        "block resize disk0 2T|block: disk0: 2199023255552 bytes do not fit: at most 1T was expected",
        "block resize disk1 1G|block: there is no device \"disk1\"; expected one of: disk0",
        "block resize disk0|block: resize needs a device and a size",
        "block resize disk0 1G now|block: \"now\" is one word too many",
        "block shrink disk0|block: \"shrink\" is unknown; expected one of: resize",
        "backend|backend: a word is missing; expected one of: list, swap",
        "backend swap disk0|backend: swap needs a device and a backend",
        "backend swap disk1 memory|backend: there is no device \"disk1\"; expected one of: disk0",
        "backend swap disk0 memory size|backend: word \"size\" has no value",
        "backend swap disk0 memory size 1M size 2M|backend: word \"size\" is there twice",
        "backend swap disk0 memory --timeout soon|backend: --timeout \"soon\": expected milliseconds, 1 to 600000",
        "backend swap disk0 memory --timeout=0|backend: --timeout \"0\": expected milliseconds",
        "backend swap disk0 memory --timeout|backend: --timeout \"\": expected milliseconds",
        "backend swap disk0 memory --wet-run|backend: \"--wet-run\" is no option; expected one of: -j, -p, -jp, --json,",
        "backend swap disk0 nosuch|backend: disk0 keeps its backend: backend nosuch is not there: expected one of file",
        "model|model: a word is missing; expected one of: list, swap",
        "model swap|model: swap needs a device",
        "model swap disk1|model: there is no device \"disk1\"; expected one of: disk0",
        "model swap disk0 memory|model: \"memory\" was not expected",
        "model swap disk0 --timeout=0|model: --timeout \"0\": expected milliseconds",
        "model swap disk0 --timeout 1|model: disk0 keeps its device model: queue 0 has 1 requests in flight",
        "status -x|status: \"-x\" is no option; expected one of: -j",
    })
    void a_wrong_word_is_named_with_what_was_expected(String line, String sentence) {
        Result result = result(line);
        assertThat(result.exit()).isOne();
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).startsWith(sentence);
        assertThat(inventory.block.resizedTo).isZero();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "nosuch dev show|\"nosuch\" is no command; expected one of: status, vdpa",
        "help nosuch|help: \"nosuch\" is no command; expected one of: status, vdpa",
    })
    void a_line_that_names_no_command_is_a_wrong_line_and_not_a_command_that_failed(String line, String sentence) {
        Result result = result(line);
        assertThat(result.exit()).isEqualTo(2);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).startsWith(sentence);
    }

    @Test
    void a_device_without_a_capacity_is_not_resized() {
        FakeInventory linux = FakeInventory.linux();
        CommandTable other = new ShellCommands(linux).table();
        run(other.command("vdpa").orElseThrow(), "dev add name net0 mgmtdev vdpasim_net");
        assertThat(run(other.command("block").orElseThrow(), "resize net0 1G").err())
                .startsWith("block: \"net0\" cannot be resized");
    }

    private static Result net(FakeInventory of, String line) {
        CommandTable table = new ShellCommands(of).table();
        run(table.command("vdpa").orElseThrow(), "dev add name net0 mgmtdev vdpasim_net");
        run(table.command("vdpa").orElseThrow(), "dev add name blk0 mgmtdev vdpasim_blk");
        return run(table.command("net").orElseThrow(), line);
    }

    @ParameterizedTest
    @ValueSource(strings = {"up", "down"})
    void the_link_of_a_network_device_is_taken_down_and_up(String state) {
        FakeInventory linux = FakeInventory.linux();
        assertThat(net(linux, "link net0 " + state).both()).isEmpty();
        assertThat(linux.net.link).isEqualTo(state);
        assertThat(run(new ShellCommands(linux).table().command("net").orElseThrow(), "link net0 " + state + " -j").out())
                .isEqualTo("{\"net\":{\"net0\":{\"link\":\"" + state + "\"}}}\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "link|link needs a device and a state: net link DEV up|down",
        "link net0|link needs a device and a state: net link DEV up|down",
        "link net0 sideways|\"sideways\" is no state of a link; up or down was expected",
        "link net1 up|there is no device \"net1\"; expected one of: net0, blk0",
        "link blk0 up|\"blk0\" has no link; a network device was expected",
        "link net0 up now|\"now\" is one word too many",
        "pull net0|\"pull\" is unknown; expected one of: link",
    })
    void a_link_that_cannot_be_taken_down_or_up_is_told(String line) {
        String[] parts = line.split("\\|", 2);
        Result result = net(FakeInventory.linux(), parts[0]);
        assertThat(result.exit()).isOne();
        assertThat(result.err()).startsWith("net: " + parts[1]);
    }

    @Test
    void a_device_that_cannot_tell_its_driver_says_why() {
        FakeInventory linux = FakeInventory.linux();
        net(linux, "link net0 down");
        linux.net.link = "stuck";
        assertThat(run(new ShellCommands(linux).table().command("net").orElseThrow(), "link net0 up").err())
                .isEqualTo("net: net0: the backend is away\n");
    }

    @Test
    void a_swap_says_what_the_driver_waited_for() {
        assertThat(ok("backend swap disk0 memory size 64M --timeout 250")).isEqualTo(
                "disk0: file -> memory, pause 413 us: quiesce 300, exchange 80, resume 32; 16 requests were in flight\n");
        assertThat(inventory.host.lastSwap).isEqualTo(
                new SwapRequest("memory", Map.of("size", "64M"), Duration.ofMillis(250), false));
        JsonObject swap = json("backend swap disk0 memory -j").getAsJsonObject("swap").getAsJsonObject("disk0");
        assertThat(swap.get("pause_us").getAsInt()).isEqualTo(413);
        assertThat(swap.get("opening_us").getAsInt()).isEqualTo(3000);
        assertThat(swap.get("in_flight").getAsInt()).isEqualTo(16);
    }

    @Test
    void files_of_a_swap_are_the_callers() {
        ok("backend swap disk0 file path new.img");
        assertThat(inventory.host.lastSwap.words().get("path")).startsWith("/").endsWith("/new.img");
        ok("backend swap disk0 file path /new.img");
        assertThat(inventory.host.lastSwap.words()).containsEntry("path", "/new.img");
    }

    @Test
    void a_dry_run_says_whether_a_swap_can_be_done() {
        assertThat(ok("backend swap disk0 file --dry-run")).isEqualTo(
                "disk0: file -> file can be done: what the driver was told still holds\n");
        assertThat(inventory.host.lastSwap.dryRun()).isTrue();
        assertThat(inventory.host.lastSwap.words()).isEmpty();
    }

    @Test
    void a_copy_says_how_much_it_copied_and_a_dry_run_how_much_it_would() {
        assertThat(ok("backend swap disk0 memory --copy")).endsWith("16 requests were in flight; 33554432 bytes were copied\n");
        assertThat(ok("backend swap disk0 memory --copy --dry-run"))
                .endsWith("can be done: what the driver was told still holds; 33554432 bytes would be copied\n");
        assertThat(json("backend swap disk0 memory --copy -j").getAsJsonObject("swap").getAsJsonObject("disk0").get("copied_bytes")
                .getAsLong()).isEqualTo(33_554_432);
    }

    @Test
    void a_swap_by_force_is_asked_for() {
        ok("backend swap disk0 memory size 64M --force");
        assertThat(inventory.host.lastSwap).isEqualTo(
                new SwapRequest("memory", Map.of("size", "64M"), Duration.ofSeconds(1), false, true));
    }

    @Test
    void a_swap_of_the_device_model_names_the_bundles() {
        assertThat(ok("model swap disk0 --timeout 250")).isEqualTo("disk0: io.busbar.devices.block 1.0.0 ->"
                + " io.busbar.devices.block 1.1.0, pause 413 us: quiesce 300, exchange 80, resume 32; 16 requests were in flight\n");
        assertThat(ok("model swap disk0 --dry-run")).endsWith("can be done: what the driver was told still holds\n");
        assertThat(json("model swap disk0 -j").getAsJsonObject("swap").getAsJsonObject("disk0").get("pause_us").getAsInt())
                .isEqualTo(413);
        assertThat(inventory.host.modelSwaps).containsExactly("disk0 250 false", "disk0 1000 true", "disk0 1000 false");
    }

    @Test
    void parts_are_listed_with_their_words_bundle_and_health() {
        assertThat(ok("backend list")).isEqualTo(
                "file  backend  block  path FILE [size SIZE] [mode positional|mapped]  io.busbar.backends.file 0.1.0\n");
        assertThat(ok("driver list"))
                .contains("sim_block   management_device")
                .contains("PERMISSION: /run/busbar cannot be written")
                .doesNotContain("backends");
        assertThat(ok("model list")).startsWith("block  device_model");
        JsonObject backend = json("backend list -jp").getAsJsonArray("backend").get(0).getAsJsonObject();
        assertThat(backend.get("settings").getAsString()).startsWith("path FILE");
        assertThat(backend.get("reason").getAsString()).isEqualTo("NONE");
    }

    @Test
    void status_shows_every_part_and_the_reason_for_what_is_not_up() {
        ok("vdpa dev add name disk1 mgmtdev sim_block");
        inventory.host.ill.put("disk1", new Health(Reason.NO_BACKEND, "no backend \"nbd\" is there"));
        assertThat(ok("status")).isEqualTo("""
                bus host: 2 devices, 1 not up
                  disk0  running  sim_block  vhost-user  /run/busbar/disk0.sock
                  disk1  held     sim_block  vhost-user  /run/busbar/disk1.sock  NO_BACKEND: no backend "nbd" is there
                  management devices:  sim_block
                  bus drivers:         vhost-user (PERMISSION: /run/busbar cannot be written)
                  device models:       block
                  backends:            file
                """);
        JsonObject host = json("status -j").getAsJsonObject("status").getAsJsonObject("host");
        JsonObject disk = host.getAsJsonObject("devices").getAsJsonObject("disk1");
        assertThat(disk.get("reason").getAsString()).isEqualTo("NO_BACKEND");
        assertThat(disk.get("endpoint").getAsString()).isEqualTo("/run/busbar/disk1.sock");
        assertThat(host.getAsJsonArray("parts")).hasSize(4);
        assertThat(host.get("change_count").getAsInt()).isEqualTo(7);
    }

    @ParameterizedTest
    @ValueSource(strings = {"block", "backend", "status", "help"})
    void a_command_explains_itself_when_asked_for_help(String command) {
        assertThat(ok(command + " --help")).isEqualTo(ok("help " + command));
        assertThat(ok(command + " -h")).isEqualTo(ok("help " + command));
    }

    @Test
    void help_lists_all_commands_and_explains_each() {
        assertThat(ok("help")).contains("vdpa     devices and management devices").contains("help     this list");
        for (Command each : Command.values()) {
            assertThat(ok("help " + each)).startsWith("Usage: " + each);
        }
        assertThat(ok("help vdpa")).contains("Words of sim_block:\n  queues N                  1 to 16\n");
        assertThat(json("help vdpa -j").get("help").getAsJsonObject().get("vdpa").getAsString()).contains("--volatile");
    }

    private enum Command { vdpa, block, backend, driver, model, status, help }

    @ParameterizedTest
    @ValueSource(strings = {"", "nosuch"})
    void a_line_without_a_known_command_lists_the_commands(String line) {
        Result result = result(line);
        assertThat(result.exit()).isEqualTo(2);
        assertThat(result.err()).contains("expected").contains("status, vdpa, block");
    }

    private Result result(String line) {
        return run(new Whole(table), line);
    }

    private String ok(String line) {
        Result result = result(line);
        assertThat(result.err()).isEmpty();
        assertThat(result.exit()).isZero();
        return result.out();
    }

    private JsonObject json(String line) {
        return JsonParser.parseString(ok(line)).getAsJsonObject();
    }
}
