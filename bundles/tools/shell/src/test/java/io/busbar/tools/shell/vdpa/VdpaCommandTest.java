package io.busbar.tools.shell.vdpa;

import static io.busbar.tools.shell.fake.Recorder.run;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.busbar.api.vdpa.AttributeInfo;
import io.busbar.api.vdpa.BusSnapshot;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.Reason;
import io.busbar.tools.shell.fake.FakeBlockOps;
import io.busbar.tools.shell.fake.FakeInventory;
import io.busbar.tools.shell.fake.FakeManagementDevice;
import io.busbar.tools.shell.fake.FakeNetOps;
import io.busbar.tools.shell.fake.Recorder.Result;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What the transcript does not show, and what is ours. */
class VdpaCommandTest {

    private final FakeInventory inventory = FakeInventory.busbar();
    private final VdpaCommand vdpa = new VdpaCommand(inventory);

    @Test
    void management_devices_without_features_end_their_line_after_the_word() {
        FakeInventory linux = FakeInventory.linux();
        linux.host.managementDevices.removeFirst();
        Result result = run(new VdpaCommand(linux), "mgmtdev show");
        assertThat(result.out()).isEqualTo("""
                vdpasim_blk:\s
                  supported_classes block
                  max_supported_vqs 0
                  dev_features
                vduse:\s
                  supported_classes net block
                  max_supported_vqs 0
                  dev_features
                """);
    }

    @Test
    void management_devices_in_pretty_json_have_arrays_on_one_line() {
        FakeInventory linux = FakeInventory.linux();
        linux.host.managementDevices.removeFirst();
        assertThat(run(new VdpaCommand(linux), "-jp mgmtdev show").out()).isEqualTo("""
                {
                    "mgmtdev": {
                        "vdpasim_blk": {
                            "supported_classes": [ "block" ],
                            "max_supported_vqs": 0,
                            "dev_features": [ ]
                        },
                        "vduse": {
                            "supported_classes": [ "net","block" ],
                            "max_supported_vqs": 0,
                            "dev_features": [ ]
                        }
                    }
                }
                """);
    }

    @Test
    void a_management_device_that_fails_to_answer_is_named_and_keeps_nobody_from_using_the_others() {
        FakeManagementDevice broken = new FakeManagementDevice(
                "acme_block", Set.of(2), 1, 0, List.of(), 1, _ -> new FakeBlockOps());
        broken.thrown = new IllegalStateException("no card");
        inventory.host.managementDevices.addFirst(broken);

        Result shown = run(vdpa, "mgmtdev show");
        assertThat(shown.exit()).isEqualTo(1);
        assertThat(shown.out()).startsWith("sim_block:");
        assertThat(shown.err()).contains("acme_block", "no card");
        assertThat(run(vdpa, "dev add name disk0 mgmtdev sim_block backend file path /x").exit()).isZero();
        assertThat(vdpa.help()).contains("Words of sim_block:");
    }

    @Test
    void our_management_device_names_the_features_of_block_devices() {
        assertThat(run(vdpa, "mgmtdev show").out()).isEqualTo("""
                sim_block:\s
                  supported_classes block
                  max_supported_vqs 16
                  dev_features RO FLUSH VERSION_1
                """);
    }

    @Test
    void a_device_that_is_well_is_one_line_of_the_kernel_tool() {
        add();
        assertThat(run(vdpa, "dev show").out())
                .isEqualTo("disk0: type block mgmtdev sim_block vendor_id 0 max_vqs 2 max_vq_size 256\n");
    }

    @Test
    void a_device_that_is_held_says_why_after_the_kernel_tools_line() {
        add();
        inventory.host.ill.put("disk0", new Health(Reason.NO_BACKEND, "no backend \"file\" is there"));
        assertThat(run(vdpa, "dev show disk0").out()).isEqualTo("""
                disk0: type block mgmtdev sim_block vendor_id 0 max_vqs 2 max_vq_size 256 state held reason NO_BACKEND
                  sentence no backend "file" is there
                """);
        JsonObject device = json("-j dev show").getAsJsonObject("dev").getAsJsonObject("disk0");
        assertThat(device.get("state").getAsString()).isEqualTo("held");
        assertThat(device.get("reason").getAsString()).isEqualTo("NO_BACKEND");
    }

    @Test
    void a_device_that_should_be_there_and_is_not_is_listed_with_the_reason() {
        inventory.host.absent.add(new BusSnapshot.Device("old", "sim_block", 0, 0, 0, 0, BusSnapshot.State.ABSENT, 0,
                new Health(Reason.NOT_FOUND, "there is no file /x"), "", "", "", true, 0, Map.of()));
        assertThat(run(vdpa, "dev show old").out()).isEqualTo("""
                old: type block mgmtdev sim_block vendor_id 0 max_vqs 0 max_vq_size 0 state absent reason NOT_FOUND
                  sentence there is no file /x
                """);
    }

