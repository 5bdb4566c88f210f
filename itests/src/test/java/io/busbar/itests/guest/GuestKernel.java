package io.busbar.itests.guest;

import io.busbar.testkit.machine.Prerequisite;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A Linux kernel that boots from an initramfs with vhost-user-blk disks and runs one script.
 *
 * <p>What both kinds share is here: the initramfs, whose first process loads the modules, waits for the disks, gives
 * the script the host's files (read-only) as its root if it wants them, and tells the script's exit status on the console.
 */
abstract class GuestKernel {

    private static final String INIT = """
            #!/bin/busybox sh
            export PATH=/bin HOME=/tmp
            /bin/busybox --install -s /bin
            mount -t devtmpfs devtmpfs /dev
            mount -t proc proc /proc
            mount -t sysfs sysfs /sys
            echo "UP"
            for module in /modules/*.ko; do insmod $module || echo "cannot load $module"; done
            for disk in DISKS; do
                tries=0
                while [ ! -b /dev/$disk ]; do
                    tries=$((tries + 1))
                    if [ $tries -gt 300 ]; then echo "no /dev/$disk"; poweroff -f; fi
                    usleep 20000
                done
            done
            for net in NETS; do
                tries=0
                while [ ! -d /sys/class/net/$net ]; do
                    tries=$((tries + 1))
                    if [ $tries -gt 300 ]; then echo "no $net"; poweroff -f; fi
                    usleep 20000
                done
            done
            PREPARE
            echo "BEGIN"
            RUN 2>&1
            status=$?
            if [ $status != 0 ]; then dmesg | tail -n 30; fi
            echo
            echo "END$status"
            stty sane </dev/console
            poweroff -f
            """;

    private static final String PREPARE_HOST = """
            if ! MOUNT_HOST; then echo "cannot mount the host's files"; poweroff -f; fi
            for folder in dev proc sys; do mount -o bind /$folder /host/$folder; done
            for folder in tmp mnt run; do mount -t tmpfs tmpfs /host/$folder; done
            cp /files/* /host/tmp/
            """;

    /** With af_packet, for programs that send frames of their own. */
    private static final List<String> NET_MODULES = List.of("virtio_net", "af_packet");

    private static final String RUN_HOST = "PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot /host /bin/bash /tmp/script";
    private static final String PREPARE_BUSYBOX = "cp /files/* /tmp/";
    private static final String RUN_BUSYBOX = "sh /tmp/script";

    /** What the kernel is called in reports. */
    abstract String name();

    /** The folder with the kernel's modules. */
    abstract Path modules() throws IOException;

    /** The modules that a guest needs for its disks and their file systems, those that they depend on left out. */
    abstract List<String> moduleNames();

    /** The further modules that it takes to mount the host's root. */
    abstract List<String> hostModuleNames();

    /** The shell command that mounts the host's root at {@code /host}, in the guest. */
    abstract String mountHost();

    /** The command that starts the kernel as a program of this machine, console on standard output. */
    abstract List<String> command(Path work, Path initramfs, GuestJob job) throws IOException;

    /**
     * Starts the kernel. The guest runs until its script has ended, it is closed, or its time is over.
     *
     * @throws RuntimeException if this machine lacks what the kernel needs, see {@link Prerequisite}
     */
    final Guest boot(GuestJob job) throws IOException {
        Path work = Files.createTempDirectory("guest");
        try {
            Path initramfs = work.resolve("initramfs");
            initramfs(job).writeTo(initramfs);
            List<String> command = command(work, initramfs, job);
            return new Guest(name(), ProcessGroup.start(command), work, job.limit());
        } catch (IOException | RuntimeException e) {
            delete(work);
            throw e;
        }
    }

    /** Boots, waits for the end, and expects exit status 0; returns the script's output. */
    final List<String> run(GuestJob job) throws IOException {
        try (Guest guest = boot(job)) {
            return guest.awaitSuccess();
        }
    }

    private Initramfs initramfs(GuestJob job) throws IOException {
        StringBuilder disks = new StringBuilder();
        for (int disk = 0; disk < job.sockets().size(); disk++) {
            disks.append(" vd").append((char) ('a' + disk));
        }
        StringBuilder nets = new StringBuilder();
        for (int net = 0; net < job.nets().size(); net++) {
            nets.append(" eth").append(net);
        }
        Initramfs initramfs = new Initramfs();
        boolean host = job.world() == GuestJob.World.HOST;
        for (String folder : List.of("bin", "dev", "proc", "sys", "host", "modules", "files", "tmp", "mnt")) {
            initramfs.folder(folder);
        }
        initramfs
                .file("bin/busybox", Host.require("busybox", "busybox-static"))
                .file("init", INIT.replace("DISKS", disks)
                        .replace("NETS", nets)
                        .replace("PREPARE", host ? PREPARE_HOST : PREPARE_BUSYBOX)
                        .replace("RUN", host ? RUN_HOST : RUN_BUSYBOX)
                        .replace("MOUNT_HOST", mountHost())
                        .replace("UP", Guest.UP)
                        .replace("BEGIN", Guest.BEGIN)
                        .replace("END", Guest.END))
                .file("files/script", job.script());
        for (Map.Entry<String, Path> file : job.files().entrySet()) {
            initramfs.file("files/" + file.getKey(), file.getValue());
        }
        int order = 10;
        KernelModules modules = new KernelModules(modules()).add(moduleNames());
        if (host) {
            modules.add(hostModuleNames());
        }
        if (!job.nets().isEmpty()) {
            modules.add(NET_MODULES);
        }
        for (Map.Entry<String, byte[]> module : modules.inLoadOrder().entrySet()) {
            initramfs.file("modules/%d-%s.ko".formatted(order++, module.getKey()), module.getValue());
        }
        return initramfs;
    }

    static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
