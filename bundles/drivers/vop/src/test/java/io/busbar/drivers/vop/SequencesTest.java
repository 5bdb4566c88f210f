package io.busbar.drivers.vop;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_ACKNOWLEDGE;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_DRIVER;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_NEEDS_RESET;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_F_ACCESS_PLATFORM;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_F_VERSION_1;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_RING_F_EVENT_IDX;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_RING_F_INDIRECT_DESC;
import static io.busbar.core.virtio.VirtioConfig.bit;
import static io.busbar.drivers.vop.Eventually.eventually;
import static io.busbar.drivers.vop.Rig.BLOCK;
import static io.busbar.drivers.vop.Rig.CONFIG;
import static io.busbar.drivers.vop.Rig.CONSOLE;
import static io.busbar.drivers.vop.Rig.NET;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.virtio.block.VirtioBlk;
import io.busbar.core.virtio.vop.DeviceCtrl;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Hot add, hot remove, change of the configuration and reset, each step on the page. */
class SequencesTest {

    private static final int INSIDE_OPS = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER;

    private final Rig rig = new Rig();
    private final Host host = rig.host;

    @AfterEach
    void end() {
        rig.close();
    }

    // Hot add

    @Test
    void devices_that_were_there_before_the_card_are_found_and_named_by_kind_and_place() throws Exception {
        host.add(BLOCK, Host.FEATURES, CONFIG, 128);
        host.add(NET, Host.FEATURES, CONFIG, 64, 64);
        host.add(BLOCK, Host.FEATURES, CONFIG, 32);
        rig.start();

        assertThat(rig.device("block0").vqCount()).isEqualTo(1);
        assertThat(rig.device("net0").vqCount()).isEqualTo(2);
        assertThat(rig.device("block1").details()).containsEntry("link", "mic0").containsEntry("link_queue_sizes", "32");
        assertThat(rig.bus.calls).contains("open mic0");
    }

    @Test
    void a_device_that_is_added_gets_a_doorbell_and_is_reset_before_anything_else() throws Exception {
        rig.start();
        Host.Entry entry = host.add(BLOCK, Host.FEATURES, CONFIG, 128);
        EntryOps ops = rig.ops("block0");

        assertThat(entry.ctrl(DeviceCtrl.CARD_DB)).isBetween(0, 15);
        assertThat(entry.status()).isZero();
        assertThat(ops.getDeviceId()).isEqualTo(BLOCK);
        assertThat(ops.getConfigSize()).isEqualTo(CONFIG.length);
        byte[] config = new byte[10];
        ops.getConfig(2, config);
        assertThat(config).containsExactly(3, 4, 5, 6, 7, 8, 0, 0, 0, 0);

        ops.reset();
        assertThat(entry.resets).isEqualTo(1);
    }

    @Test
    void a_driver_is_offered_what_the_relay_can_do_and_no_feature_that_is_used_by_writing_the_configuration() throws Exception {
        rig.start();
        host.add(BLOCK, Host.FEATURES | bit(VirtioBlk.VIRTIO_BLK_F_CONFIG_WCE) | bit(VirtioBlk.VIRTIO_BLK_F_FLUSH), CONFIG, 128);

        assertThat(rig.ops("block0").getDeviceFeatures()).isEqualTo(bit(VirtioBlk.VIRTIO_BLK_F_FLUSH) | bit(VIRTIO_F_VERSION_1)
                | bit(VIRTIO_RING_F_INDIRECT_DESC) | bit(VIRTIO_RING_F_EVENT_IDX));
        assertThatThrownBy(() -> rig.ops("block0").setConfig(0, new byte[1])).hasMessageStartingWith("configuration at 0");
    }

    @Test
    void status_features_and_used_rings_are_handed_over_step_by_step() throws Exception {
        rig.start();
        Host.Entry entry = host.add(BLOCK, Host.FEATURES | bit(VirtioBlk.VIRTIO_BLK_F_FLUSH), CONFIG, 128);
        try (Driver driver = new Driver(rig.ops("block0"), 1)) {
            driver.ops.reset();
            driver.ops.setStatus(VIRTIO_CONFIG_S_ACKNOWLEDGE);
            assertThat(entry.status()).isEqualTo(VIRTIO_CONFIG_S_ACKNOWLEDGE);
            driver.ops.setStatus(INSIDE_OPS);
            assertThat(entry.status()).isEqualTo(INSIDE_OPS);
            assertThat(entry.acceptedFeatures()).isZero();

            driver.ops.setDriverFeatures(driver.ops.getDeviceFeatures());
            driver.ops.setStatus(Driver.FEATURES_OK);
            assertThat(entry.status()).isEqualTo(Driver.FEATURES_OK);
            assertThat(entry.acceptedFeatures()).isEqualTo(bit(VirtioBlk.VIRTIO_BLK_F_FLUSH) | bit(VIRTIO_F_VERSION_1)
                    | bit(VIRTIO_F_ACCESS_PLATFORM) | bit(VIRTIO_RING_F_EVENT_IDX));

            driver.ops.setMap(0, driver.memory());
            driver.setUp(0);
            driver.ops.setVqReady(0, true);
            assertThat(entry.usedAddress(0)).isZero();
            driver.ops.setStatus(Driver.DRIVER_OK);
            assertThat(entry.usedAddress(0)).isNotZero();
            assertThat(entry.ctrl(DeviceCtrl.USED_ADDRESS_UPDATED)).isZero();
            assertThat(entry.status()).isEqualTo(Driver.DRIVER_OK);
            assertThat(driver.ops.getStatus()).isEqualTo(Driver.DRIVER_OK);
        }
    }

