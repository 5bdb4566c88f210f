package io.busbar.core.bus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.busbar.api.memory.DriverMemory;
import io.busbar.api.memory.MemoryRegion;
import io.busbar.api.vdpa.AddressSpaces;
import io.busbar.api.vdpa.BackendFeatures;
import io.busbar.api.vdpa.CallDescriptors;
import io.busbar.api.vdpa.DmaFaultCounter;
import io.busbar.api.vdpa.IncrementalIommu;
import io.busbar.api.vdpa.InflightArea;
import io.busbar.api.vdpa.InflightTracking;
import io.busbar.api.vdpa.KickDescriptors;
import io.busbar.api.vdpa.LinkControl;
import io.busbar.api.vdpa.OnChipIommu;
import io.busbar.api.vdpa.PlatformDma;
import io.busbar.api.vdpa.QueueStatistics;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.ResizableCapacity;
import io.busbar.api.vdpa.Suspendable;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VqState;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The order rules of Linux's vdpa and vhost-vdpa, and of virtio 1.2, 2.1 and 3.1, before an op reaches the parent. */
class CheckedConfigOpsTest {

    private static final int ACKNOWLEDGE = 1;
    private static final int DRIVER = 2;
    private static final int DRIVER_OK = 4;
    private static final int FEATURES_OK = 8;
    private static final int NEEDS_RESET = 0x40;
    private static final int FAILED = 0x80;

    private final FakeOps.OnChip parent = new FakeOps.OnChip();
    private final ControlLock control = new ControlLock("disk0");
    private int statusChanges;
    private final CheckedConfigOps checked =
            new CheckedConfigOps("disk0", parent, FakeOps.QUEUES, control, () -> statusChanges++, bytes -> {});
    private final VdpaConfigOps ops = CheckedOpsProxy.of("disk0", parent, checked, control);

    private void toFeaturesOk() throws VdpaException {
        ops.setStatus(ACKNOWLEDGE);
        ops.setStatus(ACKNOWLEDGE | DRIVER);
        ops.setDriverFeatures(FakeOps.VERSION_1);
        ops.setStatus(ACKNOWLEDGE | DRIVER | FEATURES_OK);
    }

