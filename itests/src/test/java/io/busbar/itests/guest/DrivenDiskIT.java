package io.busbar.itests.guest;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.itests.BusbarProcess;
import io.busbar.itests.Command;
import io.busbar.itests.Eventually;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Disks that Busbar drives itself, from the command line: a backend of its own, and a disk of qemu-storage-daemon. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class DrivenDiskIT {

    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final int MIB = 1 << 20;

    @TempDir
    Path folder;

    @Test
    void aDiskOfAnotherProcessIsWrittenAndVerifiedHereAndIsInItsImage() throws IOException {
        Path image = image(64);
        byte[] bytes = new byte[5 * MIB + 123];
        new Random(1).nextBytes(bytes);
        Path data = Files.write(folder.resolve("data"), bytes);
        try (BusbarProcess busbar = BusbarProcess.in(folder.resolve("busbar")).start();
                ProcessGroup far = storageDaemon(image)) {
            addFar(busbar);
            busbar.ok("blk", "far0", "write", "777", data.toString());
            busbar.ok("blk", "far0", "verify", "777", data.toString());
            busbar.ok("blk", "far0", "write", "16M", "pattern", "42", "32M");
            busbar.ok("blk", "far0", "zero", "20M", "1M");
            busbar.ok("blk", "far0", "verify", "21M", "pattern", "42", "27M");
            Command different = busbar.command("blk", "far0", "verify", "16M", "pattern", "42", "32M");
            assertThat(different.exit()).isEqualTo(1);
            assertThat(different.err()).startsWith("blk: far0: the byte at 20971520 is 0x00; 0x");
            try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "r")) {
                byte[] there = new byte[bytes.length];
                file.seek(777);
                file.readFully(there);
                assertThat(there).isEqualTo(bytes);
            }
            assertThat(far.isRunning()).isTrue();
        }
    }

    @Test
    void aFarProcessThatIsKilledIsNamedAndItsDiskIsThereAgainWhenItIs() throws IOException {
        Path image = image(64);
        try (BusbarProcess busbar = BusbarProcess.in(folder.resolve("busbar")).start()) {
            ProcessGroup far = storageDaemon(image);
            try {
                addFar(busbar);
                busbar.ok("blk", "far0", "write", "0", "pattern", "1", "8M");
                far.close();
                assertThatItsRequestsAreHeld(busbar);
                far = storageDaemon(image);
                Eventually.within(DEADLINE, () -> busbar.command("blk", "far0", "verify", "0", "pattern", "1", "8M").exit() == 0,
                        () -> "its disk is not there again");
            } finally {
                far.close();
            }
        }
    }

    @Test
    void aDiskThatIsServedAtASocketIsLeftToItUntilItIsMoved() throws IOException {
        try (BusbarProcess busbar = BusbarProcess.in(folder.resolve("busbar")).disk(image(16)).start()) {
            Command refused = busbar.command("blk", "disk0", "info");
            assertThat(refused.exit()).isEqualTo(1);
            assertThat(refused.err()).isEqualTo("blk: disk0 is bound to the bus driver vhost-user, at " + busbar.socket("disk0")
                    + "; \"driver override disk0 virtio\" gives it to this process, \"driver override disk0 any\" gives it"
                    + " back\n");
            assertThat(busbar.ok("driver", "override", "disk0", "virtio")).isEqualTo("disk0 is bound to virtio\n");
            assertThat(busbar.socket("disk0")).doesNotExist();
            busbar.ok("blk", "disk0", "write", "1000", "text", "hello");
            assertThat(busbar.ok("blk", "disk0", "read", "1000", "512")).isEqualTo("hello\n");
            busbar.ok("driver", "override", "disk0", "any");
            assertThat(busbar.socket("disk0")).exists();
        }
    }

    /** What the driver had given the device before it knew fails, and says that; what comes later waits for the device. */
    private static void assertThatItsRequestsAreHeld(BusbarProcess busbar) {
        Command answer = busbar.command("blk", "far0", "hexdump", "0", "16");
        while (answer.err().equals("blk: far0: read of 512 bytes at 0: the device needs a reset\n")) {
            answer = busbar.command("blk", "far0", "hexdump", "0", "16");
        }
        assertThat(answer.exit()).isEqualTo(1);
        assertThat(answer.err()).startsWith("blk: far0 gives no answer within 10 s; its state is ").contains("NOT_CONNECTED");
    }

    private void addFar(BusbarProcess busbar) {
        busbar.ok("vdpa", "dev", "add", "name", "far0", "mgmtdev", "vhost_user", "socket", socket().toString(),
                "class", "block", "driver_override", "virtio");
    }

    private Path socket() {
        return folder.resolve("far.sock");
    }

    /** A process that listens at the socket; one that was killed has left its socket file. */
    private ProcessGroup storageDaemon(Path image) throws IOException {
        Files.deleteIfExists(socket());
        ProcessGroup process = ProcessGroup.start(List.of(
                Host.require("qemu-storage-daemon", "qemu-utils").toString(),
                "--blockdev", "driver=file,filename=%s,node-name=f,discard=unmap".formatted(image),
                "--export", "type=vhost-user-blk,id=e,node-name=f,addr.type=unix,addr.path=%s,writable=on"
                        .formatted(socket())));
        Eventually.within(DEADLINE, () -> Files.exists(socket()), () -> "qemu-storage-daemon does not serve");
        return process;
    }

    private Path image(int mebibytes) throws IOException {
        Path image = folder.resolve("disk.img");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength((long) mebibytes * MIB);
        }
        return image;
    }
}