    @Test
    void detail_shows_state_bus_driver_endpoint_and_what_the_device_says_of_itself() {
        add();
        assertThat(run(vdpa, "dev show -d").out()).isEqualTo("""
                disk0: type block mgmtdev sim_block vendor_id 0 max_vqs 2 max_vq_size 256 state running
                  bus host status 0x00 busdriver vhost-user persistent true dma_faults 0
                  endpoint /run/busbar/disk0.sock
                  backend file path /home/user/disk.img
                """);
        JsonObject device = json("dev show disk0 --detail -j").getAsJsonObject("dev").getAsJsonObject("disk0");
        assertThat(device.getAsJsonObject("details").get("path").getAsString()).isEqualTo("/home/user/disk.img");
        assertThat(device.get("max_vq_size").getAsInt()).isEqualTo(256);
    }

    @Test
    void words_of_backends_and_management_devices_are_handed_on_and_files_are_the_callers() {
        Result result = run(vdpa, "dev add mgmtdev sim_block na disk0 queues 2 backend file path ../x.img size 1G"
                + " driver_override vhost-user --volatile device_features 0x300000000");
        assertThat(result.both()).isEmpty();
        assertThat(result.exit()).isZero();
        assertThat(inventory.host.lastRequest.name()).isEqualTo("disk0");
        assertThat(inventory.host.lastRequest.attributes())
                .containsEntry("queues", "2")
                .containsEntry("backend", "file")
                .containsEntry("path", "/home/user/../x.img")
                .containsEntry("size", "1G")
                .containsEntry("driver_override", "vhost-user")
                .containsEntry("device_features", "0x300000000");
        assertThat(inventory.host.lastPersistent).isFalse();
    }

    @Test
    void a_device_comes_back_unless_it_is_volatile() {
        add();
        assertThat(inventory.host.lastPersistent).isTrue();
    }

    @Test
    void an_unknown_word_is_named_with_what_was_expected() {
        Result result = run(vdpa, "dev add name d mgmtdev sim_block bogus 5");
        assertThat(result.exit()).isOne();
        assertThat(result.err()).startsWith("Unknown option \"bogus\"\nExpected one of: name, mgmtdev, queues, readonly");
        assertThat(run(vdpa, "dev add name d mgmtdev sim_block bogus").err()).startsWith("Unknown option \"bogus\"\n");
        assertThat(run(vdpa, "dev add name d mgmtdev sim_block backend").err()).isEqualTo("\"backend\" needs a value\n");
        assertThat(run(vdpa, "dev add name d mgmtdev sim_block queues 1 queues 2").err())
                .isEqualTo("\"queues\" is given twice\n");
        assertThat(run(vdpa, "dev add name d mgmtdev sim_block bus mic0").err())
                .isEqualTo("There is no bus \"mic0\"; expected one of: host\n");
        assertThat(inventory.host.devices()).isEmpty();
    }

    @Test
    void words_that_are_left_over_are_refused() {
        add();
        assertThat(run(vdpa, "dev del disk0 disk1").err()).isEqualTo("Unknown option \"disk1\"\n");
        assertThat(run(vdpa, "dev show disk0 now").exit()).isOne();
        assertThat(inventory.host.devices()).hasSize(1);
    }

    @Test
    void attributes_of_network_devices_are_refused_as_the_kernels_mask() {
        assertThat(run(vdpa, "dev add name d mgmtdev sim_block mac 00:11:22:33:44:55 mtu 1500 max_vqp 2").err())
                .isEqualTo("Error: vdpa: Some provided attributes are not supported: 0x3400.\n"
                        + "kernel answers: Operation not supported\n");
        assertThat(run(vdpa, "dev add name d mgmtdev sim_block device_features 0 mac 1:2:3:4:5:6").err())
                .isEqualTo("Error: vdpa: Missing features 0x20 for provided attributes.\n"
                        + "kernel answers: Invalid argument\n");
    }

    @Test
    void handles_with_too_many_parts_are_explained() {
        assertThat(run(vdpa, "mgmtdev show a/b/c").err()).isEqualTo("""
                Wrong vdpa mgmtdev identification string format
                Expected "mgmtdev_bus_name/mgmtdev_name"
                Expected "mgmtdev_name"
                """);
    }