    private void toDriverOk() throws VdpaException {
        toFeaturesOk();
        ops.setVqReady(0, true);
        ops.setStatus(ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
    }

    private void refused(VdpaError error, String sentence, ThrowingCallable op) {
        List<String> before = List.copyOf(parent.calls);
        VdpaException refusal = catchThrowableOfType(VdpaException.class, op);
        assertThat(refusal).as("refusal").isNotNull();
        assertThat(refusal.error()).isEqualTo(error);
        assertThat(refusal.getMessage()).contains(sentence);
        assertThat(parent.calls).as("nothing reached the parent").isEqualTo(before);
    }

    @Test
    void the_canonical_bring_up_reaches_the_parent_step_by_step() throws VdpaException {
        ops.reset();
        ops.setStatus(ACKNOWLEDGE);
        ops.setStatus(ACKNOWLEDGE | DRIVER);
        ops.setDriverFeatures(FakeOps.VERSION_1);
        ops.setStatus(ACKNOWLEDGE | DRIVER | FEATURES_OK);
        ops.setVqCallback(0, null);
        ops.setVqNum(0, 128);
        ops.setVqAddress(0, 0x1000, 0x2002, 0x3004);
        ops.setVqState(0, VqState.Split.INITIAL);
        ops.setVqReady(0, true);
        ops.setConfigCallback(null);
        ops.setStatus(ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
        ops.kickVq(0);

        assertThat(parent.calls)
                .containsExactly(
                        "reset", "setStatus 1", "setStatus 3", "setDriverFeatures 100000000", "setStatus 11",
                        "setVqCallback 0", "setVqNum 0 128", "setVqAddress 0", "setVqState 0", "setVqReady 0 true",
                        "setConfigCallback", "setStatus 15", "kickVq 0");
        assertThat(statusChanges).isEqualTo(5);
    }

    @Nested
    class Status {

        @ParameterizedTest
        @ValueSource(ints = {0, -1, 256})
        void outside_1_to_255_is_refused(int status) {
            refused(VdpaError.EINVAL, "expected 1 to 255", () -> ops.setStatus(status));
        }

        @Test
        void never_loses_a_bit_without_a_reset() throws VdpaException {
            toFeaturesOk();
            refused(VdpaError.EINVAL, "status 0x01 clears bits of 0x0b", () -> ops.setStatus(ACKNOWLEDGE));
        }

        @Test
        void driver_comes_after_acknowledge() {
            refused(VdpaError.EINVAL, "DRIVER before ACKNOWLEDGE", () -> ops.setStatus(DRIVER));
        }

        @Test
        void features_ok_comes_after_driver() {
            refused(VdpaError.EINVAL, "FEATURES_OK before DRIVER", () -> ops.setStatus(ACKNOWLEDGE | FEATURES_OK));
        }

        @Test
        void driver_ok_comes_after_features_ok_was_accepted() throws VdpaException {
            ops.setStatus(ACKNOWLEDGE | DRIVER);
            ops.setDriverFeatures(FakeOps.VERSION_1);
            refused(
                    VdpaError.EINVAL,
                    "DRIVER_OK before FEATURES_OK",
                    () -> ops.setStatus(ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK));
        }

        @Test
        void failed_may_be_set_at_any_time() throws VdpaException {
            ops.setStatus(FAILED);
            assertThat(parent.status).isEqualTo(FAILED);
        }

        @Test
        void needs_reset_belongs_to_the_device_alone() throws VdpaException {
            ops.setStatus(ACKNOWLEDGE | NEEDS_RESET);
            assertThat(parent.status).isEqualTo(ACKNOWLEDGE);

            parent.status = ACKNOWLEDGE | NEEDS_RESET;
            ops.setStatus(ACKNOWLEDGE | DRIVER);
            assertThat(parent.status).isEqualTo(ACKNOWLEDGE | DRIVER | NEEDS_RESET);
        }

        @Test
        void features_ok_stays_clear_for_a_set_that_cannot_work() throws VdpaException {
            ops.setStatus(ACKNOWLEDGE | DRIVER);
            ops.setDriverFeatures(FakeOps.VERSION_1 | FakeOps.CONFIG_WCE);
            ops.setStatus(ACKNOWLEDGE | DRIVER | FEATURES_OK);

            assertThat(ops.getStatus()).isEqualTo(ACKNOWLEDGE | DRIVER);
            assertThat(checked.refusal()).contains("CONFIG_WCE needs FLUSH");
        }

        @Test
        void features_ok_stays_clear_without_version_1() throws VdpaException {
            ops.setStatus(ACKNOWLEDGE | DRIVER);
            ops.setDriverFeatures(FakeOps.FLUSH);
            ops.setStatus(ACKNOWLEDGE | DRIVER | FEATURES_OK);

            assertThat(ops.getStatus()).isEqualTo(ACKNOWLEDGE | DRIVER);
            assertThat(checked.refusal()).contains("VERSION_1");
        }

        @Test
        void a_refusal_of_the_device_itself_is_told_and_forgotten_at_the_reset() throws VdpaException {
            parent.refuseFeatures = true;
            toFeaturesOk();
            assertThat(checked.refusal()).contains("the device refused").contains("VERSION_1");

            ops.reset();
            assertThat(checked.refusal()).isEmpty();
        }
    }

    @Nested
    class Features {

        @Test
        void come_after_driver() throws VdpaException {
            ops.setStatus(ACKNOWLEDGE);
            refused(VdpaError.EINVAL, "before DRIVER", () -> ops.setDriverFeatures(FakeOps.VERSION_1));
        }

        @Test
        void are_frozen_by_features_ok_until_the_reset() throws VdpaException {
            toFeaturesOk();
            refused(VdpaError.EBUSY, "after FEATURES_OK", () -> ops.setDriverFeatures(FakeOps.VERSION_1));

            ops.reset();
            toFeaturesOk();
            assertThat(parent.driverFeatures).isEqualTo(FakeOps.VERSION_1);
        }

        @Test
        void that_are_not_offered_are_named() throws VdpaException {
            ops.setStatus(ACKNOWLEDGE | DRIVER);
            refused(VdpaError.EINVAL, "RING_PACKED", () -> ops.setDriverFeatures(FakeOps.VERSION_1 | 1L << 34));
        }
    }

    @Nested
    class Queues {

        @ParameterizedTest
        @ValueSource(ints = {-1, FakeOps.QUEUES, Integer.MAX_VALUE})
        void that_are_not_there_are_refused_by_every_op(int index) {
            refused(VdpaError.EINVAL, "queues 0 to 1", () -> ops.setVqAddress(index, 0, 0, 0));
            refused(VdpaError.EINVAL, "queues 0 to 1", () -> ops.setVqNum(index, 1));
            refused(VdpaError.EINVAL, "queues 0 to 1", () -> ops.setVqReady(index, true));
            refused(VdpaError.EINVAL, "queues 0 to 1", () -> ops.setVqState(index, VqState.Split.INITIAL));
            refused(VdpaError.EINVAL, "queues 0 to 1", () -> ops.getVqState(index));
            refused(
                    VdpaError.EINVAL,
                    "queues 0 to 1",
                    () -> ((KickDescriptors) ops).setVqKickDescriptor(index, -1));
            refused(
                    VdpaError.EINVAL,
                    "queues 0 to 1",
                    () -> ((CallDescriptors) ops).setVqCallDescriptor(index, -1));
            assertThatThrownBy(() -> ops.setVqCallback(index, null)).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> ops.getVqReady(index)).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> ((QueueStatistics) ops).getVendorVqStats(index))
                    .isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> ((AddressSpaces) ops).getVqGroup(index))
                    .isInstanceOf(IllegalStateException.class);
        }

