package io.busbar.busdrivers.virtio.life;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_F_VERSION_1;
import static io.busbar.core.virtio.VirtioConfig.bit;
import static io.busbar.testkit.vdpa.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.busbar.api.memory.DriverMemory;
import io.busbar.api.memory.MemoryRegion;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.busdrivers.virtio.Driven;
import io.busbar.core.linux.MemFd;
import io.busbar.core.virtio.block.BlockConfigLayout;
import io.busbar.testkit.vdpa.FakeDisk;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A device's life with its driver (virtio 1.2, 3.1 to 3.3). */
@Timeout(120)
class DeviceLifeTest {

    private static final int BYTES = 1 << 20;

    private final FakeDisk device = new FakeDisk(BYTES);
    private Driven driven;

    @AfterEach
    void end() {
        if (driven != null) {
            driven.close();
        }
    }

    /** Virtio 1.2, 3.1.1. */
    @Test
    void aDeviceIsBroughtUpInTheOrderOfTheStandard() throws Exception {
        driven = Driven.begin(device);

        assertThat(device.takeLog()).containsExactly(
                "reset", "status 1", "status 3", "features", "status 11", "map 1",
                "num 0 256", "address 0", "callback 0", "ready 0 true", "status 15");
        assertThat(driven.life().isUp()).isTrue();
        assertThat(device.getDriverFeatures()).isEqualTo(FakeDisk.FEATURES);
    }

    @Test
    void featuresThatTheDriverDoesNotKnowAreNotAccepted() throws Exception {
        driven = Driven.begin(device.offering(FakeDisk.FEATURES | bit(40) | bit(35) | bit(34) | bit(17)));

        assertThat(device.getDriverFeatures()).isEqualTo(FakeDisk.FEATURES);
    }

    @Test
    void aLegacyDeviceIsRefused() {
        device.offering(FakeDisk.FEATURES & ~bit(VIRTIO_F_VERSION_1));
        VdpaException refused = catchThrowableOfType(VdpaException.class, () -> Driven.begin(device));

        assertThat(refused.reason()).isEqualTo(Reason.FEATURES_MISMATCH);
        assertThat(refused).hasMessageContaining("VERSION_1");
        assertThat(device.getStatus()).isZero();
    }

    /** Virtio 1.2, 3.1.1, step 6. */
    @Test
    void aDeviceThatLeavesFeaturesOkClearIsResetAndNamed() {
        device.refuseFeatures(true);

        assertThatThrownBy(() -> Driven.begin(device)).hasMessageStartingWith("disk0 refused the features");
        assertThat(device.getStatus()).isZero();
        assertThat(device.memory()).isSameAs(DriverMemory.EMPTY);
    }

    @Test
    void aDiskThatCannotBeIsRefused() {
        device.field(BlockConfigLayout.BLK_SIZE, 700);

        assertThatThrownBy(() -> Driven.begin(device))
                .hasMessage("disk0: block size 700: expected a power of two from 512 to 1048576");
    }

    @Test
    void whatFailsHalfwayIsTakenBack() {
        device.fail("status 15");

        assertThatThrownBy(() -> Driven.begin(device)).hasMessage("status 15 was told to fail");
        assertThat(device.takeLog()).endsWith("status 15", "reset", "map 0");
        assertThat(device.memory()).isSameAs(DriverMemory.EMPTY);
    }

    @Test
    void theMemoryIsOneFileThatCannotShrinkInsideTheDevicesReach() throws Exception {
        driven = Driven.begin(device.reaching(0x10_0000, 0x7fff_ffff));

        MemoryRegion region = device.memory().regions().getFirst();
        assertThat(device.memory().regions()).hasSize(1);
        assertThat(region.iova()).isEqualTo(0x10_0000);
        assertThat(MemFd.seals(region.descriptor()) & MemFd.F_SEAL_SHRINK).isNotZero();
    }

    @Test
    void aDeviceThatDoesNotReachFarEnoughIsRefused() {
        device.reaching(0, 0xfff);
        VdpaException refused = catchThrowableOfType(VdpaException.class, () -> Driven.begin(device));

        assertThat(refused.error()).isEqualTo(VdpaError.ERANGE);
        assertThat(refused).hasMessageContaining("reaches 0x0 to 0xfff");
    }

    @Test
    void aDeviceThatNeedsAResetIsBroughtUpAgainWithFreshMemory() throws Exception {
        driven = Driven.begin(device);
        MemoryRegion before = device.memory().regions().getFirst();
        device.takeLog();
        device.needReset();
        eventually("it was brought up again", () -> device.takeLog().contains("status 15"));
        eventually("it is up", () -> driven.life().isUp());

        assertThat(device.memory().regions().getFirst().segment().scope()).isNotEqualTo(before.segment().scope());
        assertThat(before.segment().scope().isAlive()).isFalse();
    }

    @Test
    void aDeviceThatCannotBeResetKeepsItsMemoryUntilItCan() throws Exception {
        driven = Driven.begin(device);
        MemorySegment before = device.memory().regions().getFirst().segment();
        device.fail("reset");
        device.needReset();
        eventually("it was tried", () -> driven.life().health().sentence().contains("reset was told to fail"));
        assertThat(driven.life().isUp()).isFalse();
        assertThat(before.get(ValueLayout.JAVA_BYTE, 0)).isNotNull();

        device.recover("reset");
        eventually("it is up again", () -> driven.life().isUp());
        assertThat(before.scope().isAlive()).isFalse();
    }

    @Test
    void aDeviceThatIsLetGoIsResetAndHasNoMemoryOfItsDriver() throws Exception {
        driven = Driven.begin(device);
        MemorySegment memory = device.memory().regions().getFirst().segment();
        device.takeLog();
        driven.life().end("of a test");

        assertThat(device.takeLog()).containsExactly("reset", "map 0");
        assertThat(memory.scope().isAlive()).isFalse();
        assertThat(driven.life().isUp()).isFalse();
    }

    @Test
    void aDeviceThatIsLetGoAndCannotBeResetKeepsItsMemory() throws Exception {
        driven = Driven.begin(device);
        MemorySegment memory = device.memory().regions().getFirst().segment();
        device.fail("reset");
        driven.life().end("of a test");

        assertThat(memory.scope().isAlive()).isTrue();
        device.recover("reset");
    }
}