    @Test
    void objects_and_commands_may_be_cut_short_but_not_vstats() {
        add();
        assertThat(run(vdpa, "d l").out()).startsWith("disk0: ");
        assertThat(run(vdpa, "m s").out()).startsWith("sim_block: ");
        assertThat(run(vdpa, "dev c s disk0").out()).startsWith("disk0: ");
        assertThat(run(vdpa, "dev v s disk0").err()).isEqualTo("Command \"v\" not found\n");
        assertThat(run(vdpa, "dev config list").err()).isEqualTo("Command \"list\" not found\n");
    }

    @Test
    void options_stand_anywhere_and_combine() {
        add();
        String expected = "{\"dev\":{\"disk0\":{\"type\":\"block\",\"mgmtdev\":\"sim_block\",\"vendor_id\":0,"
                + "\"max_vqs\":2,\"max_vq_size\":256}}}\n";
        assertThat(run(vdpa, "dev -j show").out()).isEqualTo(expected);
        assertThat(run(vdpa, "dev show disk0 --js").out()).isEqualTo(expected);
        assertThat(run(vdpa, "-n -s --json -- dev show").out()).isEqualTo(expected);
        assertThat(run(vdpa, "-p dev show").out()).startsWith("disk0: type block");
        assertThat(run(vdpa, "dev -V show").out()).isEqualTo("vdpa utility, iproute2-6.15.0\n");
    }

    @Test
    void an_unknown_option_is_told_as_getopt_tells_it() {
        Result result = run(vdpa, "dev show -x");
        assertThat(result.exit()).isOne();
        assertThat(result.err()).startsWith("vdpa: invalid option -- 'x'\nUnknown option.\nUsage: vdpa [ OPTIONS ]");
        assertThat(run(vdpa, "--bogus").err()).startsWith("vdpa: unrecognized option '--bogus'\n");
        assertThat(run(vdpa, "--json=yes").err()).startsWith("vdpa: option '--json' doesn't allow an argument\n");
    }

    @Test
    void json_of_an_error_is_still_json() {
        assertThat(run(vdpa, "-j mgmtdev show nosuch").out()).isEqualTo("{\"mgmtdev\":{}}\n");
        assertThat(run(vdpa, "-jp dev show").out()).isEqualTo("{\n    \"dev\": {}\n}\n");
        assertThat(run(vdpa, "-j dev del nosuch").out()).isEqualTo("\n");
    }

    @Test
    void configuration_of_a_block_device_is_shown_by_the_kernels_attribute_names() {
        add();
        ByteBuffer config = ByteBuffer.allocate(96).order(ByteOrder.LITTLE_ENDIAN);
        config.putLong(0, 262144).putInt(8, 0xffffffff).putInt(12, 126).putInt(20, 4096).putShort(34, (short) 2)
                .put(32, (byte) 1);
        inventory.block.config = config.array();
        inventory.block.deviceFeatures = 1L << 1 | 1L << 2 | 1L << 6 | 1L << 9 | 1L << 11 | 1L << 12 | 1L << 32;
        assertThat(run(vdpa, "dev config show").out()).isEqualTo("disk0: capacity 262144 size_max 4294967295"
                + " blk_size 4096 seg_max 126 num_queues 2 read_only false flush true writeback true \n");
        inventory.block.status = 0xb;
        inventory.block.driverFeatures = 1L << 9 | 1L << 32;
        assertThat(run(vdpa, "dev config show disk0").out())
                .endsWith("writeback true \n  negotiated_features FLUSH VERSION_1\n");
        JsonObject disk = json("-jp dev config show").getAsJsonObject("config").getAsJsonObject("disk0");
        assertThat(disk.get("capacity").getAsLong()).isEqualTo(262144);
        assertThat(disk.get("read_only").getAsBoolean()).isFalse();
        assertThat(disk.getAsJsonArray("negotiated_features")).hasSize(2);
        assertThat(disk.has("max_discard_sec")).isFalse();
    }

    @Test
    void counters_of_one_queue_are_answered_as_the_kernel_answers_for_network_devices() {
        add();
        assertThat(run(vdpa, "dev vstats show disk0 qidx 0").err()).isEqualTo(
                "Error: vdpa: feature negotiation not complete.\nkernel answers: Resource temporarily unavailable\n");
        inventory.block.status = 0xf;
        inventory.block.reads = 3;
        assertThat(run(vdpa, "dev vstats show disk0 qidx 0").out()).isEqualTo("disk0: reads 3 read_bytes 12288 \n");
        assertThat(run(vdpa, "dev vstats show disk0 qidx 2").err()).isEqualTo("kernel answers: Invalid argument\n");
        assertThat(run(vdpa, "dev vstats show disk0 qidx 40000").err()).isEqualTo(
                "Error: vdpa: queue index excceeds max value.\nkernel answers: Numerical result out of range\n");
        assertThat(run(vdpa, "-j dev vstats show disk0 qidx 40000").out()).isEqualTo("{\"vstats\":{}}\n");
        assertThat(run(vdpa, "dev vstats show disk0 qidx zz").err()).startsWith("\"zz\" is no number");
        assertThat(run(vdpa, "dev vstats show disk0 queue 1").err()).isEqualTo("Unknown option \"queue\"\n");
    }