        @ParameterizedTest
        @ValueSource(ints = {-1, FakeOps.QUEUES})
        void that_are_not_there_ignore_kicks(int index) {
            ops.kickVq(index);
            assertThat(parent.calls).isEmpty();
        }

        @ParameterizedTest
        @ValueSource(ints = {0, -1, 3, 100, 512, 1 << 16})
        void have_a_power_of_two_up_to_the_largest_as_size(int num) {
            refused(VdpaError.EINVAL, "power of two from 1 to 256", () -> ops.setVqNum(0, num));
        }

        @ParameterizedTest
        @ValueSource(ints = {1, 2, 128, FakeOps.MAX_NUM})
        void take_every_power_of_two_up_to_the_largest(int num) throws VdpaException {
            ops.setVqNum(1, num);
            assertThat(parent.calls).containsExactly("setVqNum 1 " + num);
        }

        @Test
        void have_aligned_parts() {
            refused(VdpaError.EINVAL, "descriptor table of queue 0 at 0x1008", () -> ops.setVqAddress(0, 0x1008, 0, 0));
            refused(VdpaError.EINVAL, "driver area of queue 0 at 0x1001", () -> ops.setVqAddress(0, 0, 0x1001, 0));
            refused(VdpaError.EINVAL, "device area of queue 0 at 0x1002", () -> ops.setVqAddress(0, 0, 0, 0x1002));
        }

        @Test
        void are_not_set_up_while_they_are_ready() throws VdpaException {
            toFeaturesOk();
            ops.setVqReady(0, true);
            refused(VdpaError.EBUSY, "queue 0, which is ready", () -> ops.setVqAddress(0, 0, 0, 0));
            refused(VdpaError.EBUSY, "queue 0, which is ready", () -> ops.setVqNum(0, 8));
            refused(VdpaError.EBUSY, "queue 0, which is ready", () -> ops.setVqState(0, VqState.Split.INITIAL));

            ops.setVqNum(1, 8);
            ops.setVqReady(0, false);
            ops.setVqNum(0, 8);
            assertThat(parent.calls).endsWith("setVqNum 1 8", "setVqReady 0 false", "setVqNum 0 8");
        }

