package io.busbar.core.bus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.tuple;

import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.BusSnapshot;
import io.busbar.api.vdpa.BusSnapshot.State;
import io.busbar.api.vdpa.DmaDomain;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.PlatformDma;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.ResizableCapacity;
import io.busbar.api.vdpa.SwapRequest;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaBusDriver;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VdpaManagementDevice;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BusTest {

    private static final VdpaException SOCKET_TAKEN = new VdpaException(
            VdpaError.EADDRINUSE, Reason.SOCKET_IN_USE, "socket /s/disk0.sock is used by somebody", null);

    /** Waited for in full by each call that hangs, and enough for those that do not, on a machine with other work to do. */
    private static final Duration IMPATIENT = Duration.ofMillis(1500);

    private final Bus bus = new Bus("host", Runnable::run, parts -> parts);
    private final FakeMaker sim = new FakeMaker("sim_block");
    private final FakeDriver vhost = new FakeDriver("vhost-user");

    @BeforeEach
    void simIsThere() {
        bus.arrived((VdpaManagementDevice) sim, "sim 1");
    }

    private void vhostIsThere() {
        bus.arrived((VdpaBusDriver) vhost, "vhost 1", 0);
    }

    private VdpaDevice add(String name, String... words) throws VdpaException {
        return bus.devAdd("sim_block", request(name, words), false).orElseThrow();
    }

    private static AddRequest request(String name, String... words) {
        Map<String, String> attributes = new LinkedHashMap<>();
        for (int i = 0; i < words.length; i += 2) {
            attributes.put(words[i], words[i + 1]);
        }
        return new AddRequest(name, attributes);
    }

    private BusSnapshot.Device shown(String name) {
        return bus.snapshot().devices().stream()
                .filter(device -> device.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Nested
    class DevAdd {

        @Test
        void keeps_the_place_of_a_device_that_cannot_be_made_yet_and_adds_it_when_it_can_be() throws VdpaException {
            AtomicLong clock = new AtomicLong();
            Bus later = new Bus("host", Runnable::run, parts -> parts, Duration.ofSeconds(30), clock::get);
            later.arrived((VdpaManagementDevice) sim, "sim 1");
            sim.failure = new VdpaException(VdpaError.EAGAIN, Reason.NOT_CONNECTED, "nobody listens at /far", null);

            assertThat(later.devAdd("sim_block", request("far0"), false)).isEmpty();

            BusSnapshot.Device absent = later.snapshot().devices().getFirst();
            assertThat(absent.state()).isEqualTo(State.ABSENT);
            assertThat(absent.health().reason()).isEqualTo(Reason.NOT_CONNECTED);
            assertThat(absent.health().sentence()).isEqualTo("nobody listens at /far");

            sim.failure = null;
            clock.addAndGet(Duration.ofSeconds(1).toNanos());
            later.observe();
            assertThat(later.device("far0")).isPresent();
            assertThat(later.snapshot().devices().getFirst().state()).isEqualTo(State.UNBOUND);
        }

        @Test
        void a_device_that_cannot_be_made_yet_can_be_removed_and_its_name_is_taken_until_then() throws VdpaException {
            sim.failure = new VdpaException(VdpaError.EAGAIN, Reason.NOT_CONNECTED, "nobody listens at /far", null);
            bus.devAdd("sim_block", request("far0"), false);

            assertThatThrownBy(() -> bus.devAdd("sim_block", request("far0"), false))
                    .isInstanceOfSatisfying(VdpaException.class,
                            refused -> assertThat(refused.error()).isEqualTo(VdpaError.EEXIST));
            bus.devDel("far0");
            assertThat(bus.snapshot().devices()).isEmpty();
        }

        @Test
        void makes_the_device_and_binds_it() throws VdpaException {
            vhostIsThere();
            VdpaDevice device = add("disk0", "backend", "file", "path", "/x");

            assertThat(device.name()).isEqualTo("disk0");
            assertThat(device.busName()).isEqualTo("host");
            assertThat(device.managementDeviceName()).isEqualTo("sim_block");
            assertThat(device.deviceId()).isEqualTo(2);
            assertThat(bus.device("disk0")).containsSame(device);
            assertThat(sim.request.attributes()).containsExactly(Map.entry("backend", "file"), Map.entry("path", "/x"));
            BusSnapshot.Device shown = shown("disk0");
            assertThat(shown.state()).isEqualTo(State.BOUND);
            assertThat(shown.health().ok()).isTrue();
            assertThat(shown.busDriver()).isEqualTo("vhost-user");
            assertThat(shown.endpoint()).isEqualTo("/sockets/disk0.sock");
            assertThat(shown.maxVqs()).isEqualTo(FakeOps.QUEUES);
            assertThat(shown.maxVqSize()).isEqualTo(FakeOps.MAX_NUM);
        }

        @Test
        void without_a_bus_driver_leaves_the_device_unbound_with_the_reason() throws VdpaException {
            add("disk0");
            assertThat(shown("disk0").state()).isEqualTo(State.UNBOUND);
            assertThat(shown("disk0").health().reason()).isEqualTo(Reason.NO_BUS_DRIVER);
        }

        @Test
        void of_a_name_that_is_taken_names_it_with_the_error_number_of_the_kernel() throws VdpaException {
            add("disk0");
            VdpaException refusal = catchThrowableOfType(VdpaException.class, () -> add("disk0"));
            assertThat(refusal.error()).isEqualTo(VdpaError.EEXIST);
            assertThat(refusal).hasMessage("device name \"disk0\": expected one that no device on bus host has");
        }

        @Test
        void at_an_unknown_management_device_says_so_as_the_kernel_does() {
            VdpaException refusal = catchThrowableOfType(
                    VdpaException.class, () -> bus.devAdd("nosuch", request("disk0"), false));
            assertThat(refusal.error()).isEqualTo(VdpaError.ENODEV);
            assertThat(refusal).hasMessage("Fail to find the specified management device");
        }

        @ParameterizedTest
        @ValueSource(strings = {"", ".", "..", "a/b", "-x", ".x", "a b", "\u00e9", "a\n"})
        void of_a_name_that_cannot_be_one_quotes_it(String name) {
            VdpaException refusal = catchThrowableOfType(VdpaException.class, () -> add(name));
            assertThat(refusal.error()).isEqualTo(VdpaError.EINVAL);
            assertThat(refusal).hasMessageContaining("\"" + name + "\"").hasMessageContaining("expected 1 to 64");
        }

        @Test
        void takes_names_of_up_to_64() throws VdpaException {
            add("a".repeat(64));
            assertThatThrownBy(() -> add("a".repeat(65))).isInstanceOf(VdpaException.class);
        }

        @Test
        void that_the_management_device_refuses_leaves_nothing() {
            sim.failure = new VdpaException(VdpaError.EINVAL, "size 12 of backend file");
            assertThatThrownBy(() -> add("disk0")).isSameAs(sim.failure);
            assertThat(bus.snapshot().devices()).isEmpty();
        }

        @Test
        void in_which_the_management_device_throws_leaves_nothing_and_names_it() {
            sim.thrown = new IllegalStateException("oops");
            VdpaException refusal = catchThrowableOfType(VdpaException.class, () -> add("disk0"));
            assertThat(refusal.reason()).isEqualTo(Reason.INTERNAL);
            assertThat(refusal).hasMessageContaining("sim_block").hasMessageContaining("oops");
            assertThat(bus.snapshot().devices()).isEmpty();
        }

        @Test
        void that_the_only_bus_driver_refuses_fails_with_its_sentence_and_leaves_nothing() {
            vhostIsThere();
            vhost.failure = SOCKET_TAKEN;
            assertThatThrownBy(() -> add("disk0")).isSameAs(SOCKET_TAKEN);
            assertThat(bus.snapshot().devices()).isEmpty();
            assertThat(sim.made).isEmpty();
            assertThat(sim.calls).containsExactly("devAdd disk0", "devDel disk0");
        }

        @Test
        void that_is_refused_after_the_device_was_made_is_taken_back_where_its_maker_can_do_that() throws VdpaException {
            FakeMaker revocable = new FakeMaker.Revocable("revocable");
            bus.arrived((VdpaManagementDevice) revocable, "revocable 1");
            vhostIsThere();
            vhost.failure = SOCKET_TAKEN;
            assertThatThrownBy(() -> bus.devAdd("revocable", request("disk0"), false)).isSameAs(SOCKET_TAKEN);
            vhost.failure = null;
            revocable.vqCount = 0;
            assertThatThrownBy(() -> bus.devAdd("revocable", request("disk1"), false)).isInstanceOf(VdpaException.class);
            revocable.vqCount = 1;
            bus.devAdd("revocable", request("disk2"), false);
            bus.devDel("disk2");
            assertThat(revocable.calls).containsExactly(
                    "devAdd disk0", "devRevoke disk0", "devAdd disk1", "devRevoke disk1", "devAdd disk2", "devDel disk2");
        }

        @Test
        void that_one_bus_driver_refuses_is_offered_to_the_next() throws VdpaException {
            vhostIsThere();
            vhost.failure = SOCKET_TAKEN;
            FakeDriver other = new FakeDriver("other");
            bus.arrived((VdpaBusDriver) other, "other 1", 0);
            add("disk0");
            assertThat(shown("disk0").busDriver()).isEqualTo("other");
        }

        @Test
        void in_which_a_bus_driver_throws_fails_and_leaves_nothing() {
            vhostIsThere();
            vhost.thrown = new IllegalStateException("oops");
            assertThatThrownBy(() -> add("disk0")).hasMessageContaining("probe of disk0").hasMessageContaining("oops");
            assertThat(bus.snapshot().devices()).isEmpty();
        }

        @Test
        void from_inside_another_change_is_refused_instead_of_waiting_for_itself() {
            VdpaException[] seen = new VdpaException[1];
            sim.inside = () -> seen[0] = catchThrowableOfType(VdpaException.class, () -> add("disk1"));
            assertThatThrownBy(() -> {
                        sim.failure = new VdpaException(VdpaError.EINVAL, "enough");
                        add("disk0");
                    })
                    .hasMessage("enough");
            assertThat(seen[0].error()).isEqualTo(VdpaError.EBUSY);
            assertThat(seen[0]).hasMessageContaining("dev add of disk1").hasMessageContaining("dev add of disk0");
        }

        @Test
        void lets_management_devices_and_bus_drivers_read_the_bus() throws VdpaException {
            vhostIsThere();
            int[] devices = new int[2];
            sim.inside = () -> devices[0] = bus.snapshot().devices().size();
            vhost.inside = () -> devices[1] = bus.devices().size();
            add("disk0");
            assertThat(devices).containsExactly(0, 1);
        }
    }

    @Nested
    class Parents {

        private void refused(UnaryOperator<FakeOps> of, String sentence) {
            sim.opsOf = () -> of.apply(new FakeOps.OnChip());
            assertThatThrownBy(() -> add("disk0")).isInstanceOf(VdpaException.class).hasMessageContaining(sentence);
            assertThat(bus.snapshot().devices()).isEmpty();
            assertThat(sim.made).as("it was taken apart again").isEmpty();
        }

        @Test
        void have_exactly_one_translation() {
            refused(_ -> new FakeOps(), "0 of OnChipIommu, IncrementalIommu and PlatformDma");
            refused(_ -> new TwoTranslations(), "2 of OnChipIommu, IncrementalIommu and PlatformDma");
        }

        @Test
        void have_a_device_id() {
            refused(
                    ops -> {
                        ops.deviceId = 0;
                        return ops;
                    },
                    "virtio id 0");
        }

        @Test
        void answer_what_they_are_asked() {
            refused(_ -> new Mute(), "nobody told me my id");
        }

        @Test
        void have_a_queue() {
            sim.vqCount = 0;
            refused(ops -> ops, "0 queues");
        }

        @ParameterizedTest
        @ValueSource(ints = {0, 100, 65536})
        void have_queues_of_a_power_of_two(int max) {
            refused(
                    ops -> {
                        ops.numMax = max;
                        return ops;
                    },
                    "up to " + max + " entries");
        }

        private static final class Mute extends FakeOps.OnChip {

            @Override
            public int getDeviceId() {
                throw new IllegalStateException("nobody told me my id");
            }
        }

        private static final class TwoTranslations extends FakeOps.OnChip implements PlatformDma {

            @Override
            public void attachDomain(DmaDomain domain) {
                throw new AssertionError("not taken");
            }
        }
    }

    @Nested
    class DevDel {

        @Test
        void unbinds_first_then_removes() throws VdpaException {
            vhostIsThere();
            VdpaDevice device = add("disk0");
            bus.devDel("disk0");

            assertThat(vhost.calls).containsExactly("probe disk0", "close disk0");
            assertThat(sim.calls).containsExactly("devAdd disk0", "devDel disk0");
            assertThat(bus.snapshot().devices()).isEmpty();
            assertThatThrownBy(() -> device.ops().reset()).hasMessageContaining("disk0 was removed");
        }

        @Test
        void of_an_unknown_device_says_so_as_the_kernel_does() {
            VdpaException refusal = catchThrowableOfType(VdpaException.class, () -> bus.devDel("nosuch"));
            assertThat(refusal.error()).isEqualTo(VdpaError.ENODEV);
            assertThat(refusal).hasMessage("device not found");
        }

        @Test
        void of_an_absent_device_makes_the_name_free() throws VdpaException {
            add("disk0");
            bus.left((VdpaManagementDevice) sim);
            bus.devDel("disk0");
            bus.arrived((VdpaManagementDevice) sim, "sim 1");
            assertThat(bus.snapshot().devices()).isEmpty();
            add("disk0");
        }
    }

    @Nested
    class DriverOverride {

        @Test
        void given_when_the_device_is_added_keeps_other_bus_drivers_away() throws VdpaException {
            vhostIsThere();
            add("disk0", VdpaBus.DRIVER_OVERRIDE, "virtio", "backend", "file");
            assertThat(vhost.calls).isEmpty();
            assertThat(sim.request.attributes()).containsOnlyKeys("backend");
            assertThat(shown("disk0").override()).isEqualTo("virtio");
            assertThat(shown("disk0").health().sentence()).isEqualTo("bus driver virtio is not there");

            FakeDriver virtio = new FakeDriver("virtio");
            virtio.matches = false;
            bus.arrived((VdpaBusDriver) virtio, "virtio 1", 0);
            assertThat(shown("disk0").busDriver()).as("matches is not asked").isEqualTo("virtio");
        }

        @Test
        void set_later_moves_the_device_to_that_bus_driver() throws VdpaException {
            vhostIsThere();
            FakeDriver virtio = new FakeDriver("virtio");
            bus.arrived((VdpaBusDriver) virtio, "virtio 1", 0);
            VdpaDevice device = add("disk0");
            assertThat(shown("disk0").busDriver()).isEqualTo("vhost-user");

            bus.setDriverOverride("disk0", Optional.of("virtio"));
            assertThat(vhost.calls).containsExactly("probe disk0", "close disk0");
            assertThat(shown("disk0").busDriver()).isEqualTo("virtio");
            assertThat(device.driverOverride()).contains("virtio");
        }

        @Test
        void is_not_needed_for_a_bus_driver_of_a_higher_rank_which_takes_what_comes_after_it() throws VdpaException {
            vhostIsThere();
            add("disk0");
            FakeDriver first = new FakeDriver("first");
            bus.arrived((VdpaBusDriver) first, "first 1", 1);
            add("disk1");
            assertThat(shown("disk0").busDriver()).isEqualTo("vhost-user");
            assertThat(shown("disk1").busDriver()).isEqualTo("first");
        }

        @Test
        void taken_away_lets_any_bind_and_leaves_a_binding_alone() throws VdpaException {
            vhostIsThere();
            add("disk0", VdpaBus.DRIVER_OVERRIDE, "virtio");
            bus.setDriverOverride("disk0", Optional.empty());
            assertThat(shown("disk0").busDriver()).isEqualTo("vhost-user");

            bus.setDriverOverride("disk0", Optional.of("vhost-user"));
            bus.setDriverOverride("disk0", Optional.empty());
            assertThat(vhost.calls).containsExactly("probe disk0");
        }

        @Test
        void taken_away_ends_a_binding_that_is_there_for_its_sake_alone() throws VdpaException {
            vhostIsThere();
            FakeDriver virtio = new FakeDriver("virtio");
            virtio.matches = false;
            bus.arrived((VdpaBusDriver) virtio, "virtio 1", 0);
            add("disk0", VdpaBus.DRIVER_OVERRIDE, "virtio");
            bus.setDriverOverride("disk0", Optional.empty());

            assertThat(virtio.calls).containsExactly("probe disk0", "close disk0");
            assertThat(shown("disk0").busDriver()).isEqualTo("vhost-user");
        }

        @Test
        void of_an_unknown_device_is_refused() {
            assertThatThrownBy(() -> bus.setDriverOverride("nosuch", Optional.empty())).hasMessage("device not found");
        }

        @Test
        void of_an_absent_device_is_remembered() throws VdpaException {
            vhostIsThere();
            add("disk0");
            bus.left((VdpaManagementDevice) sim);
            bus.setDriverOverride("disk0", Optional.of("virtio"));
            bus.arrived((VdpaManagementDevice) sim, "sim 1");
            assertThat(shown("disk0").state()).isEqualTo(State.UNBOUND);
            assertThat(shown("disk0").override()).isEqualTo("virtio");
        }
    }

    @Nested
    class ComingAndGoing {

        @Test
        void of_a_bus_driver_binds_and_unbinds() throws VdpaException {
            add("disk0");
            vhostIsThere();
            assertThat(shown("disk0").state()).isEqualTo(State.BOUND);

            bus.left((VdpaBusDriver) vhost);
            assertThat(vhost.calls).containsExactly("probe disk0", "close disk0");
            assertThat(shown("disk0").state()).isEqualTo(State.UNBOUND);
            assertThat(shown("disk0").health().reason()).isEqualTo(Reason.NO_BUS_DRIVER);

            vhostIsThere();
            assertThat(shown("disk0").state()).isEqualTo(State.BOUND);
        }

        @Test
        void of_a_bus_driver_hands_its_devices_to_another_that_takes_them() throws VdpaException {
            vhostIsThere();
            FakeDriver other = new FakeDriver("other");
            bus.arrived((VdpaBusDriver) other, "other 1", 0);
            add("disk0");
            bus.left((VdpaBusDriver) vhost);
            assertThat(shown("disk0").busDriver()).isEqualTo("other");
        }

        @Test
        void of_a_management_device_takes_its_devices_away_and_brings_them_back() throws VdpaException {
            vhostIsThere();
            add("disk0", "path", "/x");
            bus.left((VdpaManagementDevice) sim);

            assertThat(vhost.calls).containsExactly("probe disk0", "close disk0");
            assertThat(sim.calls).containsExactly("devAdd disk0", "devDel disk0");
            assertThat(bus.devices()).isEmpty();
            assertThat(bus.device("disk0")).isEmpty();
            assertThat(shown("disk0").state()).isEqualTo(State.ABSENT);
            assertThat(shown("disk0").health().reason()).isEqualTo(Reason.NO_MANAGEMENT_DEVICE);
            assertThat(shown("disk0").details()).containsEntry("path", "/x");

            bus.arrived((VdpaManagementDevice) sim, "sim 1");
            assertThat(shown("disk0").state()).isEqualTo(State.BOUND);
            assertThat(sim.request.attributes()).containsEntry("path", "/x");
        }

        @Test
        void of_both_in_any_order_ends_bound() throws VdpaException {
            vhostIsThere();
            add("disk0");
            bus.left((VdpaBusDriver) vhost);
            bus.left((VdpaManagementDevice) sim);
            vhostIsThere();
            assertThat(shown("disk0").state()).isEqualTo(State.ABSENT);
            bus.arrived((VdpaManagementDevice) sim, "sim 1");
            assertThat(shown("disk0").state()).isEqualTo(State.BOUND);

            bus.left((VdpaManagementDevice) sim);
            bus.left((VdpaBusDriver) vhost);
            bus.arrived((VdpaManagementDevice) sim, "sim 1");
            assertThat(shown("disk0").state()).isEqualTo(State.UNBOUND);
            vhostIsThere();
            assertThat(shown("disk0").state()).isEqualTo(State.BOUND);
        }

        @Test
        void of_a_second_management_device_of_the_same_name_takes_over_when_the_first_goes() throws VdpaException {
            FakeMaker next = new FakeMaker("sim_block");
            bus.arrived((VdpaManagementDevice) next, "sim 2");
            assertThat(bus.managementDevices()).containsExactly(sim);
            assertThat(bus.snapshot().parts())
                    .extracting(part -> part.health().reason())
                    .containsExactly(Reason.NONE, Reason.CONFIG_INVALID);

            add("disk0");
            bus.left((VdpaManagementDevice) sim);
            assertThat(shown("disk0").state()).isEqualTo(State.UNBOUND);
            assertThat(next.made).containsOnlyKeys("disk0");
        }

        @Test
        void leaves_the_devices_of_others_alone() throws VdpaException {
            vhostIsThere();
            FakeMaker other = new FakeMaker("other_block");
            bus.arrived((VdpaManagementDevice) other, "other 1");
            bus.devAdd("other_block", request("disk1"), false);
            add("disk0");
            bus.left((VdpaManagementDevice) sim);
            assertThat(shown("disk1").state()).isEqualTo(State.BOUND);
            assertThat(vhost.calls).doesNotContain("close disk1");
        }

        @Test
        void of_a_binding_that_a_device_had_no_luck_with_shows_the_reason_and_is_tried_again() throws VdpaException {
            add("disk0");
            vhost.failure = SOCKET_TAKEN;
            vhostIsThere();
            assertThat(shown("disk0").state()).isEqualTo(State.UNBOUND);
            assertThat(shown("disk0").health())
                    .isEqualTo(new Health(Reason.SOCKET_IN_USE, SOCKET_TAKEN.getMessage()));

            vhost.failure = null;
            bus.setDriverOverride("disk0", Optional.of("vhost-user"));
            assertThat(shown("disk0").state()).isEqualTo(State.BOUND);
        }

        @Test
        void of_something_below_a_management_device_makes_it_try_again() throws VdpaException {
            add("disk0");
            bus.left((VdpaManagementDevice) sim);
            sim.failure = new VdpaException(VdpaError.ENODEV, Reason.NO_BACKEND, "backend file is not there", null);
            bus.arrived((VdpaManagementDevice) sim, "sim 1");
            assertThat(shown("disk0").state()).isEqualTo(State.ABSENT);
            assertThat(shown("disk0").health().reason()).isEqualTo(Reason.NO_BACKEND);

            sim.failure = null;
            bus.changed();
            assertThat(shown("disk0").state()).isEqualTo(State.UNBOUND);
        }
    }

    @Nested
    class Persistence {

        @TempDir
        private Path directory;

        private Bus started() {
            Bus next = new Bus("host", Runnable::run, parts -> parts);
            next.keep(Optional.of(new DeviceStore(directory)));
            return next;
        }

        @Test
        void brings_devices_back_after_a_kill() throws VdpaException {
            Bus first = started();
            first.arrived((VdpaManagementDevice) sim, "sim 1");
            first.devAdd("sim_block", request("disk1", "path", "/b"), true);
            first.devAdd("sim_block", request("disk0", "path", "/a", VdpaBus.DRIVER_OVERRIDE, "virtio"), true);
            first.devAdd("sim_block", request("temp"), false);
            first.devAdd("sim_block", request("gone"), true);
            first.devDel("gone");

            Bus second = started();
            assertThat(second.snapshot().devices())
                    .extracting(BusSnapshot.Device::name, BusSnapshot.Device::state, BusSnapshot.Device::persistent)
                    .containsExactly(
                            tuple("disk1", State.ABSENT, true),
                            tuple("disk0", State.ABSENT, true));

            second.arrived((VdpaBusDriver) vhost, "vhost 1", 0);
            second.arrived((VdpaManagementDevice) sim, "sim 1");
            assertThat(second.devices()).extracting(VdpaDevice::name).containsExactly("disk1", "disk0");
            assertThat(sim.request.attributes()).containsExactly(Map.entry("path", "/a"));
            assertThat(second.snapshot().devices())
                    .extracting(BusSnapshot.Device::state)
                    .containsExactly(State.BOUND, State.UNBOUND);
        }

        @Test
        void brings_a_device_back_with_the_size_that_it_was_given_last() throws VdpaException {
            Bus first = started();
            first.arrived((VdpaManagementDevice) sim, "sim 1");
            VdpaDevice sized = first.devAdd("sim_block", request("disk0", "size", "8M", "path", "/a"), true).orElseThrow();
            VdpaDevice unsized = first.devAdd("sim_block", request("disk1", "path", "/b"), true).orElseThrow();
            ((ResizableCapacity) sized.ops()).resize(16 << 20);
            ((ResizableCapacity) unsized.ops()).resize(16 << 20);
            first.devAdd("sim_block", request("disk2"), true);

            Bus second = started();
            List<Map<String, String>> words = new ArrayList<>();
            sim.inside = () -> words.add(sim.request.attributes());
            second.arrived((VdpaManagementDevice) sim, "sim 1");
            assertThat(words).containsExactly(
                    Map.of("size", "16777216", "path", "/a"), Map.of("path", "/b"), Map.of());
        }

        @Test
        void brings_a_device_back_with_the_backend_that_it_was_given_last() throws VdpaException {
            Bus first = started();
            first.arrived((VdpaManagementDevice) sim, "sim 1");
            first.devAdd("sim_block", request("disk0", "backend", "file", "path", "/a", "driver_override", "virtio"), true);
            first.swapBackend("disk0", swap("nbd", false));
            first.swapBackend("disk0", swap("memory", true));

            Bus second = started();
            second.arrived((VdpaManagementDevice) sim, "sim 1");
            assertThat(sim.request.attributes()).isEqualTo(Map.of("path", "/b", "backend", "nbd"));
            assertThat(second.snapshot().devices().getFirst().override()).isEqualTo("virtio");
        }

        private SwapRequest swap(String backend, boolean dryRun) {
            return new SwapRequest(backend, Map.of("path", "/b"), Duration.ofSeconds(1), dryRun);
        }

        @Test
        void keeps_nothing_of_a_swap_that_failed() throws VdpaException {
            Bus first = started();
            first.arrived((VdpaManagementDevice) sim, "sim 1");
            first.devAdd("sim_block", request("disk0", "backend", "file"), true);
            assertThatThrownBy(() -> first.swapBackend("disk0", swap("bad", false)))
                    .isInstanceOf(VdpaException.class).hasMessageContaining("a fault of its maker");
            assertThatThrownBy(() -> first.swapBackend("disk1", swap("nbd", false))).hasMessage("device not found");

            started().arrived((VdpaManagementDevice) sim, "sim 1");
            assertThat(sim.request.attributes()).isEqualTo(Map.of("backend", "file"));
        }

        @Test
        void keeps_a_device_that_fails_visible_with_its_reason() throws VdpaException {
            Bus first = started();
            first.arrived((VdpaManagementDevice) sim, "sim 1");
            first.devAdd("sim_block", request("disk0"), true);

            Bus second = started();
            sim.failure = new VdpaException(VdpaError.ENOENT, Reason.NOT_FOUND, "no file /a", null);
            second.arrived((VdpaManagementDevice) sim, "sim 1");
            BusSnapshot.Device device = second.snapshot().devices().getFirst();
            assertThat(device.state()).isEqualTo(State.ABSENT);
            assertThat(device.health()).isEqualTo(new Health(Reason.NOT_FOUND, "no file /a"));

            assertThatThrownBy(() -> second.devAdd("sim_block", request("disk0"), true))
                    .isInstanceOf(VdpaException.class)
                    .hasMessage("device name \"disk0\": expected one that no device on bus host has");
        }

        @Test
        void keeps_a_change_of_the_override() throws VdpaException {
            Bus first = started();
            first.arrived((VdpaManagementDevice) sim, "sim 1");
            first.devAdd("sim_block", request("disk0"), true);
            first.setDriverOverride("disk0", Optional.of("virtio"));
            assertThat(started().snapshot().devices().getFirst().override()).isEqualTo("virtio");
        }

        @Test
        void that_cannot_be_written_refuses_the_device_as_a_whole() throws Exception {
            Path file = Files.writeString(directory.resolve("file"), "");
            bus.keep(Optional.of(new DeviceStore(file)));
            vhostIsThere();
            assertThatThrownBy(() -> bus.devAdd("sim_block", request("disk0"), true))
                    .hasMessageContaining(file.toString());
            assertThat(bus.snapshot().devices()).isEmpty();
            assertThat(vhost.calls).containsExactly("probe disk0", "close disk0");
            assertThat(sim.made).isEmpty();
        }

        @Test
        void survives_a_closed_bus() throws VdpaException {
            Bus first = started();
            first.arrived((VdpaManagementDevice) sim, "sim 1");
            first.devAdd("sim_block", request("disk0"), true);
            first.close();
            assertThat(sim.made).isEmpty();
            assertThat(started().snapshot().devices()).hasSize(1);
        }

        @Test
        void without_a_directory_is_not_promised() throws VdpaException {
            bus.devAdd("sim_block", request("disk0"), true);
            assertThat(shown("disk0").persistent()).isFalse();
        }

        @Test
        void of_a_name_that_cannot_be_one_is_left_out() throws Exception {
            Files.writeString(
                    directory.resolve("devices"),
                    "busbar-devices 1\ndevice ../x\n  mgmtdev sim_block\ndevice ok\n  mgmtdev sim_block\nend 2\n");
            assertThat(started().snapshot().devices()).extracting(BusSnapshot.Device::name).containsExactly("ok");
        }
    }

    @Nested
    class Snapshots {

        private FakeMaker.Device parent;

        @BeforeEach
        void bound() throws VdpaException {
            vhostIsThere();
            add("disk0");
            parent = sim.made.get("disk0");
        }

        @Test
        void follow_a_driver_from_bound_to_running_and_back() throws VdpaException {
            var ops = bus.device("disk0").orElseThrow().ops();
            assertThat(shown("disk0").state()).isEqualTo(State.BOUND);
            vhost.connected = true;
            assertThat(shown("disk0").state()).isEqualTo(State.NEGOTIATING);
            vhost.connected = false;
            ops.setStatus(1);
            assertThat(shown("disk0").state()).isEqualTo(State.NEGOTIATING);
            ops.setStatus(3);
            ops.setDriverFeatures(FakeOps.VERSION_1);
            ops.setStatus(11);
            ops.setStatus(15);
            assertThat(shown("disk0").state()).isEqualTo(State.RUNNING);
            assertThat(shown("disk0").status()).isEqualTo(15);
            ops.reset();
            assertThat(shown("disk0").state()).isEqualTo(State.BOUND);
        }

        @Test
        void say_held_when_the_backend_is_away_and_failed_when_it_only_fails() {
            parent.fake().status = 15;
            for (Reason reason : Set.of(Reason.NO_BACKEND, Reason.NO_DEVICE_MODEL, Reason.BACKEND_STUCK)) {
                parent.state()[0] = new Health(reason, "away");
                assertThat(shown("disk0").state()).as(reason.name()).isEqualTo(State.HELD);
                assertThat(shown("disk0").health()).isEqualTo(parent.state()[0]);
            }
            parent.state()[0] = new Health(Reason.BACKEND_FAILED, "disk lost");
            assertThat(shown("disk0").state()).isEqualTo(State.RUNNING);
            assertThat(shown("disk0").health().sentence()).isEqualTo("disk lost");
        }

        @Test
        void say_needs_reset() {
            parent.fake().status = 15 | 0x40;
            assertThat(shown("disk0").state()).isEqualTo(State.NEEDS_RESET);
            assertThat(shown("disk0").health().reason()).isEqualTo(Reason.DEVICE_NEEDS_RESET);
            parent.state()[0] = new Health(Reason.DEVICE_NEEDS_RESET, "queue 0: descriptor loop");
            assertThat(shown("disk0").health().sentence()).isEqualTo("queue 0: descriptor loop");
        }

        @Test
        void say_features_mismatch() throws VdpaException {
            var ops = bus.device("disk0").orElseThrow().ops();
            ops.setStatus(3);
            ops.setStatus(11);
            assertThat(shown("disk0").health().reason()).isEqualTo(Reason.FEATURES_MISMATCH);
        }

        @Test
        void pass_on_what_is_wrong_with_the_binding() {
            vhost.health = new Health(Reason.NOT_FOUND, "somebody removed the socket");
            assertThat(shown("disk0").health()).isEqualTo(vhost.health);
        }

        @Test
        void count_faults_and_show_details() {
            ((FakeOps.OnChip) parent.fake()).faults = 4;
            assertThat(shown("disk0").dmaFaults()).isEqualTo(4);
            assertThat(shown("disk0").details()).containsEntry("backend", "fake");
        }

        @Test
        void name_a_device_that_says_nothing_of_its_state_and_show_the_others() throws VdpaException {
            add("disk1");
            parent.state()[0] = null;
            parent.shown().put("path", null);
            parent.shown().put("serial", "s1");
            assertThat(shown("disk0").health().reason()).isEqualTo(Reason.INTERNAL);
            assertThat(shown("disk0").health().sentence()).contains("state");
            assertThat(shown("disk0").details()).containsEntry("serial", "s1").doesNotContainKey("path");
            assertThat(shown("disk1").health().ok()).isTrue();

            parent.state()[0] = Health.OK;
            vhost.health = null;
            assertThat(shown("disk0").health().reason()).isEqualTo(Reason.INTERNAL);
        }

        @Test
        void show_details_as_they_were() {
            BusSnapshot.Device before = shown("disk0");
            parent.shown().put("backend", "other");
            assertThat(before.details()).containsEntry("backend", "fake");
        }

        @Test
        void list_the_parts_with_their_origin() {
            assertThat(bus.snapshot().parts())
                    .containsExactly(
                            new BusSnapshot.Part(
                                    BusSnapshot.Kind.MANAGEMENT_DEVICE, "", "sim_block", "sim 1", Health.OK),
                            new BusSnapshot.Part(BusSnapshot.Kind.BUS_DRIVER, "", "vhost-user", "vhost 1", Health.OK));
        }

        @Test
        void a_device_that_wants_to_leave_is_removed_for_good() throws VdpaException {
            bus.observe();
            assertThat(bus.devices()).hasSize(1);
            parent.shown().put("wants to leave", "yes");
            bus.observe();
            assertThat(bus.devices()).isEmpty();
            assertThat(bus.snapshot().devices()).isEmpty();
            assertThat(sim.calls).endsWith("devDel disk0");
        }

        @Test
        void count_changes_and_only_those() throws VdpaException {
            long before = bus.snapshot().changeCount();
            assertThat(bus.snapshot().changeCount()).isEqualTo(before);
            parent.state()[0] = new Health(Reason.NO_BACKEND, "away");
            bus.observe();
            long held = bus.snapshot().changeCount();
            assertThat(held).isGreaterThan(before);
            add("disk1");
            assertThat(bus.snapshot().changeCount()).isGreaterThan(held);
        }
    }

    @Nested
    class WhatWasRefused {

        private final AtomicLong now = new AtomicLong(-5);
        private final Bus patient = new Bus("host", Runnable::run, parts -> parts, Duration.ofSeconds(30), now::get);

        @BeforeEach
        void simIsThere() throws VdpaException {
            patient.arrived((VdpaManagementDevice) sim, "sim 1");
            patient.devAdd("sim_block", request("disk0"), false);
        }

        private void pass(Duration time) {
            now.addAndGet(time.toNanos());
            patient.observe();
        }

        private State state() {
            return patient.snapshot().devices().getFirst().state();
        }

        @Test
        void is_made_later_without_anybody_asking() {
            patient.left((VdpaManagementDevice) sim);
            sim.failure = new VdpaException(VdpaError.ENOENT, Reason.NOT_FOUND, "no file /a", null);
            patient.arrived((VdpaManagementDevice) sim, "sim 1");
            sim.failure = null;
            patient.observe();
            assertThat(state()).as("at once").isEqualTo(State.ABSENT);
            pass(Duration.ofSeconds(1));
            assertThat(state()).isEqualTo(State.UNBOUND);
        }

        @Test
        void is_bound_later_without_anybody_asking() {
            vhost.failure = SOCKET_TAKEN;
            patient.arrived((VdpaBusDriver) vhost, "vhost 1", 0);
            assertThat(state()).isEqualTo(State.UNBOUND);
            vhost.failure = null;
            pass(Duration.ofSeconds(1));
            assertThat(state()).isEqualTo(State.BOUND);
        }

        @Test
        void is_tried_less_and_less_often_up_to_every_30_s() {
            vhost.failure = SOCKET_TAKEN;
            patient.arrived((VdpaBusDriver) vhost, "vhost 1", 0);
            for (int second = 0; second < 600; second++) {
                pass(Duration.ofSeconds(1));
            }
            assertThat(vhost.calls).hasSizeBetween(20, 26);
        }

        @Test
        void is_left_alone_while_the_part_that_it_lacks_is_away() {
            patient.left((VdpaManagementDevice) sim);
            sim.calls.clear();
            pass(Duration.ofSeconds(60));
            assertThat(sim.calls).isEmpty();
        }
    }

    /** Blocks whoever is inside of it, until the test is over or lets it go. */
    private static final class Hang implements Runnable {
        private final CountDownLatch inside = new CountDownLatch(1);
        private final CountDownLatch go = new CountDownLatch(1);

        @Override
        public void run() {
            inside.countDown();
            awaitQuietly(go);
        }

        void awaitInside() throws InterruptedException {
            assertThat(inside.await(10, TimeUnit.SECONDS)).as("inside").isTrue();
        }

        void end() {
            go.countDown();
        }
    }

    /** A bus whose management device {@code hanging} does not return, and what the command that called it ended with. */
    private final class Hung {
        private final Bus bus = new Bus("host", Runnable::run, parts -> parts, IMPATIENT);
        private final FakeMaker hanging = new FakeMaker.Revocable("hanging");
        private final Hang hang = new Hang();
        private final CompletableFuture<Throwable> outcome = new CompletableFuture<>();

        Hung() {
            bus.arrived((VdpaManagementDevice) sim, "sim 1");
            bus.arrived((VdpaManagementDevice) hanging, "hanging 1");
            bus.arrived((VdpaBusDriver) vhost, "vhost 1", 0);
            hanging.inside = hang;
        }

        void add(String device) throws InterruptedException {
            Thread.ofPlatform().daemon().start(() -> outcome.complete(
                    catchThrowable(() -> bus.devAdd("hanging", request(device), false))));
            hang.awaitInside();
        }

        Throwable end() throws Exception {
            hang.end();
            return outcome.get(10, TimeUnit.SECONDS);
        }
    }

    @Test
    @Timeout(60)
    void a_management_device_that_hangs_holds_up_nobody_else() throws Exception {
        Hung hung = new Hung();
        hung.add("disk1");
        hung.bus.devAdd("sim_block", request("disk0"), false);
        hung.bus.setDriverOverride("disk0", Optional.of("vhost-user"));
        hung.bus.devDel("disk0");
        assertThat(hung.bus.snapshot().devices()).isEmpty();
        assertThatThrownBy(() -> hung.bus.devAdd("sim_block", request("disk1"), false))
                .as("its name is taken").hasMessageContaining("disk1");
        assertThatThrownBy(() -> hung.bus.devAdd("hanging", request("disk2"), false))
                .hasMessageContaining("management device hanging: dev add of disk2 has to wait for dev add of disk1");

        assertThat(hung.end()).isNull();
        assertThat(hung.bus.device("disk1")).isPresent();
        hung.bus.devAdd("hanging", request("disk2"), false);
    }

    @Test
    @Timeout(60)
    void a_management_device_that_leaves_while_it_hangs_has_what_it_makes_taken_back() throws Exception {
        Hung hung = new Hung();
        hung.add("disk1");
        hung.bus.left((VdpaManagementDevice) hung.hanging);

        assertThat(hung.end()).hasMessageContaining("Fail to find the specified management device");
        assertThat(hung.hanging.calls).containsExactly("devAdd disk1", "devRevoke disk1");
        hung.bus.devAdd("sim_block", request("disk1"), false);
    }

    @Test
    @Timeout(60)
    void a_device_that_is_made_again_too_late_is_taken_all_the_same() throws Exception {
        Hung hung = new Hung();
        hung.hanging.inside = () -> { };
        hung.bus.devAdd("hanging", request("disk1"), false);
        hung.bus.left((VdpaManagementDevice) hung.hanging);
        hung.hanging.inside = hung.hang;

        hung.bus.arrived((VdpaManagementDevice) hung.hanging, "hanging 1");
        assertThat(hung.bus.device("disk1")).isEmpty();
        assertThat(hung.bus.snapshot().devices().getFirst().health().sentence())
                .contains("hanging takes longer than").contains("dev add of disk1");
        hung.bus.devAdd("sim_block", request("disk0"), false);

        hung.hang.end();
        awaitTrue(() -> hung.bus.device("disk1").isPresent());
        awaitTrue(() -> hung.bus.snapshot().devices().getFirst().state() == State.BOUND);
    }

    @Test
    @Timeout(60)
    void a_bus_driver_that_hangs_costs_the_device_that_it_was_to_bind() throws Exception {
        Hung hung = new Hung();
        vhost.inside = hung.hang;
        assertThatThrownBy(() -> hung.bus.devAdd("sim_block", request("disk0"), false))
                .hasMessageContaining("vhost-user takes longer than").hasMessageContaining("probe of disk0");
        assertThat(hung.bus.snapshot().devices()).isEmpty();
        FakeDriver other = new FakeDriver("other");
        hung.bus.arrived((VdpaBusDriver) other, "other 1", 0);
        hung.bus.devAdd("sim_block", request("disk1"), false);
        assertThat(other.calls).containsExactly("probe disk1");

        vhost.inside = () -> { };
        hung.hang.end();
        awaitTrue(() -> vhost.calls.contains("close disk0"));
    }

    private static void awaitTrue(BooleanSupplier condition) throws InterruptedException {
        while (!condition.getAsBoolean()) {
            TimeUnit.MILLISECONDS.sleep(2);
        }
    }

    @Test
    @Timeout(60)
    void a_part_that_left_while_another_change_hung_is_let_go_later() throws Exception {
        Bus impatient = new Bus("host", Runnable::run, parts -> parts, IMPATIENT);
        impatient.arrived((VdpaManagementDevice) sim, "sim 1");
        impatient.arrived((VdpaBusDriver) vhost, "vhost 1", 0);
        impatient.devAdd("sim_block", request("disk0"), false);
        Hang hang = new Hang();
        vhost.asked = hang;
        Thread stuck = Thread.ofPlatform().daemon().start(() -> catchThrowable(
                () -> impatient.devAdd("sim_block", request("disk1"), false)));
        hang.awaitInside();
        impatient.left((VdpaManagementDevice) sim);
        impatient.left((VdpaBusDriver) vhost);
        assertThat(impatient.device("disk0")).as("the bus was held").isPresent();

        hang.end();
        stuck.join();
        impatient.observe();
        assertThat(impatient.device("disk0")).isEmpty();
        assertThat(vhost.calls).contains("close disk0");
        assertThat(sim.calls).contains("devDel disk0");
    }

    @Test
    @Timeout(60)
    void a_device_whose_parts_do_not_let_go_is_deleted_and_holds_up_nobody() throws Exception {
        Bus impatient = new Bus("host", Runnable::run, parts -> parts, IMPATIENT);
        impatient.arrived((VdpaManagementDevice) sim, "sim 1");
        impatient.arrived((VdpaBusDriver) vhost, "vhost 1", 0);
        VdpaDevice device = impatient.devAdd("sim_block", request("disk0"), false).orElseThrow();
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        sim.made.get("disk0").fake().hang = () -> {
            inside.countDown();
            awaitQuietly(go);
        };
        vhost.whenClosed = () -> awaitQuietly(go);
        Thread stuck = Thread.ofPlatform().daemon().start(() -> catchThrowable(() -> device.ops().setVqNum(0, 8)));
        inside.await();

        impatient.devDel("disk0");
        assertThat(impatient.snapshot().devices()).isEmpty();
        assertThat(sim.calls).endsWith("devDel disk0");
        assertThatThrownBy(() -> device.ops().reset()).hasMessageContaining("removed");
        impatient.devAdd("sim_block", request("disk1"), false);

        go.countDown();
        stuck.join();
    }

    private static void awaitQuietly(CountDownLatch go) {
        try {
            go.await();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void who_waits_for_a_part_that_does_not_return_is_told_which() throws Exception {
        ChangeLock lock = new ChangeLock("bus host", Duration.ofMillis(20));
        var inside = new CountDownLatch(1);
        var go = new CountDownLatch(1);
        Thread stuck = Thread.ofPlatform().daemon().start(() -> hold(lock, inside, go));
        inside.await();
        assertThatThrownBy(() -> lock.run("dev add of disk1", () -> {}))
                .hasMessageContaining("bus host: dev add of disk1 has to wait for dev del of disk0");
        go.countDown();
        stuck.join();
        lock.run("dev add of disk1", () -> {});
    }

    private static void hold(
            ChangeLock lock, CountDownLatch inside, CountDownLatch go) {
        try {
            lock.run("dev del of disk0", () -> {
                inside.countDown();
                awaitQuietly(go);
            });
        } catch (VdpaException impossible) {
            throw new AssertionError(impossible);
        }
    }
}
