package io.busbar.core.bus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.Handover;
import io.busbar.api.vdpa.HandoverBus;
import io.busbar.api.vdpa.HandoverBusDriver;
import io.busbar.api.vdpa.HandoverDevice;
import io.busbar.api.vdpa.HandoverManagementDevice;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.VdpaBusDriver;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VdpaManagementDevice;
import io.busbar.api.vdpa.VdpaParentDevice;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Devices go from one bus to another, all or none. */
class HandoverTest {

    private static final VdpaException NO = new VdpaException(VdpaError.EIO, "no");

    private final List<String> calls = new ArrayList<>();
    private final Bus old = new Bus("host", Runnable::run, parts -> parts);
    private final Bus young = new Bus("host", Runnable::run, parts -> parts);
    private String refusing = "";

    @BeforeEach
    void twoBuses() throws VdpaException {
        for (Bus bus : List.of(old, young)) {
            String side = bus == old ? "old " : "new ";
            bus.arrived((VdpaManagementDevice) new Maker(side), "sim 1");
            bus.arrived((VdpaBusDriver) new Driver(side), "vhost 1", 0);
        }
        add("disk0");
        add("disk1");
        calls.clear();
    }

    private void add(String name) throws VdpaException {
        old.devAdd("sim_block", new AddRequest(name, Map.of("word", name)), false);
    }

    private void called(String call) throws VdpaException {
        calls.add(call);
        if (call.equals(refusing)) {
            throw NO;
        }
    }

    private final class Maker extends FakeMaker implements HandoverManagementDevice {

        private final String side;

        Maker(String side) {
            super("sim_block");
            this.side = side;
        }

        @Override
        public VdpaParentDevice devAdd(AddRequest wanted) throws VdpaException {
            called(side + "make " + wanted.name() + " " + wanted.attributes());
            return new Parent(side, wanted.name(), new FakeOps.OnChip());
        }

        @Override
        public VdpaParentDevice devAdd(AddRequest wanted, Handover prepared) throws VdpaException {
            called(side + "make " + wanted.name() + " with what was of " + new String(prepared.content()));
            return new Parent(side, wanted.name(), new FakeOps.OnChip());
        }
    }

    private final class Parent implements HandoverDevice {

        private final String side;
        private final String name;
        private final FakeOps ops;

        Parent(String side, String name, FakeOps ops) {
            this.side = side;
            this.name = name;
            this.ops = ops;
        }

        @Override
        public Optional<Handover> prepareHandover() throws VdpaException {
            called(side + "prepare " + name);
            return name.equals("disk0") ? Optional.empty() : Optional.of(new Handover("memory", 1, name.getBytes(), List.of()));
        }

        @Override
        public Handover handOver() throws VdpaException {
            called(side + "hand over " + name);
            return new Handover("device", 1, name.getBytes(), List.of());
        }

        @Override
        public void cancelHandover() {
            calls.add(side + "cancel " + name);
        }

        @Override
        public void rehearse() throws VdpaException {
            called(side + "try " + name);
        }

        @Override
        public void takeOver(Handover state) throws VdpaException {
            called(side + "take over " + new String(state.content()));
        }

        @Override
        public void goOn() {
            calls.add(side + "go on " + name);
        }

        @Override
        public VdpaConfigOps ops() {
            return ops;
        }

        @Override
        public int vqCount() {
            return FakeOps.QUEUES;
        }

        @Override
        public Health health() {
            return Health.OK;
        }

        @Override
        public Map<String, String> details() {
            return Map.of();
        }
    }

    private final class Driver implements HandoverBusDriver {

        private final String side;

        Driver(String side) {
            this.side = side;
        }

        @Override
        public String name() {
            return "vhost-user";
        }

        @Override
        public boolean matches(VdpaDevice device) {
            return true;
        }

        @Override
        public Binding probe(VdpaDevice device) {
            calls.add(side + "probe " + device.name());
            return new Bond(side, device.name());
        }

        @Override
        public void rehearse(VdpaDevice device) throws VdpaException {
            called(side + "rehearse " + device.name());
        }

        @Override
        public HandoverBinding adopt(VdpaDevice device, Handover state) throws VdpaException {
            called(side + "adopt " + device.name() + " " + new String(state.content()));
            return new Bond(side, device.name());
        }
    }

    private final class Bond implements HandoverBusDriver.HandoverBinding {

        private final String side;
        private final String name;

        Bond(String side, String name) {
            this.side = side;
            this.name = name;
        }

        @Override
        public Handover suspend() throws VdpaException {
            called(side + "suspend " + name);
            return new Handover("binding", 1, name.getBytes(), List.of());
        }