        @Test
        void are_not_ready_before_features_ok() throws VdpaException {
            ops.setStatus(ACKNOWLEDGE | DRIVER);
            refused(VdpaError.EINVAL, "before FEATURES_OK", () -> ops.setVqReady(0, true));
            ops.setVqReady(0, false);
        }

        @Test
        void become_ready_after_driver_ok_only_if_the_device_says_so() throws VdpaException {
            toDriverOk();
            refused(VdpaError.EBUSY, "after DRIVER_OK", () -> ops.setVqReady(1, true));

            parent.backendFeatures = BackendFeatures.ENABLE_AFTER_DRIVER_OK;
            ops.setVqReady(1, true);
            assertThat(parent.ready).containsExactly(true, true);
        }

        @Test
        void that_are_ready_may_be_told_so_again_and_stopped_after_driver_ok() throws VdpaException {
            toDriverOk();
            ops.setVqReady(0, true);
            ops.setVqReady(0, false);
            assertThat(parent.ready).containsExactly(false, false);
        }

        @Test
        void tell_their_state_only_when_stopped_or_suspended() throws VdpaException {
            toDriverOk();
            refused(VdpaError.EBUSY, "queue 0 runs", () -> ops.getVqState(0));
            assertThat(ops.getVqState(1)).isEqualTo(new VqState.Split(7));

            ((Suspendable) ops).suspend();
            assertThat(ops.getVqState(0)).isEqualTo(new VqState.Split(7));
            ((Suspendable) ops).resume();
            refused(VdpaError.EBUSY, "queue 0 runs", () -> ops.getVqState(0));
        }

        @Test
        void are_kicked_while_a_control_op_hangs() throws Exception {
            CountDownLatch inside = new CountDownLatch(1);
            CountDownLatch go = new CountDownLatch(1);
            Thread slow = Thread.ofPlatform().daemon().start(() -> hold(inside, go));
            assertThat(inside.await(60, TimeUnit.SECONDS)).isTrue();

            Thread kicker = Thread.ofPlatform().daemon().start(() -> {
                ops.kickVq(0);
                ops.getStatus();
                ops.getConfig(0, new byte[1]);
            });
            assertThat(kicker.join(Duration.ofSeconds(60))).as("nobody waited").isTrue();
            go.countDown();
            slow.join();
            assertThat(parent.calls).containsExactly("kickVq 0", "getConfig 0");
        }

        private void hold(CountDownLatch inside, CountDownLatch go) {
            try {
                control.run(() -> {
                    inside.countDown();
                    awaitQuietly(go);
                });
            } catch (VdpaException impossible) {
                throw new AssertionError(impossible);
            }
        }