    @Test
    void counters_of_all_queues_are_shown_before_and_after_a_driver_too_and_move() {
        add();
        inventory.block.reads = 3;
        assertThat(run(vdpa, "dev vstats show disk0").out()).isEqualTo("""
                disk0:\s
                  qidx 0 reads 3 read_bytes 12288\s
                  qidx 1 reads 0 read_bytes 0\s
                """);
        inventory.block.reads = 4;
        assertThat(json("dev vstats show disk0 -j").getAsJsonObject("vstats").getAsJsonObject("disk0")
                        .getAsJsonArray("queues").get(0).getAsJsonObject().get("reads").getAsLong())
                .isEqualTo(4);
    }

    /** Also where the management device knows the word itself. */
    @Test
    void a_number_of_queue_pairs_is_judged_as_the_kernel_does() {
        inventory.host.managementDevices.add(new FakeManagementDevice("sim_net", Set.of(1), 63, FakeNetOps.FEATURES,
                List.of(new AttributeInfo("max_vqp", "N", "")), 5, request -> new FakeNetOps(request.attributes())));
        for (String word : List.of("max_vqp", "max")) {
            assertThat(run(vdpa, "dev add name net0 mgmtdev sim_net backend x " + word + " 0").err()).isEqualTo(
                    "Error: vdpa: At least one pair of VQs is required.\nkernel answers: Invalid argument\n");
        }
        assertThat(run(vdpa, "dev add name net0 mgmtdev sim_net backend x max_vqp 2").exit()).isZero();
    }

    private List<String> queueTypes() {
        return json("-j dev vstats show net0").getAsJsonObject("vstats").getAsJsonObject("net0")
                .getAsJsonArray("queues").asList().stream()
                .map(queue -> queue.getAsJsonObject().get("queue_type").getAsString())
                .toList();
    }

    @Test
    void queues_of_network_devices_say_what_they_are_for() {
        List<FakeNetOps> made = new ArrayList<>();
        inventory.host.managementDevices.add(new FakeManagementDevice("sim_net", Set.of(1), 63, FakeNetOps.FEATURES,
                List.of(new AttributeInfo("max_vqp", "N", "")), 5, request -> {
                    made.add(new FakeNetOps(request.attributes()));
                    return made.getLast();
                }));
        run(vdpa, "dev add name net0 mgmtdev sim_net max_vqp 2 backend switch");
        FakeNetOps net = made.getLast();
        assertThat(run(vdpa, "dev config show net0").out()).startsWith(
                "net0: mac 00:00:00:00:00:00 link up link_announce false max_vq_pairs 2 mtu 1500 \n");
        assertThat(queueTypes()).containsExactly("rx", "tx", "rx", "tx", "control_vq");
        net.driverFeatures &= ~(1L << 22);
        assertThat(queueTypes()).as("without MQ").containsExactly("rx", "tx", "control_vq", "tx", "rx");
        net.driverFeatures &= ~(1L << 17);
        assertThat(queueTypes()).as("without CTRL_VQ").containsExactly("rx", "tx", "rx", "tx", "control_vq");
        assertThat(run(vdpa, "dev vstats show net0 qidx 2").out())
                .isEqualTo("net0: queue_type rx rx packets 0 rx bytes 0 rx errors 0 rx overruns 0 rx drops 0 \n");
    }

    @Test
    void vstats_without_a_device_prints_its_usage_and_fails() {
        Result result = run(vdpa, "dev vstats show");
        assertThat(result.err()).isEqualTo("Usage: vdpa dev vstats show DEV [qidx QUEUE_INDEX]\n");
        assertThat(result.exit()).isOne();
    }

    @Test
    void a_mac_address_cannot_be_set_on_a_block_device() {
        add();
        assertThat(run(vdpa, "dev set name disk0 mac 00:11:22:33:44:55").err())
                .isEqualTo("Error: vdpa: disk0 device not supported.\nkernel answers: Operation not supported\n");
        assertThat(run(vdpa, "dev set name nosuch mac 00:11:22:33:44:55").err())
                .startsWith("Error: vdpa: device not found.\n");
    }

    private void add() {
        assertThat(run(vdpa, "dev add name disk0 mgmtdev sim_block backend file path disk.img").both()).isEmpty();
    }

    private JsonObject json(String line) {
        return JsonParser.parseString(run(vdpa, line).out()).getAsJsonObject();
    }
}