        @Override
        public void resume() {
            calls.add(side + "resume " + name);
        }

        @Override
        public String endpoint() {
            return "/" + name;
        }

        @Override
        public boolean connected() {
            return true;
        }

        @Override
        public Health health() {
            return Health.OK;
        }

        @Override
        public void close() {
            calls.add(side + "close " + name);
        }
    }

    /** The other bus, in this process. */
    private final class Beside implements HandoverBus.Successor {

        @Override
        public void open(List<HandoverBus.Place> places) throws VdpaException {
            young.open(places);
        }

        @Override
        public void take(HandoverBus.Stopped device) throws VdpaException {
            young.adopt(device);
        }

        @Override
        public void serve() {
            calls.add("commit");
            young.resume();
        }

        @Override
        public void abandon() {
            // What it has made is thrown away with it.
        }
    }

    @Test
    void devices_are_made_before_any_is_stopped_and_served_only_after_all_are_taken() throws VdpaException {
        old.handOver(new Beside());
        assertThat(calls).containsExactly(
                "old prepare disk0", "old prepare disk1",
                "new make disk0 {word=disk0}", "new rehearse disk0", "new try disk0",
                "new make disk1 with what was of disk1", "new rehearse disk1", "new try disk1",
                "old suspend disk0", "old hand over disk0", "new adopt disk0 disk0", "new take over disk0",
                "old suspend disk1", "old hand over disk1", "new adopt disk1 disk1", "new take over disk1",
                "commit", "new go on disk0", "new resume disk0", "new go on disk1", "new resume disk1");
        assertThat(young.devices()).extracting(VdpaDevice::name).containsExactly("disk0", "disk1");
        assertThat(young.snapshot().devices()).allMatch(device -> device.endpoint().equals("/" + device.name()));
        assertThat(old.devices()).isEmpty();
        calls.clear();
        old.close();
        assertThat(calls).as("what the other process has is not taken apart").isEmpty();
    }

    @Test
    void whoever_refuses_everything_goes_on_where_it_was() throws VdpaException {
        for (String call : List.of(
                "old prepare disk1", "new make disk1 with what was of disk1", "new rehearse disk1", "new try disk1", "old suspend disk1", "old hand over disk1",
                "new adopt disk1 disk1", "new take over disk1", "serve")) {
            refusing = call;
            calls.clear();
            Bus another = new Bus("host", Runnable::run, parts -> parts);
            another.arrived((VdpaManagementDevice) new Maker("new "), "sim 1");
            another.arrived((VdpaBusDriver) new Driver("new "), "vhost 1", 0);
            assertThatExceptionOfType(VdpaException.class).as(call).isThrownBy(() -> old.handOver(new HandoverBus.Successor() {
                @Override
                public void open(List<HandoverBus.Place> places) throws VdpaException {
                    another.open(places);
                }

                @Override
                public void take(HandoverBus.Stopped device) throws VdpaException {
                    another.adopt(device);
                }

                @Override
                public void serve() throws VdpaException {
                    called("serve");
                }

                @Override
                public void abandon() {
                    calls.add("abandon");
                }
            })).withMessageContaining("no");
            assertThat(calls.stream().filter(step -> step.equals("abandon") || step.startsWith("old cancel ") || step.startsWith("old resume ")))
                    .as("nothing is taken back while the other one may have it: %s", call).startsWith("abandon");
            assertThat(count("old prepare ") - (call.startsWith("old prepare") ? 1 : 0)).as(call).isEqualTo(count("old cancel "));
            assertThat(count("old suspend ")).as(call).isEqualTo(count("old resume "));
            assertThat(old.devices()).hasSize(2);
            assertThat(another.devices()).as("nothing is on the bus before it is served").isEmpty();
        }
    }

    private long count(String prefix) {
        return calls.stream().filter(call -> call.startsWith(prefix)).count();
    }

    @Test
    void a_device_that_cannot_go_on_in_another_process_is_named_before_anything_changes() throws VdpaException {
        old.arrived((VdpaManagementDevice) new FakeMaker("far"), "far 1");
        old.devAdd("far", new AddRequest("far0", Map.of()), false);
        calls.clear();
        assertThatExceptionOfType(VdpaException.class)
                .isThrownBy(() -> old.handOver(new Beside()))
                .withMessage("far0 is of management device far, whose devices cannot go on in another process");
        assertThat(calls).containsExactly("old prepare disk0", "old prepare disk1", "old cancel disk1", "old cancel disk0");
        assertThat(young.devices()).isEmpty();
    }
}
