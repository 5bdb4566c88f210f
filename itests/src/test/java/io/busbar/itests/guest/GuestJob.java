package io.busbar.itests.guest;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * What one boot of a guest does.
 *
 * @param script  run as root; {@code /tmp} and {@code /mnt} are empty and writable, the disks are {@code /dev/vda},
 *                {@code /dev/vdb}, …
 * @param world   who runs the script
 * @param sockets vhost-user-blk sockets, one per disk
 * @param nets    vhost-user sockets of network devices, {@code eth0}, {@code eth1}, …
 * @param files   programs that the script finds in {@code /tmp}, by name
 * @param limit   how long the guest may take, from its start to its end
 */
record GuestJob(
        String script, World world, List<Path> sockets, List<Path> nets, Map<String, Path> files, Duration limit) {

    /** What a script has around it. */
    enum World {
        /** Bash, with the host's programs on its path. */
        HOST,
        /** Busybox, with itself alone: boots in a fraction of the time. */
        BUSYBOX
    }

    private static final Duration LIMIT = Duration.ofMinutes(4);

    GuestJob {
        sockets = List.copyOf(sockets);
        nets = List.copyOf(nets);
        files = Map.copyOf(files);
    }

    static GuestJob of(String script, Path... sockets) {
        return new GuestJob(script, World.HOST, List.of(sockets), List.of(), Map.of(), LIMIT);
    }

    static GuestJob ofBusybox(String script, Path... sockets) {
        return new GuestJob(script, World.BUSYBOX, List.of(sockets), List.of(), Map.of(), LIMIT);
    }

    /** Adds network devices. */
    GuestJob withNets(Path... devices) {
        return new GuestJob(script, world, sockets, List.of(devices), files, limit);
    }

    GuestJob withFile(String name, Path file) {
        return new GuestJob(script, world, sockets, nets, Map.of(name, file), limit);
    }

    GuestJob within(Duration time) {
        return new GuestJob(script, world, sockets, nets, files, time);
    }
}
