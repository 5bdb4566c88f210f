package io.busbar.itests.guest;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.busbar.itests.BusbarProcess;
import io.busbar.itests.Eventually;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A disk of another process, which Busbar serves on to a guest: qemu-storage-daemon, and another Busbar. */
@Timeout(value = 8, unit = TimeUnit.MINUTES)
final class FarDeviceIT {

    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final long MIB = 1 << 20;
    private static final int KILLS = 2;

    @TempDir
    Path folder;

    static Stream<Arguments> kernels() {
        // one has guest addresses that are no others, the other has the same for all
        return Stream.of(Arguments.of(new Uml(), false), Arguments.of(new Qemu(1, false), false), Arguments.of(new Uml(), true));
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void aFileSystemIsMadeFilledAndFoundWholeOnADiskOfQemuStorageDaemon(GuestKernel kernel, boolean onCard)
            throws IOException {
        kernel.modules();
        Path image = image("far", 48);
        Path state = folder.resolve("busbar");
        try (Home home = onCard ? Home.onCard(state) : Home.onHost(state);
                ProcessGroup far = storageDaemon(image)) {
            Path disk = addFar(home);
            List<String> output = kernel.run(GuestJob.of("""
                    set -e -o pipefail
                    mkfs.ext4 -q -F /dev/vda
                    mount -t ext4 /dev/vda /mnt
                    head -c 16M /dev/urandom >/mnt/big
                    for i in {1..40}; do head -c $((i * 3001)) /dev/urandom >/mnt/$i; done
                    (cd /mnt && find . -type f -print0 | xargs -0 sha256sum) >/tmp/sums
                    umount /mnt
                    fsck.ext4 -f -n /dev/vda
                    mount -t ext4 /dev/vda /mnt
                    (cd /mnt && sha256sum --quiet -c /tmp/sums)
                    echo "files whole: $(find /mnt -type f | wc -l)"
                    umount /mnt
                    fio --minimal --name=verify --thread --filename=/dev/vda --rw=randwrite --ioengine=libaio --direct=1 \\
                        --bsrange=512-256k --size=16m --iodepth=32 --verify=crc32c --verify_fatal=1 --do_verify=1 >/tmp/fio || { cat /tmp/fio; exit 1; }
                    echo "sum $(sha256sum </dev/vda)"
                    """, disk));

            String sum = "sum " + KernelTests.sha256(image) + "  -";
            assertThat(output).contains("files whole: 41", sum);
            assertThat(kernel.run(GuestJob.of("echo \"sum $(sha256sum </dev/vda)\"", disk)))
                    .as("the next guest").contains(sum);
            assertThat(complaints(far)).isEmpty();
        }
    }

    @Test
    void aFarProcessThatIsKilledWhileNothingIsInFlightIsMissedAndFoundAgainAndNobodyElseIsDisturbed() throws IOException {
        Path image = image("far", 16);
        try (BusbarProcess busbar = BusbarProcess.in(folder.resolve("busbar")).disk(image("other", 16)).start()) {
            ProcessGroup far = storageDaemon(image);
            addFar(busbar);
            try (Guest guest = new Uml().boot(GuestJob.of("""
                    set -e
                    head -c 1M /dev/urandom >/tmp/noise
                    dd if=/tmp/noise of=/dev/vda bs=64k oflag=direct status=none
                    echo written
                    i=0
                    until [ "$(cat /sys/block/vda/size)" = 65536 ]; do
                        i=$((i + 1))
                        dd if=/tmp/noise of=/dev/vdb bs=64k count=4 oflag=direct status=none
                        echo "other $i"
                        sleep 0.05
                    done
                    dd if=/dev/vda bs=64k count=16 iflag=direct status=none | cmp - /tmp/noise
                    dd if=/tmp/noise of=/dev/vda bs=64k seek=300 oflag=direct status=none
                    echo back
                    """, busbar.socket("far0"), busbar.socket("disk0")))) {
                guest.awaitLine("written"::equals);
                far.close();
                awaitReason(busbar, "held", "NOT_CONNECTED");
                int others = others(guest);
                Eventually.within(DEADLINE, () -> others(guest) > others + 5, () -> "the other disk does not go on");
                assertThat(show(busbar, "disk0").has("reason")).as("the other disk").isFalse();

                grow(image, 32);
                far = storageDaemon(image);
                assertThat(guest.awaitSuccess()).contains("back");
            } finally {
                far.close();
            }
        }
    }

    private static int others(Guest guest) {
        return (int) guest.lines().stream().filter(line -> line.startsWith("other ")).count();
    }

    @Test
    void aFarProcessThatIsKilledWithRequestsInFlightAndKeepsNoRecordNeedsAResetAndServesTheNextGuest() throws IOException {
        Path image = image("far", 16);
        try (BusbarProcess busbar = BusbarProcess.in(folder.resolve("busbar")).start()) {
            ProcessGroup far = storageDaemon(image);
            addFar(busbar);
            try (Guest guest = new Uml().boot(GuestJob.of("""
                    fio --name=load --thread --filename=/dev/vda --rw=randwrite --bs=64k --ioengine=libaio --direct=1 \\
                        --iodepth=32 --size=16m --time_based --runtime=600 >/dev/null &
                    while sleep 0.05; do
                        read -r _ writes </sys/block/vda/inflight
                        ((writes < 16)) || echo waiting
                    done
                    """, busbar.socket("far0")))) {
                Eventually.within(DEADLINE, () -> writes(image), () -> "the guest does not write");
                far.signal("STOP");
                int seen = waiting(guest);
                // A line or two may tell of the time before the stop; after it nothing that is in flight can end.
                Eventually.within(DEADLINE, () -> waiting(guest) > seen + 3, () -> "the guest has no writes in flight");
                far.close();
                awaitReason(busbar, "needs_reset", "NOT_CONNECTED");
                far = storageDaemon(image);
                awaitReason(busbar, "needs_reset", "DEVICE_NEEDS_RESET");
            }
            try {
                assertThat(new Uml().run(GuestJob.of("""
                        set -e
                        dd if=/dev/vda of=/dev/null bs=1M iflag=direct status=none
                        echo served
                        """, busbar.socket("far0")))).contains("served");
            } finally {
                far.close();
            }
        }
    }

    private static int waiting(Guest guest) {
        return (int) guest.lines().stream().filter("waiting"::equals).count();
    }

    private static boolean writes(Path image) {
        return Long.parseLong(Host.check(Duration.ofSeconds(5), "stat", "-c", "%b", image.toString()).strip()) > 1000;
    }

    @Test
    void requestsInFlightAreDoneByTheNextFarProcessWhereARecordOfThemIsKept() throws IOException {
        Path image = image("far", 16);
        Path there = folder.resolve("there");
        BusbarProcess far = BusbarProcess.in(there).disk(image).start();
        try (BusbarProcess busbar = BusbarProcess.in(folder.resolve("here")).start()) {
            busbar.ok("vdpa", "dev", "add", "name", "far0", "mgmtdev", "vhost_user", "class", "block",
                    "socket", far.socket("disk0").toString());
            try (Guest guest = new Uml().boot(GuestJob.of("""
                    fio --name=verify --thread --filename=/dev/vda --rw=randwrite --bs=4k --size=16m --ioengine=libaio --direct=1 \\
                        --iodepth=32 --rate_iops=,700 --verify=crc32c --verify_fatal=1 --do_verify=1 >/tmp/fio 2>&1 &
                    for kill in $(seq KILLS); do
                        until read -r _ _ _ _ writes _ </sys/block/vda/stat && ((writes >= kill * 1200)); do sleep 0.05; done
                        echo "writing $kill"
                    done
                    wait $! || { cat /tmp/fio; exit 1; }
                    echo verified
                    """.replace("KILLS", Integer.toString(KILLS)), busbar.socket("far0")))) {
                for (int kill = 1; kill <= KILLS; kill++) {
                    guest.awaitLine(("writing " + kill)::equals);
                    far.kill9();
                    awaitReason(busbar, "held", "NOT_CONNECTED");
                    far = BusbarProcess.in(there).disk(image).start();
                }
                assertThat(guest.awaitSuccess()).contains("verified");
            }
        } finally {
            far.close();
        }
    }

    @Test
    void aFarProcessMayComeAfterItsDeviceAndBeMissingWhenBusbarStartsAgain() throws IOException {
        Path image = image("far", 16);
        BusbarProcess busbar = BusbarProcess.in(folder.resolve("busbar")).start();
        try {
            addFar(busbar);
            awaitReason(busbar, "absent", "NOT_CONNECTED");
            try (ProcessGroup far = storageDaemon(image)) {
                Eventually.within(DEADLINE, () -> Files.exists(socketOfFar(folder)), () -> "not added");
                assertThat(far.isRunning()).isTrue();
            }
            busbar.terminate();
            busbar = BusbarProcess.in(folder.resolve("busbar")).start();
            awaitReason(busbar, "absent", "NOT_CONNECTED");
            busbar.ok("vdpa", "dev", "del", "far0");
            assertThat(busbar.ok("vdpa", "dev", "show")).isEmpty();
        } finally {
            busbar.close();
        }
    }

    private static Path socketOfFar(Path folder) {
        return folder.resolve("busbar/sockets/far0.sock");
    }

    private void addFar(BusbarProcess busbar) {
        addFar(Home.onHost(busbar));
    }

    /** Returns where a guest finds it. */
    private Path addFar(Home home) {
        home.add("far0", "vhost_user", "socket", socket().toString(), "class", "block");
        return home.socket("far0");
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

    /** What the far process has printed. */
    private static String complaints(ProcessGroup far) throws IOException {
        InputStream output = far.process().getInputStream();
        return new String(output.readNBytes(output.available()), StandardCharsets.UTF_8);
    }

    private static void awaitReason(BusbarProcess busbar, String state, String reason) {
        Eventually.within(DEADLINE, () -> {
            JsonObject far = show(busbar, "far0");
            return far.has("reason") && far.get("state").getAsString().equals(state)
                    && far.get("reason").getAsString().equals(reason);
        }, () -> "expected " + state + " " + reason + ": " + show(busbar, "far0"));
    }

    private static JsonObject show(BusbarProcess busbar, String device) {
        return JsonParser.parseString(busbar.ok("vdpa", "-j", "dev", "show", device)).getAsJsonObject()
                .getAsJsonObject("dev").getAsJsonObject(device);
    }

    private Path image(String name, int mebibytes) throws IOException {
        Path image = folder.resolve(name + ".img");
        grow(image, mebibytes);
        return image;
    }

    private static void grow(Path image, int mebibytes) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(mebibytes * MIB);
        }
    }
}
