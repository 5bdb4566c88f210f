package io.busbar.busdrivers.vop;

import static io.busbar.testkit.vdpa.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaBusDriver.Binding;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.virtio.vop.DeviceCtrl;
import io.busbar.testkit.vdpa.FakeDisk;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A card that is another process has the descriptors of what is shared with it, and cuts the files short. */
@Timeout(120)
class CutShortTest {

    private static final int DISK_BYTES = 1 << 20;

    private final FakeDisk disk = new FakeDisk(DISK_BYTES);
    private Rig rig;

    @BeforeEach
    void begin() throws Exception {
        rig = new Rig();
        rig.card.comeUp();
    }

    @AfterEach
    void end() {
        rig.close();
        disk.close();
    }

    private static void cut(int descriptor) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile("/proc/self/fd/" + descriptor, "rw")) {
            file.setLength(0);
        }
    }

    private void cutPage() throws IOException {
        cut(rig.link.host().ops().devicePage().orElseThrow().region(0).descriptor());
    }

    private static boolean runs(String thread) {
        return Thread.getAllStackTraces().keySet().stream().anyMatch(one -> one.getName().equals(thread));
    }

    private static void awaitEnd(String thread) {
        eventually(thread + " has ended", () -> !runs(thread));
    }

    @Test
    void aPageThatIsCutShortBreaksItsDevicesAndTheyCanBeTakenAway() throws Exception {
        EchoDevice echo = new EchoDevice("echo0", 1, 0);
        Binding idle = rig.publish(echo);
        Binding busy = rig.publish(disk);
        ScriptedDriver driver = rig.card.driver(rig.card.live().get(1)).bringUp();
        driver.writeBlock(0, new byte[512]);
        int doorbell = driver.get(driver.slot.end() - DeviceCtrl.BYTES + DeviceCtrl.HOST_DB);
        int shared = rig.link.sharedByHost();
        cutPage();
        rig.card.ops.sendInterrupt(doorbell, rig.card.ops.meter("device", -1));

        eventually("it is said", () -> busy.health().reason() == Reason.DEVICE_NEEDS_RESET);
        assertThat(Rig.sentence(busy)).isEqualTo("the device page of mic0 was cut short");
        assertThat(busy.connected()).isFalse();
        assertThat(runs("busbar-vop-mic0-disk0")).isTrue();
        busy.close();
        idle.close();

        awaitEnd("busbar-vop-mic0-disk0");
        awaitEnd("busbar-vop-mic0-echo0");
        assertThat(disk.getStatus()).isZero();
        assertThat(disk.memory().regions()).isEmpty();
        assertThat(rig.link.sharedByHost()).as("the rings stay for the card, the requests' memory does not")
                .isEqualTo(shared - 1);
        echo.close();
    }

    @Test
    void nothingIsPublishedInAPageThatIsCutShortAndNothingIsLeftOfTheAttempt() throws Exception {
        int shared = rig.link.sharedByHost();
        cutPage();

        assertThatThrownBy(() -> rig.publish(disk))
                .isInstanceOfSatisfying(VdpaException.class, e -> assertThat(e.error()).isEqualTo(VdpaError.EIO))
                .hasMessage("the device page of mic0 was cut short");
        assertThat(rig.link.sharedByHost()).isEqualTo(shared);
        awaitEnd("busbar-vop-mic0-disk0");
    }

    /** As a device does that is another process: it has the descriptor too. */
    @Test
    void memoryOfRequestsThatIsCutShortBreaksItsDeviceAndItCanBeTakenAway() throws Exception {
        rig.close();
        rig = new Rig(new VopSettings(Rig.ACK_MILLIS, 0, Rig.QUEUE_BYTES), _ -> List.of());
        rig.card.comeUp();
        EchoDevice echo = new EchoDevice("echo0", 1, 0);
        Binding binding = rig.publish(echo);
        ScriptedDriver driver = rig.card.driver().bringUp();
        eventually("live", binding::connected);
        cut(echo.memory().regions().getFirst().descriptor());
        driver.rings[0].add(new long[] {driver.address(0)}, new int[] {64}, 1, 0, 0);
        driver.kick(0);
        driver.awaitNeedsReset();
        binding.close();

        awaitEnd("busbar-vop-mic0-echo0");
        assertThat(echo.memory().regions()).isEmpty();
        echo.close();
    }

    @Test
    void aRingThatIsCutShortBreaksItsDeviceAndNoOther() throws Exception {
        FakeDisk other = new FakeDisk(DISK_BYTES);
        Binding binding = rig.publish(disk);
        Binding untouched = rig.publish(other);
        ScriptedDriver driver = rig.card.driver(rig.card.live().getFirst()).bringUp();
        ScriptedDriver second = rig.card.driver(rig.card.live().get(1)).bringUp();
        driver.writeBlock(0, new byte[512]);
        cut(rig.link.descriptorSharedByHost(driver.slot.entry().queues().getFirst().address()));
        driver.ring();
        driver.awaitNeedsReset();

        assertThat(Rig.sentence(binding)).isEqualTo("memory that is shared with mic0 was cut short");
        second.writeBlock(4, EchoDevice.pattern(512));
        assertThat(second.readBlock(4, 512)).isEqualTo(EchoDevice.pattern(512));
        driver.reset();
        assertThat(disk.getStatus()).isZero();
        binding.close();
        assertThat(untouched.connected()).isTrue();
        untouched.close();
        awaitEnd("busbar-vop-mic0-disk0");
        other.close();
    }
}
