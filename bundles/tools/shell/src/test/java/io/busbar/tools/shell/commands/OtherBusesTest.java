package io.busbar.tools.shell.commands;

import static io.busbar.tools.shell.fake.Recorder.run;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonParser;
import io.busbar.api.vdpa.AddRequest;
import io.busbar.tools.shell.CommandTable;
import io.busbar.tools.shell.fake.FakeBlockOps;
import io.busbar.tools.shell.fake.FakeBus;
import io.busbar.tools.shell.fake.FakeInventory;
import io.busbar.tools.shell.fake.FakeManagementDevice;
import io.busbar.tools.shell.osgi.ShellCommands;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Devices of a card's bus beside those of the host's, in what commands show and take. */
class OtherBusesTest {

    private final FakeInventory inventory = FakeInventory.busbar();
    private final CommandTable table = new ShellCommands(inventory).table();
    private final FakeBus card = new FakeBus("mic0");

    @BeforeEach
    void aDeviceOnEach() throws Exception {
        card.managementDevices.add(
                new FakeManagementDevice("vop", Set.of(2), 4, 0, List.of(), 1, _ -> new FakeBlockOps()));
        card.drivers.add("virtio");
        inventory.others.add(card);
        inventory.host.devAdd("sim_block", new AddRequest("disk0", Map.of()), false);
        card.devAdd("vop", new AddRequest("block0", Map.of()), false);
    }

    private String ok(String line) {
        int word = line.indexOf(' ');
        var result = run(table.command(word < 0 ? line : line.substring(0, word)).orElseThrow(), word < 0 ? "" : line.substring(word + 1));
        assertThat(result.err()).isEmpty();
        return result.out();
    }

    @Test
    void dev_show_has_those_of_all_buses() {
        assertThat(ok("vdpa dev show")).isEqualTo("""
                disk0: type block mgmtdev sim_block vendor_id 0 max_vqs 2 max_vq_size 256
                mic0/block0: type block mgmtdev mic0/vop vendor_id 0 max_vqs 1 max_vq_size 256
                """);
        assertThat(ok("vdpa dev show mic0/block0")).startsWith("mic0/block0: type block mgmtdev mic0/vop ");
        assertThat(ok("vdpa mgmtdev show mic0/vop")).startsWith("mic0/vop: ");
        assertThat(JsonParser.parseString(ok("vdpa -j dev show")).getAsJsonObject().getAsJsonObject("dev").keySet())
                .containsExactly("disk0", "mic0/block0");
    }

    @Test
    void status_has_all_buses() {
        assertThat(ok("status")).contains("bus host: 1 device", "bus mic0: 1 device");
        assertThat(JsonParser.parseString(ok("status -j")).getAsJsonObject().getAsJsonObject("status")
                .getAsJsonObject("mic0").getAsJsonObject("devices").keySet()).containsExactly("block0");
    }

    @Test
    void a_device_is_named_by_its_bus_and_its_name() {
        assertThat(ok("driver override mic0/block0 virtio")).isEqualTo("mic0/block0 is bound to virtio\n");
        assertThat(card.overridesSet).containsExactly("block0 virtio");
        assertThat(inventory.host.overridesSet).isEmpty();

        ok("vdpa dev del mic0/block0");
        assertThat(card.devices()).isEmpty();
        ok("vdpa dev add name block0 mgmtdev mic0/vop");
        assertThat(card.device("block0")).isPresent();
        assertThat(inventory.host.device("block0")).isEmpty();
    }
}
