package io.busbar.itests.guest;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * What one boot of a guest does.
 *
 * @param script  run by bash as root, with the host's programs on its path; {@code /tmp} and {@code /mnt} are empty and
 *                writable, the disks are {@code /dev/vda}, {@code /dev/vdb}, …
 * @param sockets vhost-user-blk sockets, one per disk
 * @param files   programs that the script finds in {@code /tmp}, by name
 * @param limit   how long the guest may take, from its start to its end
 */
record GuestJob(String script, List<Path> sockets, Map<String, Path> files, Duration limit) {

    GuestJob {
        sockets = List.copyOf(sockets);
        files = Map.copyOf(files);
    }

    static GuestJob of(String script, Path... sockets) {
        return new GuestJob(script, List.of(sockets), Map.of(), Duration.ofMinutes(4));
    }

    GuestJob withFile(String name, Path file) {
        return new GuestJob(script, sockets, Map.of(name, file), limit);
    }

    GuestJob within(Duration time) {
        return new GuestJob(script, sockets, files, time);
    }
}
