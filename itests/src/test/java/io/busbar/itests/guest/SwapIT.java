package io.busbar.itests.guest;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.busbar.itests.BusbarProcess;
import io.busbar.testkit.machine.Eventually;
import io.busbar.testkit.machine.NbdKit;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The backend of a disk is swapped while a kernel that cannot connect again writes to it and reads it back. */
@Timeout(value = 6, unit = TimeUnit.MINUTES)
final class SwapIT {

    private static final long MIB = 1 << 20;
    /** A multiple of the ways. */
    private static final int SWAPS = 40;
    /** How the one image is reached; the last swap is to a file, which can be resized. */
    private static final List<String> WAYS = List.of("nbd", "mapped", "buffered", "direct");

    /** After which swap the NBD server is killed under load, with requests in flight. */
    private static final int KILLED_AFTER = 20;

    @TempDir
    Path folder;

    private NbdKit server;

    @AfterEach
    void stopServer() {
        if (server != null) {
            server.close();
        }
    }

    @Test
    void aKernelThatWritesAndVerifiesNoticesNothingButPauses() throws IOException {
        Path image = folder.resolve("disk.img");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(32 * MIB);
        }
        List<JsonObject> swaps = new ArrayList<>();
        server = serve(image);
        try (BusbarProcess busbar = BusbarProcess.in(folder).disk(image).start();
                Guest guest = new Uml().boot(GuestJob.of("""
                        set -e
                        echo writing
                        rounds=0
                        until [ "$(cat /sys/block/vda/size)" = 131072 ]; do
                            fio --name=verify --thread --filename=/dev/vda --rw=randwrite --bsrange=4k-64k --size=16m \\
                                --ioengine=libaio --direct=1 --iodepth=32 --verify=crc32c --verify_fatal=1 --do_verify=1 \\
                                --randseed=$RANDOM >/tmp/fio 2>&1 || { cat /tmp/fio; exit 1; }
                            rounds=$((rounds + 1))
                        done
                        echo "rounds verified: $rounds"
                        dmesg | grep -E 'I/O error|blk_update|virtio.*(fail|reset|error)' || echo "kernel is quiet"
                        """, busbar.socket("disk0")))) {
            guest.awaitLine("writing"::equals);
            for (int i = 0; i < SWAPS; i++) {
                String way = WAYS.get(i % WAYS.size());
                swaps.add(way.equals("nbd")
                        ? swap(busbar, "nbd", "uri", server.uri())
                        : swap(busbar, "file", "path", image.toString(), "io", way));
                if (i == KILLED_AFTER) {
                    server.close();
                    Eventually.that(() -> health(busbar).contains("BACKEND_FAILED"), () -> health(busbar));
                    server = serve(image);
                }
            }
            busbar.ok("block", "resize", "disk0", "64M");
            List<String> output = guest.awaitSuccess();

            assertThat(output).contains("kernel is quiet").anyMatch(line -> line.matches("rounds verified: [1-9]\\d*"));
            JsonObject details = JsonParser.parseString(busbar.ok("vdpa", "-j", "-d", "dev", "show", "disk0"))
                    .getAsJsonObject().getAsJsonObject("dev").getAsJsonObject("disk0").getAsJsonObject("details");
            assertThat(details.get("swaps").getAsString()).isEqualTo(Integer.toString(SWAPS));
            assertThat(busbar.ok("vdpa", "dev", "vstats", "show", "disk0")).contains(" errors 0 ");
        }
        print(swaps);
    }

    private static String health(BusbarProcess busbar) {
        return busbar.ok("vdpa", "dev", "show", "disk0");
    }

    /** A slow way to the same image, which shares the page cache with the others. */
    private NbdKit serve(Path image) {
        return NbdKit.at(folder.resolve("nbd.sock"), "--filter=delay", "file", image.toString(), "delay-write=2ms", "delay-read=1ms");
    }

    private static JsonObject swap(BusbarProcess busbar, String... words) {
        List<String> command = new ArrayList<>(List.of("backend", "swap", "disk0", "-j", "--timeout", "30000"));
        command.addAll(List.of(words));
        return JsonParser.parseString(busbar.ok(command.toArray(String[]::new)))
                .getAsJsonObject().getAsJsonObject("swap").getAsJsonObject("disk0");
    }

    private static void print(List<JsonObject> swaps) {
        List<Long> pauses = swaps.stream().map(swap -> swap.get("pause_us").getAsLong()).sorted().toList();
        System.out.printf(
                "%d swaps under fio: pause p50 %d us, p99 %d us, longest %d us; in flight up to %d, exchange up to %d us%n",
                pauses.size(), pauses.get(pauses.size() / 2), pauses.get(pauses.size() * 99 / 100), pauses.getLast(),
                largest(swaps, "in_flight"), largest(swaps, "exchange_us"));
    }

    private static long largest(List<JsonObject> swaps, String what) {
        return swaps.stream().mapToLong(swap -> swap.get(what).getAsLong()).max().orElseThrow();
    }
}
