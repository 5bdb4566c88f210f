package io.busbar.tools.shell.fake;

import io.busbar.api.backend.Backend;
import io.busbar.api.backend.BackendContext;
import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendFactory;
import io.busbar.api.command.ShellCommand;
import io.busbar.api.driver.DeviceDriver;
import io.busbar.api.vdpa.AttributeInfo;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.tools.shell.Inventory;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** What is plugged in, in a test. */
public final class FakeInventory implements Inventory {

    /** The host's bus. */
    public final FakeBus host = new FakeBus(VdpaBus.HOST);
    /** Buses beside it, by name. */
    public final List<FakeBus> others = new ArrayList<>();
    /** The devices that this process drives. */
    public final List<DeviceDriver> driven = new ArrayList<>();
    /** The commands that bundles have brought. */
    public final List<ShellCommand> commands = new ArrayList<>();
    /** The ops of the block devices that {@code sim_block} made, last first. */
    public FakeBlockOps block;
    /** The ops of the network devices that {@code vdpasim_net} made, last first. */
    public FakeNetOps net;

    /** The management devices of Linux 6.12 in the transcript. */
    public static FakeInventory linux() {
        FakeInventory inventory = new FakeInventory();
        inventory.host.managementDevices.add(new FakeManagementDevice(
                "vdpasim_net", Set.of(1), 3, FakeNetOps.FEATURES, List.of(
                        new AttributeInfo("mac", "MACADDR", ""), new AttributeInfo("mtu", "MTU", ""),
                        new AttributeInfo("device_features", "DEVICE_FEATURES", "")), 3, request -> {
            inventory.net = new FakeNetOps(request.attributes());
            return inventory.net;
        }));
        inventory.host.managementDevices.add(
                new FakeManagementDevice("vdpasim_blk", Set.of(2), 0, 0, List.of(), 1, _ -> new FakeOps(2)));
        inventory.host.managementDevices.add(new FakeManagementDevice("vduse", Set.of(1, 2), 0, 0, List.of(), 1, _ -> {
            throw new VdpaException(VdpaError.EINVAL, "");
        }));
        return inventory;
    }

    /** Busbar's own block devices. */
    public static FakeInventory busbar() {
        FakeInventory inventory = new FakeInventory();
        inventory.host.managementDevices.add(new FakeManagementDevice(
                "sim_block", Set.of(2), 16, 1L << 32 | 1L << 9 | 1L << 5, List.of(
                        new AttributeInfo("queues", "N", "1 to 16"), new AttributeInfo("readonly", "on|off", ""),
                        new AttributeInfo("device_features", "FEATURES", "")), 2, _ -> {
            inventory.block = new FakeBlockOps();
            return inventory.block;
        }));
        return inventory;
    }

    @Override
    public List<VdpaBus> buses() {
        List<VdpaBus> all = new ArrayList<>(List.of(host));
        all.addAll(others);
        return all;
    }

    @Override
    public List<DeviceDriver> driven() {
        return driven;
    }

    @Override
    public List<BackendFactory> backends() {
        return List.of(
                new FakeBackend("file", "path FILE [size SIZE] [mode positional|mapped]"),
                new FakeBackend("memory", "size SIZE"),
                new FakeBackend("net", "file", "frames N"));
    }

    @Override
    public List<ShellCommand> commands() {
        return List.copyOf(commands);
    }

    private record FakeBackend(String type, String name, String settings) implements BackendFactory {

        FakeBackend(String name, String settings) {
            this("block", name, settings);
        }

        @Override
        public String origin() {
            return "io.busbar.backends." + name + " 0.1.0";
        }

        @Override
        public Backend open(BackendContext context) throws BackendException {
            throw new UnsupportedOperationException("nothing to open");
        }
    }
}
