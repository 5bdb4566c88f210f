package io.busbar.itests.guest;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.busbar.itests.BusbarProcess;
import io.busbar.itests.Eventually;
import io.busbar.itests.Rounds;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Busbar is killed again and again under a guest whose front-end connects again, and is started anew with what it has stored. Two
 * loads see what is lost and what is done again that must not be: fio writes each block once and verifies it, and a program of ours
 * overwrites its blocks, so that an older write that comes late is seen at its next read.
 */
@Timeout(value = 40, unit = TimeUnit.MINUTES)
final class CrashIT {

    private static final int KILLS = Rounds.or(25);
    private static final int MIB = 1 << 20;
    private static final long SEED = 4;
    /** Chains that a Busbar has given back when it is killed: at the least, and how many more at the most. */
    private static final int LEAST = 20;
    private static final int MORE = 1000;
    private static final Duration SOON = Duration.ofMinutes(2);
    private static final String DIGEST = "digest ";

    @TempDir
    Path folder;

    private final Random random = new Random(SEED);
    private long resumed;
    private int withResumed;
    private int largest;

    @Test
    void killsLoseNothingAndRepeatNothingThatIsDone() throws IOException {
        Path image = folder.resolve("disk.img");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(24 * MIB);
        }
        BusbarProcess busbar = BusbarProcess.in(folder).start();
        busbar.ok("vdpa", "dev", "add", "name", "disk0", "mgmtdev", "sim_block", "backend", "file", "path", image.toString(),
                "io", "direct");
        try (Guest guest = boot(busbar.socket("disk0"))) {
            guest.awaitLine("overwrites begin"::equals);
            for (int kill = 0; kill < KILLS; kill++) {
                killUnderLoad(busbar, guest);
                busbar = BusbarProcess.in(folder).start();
            }
            awaitUsed(busbar, guest, LEAST);
            busbar.ok("block", "resize", "disk0", "32M");
            String digest = guest.awaitLine(line -> line.startsWith(DIGEST));
            // What the guest has flushed is in the image, whatever Busbar would have done at its end.
            busbar.kill9();
            assertThat(digest).isEqualTo(DIGEST + digestOf(image));
            busbar = BusbarProcess.in(folder).start();
            report(guest.awaitSuccess());
        } finally {
            busbar.close();
        }
    }

    private Guest boot(Path socket) throws IOException {
        Path overwrites = CProgram.compile("overwrites", folder);
        return new Qemu(1, true).boot(GuestJob.of("""
                set -e
                /tmp/overwrites /dev/vda 4096 &
                overwrites=$!
                rounds=0
                until [ "$(cat /sys/block/vda/size)" = 65536 ]; do
                    fio --name=verify --thread --filename=/dev/vda --rw=randwrite --bsrange=4k-16k --size=4m --ioengine=libaio \\
                        --direct=1 --iodepth=32 --verify=crc32c --verify_fatal=1 --do_verify=1 \\
                        --randseed=$RANDOM >/tmp/fio 2>&1 || { cat /tmp/fio; exit 1; }
                    rounds=$((rounds + 1))
                done
                kill -TERM $overwrites
                wait $overwrites
                echo "rounds verified: $rounds"
                sync
                echo "digest $(dd if=/dev/vda bs=1M iflag=direct status=none | sha256sum)"
                dmesg | grep -E 'I/O error|blk_update|virtio.*(fail|reset|error)|blocked for more' || echo "kernel is quiet"
                """, socket).withFile("overwrites", overwrites).within(Duration.ofMinutes(2).plusSeconds(12L * KILLS)));
    }

    /** Kills it when it has done a random number of requests, which are more than any start takes. */
    private void killUnderLoad(BusbarProcess busbar, Guest guest) {
        JsonObject counters = awaitUsed(busbar, guest, LEAST + random.nextInt(MORE));
        busbar.kill9();
        int again = counters.get("resumed chains").getAsInt();
        resumed += again;
        withResumed += again > 0 ? 1 : 0;
        largest = Math.max(largest, again);
    }

    private static JsonObject awaitUsed(BusbarProcess busbar, Guest guest, long chains) {
        JsonObject[] last = new JsonObject[1];
        Eventually.within(SOON, () -> {
            last[0] = counters(busbar);
            if (!guest.isRunning()) {
                throw new AssertionError("the guest has ended: " + guest.lines());
            }
            return last[0].get("used chains").getAsLong() >= chains;
        }, () -> "no " + chains + " requests are done: " + last[0] + "\n" + guest.lines() + "\n" + busbar.log());
        return last[0];
    }

    private static JsonObject counters(BusbarProcess busbar) {
        JsonElement shown = JsonParser.parseString(busbar.ok("vdpa", "-j", "dev", "vstats", "show", "disk0"));
        return shown.getAsJsonObject().getAsJsonObject("vstats").getAsJsonObject("disk0").getAsJsonArray("queues").get(0)
                .getAsJsonObject();
    }

    /** As sha256sum prints it. */
    private static String digestOf(Path image) {
        return Host.check(SOON, "sh", "-c", "sha256sum <" + image).strip();
    }

    private void report(List<String> output) {
        assertThat(output).contains("kernel is quiet");
        assertThat(resumed).as("requests that were in flight at a kill").isPositive();
        String verified = output.stream().filter(line -> line.matches("rounds verified: [1-9]\\d*")).findFirst().orElseThrow();
        String overwritten = output.stream().filter(line -> line.matches("overwrites \\d+")).findFirst().orElseThrow();
        Rounds.report("crash: %d kills under load, after %d of them requests were in flight, %d in all, up to %d; %s, %s; 0 lost, 0 repeated"
                .formatted(KILLS, withResumed, resumed, largest, verified, overwritten));
    }
}
