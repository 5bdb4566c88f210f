package io.busbar.drivers.vhostuser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.busbar.api.memory.DriverMemory;
import io.busbar.api.memory.MemoryRegion;
import io.busbar.api.vdpa.CallDescriptors;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.InflightTracking;
import io.busbar.api.vdpa.KickDescriptors;
import io.busbar.api.vdpa.OnChipIommu;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VqState;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.testkit.vhostuser.ScriptedBackEnd;
import io.busbar.testkit.vhostuser.ScriptedFrontEnd;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a far process is told, and what becomes of the device when it comes and goes. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class FarDeviceTest {

    private static final long INFLIGHT = 1 << 12;
    private static final long SLOTS = 1 << 15;
    private static final int NEEDS_RESET = 0x40;

    private Rig rig;

    @BeforeEach
    void aFarProcess(@TempDir Path folder) throws Exception {
        rig = new Rig(folder);
    }

    @AfterEach
    void leave() {
        rig.close();
    }

    private static VdpaException refused(ThrowingCallable op) {
        return catchThrowableOfType(VdpaException.class, op);
    }

    private long capacity() {
        byte[] bytes = new byte[8];
        rig.ops().getConfig(0, bytes);
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
    }

    @Nested
    class Negotiation {

        @Test
        void shows_what_the_far_process_has_without_what_is_the_protocols_own() throws Exception {
            FarDevice device = rig.connect();

            assertThat(device.ops().getDeviceFeatures()).isEqualTo(Rig.FEATURES);
            assertThat(device.ops().getDeviceId()).isEqualTo(2);
            assertThat(device.vqCount()).isEqualTo(2);
            assertThat(device.ops().getVqNumMax()).isEqualTo(1024);
            assertThat(device.ops().getConfigSize()).isEqualTo(60);
            assertThat(capacity()).isEqualTo(2048);
            assertThat(device.health()).isEqualTo(Health.OK);
            assertThat(device.details()).containsEntry("class", "block")
                    .containsEntry("far_process", Long.toString(ProcessHandle.current().pid()));
        }

        @Test
        void asks_in_the_order_that_back_ends_know() throws Exception {
            rig.connect();
            assertThat(rig.far.takeIds()).containsExactly(1, 15, 16, 3, 17, 36, 21, 24);
        }

        @Test
        void takes_a_shorter_configuration_and_offers_only_what_it_covers() throws Exception {
            rig.far.features |= 1 << 13 | 1 << 14; // DISCARD, WRITE_ZEROES
            rig.far.config = Arrays.copyOf(ScriptedBackEnd.disk(2048), 36);

            assertThat(rig.connect().ops().getConfigSize()).isEqualTo(36);
            assertThat(rig.ops().getDeviceFeatures()).isEqualTo(Rig.FEATURES);
        }

        @Test
        void offers_no_limit_of_segments_that_is_0_as_qemu_storage_daemon_does() throws Exception {
            rig.far.features |= 1 << 1;
            assertThat(rig.connect().ops().getDeviceFeatures()).isEqualTo(Rig.FEATURES);
        }

        @Test
        void offers_no_ring_format_and_no_translation_that_cannot_be_had() throws Exception {
            rig.far.features |= 1L << 26 | 1L << 33 | 1L << 34 | 1L << 38 | 1L << 40;
            assertThat(rig.connect().ops().getDeviceFeatures()).isEqualTo(Rig.FEATURES);
        }

        @Test
        void features_that_cannot_work_leave_FEATURES_OK_clear() throws Exception {
            rig.connect();
            rig.accept(0x244);
            assertThat(rig.ops().getStatus()).isEqualTo(Rig.DRIVER);
        }
    }

    @Nested
    class Start {

        @Test
        void tells_everything_once_the_driver_is_ready_and_nothing_before() throws Exception {
            rig.connect();
            rig.far.takeIds();
            rig.accept(Rig.FEATURES);
            ((OnChipIommu) rig.ops()).setMap(0, rig.memory());
            rig.startQueue(0);
            assertThat(rig.far.takeIds()).isEmpty();

            rig.ops().setStatus(Rig.DRIVER_OK);
            assertThat(rig.far.takeIds()).containsExactly(
                    2, 39, 40, 37, 13, 14, 8, 10, 9, 12, 18, 39);
            assertThat(rig.far.status()).isEqualTo(Rig.DRIVER_OK);
        }

        @Test
        void gives_memory_by_its_iova_and_rings_by_user_addresses() throws Exception {
            rig.run();

            ByteBuffer region = rig.far.last(37).orElseThrow().bytes();
            assertThat(region.getLong(8)).isEqualTo(Rig.IOVA);
            assertThat(region.getLong(16)).isEqualTo(Rig.BYTES);
            assertThat(region.getLong(24)).isEqualTo(Rig.IOVA + FarMemory.USER);
            assertThat(region.getLong(32)).isEqualTo(Rig.OFFSET);
            ByteBuffer ring = rig.far.last(9).orElseThrow().bytes();
            assertThat(ring.getLong(8)).isEqualTo(Rig.table(0) + FarMemory.USER);
            assertThat(ring.getLong(16)).isEqualTo(Rig.used(0) + FarMemory.USER);
            assertThat(ring.getLong(24)).isEqualTo(Rig.available(0) + FarMemory.USER);
            assertThat(rig.far.last(2).orElseThrow().bytes().getLong()).isEqualTo(Rig.FEATURES | 1L << 30);
        }

        @Test
        void hands_the_drivers_own_descriptors_through() throws Exception {
            rig.run();
            Fd farKick = rig.far.last(12).orElseThrow().descriptors().getFirst();
            Fd farCall = rig.far.last(13).orElseThrow().descriptors().getFirst();
            EventFd.drain(farKick.number());

            EventFd.signal(rig.kick.number());
            assertThat(EventFd.drain(farKick.number())).as("a kick of the driver").isEqualTo(1);
            rig.ops().kickVq(0);
            assertThat(EventFd.drain(farKick.number())).as("a kick by the op").isEqualTo(1);
            EventFd.signal(farCall.number());
            assertThat(EventFd.drain(rig.call.number())).as("a call").isEqualTo(1);
        }

        @Test
        void a_driver_without_descriptors_is_called_back() throws Exception {
            AtomicInteger calls = new AtomicInteger();
            rig.run();
            rig.ops().setVqCallback(0, calls::incrementAndGet);
            ((CallDescriptors) rig.ops()).setVqCallDescriptor(0, -1);
            ((KickDescriptors) rig.ops()).setVqKickDescriptor(0, -1);

            EventFd.signal(rig.far.last(13).orElseThrow().descriptors().getFirst().number());
            rig.await(() -> calls.get() > 0, "a call");
            rig.ops().kickVq(0);
            assertThat(EventFd.drain(rig.far.last(12).orElseThrow().descriptors().getFirst().number())).isPositive();
        }

        @Test
        void a_later_queue_starts_beside_the_others() throws Exception {
            rig.run();
            rig.far.takeIds();
            rig.startQueue(1);
            assertThat(rig.far.takeIds()).containsExactly(13, 14, 8, 10, 9, 12, 18);
        }

        @Test
        void a_queue_outside_memory_is_refused() throws Exception {
            rig.connect();
            rig.accept(Rig.FEATURES);
            assertThat(refused(() -> rig.startQueue(0)).error()).isEqualTo(VdpaError.EINVAL);
        }

        @Test
        void a_far_process_that_acknowledges_nothing_is_asked_for_something_instead() throws Exception {
            rig.far.protocolFeatures &= ~(1 << 3);
            rig.run();
            assertThat(rig.far.takeIds()).containsSubsequence(12, 1, 18, 39, 1);
            assertThat(rig.health()).isEqualTo(Health.OK);
        }
    }

    @Nested
    class Stop {

        @Test
        void of_a_queue_says_where_it_stands() throws Exception {
            rig.run();
            rig.far.on(11, (request, wire) -> wire.replyTo(request, ScriptedFrontEnd.state(0, 7)));
            rig.use(0, 7);
            rig.ops().setVqReady(0, false);
            assertThat(rig.ops().getVqState(0)).isEqualTo(new VqState.Split(7));
        }

        @Test
        void waits_for_what_is_in_flight() throws Exception {
            rig.run();
            rig.far.on(11, (request, wire) -> wire.replyTo(request, ScriptedFrontEnd.state(0, 2)));
            rig.use(0, 1);
            Thread stop = Thread.ofPlatform().start(() -> {
                try {
                    rig.ops().setVqReady(0, false);
                } catch (VdpaException e) {
                    throw new AssertionError(e);
                }
            });
            rig.awaitRequests(11, 1);
            assertThat(stop.join(Duration.ofMillis(50))).as("a request is in flight").isFalse();
            rig.use(0, 2);
            assertThat(stop.join(Duration.ofSeconds(20))).isTrue();
        }

        @Test
        void that_does_not_end_says_so_and_ends_with_the_connection(@TempDir Path folder) throws Exception {
            try (Rig impatient = new Rig(folder, Duration.ofSeconds(10), Duration.ofMillis(100))) {
                impatient.run();
                impatient.far.on(11, (request, wire) -> wire.replyTo(request, ScriptedFrontEnd.state(0, 2)));

                VdpaException stuck = refused(() -> impatient.ops().reset());
                assertThat(stuck.error()).isEqualTo(VdpaError.ETIMEDOUT);
                assertThat(stuck.reason()).isEqualTo(Reason.BACKEND_STUCK);

                impatient.awaitReason(Reason.NONE); // it answers on a new connection, so it has let go
                impatient.ops().reset();
                assertThat(impatient.ops().getStatus()).isZero();
            }
        }

        @Test
        void a_reset_forgets_the_driver_and_keeps_memory() throws Exception {
            rig.run();
            rig.far.takeIds();
            rig.ops().reset();

            assertThat(rig.far.takeIds()).containsExactly(18, 11, 34, 39);
            assertThat(rig.ops().getStatus()).isZero();
            assertThat(rig.ops().getDriverFeatures()).isZero();
            assertThat(rig.ops().getVqReady(0)).isFalse();
            rig.accept(Rig.FEATURES);
            rig.startQueue(0);
            rig.ops().setStatus(Rig.DRIVER_OK);
            assertThat(rig.far.takeIds()).as("memory is there already").contains(9).doesNotContain(37, 5);
        }

        @Test
        void memory_that_is_taken_away_after_it_ends_with_the_connection() throws Exception {
            rig.run();
            rig.ops().reset();
            rig.far.takeIds();
            ((OnChipIommu) rig.ops()).setMap(0, DriverMemory.EMPTY);
            assertThat(rig.far.takeIds()).as("negotiated anew").startsWith(1, 15);
            rig.awaitReason(Reason.NONE);
        }

        @Test
        void a_driver_with_other_memory_comes_to_a_far_process_that_knows_nothing_of_the_one_before() throws Exception {
            rig.run();
            rig.ops().reset();
            rig.far.takeIds();
            rig.accept(Rig.FEATURES);
            ((OnChipIommu) rig.ops()).setMap(0, DriverMemory.of(List.of(rig.region(), rig.another())));
            rig.startQueue(0);
            rig.ops().setStatus(Rig.DRIVER_OK);
            rig.awaitRequests(18, 1);
            assertThat(rig.far.takeIds()).containsSubsequence(1, 15, 2, 37, 37, 9, 12, 18).doesNotContain(38);
        }

        @Test
        void memory_that_stays_is_not_told_again() throws Exception {
            rig.run();
            rig.ops().reset();
            rig.far.takeIds();
            ((OnChipIommu) rig.ops()).setMap(0, rig.memory());
            assertThat(rig.far.takeIds()).isEmpty();
        }
    }

    @Nested
    class Memory {

        @Test
        void comes_and_goes_region_by_region() throws Exception {
            rig.run();
            rig.far.takeIds();
            OnChipIommu iommu = (OnChipIommu) rig.ops();
            iommu.setMap(0, DriverMemory.of(List.of(rig.region(), rig.another())));
            iommu.setMap(0, rig.memory());
            assertThat(rig.far.takeIds()).containsExactly(37, 38);
        }

        @Test
        void is_told_as_a_whole_where_it_has_to_be() throws Exception {
            rig.far.protocolFeatures &= ~SLOTS;
            rig.run();
            ((OnChipIommu) rig.ops()).setMap(0, DriverMemory.of(List.of(rig.region(), rig.another())));
            ScriptedBackEnd.Received table = rig.far.last(5).orElseThrow();
            assertThat(table.bytes().getInt(0)).isEqualTo(2);
            assertThat(table.descriptors()).hasSize(2);
        }

        @Test
        void that_is_no_file_is_refused() throws Exception {
            rig.connect();
            MemoryRegion fileless = new MemoryRegion(Rig.IOVA, Rig.BYTES, rig.mapping.segment(), true, -1, 0);
            VdpaException refusal = refused(
                    () -> ((OnChipIommu) rig.ops()).setMap(0, DriverMemory.of(List.of(fileless))));
            assertThat(refusal.error()).isEqualTo(VdpaError.EINVAL);
            assertThat(refusal).hasMessageContaining("is no file");
        }
    }

    @Nested
    class Configuration {

        @Test
        void that_changes_is_read_anew_and_the_driver_is_told() throws Exception {
            AtomicInteger told = new AtomicInteger();
            rig.run();
            rig.ops().setConfigCallback(told::incrementAndGet);
            int before = rig.ops().getGeneration();

            rig.far.config = ScriptedBackEnd.disk(4096);
            rig.far.configChanged();
            rig.await(() -> told.get() > 0, "the driver is told");
            assertThat(capacity()).isEqualTo(4096);
            assertThat(rig.ops().getGeneration()).isNotEqualTo(before);
        }

        @Test
        void a_change_that_wants_an_acknowledgement_gets_one() throws Exception {
            rig.run();
            rig.far.sendBack(ScriptedFrontEnd.message(2, 9, ScriptedFrontEnd.none()));
            ByteBuffer answer = ByteBuffer.wrap(rig.far.receiveBack(20)).order(ByteOrder.nativeOrder());
            assertThat(answer.getInt()).isEqualTo(2);
            assertThat(answer.getInt()).isEqualTo(5);
            assertThat(answer.getInt()).isEqualTo(8);
            assertThat(answer.getLong()).isZero();
        }

        @Test
        void is_written_through_and_again_to_the_next_far_process() throws Exception {
            rig.run();
            rig.ops().setConfig(32, new byte[] {1});
            rig.far.takeIds();
            rig.far.hangUp();
            rig.awaitRequests(25, 1);
            ByteBuffer write = rig.far.last(25).orElseThrow().bytes();
            assertThat(write.getInt(0)).isEqualTo(32);
            assertThat(write.getInt(4)).isEqualTo(1);
        }

        @Test
        void a_write_that_the_far_process_refuses_is_refused_and_nothing_else_happens() throws Exception {
            rig.run();
            rig.far.on(25, (request, wire) -> wire.replyTo(request, ScriptedFrontEnd.u64(1)));
            assertThat(refused(() -> rig.ops().setConfig(0, new byte[8])).error()).isEqualTo(VdpaError.EINVAL);
            assertThat(rig.health()).isEqualTo(Health.OK);
        }

        @Test
        void a_far_process_that_needs_a_reset_is_passed_on() throws Exception {
            rig.run();
            rig.far.status(Rig.DRIVER_OK | NEEDS_RESET);
            rig.far.configChanged();
            rig.awaitReason(Reason.DEVICE_NEEDS_RESET);
            assertThat(rig.ops().getStatus() & NEEDS_RESET).isNotZero();
            rig.ops().reset();
            assertThat(rig.health()).isEqualTo(Health.OK);
        }

        @Test
        void a_queue_that_the_far_process_gives_up_needs_a_reset() throws Exception {
            rig.run();
            EventFd.signal(rig.far.last(14).orElseThrow().descriptors().getFirst().number());
            rig.awaitReason(Reason.DEVICE_NEEDS_RESET);
            assertThat(rig.health().sentence()).contains("queue 0");
        }
    }

    @Nested
    class AFarProcessThatLeft {

        @Test
        void holds_the_device_says_so_and_goes_on_when_it_is_back() throws Exception {
            rig.run();
            rig.far.leave();
            rig.awaitReason(Reason.NOT_CONNECTED);
            assertThat(rig.ops().getStatus()).as("the driver is not disturbed").isEqualTo(Rig.DRIVER_OK);

            rig.far.takeIds();
            rig.far.comeBack();
            rig.awaitReason(Reason.NONE);
            rig.awaitRequests(39, 2);
            assertThat(rig.far.takeIds()).containsSubsequence(1, 15, 16, 24, 2, 37, 8, 10, 9, 12, 18, 39);
        }

        @Test
        void with_nothing_in_flight_goes_on_where_the_used_ring_says() throws Exception {
            rig.run();
            rig.makeAvailable(0, 5);
            rig.use(0, 5);
            rig.far.takeIds();
            EventFd.drain(rig.call.number());
            rig.far.hangUp();
            rig.awaitRequests(10, 1);
            assertThat(rig.far.last(10).orElseThrow().bytes().getInt(4)).isEqualTo(5);
            rig.await(() -> EventFd.drain(rig.call.number()) > 0, "the driver looks at its ring");
        }

        @Test
        void with_requests_in_flight_and_no_record_needs_a_reset() throws Exception {
            AtomicInteger told = new AtomicInteger();
            rig.run();
            rig.ops().setConfigCallback(told::incrementAndGet);
            rig.makeAvailable(0, 5);
            rig.use(0, 3);
            rig.far.hangUp();
            rig.awaitReason(Reason.DEVICE_NEEDS_RESET);
            assertThat(rig.health().sentence()).contains("queue 0 had 2 requests in flight");
            rig.await(() -> told.get() > 0, "the driver is told");

            rig.ops().reset();
            rig.makeAvailable(0, 0);
            rig.use(0, 0);
            rig.start(Rig.FEATURES);
            assertThat(rig.health()).isEqualTo(Health.OK);
        }

        @Test
        void that_uses_buffers_in_order_needs_no_record() throws Exception {
            rig.far.features |= 1L << 35;
            rig.connect();
            rig.start(Rig.FEATURES | 1L << 35);
            rig.makeAvailable(0, 5);
            rig.use(0, 3);
            rig.far.takeIds();
            rig.far.hangUp();
            rig.awaitRequests(10, 1);
            assertThat(rig.far.last(10).orElseThrow().bytes().getInt(4)).isEqualTo(3);
            assertThat(rig.health()).isEqualTo(Health.OK);
        }

        @Test
        void that_keeps_a_record_gets_it_again_and_no_request_is_lost() throws Exception {
            rig.far.protocolFeatures |= INFLIGHT;
            rig.run();
            assertThat(rig.ops()).isInstanceOf(InflightTracking.class);
            assertThat(rig.far.takeIds()).containsSubsequence(31, 32, 12);
            rig.makeAvailable(0, 5);
            rig.use(0, 3);
            rig.far.hangUp();
            rig.awaitRequests(12, 1);
            assertThat(rig.far.last(10).orElseThrow().bytes().getInt(4)).isEqualTo(3);
            assertThat(rig.far.last(32).orElseThrow().bytes().getLong()).isEqualTo(2 * 64 * 1024);
            assertThat(rig.far.takeIds()).containsSubsequence(32, 12).doesNotContain(31);
            assertThat(rig.health()).isEqualTo(Health.OK);
        }

        @Test
        void comes_back_larger_and_the_driver_sees_a_change_of_configuration() throws Exception {
            AtomicInteger told = new AtomicInteger();
            rig.run();
            rig.ops().setConfigCallback(told::incrementAndGet);
            rig.far.config = ScriptedBackEnd.disk(8192);
            rig.far.hangUp();
            rig.await(() -> told.get() > 0, "the driver is told");
            assertThat(capacity()).isEqualTo(8192);
        }

        @Test
        void comes_back_with_less_than_the_driver_was_told_and_is_not_taken_until_it_is_right_again() throws Exception {
            rig.run();
            rig.far.features &= ~(1 << 9);
            rig.far.hangUp();
            rig.awaitReason(Reason.FEATURES_MISMATCH);
            assertThat(rig.health().sentence()).contains("FLUSH");
            rig.far.features |= 1 << 9;
            rig.awaitReason(Reason.NONE);
        }

        @Test
        void comes_back_read_only_with_other_blocks_or_fewer_queues_and_is_not_taken() throws Exception {
            rig.run();
            rig.far.features |= 1 << 5;
            rig.far.hangUp();
            rig.awaitReason(Reason.FEATURES_MISMATCH);
            assertThat(rig.health().sentence()).contains("RO");
            rig.far.features &= ~(1 << 5);
            rig.awaitReason(Reason.NONE);

            rig.far.config = ByteBuffer.wrap(ScriptedBackEnd.disk(2048)).order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(20, 4096).array();
            rig.far.hangUp();
            rig.awaitReason(Reason.FEATURES_MISMATCH);
            rig.far.config = ScriptedBackEnd.disk(2048);
            rig.awaitReason(Reason.NONE);

            rig.far.queues = 1;
            rig.far.hangUp();
            rig.awaitReason(Reason.FEATURES_MISMATCH);
            assertThat(rig.health().sentence()).contains("1 queues");
        }

        @Test
        void does_not_keep_a_driver_from_setting_the_device_up_meanwhile() throws Exception {
            rig.connect();
            rig.far.leave();
            rig.awaitReason(Reason.NOT_CONNECTED);
            rig.ops().reset();
            rig.start(Rig.FEATURES);
            assertThat(rig.ops().getStatus()).isEqualTo(Rig.DRIVER_OK);
            rig.far.takeIds();
            rig.far.comeBack();
            rig.awaitRequests(18, 1);
        }

        @Test
        void while_requests_are_available_and_none_was_taken_loses_none() throws Exception {
            rig.connect();
            rig.far.leave();
            rig.awaitReason(Reason.NOT_CONNECTED);
            rig.start(Rig.FEATURES);
            rig.makeAvailable(0, 4);
            rig.far.comeBack();
            rig.awaitReason(Reason.NONE);
            rig.awaitRequests(18, 1);
            assertThat(rig.far.last(10).orElseThrow().bytes().getInt(4)).isZero();
        }
    }
}
