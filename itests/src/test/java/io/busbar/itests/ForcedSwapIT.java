package io.busbar.itests;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.testkit.machine.NbdKit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A swap by force onto the same NBD server: a request is never in two hands. */
@Timeout(180)
class ForcedSwapIT {

    private static final Duration DEADLINE = Duration.ofSeconds(60);

    private static final Pattern IN_HAND = Pattern.compile("\"chains\":[1-9]");

    @TempDir
    private Path folder;

    private static void add(BusbarProcess busbar, NbdKit server) {
        busbar.ok("vdpa", "dev", "add", "name", "disk0", "mgmtdev", "sim_block", "driver_override", "virtio",
                "backend", "nbd", "uri", server.uri(), "connections", "1");
    }

    private static CompletableFuture<Command> write(BusbarProcess busbar) {
        CompletableFuture<Command> write = CompletableFuture.supplyAsync(
                () -> busbar.command("blk", "disk0", "write", "0", "pattern", "7", "64K"));
        Eventually.within(DEADLINE, () -> IN_HAND.matcher(counters(busbar)).find(),
                () -> "no write has come to the device: " + counters(busbar));
        return write;
    }

    /** A disk whose first write takes long, also if nobody waits for it any more. */
    private String slowAtFirst() throws IOException {
        Path image = folder.resolve("disk.img");
        Files.write(image, new byte[1 << 20]);
        Path script = folder.resolve("slow.sh");
        Files.writeString(script, """
                #!/bin/sh
                case $1 in
                    thread_model) echo parallel ;;
                    get_size) echo 1048576 ;;
                    can_write) exit 0 ;;
                    can_flush | can_trim) exit 3 ;;
                    can_zero) echo none ;;
                    pread) dd if=IMAGE iflag=skip_bytes,count_bytes skip="$4" count="$3" status=none ;;
                    pwrite)
                        mkdir IMAGE.first 2>/dev/null && sleep 5
                        dd of=IMAGE conv=notrunc oflag=seek_bytes seek="$4" status=none ;;
                    *) exit 2 ;;
                esac
                """.replace("IMAGE", image.toString()));
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
        return script.toString();
    }

    private static String counters(BusbarProcess busbar) {
        return busbar.ok("vdpa", "-j", "dev", "vstats", "show", "disk0", "qidx", "0");
    }

    private static Command force(BusbarProcess busbar, NbdKit server) {
        return busbar.command("backend", "swap", "disk0", "--timeout", "100", "--force", "nbd", "uri", server.uri(),
                "connections", "1");
    }

    private static void assertWritten(BusbarProcess busbar, CompletableFuture<Command> write) {
        assertThat(write.join().exit()).as(write.join().err()).isZero();
        busbar.ok("blk", "disk0", "verify", "0", "pattern", "7", "64K");
    }

    @Test
    void aServerThatConfirmsThatItHasEndedAllIsUsedAgain() {
        try (BusbarProcess busbar = BusbarProcess.in(folder).start();
                NbdKit server = NbdKit.at(folder.resolve("nbd.sock"), "--filter=delay", "memory", "1M", "delay-write=600ms")) {
            add(busbar, server);
            CompletableFuture<Command> write = write(busbar);
            Command forced = force(busbar, server);
            assertThat(forced.exit()).as(forced.err()).isZero();
            assertWritten(busbar, write);
        }
    }

    @Test
    void whileAServerHasNotConfirmedTheDeviceHoldsAndThenGoesOn() throws IOException {
        try (BusbarProcess busbar = BusbarProcess.in(folder).start();
                NbdKit server = NbdKit.at(folder.resolve("nbd.sock"), "sh", slowAtFirst())) {
            add(busbar, server);
            CompletableFuture<Command> write = write(busbar);
            Command forced = force(busbar, server);
            assertThat(forced.exit()).isNotZero();
            assertThat(forced.err()).contains("the NBD server has not confirmed within 900 ms that it has ended all");
            Eventually.within(DEADLINE, () -> busbar.ok("vdpa", "dev", "show", "disk0").contains("BACKEND_STUCK"),
                    () -> busbar.ok("vdpa", "dev", "show", "disk0"));
            assertThat(busbar.ok("vdpa", "dev", "show", "disk0")).contains("held", "has not confirmed");
            assertThat(write.isDone()).isFalse();
            assertWritten(busbar, write);
            assertThat(busbar.ok("vdpa", "dev", "show", "disk0")).doesNotContain("BACKEND_STUCK");
        }
    }
}
