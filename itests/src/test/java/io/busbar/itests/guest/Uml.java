package io.busbar.itests.guest;

import io.busbar.itests.Distribution;
import io.busbar.testkit.machine.Prerequisite;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** User Mode Linux: a kernel as an ordinary process, from package user-mode-linux. */
final class Uml extends GuestKernel {

    private static final Path MODULES = Path.of("/usr/lib/uml/modules");
    private static final int VIRTIO_NET = 1;
    private static final int VIRTIO_BLOCK = 2;
    private static final int VIRTIO_CONSOLE = 3;

    private final List<Path> consoles;
    private final List<Path> laterDisks;

    Uml() {
        this(List.of());
    }

    /**
     * @param consoles vhost-user sockets of consoles: {@code /dev/hvc0}, ...
     */
    Uml(List<Path> consoles) {
        this(consoles, List.of());
    }

    private Uml(List<Path> consoles, List<Path> laterDisks) {
        this.consoles = List.copyOf(consoles);
        this.laterDisks = List.copyOf(laterDisks);
    }

    /**
     * One with slots for disks that are not there when it boots. Its devices are {@code virtio-uml.0}, {@code .1}, … on bus
     * {@code platform}, these behind those of the job, and a device is connected to when it is bound to driver {@code virtio-uml}.
     */
    static Uml withSlots(Path... sockets) {
        return new Uml(List.of(), List.of(sockets));
    }

    @Override
    String name() {
        return "User Mode Linux";
    }

    @Override
    Path modules() {
        if (!Files.isDirectory(MODULES)) {
            throw Prerequisite.missing(MODULES + " is missing: expected it from package user-mode-linux");
        }
        return MODULES;
    }

    @Override
    List<String> moduleNames() {
        return List.of("virtio_blk", "virtio_console");
    }

    @Override
    List<String> hostModuleNames() {
        return List.of();
    }

    @Override
    String mountHost() {
        return "mount -t hostfs -o ro,/ none /host";
    }

    @Override
    List<String> command(Path work, Path initramfs, GuestJob job) {
        Host.require("linux.uml", "user-mode-linux");
        List<String> command = new ArrayList<>(List.of(
                Distribution.home().resolve("guest/linux.uml").toString(),
                "mem=256M", "initrd=" + initramfs, "root=/dev/ram0", "con=null", "con0=null,fd:1", "quiet", "panic=-1", "noreboot",
                "uml_dir=" + work + "/", "umid=guest"));
        job.sockets().forEach(socket -> command.add(device(socket, VIRTIO_BLOCK)));
        job.nets().forEach(socket -> command.add(device(socket, VIRTIO_NET)));
        consoles.forEach(socket -> command.add(device(socket, VIRTIO_CONSOLE)));
        laterDisks.forEach(socket -> command.add(device(socket, VIRTIO_BLOCK)));
        return command;
    }

    private static String device(Path socket, int id) {
        return "virtio_uml.device=" + socket.toAbsolutePath() + ":" + id;
    }
}
