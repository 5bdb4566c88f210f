package io.busbar.itests.guest;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Debian's kernel in QEMU, its processors translated (TCG): virtualization by the host is not needed, nor used where there is
 * a {@code /dev/kvm}, as that need not work.
 *
 * @param queues     queues of each disk, pairs of each network device, and processors of the guest
 * @param reconnects whether QEMU connects again when a device's socket was closed
 * @param streams    sockets at which somebody listens for network cards of QEMU's own, behind those of the job
 * @param cards      options of the job's network cards, such as {@code mrg_rxbuf=off}
 */
final class Qemu extends GuestKernel {

    private static final List<String> MODULES = List.of("virtio_pci", "virtio_blk", "crc32c_generic", "ext4");
    private static final List<String> HOST_MODULES = List.of("9pnet_virtio", "9p");

    /**
     * A translated processor gets its timer's interrupts late where the machine is busy. The kernel, which counts them at its start, then
     * takes the timer for broken, and panics, or waits for ever and says nothing.
     */
    private static final String NO_TIMER_CHECK = "no_timer_check";

    private final int queues;
    private final boolean reconnects;
    private final List<Path> streams;
    private final String cards;

    Qemu(int queues, boolean reconnects) {
        this(queues, reconnects, List.of(), "");
    }

    Qemu(int queues, boolean reconnects, List<Path> streams, String cards) {
        this.queues = queues;
        this.reconnects = reconnects;
        this.streams = List.copyOf(streams);
        this.cards = cards.isEmpty() ? "" : "," + cards;
    }

    @Override
    String name() {
        return "QEMU with %d queue%s".formatted(queues, queues == 1 ? "" : "s");
    }

    @Override
    Path modules() throws IOException {
        return DebianKernel.get().modules();
    }

    @Override
    List<String> moduleNames() {
        return MODULES;
    }

    @Override
    List<String> hostModuleNames() {
        return HOST_MODULES;
    }

    @Override
    String mountHost() {
        return "mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose,msize=262144 host /host";
    }

    @Override
    List<String> command(Path work, Path initramfs, GuestJob job) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Host.require("qemu-system-x86_64", "qemu-system-x86").toString(), "-accel", "tcg", "-M", "q35", "-m", "512",
                "-smp", Integer.toString(queues), "-object", "memory-backend-memfd,id=memory,size=512M,share=on",
                "-numa", "node,memdev=memory", "-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot",
                "-kernel", DebianKernel.get().image().toString(), "-initrd", initramfs.toString(),
                "-append", "console=ttyS0 quiet panic=-1 " + NO_TIMER_CHECK));
        if (job.world() == GuestJob.World.HOST) {
            command.addAll(List.of(
                    "-fsdev", "local,id=files,path=/,security_model=none,readonly=on,multidevs=remap",
                    "-device", "virtio-9p-pci,fsdev=files,mount_tag=host"));
        }
        for (int disk = 0; disk < job.sockets().size(); disk++) {
            addSocket(command, "disk" + disk, job.sockets().get(disk));
            command.add("-device");
            command.add("vhost-user-blk-pci,chardev=disk%d,num-queues=%d".formatted(disk, queues));
        }
        for (int net = 0; net < job.nets().size(); net++) {
            addNet(command, net, job.nets().get(net));
        }
        for (int stream = 0; stream < streams.size(); stream++) {
            addStream(command, stream, streams.get(stream));
        }
        return command;
    }

    private void addSocket(List<String> command, String id, Path socket) {
        command.add("-chardev");
        command.add("socket,id=%s,path=%s%s".formatted(id, socket, reconnects ? ",reconnect=1" : ""));
    }

    /** Without its boot code, which takes time. Without MSI-X: with it QEMU 7.2 ends at a network device over vhost-user when its processors are translated. */
    private void addNet(List<String> command, int net, Path socket) {
        addSocket(command, "net" + net, socket);
        command.add("-netdev");
        command.add("vhost-user,id=port%d,chardev=net%d,queues=%d".formatted(net, net, queues));
        command.add("-device");
        command.add("virtio-net-pci,netdev=port%d,mq=%s,vectors=0,romfile=,mac=%s%s".formatted(
                net, queues > 1 ? "on" : "off", mac(net), cards));
    }

    private static void addStream(List<String> command, int stream, Path socket) {
        command.add("-netdev");
        command.add("stream,id=stream%d,server=off,addr.type=unix,addr.path=%s".formatted(stream, socket));
        command.add("-device");
        command.add("virtio-net-pci,netdev=stream%d,romfile=,mac=52:54:00:00:01:%02x".formatted(stream, stream + 1));
    }

    /** The address that QEMU gives a network device: it does not ask who serves it. */
    static String mac(int net) {
        return "52:54:00:00:00:%02x".formatted(net + 1);
    }
}