        private static void awaitQuietly(CountDownLatch go) {
            try {
                go.await();
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Nested
    class Configuration {

        @Test
        void read_before_features_are_set_takes_the_reader_for_one_that_knows_none() {
            ops.getConfig(0, new byte[4]);
            ops.getConfig(0, new byte[4]);
            assertThat(parent.calls).containsExactly("setDriverFeatures 0", "getConfig 0", "getConfig 0");
        }

        @Test
        void is_read_even_if_the_device_refuses_the_empty_set() {
            parent.failure = new VdpaException(VdpaError.EINVAL, "no");
            ops.getConfig(0, new byte[4]);
            assertThat(parent.calls).containsExactly("setDriverFeatures 0", "getConfig 0");
        }

        @Test
        void read_after_features_were_set_changes_nothing() throws VdpaException {
            toFeaturesOk();
            parent.calls.clear();
            ops.getConfig(2, new byte[4]);
            assertThat(parent.calls).containsExactly("getConfig 2");
        }

        @Test
        void past_its_end_is_zero() {
            byte[] target = {1, 1};
            ops.getConfig(FakeOps.CONFIG_SIZE, target);
            assertThat(target).containsOnly(0);
            assertThatThrownBy(() -> ops.getConfig(-1, target)).isInstanceOf(IllegalStateException.class);
        }

        @Test
        void is_written_inside_its_size_only() throws VdpaException {
            refused(VdpaError.EINVAL, "inside its 8", () -> ops.setConfig(-1, new byte[1]));
            refused(VdpaError.EINVAL, "inside its 8", () -> ops.setConfig(0, new byte[0]));
            refused(VdpaError.EINVAL, "inside its 8", () -> ops.setConfig(7, new byte[2]));
            refused(VdpaError.EINVAL, "inside its 8", () -> ops.setConfig(Integer.MAX_VALUE, new byte[2]));
            ops.setConfig(7, new byte[1]);
            assertThat(parent.calls).containsExactly("setConfig 7 1");
        }
    }

    @Nested
    class Abilities {

        @Test
        void that_the_parent_has_are_shown_and_no_other() {
            assertThat(ops)
                    .isInstanceOf(OnChipIommu.class)
                    .isInstanceOf(AddressSpaces.class)
                    .isInstanceOf(Suspendable.class)
                    .isInstanceOf(QueueStatistics.class)
                    .isInstanceOf(KickDescriptors.class)
                    .isInstanceOf(CallDescriptors.class)
                    .isInstanceOf(InflightTracking.class)
                    .isInstanceOf(BackendFeatures.class)
                    .isInstanceOf(ResizableCapacity.class)
                    .isInstanceOf(LinkControl.class)
                    .isInstanceOf(DmaFaultCounter.class)
                    .isNotInstanceOf(IncrementalIommu.class)
                    .isNotInstanceOf(PlatformDma.class);
        }

        @Test
        void suspend_needs_driver_ok_and_resume_a_suspend() throws VdpaException {
            toFeaturesOk();
            refused(VdpaError.EINVAL, "before DRIVER_OK", ((Suspendable) ops)::suspend);
            refused(VdpaError.EINVAL, "is not suspended", ((Suspendable) ops)::resume);
        }

        @Test
        void a_reset_ends_a_suspend() throws VdpaException {
            toDriverOk();
            ((Suspendable) ops).suspend();
            ops.reset();
            refused(VdpaError.EINVAL, "is not suspended", ((Suspendable) ops)::resume);
        }

        @Test
        void groups_change_their_address_space_before_driver_ok_and_in_range() throws VdpaException {
            AddressSpaces spaces = (AddressSpaces) ops;
            refused(VdpaError.EINVAL, "address space 2", () -> spaces.setGroupAsid(0, 2));
            refused(VdpaError.EINVAL, "queue group -1", () -> spaces.setGroupAsid(-1, 0));
            spaces.setGroupAsid(1, 1);
            toDriverOk();
            refused(VdpaError.EBUSY, "after DRIVER_OK", () -> spaces.setGroupAsid(1, 0));
        }

        @Test
        void maps_lie_in_a_known_address_space_and_in_reach() throws VdpaException {
            OnChipIommu iommu = (OnChipIommu) ops;
            refused(VdpaError.EINVAL, "address space 2", () -> iommu.setMap(2, DriverMemory.EMPTY));
            try (Arena arena = Arena.ofConfined()) {
                DriverMemory low = DriverMemory.of(List.of(new MemoryRegion(0, 64, arena.allocate(64), true, -1, 0)));
                DriverMemory high = DriverMemory.of(
                        List.of(new MemoryRegion(0xffff_fff0L, 64, arena.allocate(64), true, -1, 0)));
                refused(VdpaError.EINVAL, "reaches 0x1000 to 0xffffffff", () -> iommu.setMap(0, low));
                refused(VdpaError.EINVAL, "reaches 0x1000 to 0xffffffff", () -> iommu.setMap(0, high));
            }
            iommu.setMap(1, DriverMemory.EMPTY);
            assertThat(parent.calls).containsExactly("setMap 1");
        }

        @Test
        void in_flight_areas_fit_the_device() throws VdpaException {
            InflightTracking tracking = (InflightTracking) ops;
            refused(VdpaError.EINVAL, "0 queues", () -> tracking.createInflight(0, 8));
            refused(VdpaError.EINVAL, "257 entries", () -> tracking.createInflight(1, 257));
            refused(
                    VdpaError.EINVAL,
                    "0 entries",
                    () -> tracking.setInflight(new InflightArea(3, 4096, 0, 1, 0)));
            assertThat(tracking.createInflight(1, 256).queueSize()).isEqualTo(256);
            tracking.setInflight(null);
        }

        @Test
        void the_link_is_the_parents() throws VdpaException {
            ((LinkControl) ops).setLink(false);
            assertThat(parent.calls).contains("setLink false");
        }

        @ParameterizedTest
        @ValueSource(longs = {0, -512, 513})
        void sizes_are_whole_sectors_above_0(long bytes) {
            refused(VdpaError.EINVAL, "multiple of 512", () -> ((ResizableCapacity) ops).resize(bytes));
        }

        @Test
        void counters_and_kick_and_call_descriptors_reach_the_parent() throws VdpaException {
            parent.faults = 3;
            ((KickDescriptors) ops).setVqKickDescriptor(1, 5);
            refused(VdpaError.EINVAL, "kick descriptor -2", () -> ((KickDescriptors) ops).setVqKickDescriptor(1, -2));
            ((CallDescriptors) ops).setVqCallDescriptor(1, 6);
            refused(VdpaError.EINVAL, "call descriptor -2", () -> ((CallDescriptors) ops).setVqCallDescriptor(1, -2));
            assertThat(((DmaFaultCounter) ops).dmaFaults()).isEqualTo(3);
            assertThat(((QueueStatistics) ops).getVendorVqStats(1)).isEqualTo(Map.of("kicks", 1L));
        }
    }

    @Test
    void what_the_parent_throws_unchecked_is_an_error_of_the_op() {
        parent.thrown = new NullPointerException("oops");
        VdpaException refusal = catchThrowableOfType(VdpaException.class, () -> ops.setVqNum(0, 8));
        assertThat(refusal.error()).isEqualTo(VdpaError.EIO);
        assertThat(refusal.reason()).isEqualTo(Reason.INTERNAL);
        assertThat(refusal).hasMessageContaining("setVqNum of disk0").hasMessageContaining("oops");
    }

    @Test
    void a_reset_that_fails_leaves_what_was_known() throws VdpaException {
        toDriverOk();
        ((Suspendable) ops).suspend();
        parent.failure = new VdpaException(VdpaError.ETIMEDOUT, "requests in flight");
        assertThatThrownBy(ops::reset).hasMessage("requests in flight");
        parent.failure = null;
        ((Suspendable) ops).resume();
    }

    @Test
    void after_the_removal_nothing_reaches_the_parent() throws VdpaException {
        toDriverOk();
        control.remove(Duration.ofSeconds(10));
        parent.calls.clear();

        refused(VdpaError.ENODEV, "disk0 was removed", ops::reset);
        refused(VdpaError.ENODEV, "disk0 was removed", () -> ops.setVqNum(0, 8));
        ops.kickVq(0);
        ops.setVqCallback(0, null);
        byte[] target = new byte[1];
        ops.getConfig(0, target);

        assertThat(ops.getStatus()).isZero();
        assertThat(ops.getDeviceFeatures()).isZero();
        assertThat(ops.getVqReady(0)).isFalse();
        assertThat(((QueueStatistics) ops).getVendorVqStats(0)).isEmpty();
        assertThat(ops.getIovaRange()).isNotNull();
        assertThat(target).containsOnly(0);
        assertThat(parent.calls).isEmpty();
    }
}
