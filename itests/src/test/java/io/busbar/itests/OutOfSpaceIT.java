package io.busbar.itests;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.core.virtio.block.VirtioBlk;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Images on a file system that is full: a small one of their own, which only the process that serves them sees. */
class OutOfSpaceIT {
    private static final boolean ROOT = "root".equals(System.getProperty("user.name"));
    private static final int FILLER_KIB = 256;

    @TempDir
    private Path directory;

    private BusbarProcess start() throws IOException {
        var small = Files.createDirectory(directory.resolve("small"));
        try (var image = new RandomAccessFile(directory.resolve("roomy.img").toFile(), "rw")) {
            image.setLength(8 << 20);
        }
        var words = new ArrayList<>(List.of("unshare", "--mount"));
        if (!ROOT) {
            words.add("--map-root-user");
        }
        words.addAll(List.of("sh", "-c", """
                mount -t tmpfs -o size=1m,mode=700 tmpfs "$0" &&
                head -c %dK /dev/zero >"$0/filler" &&
                exec "$@"
                """.formatted(FILLER_KIB), small.toString()));
        var busbar = BusbarProcess.in(directory).under(words.toArray(String[]::new)).start();
        busbar.ok("vdpa", "dev", "add", "name", "tight", "mgmtdev", "sim_block", "backend", "file", "path",
                small + "/tight.img", "size", "8M");
        busbar.ok("vdpa", "dev", "add", "name", "roomy", "mgmtdev", "sim_block", "backend", "file", "path",
                directory + "/roomy.img");
        return busbar;
    }

    /** A file of the small file system, as others see it. */
    private Path inside(BusbarProcess busbar, String name) {
        return Path.of("/proc/" + busbar.pid() + "/root" + directory + "/small/" + name);
    }

    /** Writes until there is no room; returns how many writes were done. */
    private static long fill(DiskDriver driver, long from) {
        var n = from;
        while (n < driver.size()) {
            var status = driver.write(n, value(n));
            if (status != VirtioBlk.VIRTIO_BLK_S_OK) {
                assertThat(status).isEqualTo(VirtioBlk.VIRTIO_BLK_S_IOERR);
                return n;
            }
            n++;
        }
        throw new AssertionError("there was room for all of the disk");
    }

    private static int value(long n) {
        return (int) (n % 251) + 1;
    }

    private static void assertHolds(DiskDriver driver, long count) {
        for (long n = 0; n < count; n++) {
            assertThat(driver.reads(n, value(n))).as("what was written at %d", n).isTrue();
        }
    }

    @Test
    void aWriteThatFindsNoRoomFailsAloneAndWorksOnceThereIsRoom() throws IOException {
        try (var busbar = start();
                var tight = DiskDriver.at(busbar.socket("tight"));
                var roomy = DiskDriver.at(busbar.socket("roomy"))) {
            var room = fill(tight, 0);

            assertThat(room).isBetween(1L, (1024L - FILLER_KIB) / 4);
            assertThat(tight.write(room, 1)).as("again").isEqualTo(VirtioBlk.VIRTIO_BLK_S_IOERR);
            assertThat(tight.flush()).isEqualTo(VirtioBlk.VIRTIO_BLK_S_OK);
            assertHolds(tight, room);
            assertThat(tight.write(0, value(0))).as("where there is room already").isEqualTo(VirtioBlk.VIRTIO_BLK_S_OK);
            assertThat(tight.reads(tight.size() - 1, 0)).as("what was never written").isTrue();
            assertStateIs(busbar, "tight", "running");
            assertStateIs(busbar, "roomy", "running");
            roomy.writeAndReadBack();
            assertThat(roomy.write(roomy.size() - 1, 7)).isEqualTo(VirtioBlk.VIRTIO_BLK_S_OK);

            Files.delete(inside(busbar, "filler"));

            var more = fill(tight, room);
            assertThat(more - room).isBetween(FILLER_KIB / 4L - 1, FILLER_KIB / 4L + 1);
            assertHolds(tight, more);
            roomy.writeAndReadBack();
            assertThat(busbar.terminate()).as(busbar.log()).isZero();
        }
    }

    /** Without a reason: a full file system is no fault of the device's. */
    private static void assertStateIs(BusbarProcess busbar, String device, String state) {
        assertThat(busbar.ok("vdpa", "-d", "dev", "show", device)).contains("state " + state).doesNotContain("reason");
    }
}