    @Test
    void features_that_cannot_work_are_not_shown_to_the_host() throws Exception {
        rig.start();
        Host.Entry entry = host.add(BLOCK, Host.FEATURES, CONFIG, 128);
        try (Driver driver = new Driver(rig.ops("block0"), 1)) {
            driver.negotiate(bit(VIRTIO_F_VERSION_1));

            assertThat(driver.ops.getStatus()).isEqualTo(INSIDE_OPS);
            assertThat(entry.acceptedFeatures()).isZero();
        }
    }

    // Configuration

    @Test
    void a_change_of_the_configuration_reaches_the_driver_and_is_acknowledged() throws Exception {
        rig.start();
        Host.Entry entry = host.add(NET, Host.FEATURES, CONFIG, 16, 16);
        try (Driver driver = new Driver(rig.ops("net0"), 2)) {
            driver.start();
            int before = driver.ops.getGeneration();
            int doorbells = entry.doorbells;
            entry.config(new byte[] {9, 9, 9, 9, 9, 9, 9, 9});
            entry.ask(DeviceCtrl.CONFIG_CHANGED);

            eventually("it is acknowledged", () -> entry.isAcknowledged() && entry.doorbells > doorbells);
            byte[] config = new byte[8];
            driver.ops.getConfig(0, config);
            assertThat(config).containsOnly(9);
            assertThat(driver.ops.getGeneration()).isNotEqualTo(before);
            assertThat(driver.configChanges).hasValue(1);
            assertThat(driver.ops.getStatus()).isEqualTo(Driver.DRIVER_OK);
        }
    }

    // Removal

    @Test
    void a_removal_takes_the_device_off_the_bus_and_is_acknowledged_when_that_is_done() throws Exception {
        rig.start();
        Host.Entry entry = host.add(BLOCK, Host.FEATURES, CONFIG, 16);
        try (Driver driver = new Driver(rig.ops("block0"), 1)) {
            driver.start();
            int resets = entry.resets;
            entry.ask(DeviceCtrl.DEV_REMOVE);

            eventually("it is acknowledged", entry::isAcknowledged);
            assertThat(rig.bus.devices).isEmpty();
            assertThat(entry.resets).isEqualTo(resets + 1);
            assertThat(entry.ctrl(DeviceCtrl.CARD_DB)).isEqualTo(-1);
            assertThat(entry.status()).isZero();
        }
        // The slot is the host's again, and its name free.
        entry.ctrl(DeviceCtrl.CONFIG_CHANGE, DeviceCtrl.NONE);
        entry.remove();
        rig.settle();
        host.add(BLOCK, Host.FEATURES, CONFIG, 8);
        assertThat(rig.device("block0").details()).containsEntry("link_queue_sizes", "8");
    }

    @Test
    void an_entry_that_the_host_takes_away_without_asking_leaves_the_bus() throws Exception {
        rig.start();
        Host.Entry entry = host.add(BLOCK, Host.FEATURES, CONFIG, 16);
        rig.device("block0");
        entry.remove();

        eventually("it has left", rig.bus.devices::isEmpty);
    }

    @Test
    void an_entry_that_took_the_place_of_another_one_of_its_size_is_another_device() throws Exception {
        rig.start();
        Host.Entry entry = host.add(BLOCK, Host.FEATURES, CONFIG, 16);
        EntryDevice before = rig.device("block0");
        // Removed and added before the card has looked: a fresh entry is zero where the card has marked the old one.
        host.page.asSlice(entry.ctrl, 8).fill((byte) 0);
        host.pageChanged();

        eventually("another device is there", () -> rig.bus.devices.get("block0") instanceof EntryDevice now && now != before);
    }

    @Test
    void a_device_that_a_user_has_removed_stays_away_until_the_user_adds_it() throws Exception {
        rig.start();
        Host.Entry entry = host.add(BLOCK, Host.FEATURES, CONFIG, 16);
        rig.device("block0");
        rig.bus.devDel("block0");
        assertThat(entry.ctrl(DeviceCtrl.CARD_DB)).isEqualTo(-1);
        rig.settle();
        assertThat(rig.bus.devices).isEmpty();

        rig.bus.devAdd("vop", new AddRequest("block0", Map.of()), false);
        try (Driver driver = new Driver(rig.ops("block0"), 1)) {
            driver.start();
            assertThat(entry.status()).isEqualTo(Driver.DRIVER_OK);
        }
    }

    @Test
    void what_the_page_does_not_have_has_its_place_and_says_why() throws Exception {
        rig.start();
        rig.bus.devAdd("vop", new AddRequest("block7", Map.of()), false);

        assertThat(rig.bus.absent).containsEntry("block7", "NOT_CONNECTED: the host's page has no device block7");
        assertThatThrownBy(() -> rig.card.devAdd(new AddRequest("block0", Map.of("size", "1M"))))
                .hasMessage("unknown word size: what a device of vop is, its host says");
    }

    @Test
    void a_device_that_no_bus_driver_could_bind_keeps_its_place() throws Exception {
        rig.bus.refusal = new VdpaException(VdpaError.EADDRINUSE, Reason.SOCKET_IN_USE, "socket is used by somebody", null);
        rig.start();
        host.add(BLOCK, Host.FEATURES, CONFIG, 16);

        eventually("it has its place", () -> !rig.bus.absent.isEmpty());
        assertThat(rig.bus.absent).containsEntry("block0", "SOCKET_IN_USE: socket is used by somebody");
        rig.bus.devAdd("vop", new AddRequest("block0", Map.of()), false);
        assertThat(rig.bus.devices).containsKey("block0");
    }

    // Reset

    @Test
    void a_reset_is_asked_for_and_done_when_the_host_says_so() throws Exception {
        rig.start();
        Host.Entry entry = host.add(BLOCK, Host.FEATURES, CONFIG, 16);
        try (Driver driver = new Driver(rig.ops("block0"), 1)) {
            driver.start();
            entry.byItself = false;
            Thread resetting = Thread.ofPlatform().start(() -> {
                try {
                    driver.ops.reset();
                } catch (VdpaException e) {
                    throw new IllegalStateException(e);
                }
            });
            eventually("it is asked for", () -> entry.ctrl(DeviceCtrl.RESET) == 1);
            assertThat(entry.ctrl(DeviceCtrl.HOST_ACK)).isZero();
            assertThat(driver.ops.getStatus()).isEqualTo(Driver.DRIVER_OK);
            entry.doReset();
            resetting.join();

            assertThat(driver.ops.getStatus()).isZero();
            assertThat(driver.ops.getVqReady(0)).isFalse();
            assertThat(driver.ops.getDriverFeatures()).isZero();
            assertThat(rig.device("block0").health().ok()).isTrue();
            entry.byItself = true;
            driver.start();
            assertThat(entry.status()).isEqualTo(Driver.DRIVER_OK);
        }
    }

    @Test
    void a_reset_of_what_was_reset_costs_the_link_nothing() throws Exception {
        rig.start();
        Host.Entry entry = host.add(BLOCK, Host.FEATURES, CONFIG, 16);
        rig.ops("block0").reset();
        var before = rig.link.card().ops().meter("block0", -1).read();
        rig.ops("block0").reset();

        assertThat(entry.resets).isEqualTo(1);
        assertThat(rig.link.card().ops().meter("block0", -1).read()).isEqualTo(before);
    }

    @Test
    void a_host_that_says_needs_reset_is_believed() throws Exception {
        rig.start();
        Host.Entry entry = host.add(BLOCK, Host.FEATURES, CONFIG, 16);
        try (Driver driver = new Driver(rig.ops("block0"), 1)) {
            driver.start();
            host.putByte(entry.offset + 4, Driver.DRIVER_OK | VIRTIO_CONFIG_S_NEEDS_RESET);
            entry.ask(DeviceCtrl.CONFIG_CHANGED);

            eventually("the driver is told", () -> (driver.ops.getStatus() & VIRTIO_CONFIG_S_NEEDS_RESET) != 0);
            assertThat(rig.device("block0").health().sentence()).isEqualTo("the host says that the device needs a reset");
            driver.start();
            assertThat(driver.ops.getStatus()).isEqualTo(Driver.DRIVER_OK);
            assertThat(rig.device("block0").health().ok()).isTrue();
        }
    }

    // The end

    @Test
    void a_card_that_leaves_tells_the_host_for_itself_and_each_device() throws Exception {
        rig.start();
        Host.Entry block = host.add(BLOCK, Host.FEATURES, CONFIG, 16);
        Host.Entry console = host.add(CONSOLE, Host.FEATURES, CONFIG, 16, 16);
        rig.device("block0");
        rig.device("console0");
        rig.card.close();
        rig.card = null;

        assertThat(host.cardIsThere()).isFalse();
        assertThat(block.ctrl(DeviceCtrl.CARD_DB)).isEqualTo(-1);
        assertThat(console.ctrl(DeviceCtrl.CARD_DB)).isEqualTo(-1);
        assertThat(rig.bus.devices).isEmpty();
        rig.start();
        rig.device("console0");
    }
}
