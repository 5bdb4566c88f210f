package io.busbar.itests.guest;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.busbar.itests.BundleFile;
import io.busbar.itests.BusbarProcess;
import io.busbar.itests.Rounds;
import io.busbar.testkit.machine.Eventually;
import io.busbar.testkit.machine.NbdKit;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Backends and device models are swapped, of a disk and of a network card in turn, while a kernel that cannot connect again writes,
 * verifies and streams.
 */
@Timeout(value = 4, unit = TimeUnit.HOURS)
final class SwapIT {

    private static final long MIB = 1 << 20;

    /** Swaps of backends, half of them of the disk; every second one of these to a server that answers late. */
    private static final int SWAPS = Rounds.or(200);

    /** After every so many, a device model. */
    private static final int MODEL_AFTER = 10;

    /** After every so many, a bundle is replaced by a newer one: of a backend or a device model, of the disk or the card. */
    private static final int UPDATE_AFTER = 5;

    /** The devices of a card are the same ones, and what is in between is tested elsewhere. */
    private static final int SWAPS_UNDER_A_CARD = Math.min(SWAPS, 40);

    private static final Pattern SWAPPED = Pattern.compile("(disk0|net0): (?:backend|device model) swapped, pause (\\d+) us");

    /** How the one image is reached; the last one is a file, which can be resized. */
    private static final List<String> WAYS = List.of("nbd", "mapped", "nbd", "buffered", "nbd", "direct", "nbd", "buffered");

    /** After which swap the NBD server is killed under load, with requests in flight. */
    private static final int KILLED_AFTER = 16;

    @TempDir
    Path folder;

    private Home home;
    private BusbarProcess busbar;
    private String disk;
    private String card;
    private NbdKit server;
    private int updates;

    @AfterEach
    void stopAll() {
        if (home != null) {
            home.close();
        }
        if (server != null) {
            server.close();
        }
    }

    @Test
    void aKernelThatWritesVerifiesAndStreamsNoticesNothingButPauses() throws IOException {
        Rounds.report(swapUnderLoad(Home.onHost(folder), SWAPS));
    }

    /** Its devices come to it over VOP: it is their host that swaps. */
    @Test
    void norDoesOneOnAnX100Card() throws IOException {
        System.out.println("on a card: " + swapUnderLoad(Home.onCard(folder), SWAPS_UNDER_A_CARD));
        home.placement().check();
    }

    private String swapUnderLoad(Home place, int swaps) throws IOException {
        home = place;
        busbar = home.busbar();
        Path image = folder.resolve("disk.img");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(32 * MIB);
        }
        SwapPauses pauses = new SwapPauses();
        server = serve(image);
        disk = home.add("disk0", "sim_block", "backend", "file", "path", image.toString());
        card = home.add("net0", "sim_net", "backend", "switch", "network", "lan");
        home.add("net1", "sim_net", "backend", "switch", "network", "lan");
        try (LoadedGuest guest = LoadedGuest.boot(home, "100M", Duration.ofSeconds(240 + swaps))) {
            for (int i = 0; i < swaps; i++) {
                pauses.add(i % 2 == 0 ? swapDisk(image, i / 2) : swap("backend", card, "switch", "network", "lan"));
                if (i % MODEL_AFTER == MODEL_AFTER - 1) {
                    pauses.add(swapModel(i / MODEL_AFTER % 2 == 0 ? disk : card));
                }
                if (i % UPDATE_AFTER == UPDATE_AFTER - 1) {
                    update(i / UPDATE_AFTER, pauses);
                }
                if (i == KILLED_AFTER) {
                    killServer(image);
                }
            }
            pauses.add(swap("backend", disk, "nbd", "uri", server.uri()));
            SwapPauses.Swap forced = takeAwayFromAFrozenServer(image);
            pauses.add(swap("backend", disk, "file", "path", image.toString()));
            LoadedGuest.Report report = guest.end();

            assertThat(details(disk).get("swaps").getAsInt() + details(card).get("swaps").getAsInt())
                    .isEqualTo(pauses.count() + 1);
            assertThat(busbar.ok("vdpa", "dev", "vstats", "show", disk))
                    .contains(" errors 0 ")
                    .containsPattern(" fenced chains [1-9]");
            assertThat(updates).isEqualTo(swaps / UPDATE_AFTER);
            return pauses + "; from a frozen server by force: " + forced + "; " + updates + " bundles updated; the guest verified "
                    + report.fioRequests() + " requests in " + report.fioRounds() + " rounds, the longest took "
                    + report.longestMicros() + " us, and had " + report.streams() + " streams";
        }
    }

    private SwapPauses.Swap swapDisk(Path image, int number) {
        String way = WAYS.get(number % WAYS.size());
        return way.equals("nbd")
                ? swap("backend", disk, "nbd", "uri", server.uri())
                : swap("backend", disk, "file", "path", image.toString(), "io", way);
    }

    private SwapPauses.Swap swap(String what, String device, String... words) {
        List<String> command = new ArrayList<>(List.of(what, "swap", device, "-j", "--timeout", "30000"));
        command.addAll(List.of(words));
        return SwapPauses.Swap.of(busbar.ok(command.toArray(String[]::new)), device);
    }

    /** What it waits for are the requests that the backend has. */
    private SwapPauses.Swap swapModel(String device) {
        String backend = details(device).get("backend").getAsString();
        return new SwapPauses.Swap(backend, swap("model", device).pauseMicros());
    }

    /** The backend's bundle of the disk, that of the card, the model's of the disk, that of the card. */
    private void update(int number, SwapPauses pauses) {
        String backend = details(disk).get("backend").getAsString();
        String bundle = switch (number % 4) {
            case 0 -> "io.busbar.backends." + backend;
            case 1 -> "io.busbar.backends.switch";
            case 2 -> "io.busbar.devices.block";
            default -> "io.busbar.devices.net";
        };
        Path jar = BundleFile.ofDistribution(bundle).version("1." + number + ".0").write(folder.resolve("update.jar"));
        String said = busbar.ok("update", "--volatile", "--timeout", "30000", jar.toString());
        List<SwapPauses.Swap> swaps = SWAPPED.matcher(said).results()
                .map(swap -> new SwapPauses.Swap(swap.group(1).equals("disk0") ? backend : "", Long.parseLong(swap.group(2))))
                .toList();
        assertThat(swaps).as(said).hasSize(1);
        swaps.forEach(pauses::add);
        updates++;
    }

    /** Requests that the server has in its hands wait until it is back. */
    private void killServer(Path image) {
        server.close();
        Eventually.that(() -> health().contains("BACKEND_FAILED"), this::health);
        server = serve(image);
    }

    /** What the frozen server has it never does: it is ended when the kernel's requests are with the file. */
    private SwapPauses.Swap takeAwayFromAFrozenServer(Path image) {
        server.freeze();
        // What it answered before may still arrive; what is in flight then stays so.
        Eventually.that(() -> inFlight() > 0 && inFlight() == inFlight(), () -> "nothing in flight");
        SwapPauses.Swap forced = SwapPauses.Swap.of(
                busbar.ok("backend", "swap", disk, "-j", "--timeout", "200", "--force", "file", "path", image.toString()),
                disk);
        server.close();
        return forced;
    }

    private long inFlight() {
        JsonObject queue = JsonParser.parseString(busbar.ok("vdpa", "-j", "dev", "vstats", "show", disk))
                .getAsJsonObject().getAsJsonObject("vstats").getAsJsonObject(disk).getAsJsonArray("queues").get(0)
                .getAsJsonObject();
        return queue.get("chains").getAsLong() - queue.get("used chains").getAsLong();
    }

    private String health() {
        return busbar.ok("vdpa", "dev", "show", disk);
    }

    private JsonObject details(String device) {
        return JsonParser.parseString(busbar.ok("vdpa", "-j", "-d", "dev", "show", device))
                .getAsJsonObject().getAsJsonObject("dev").getAsJsonObject(device).getAsJsonObject("details");
    }

    /** A slow way to the same image, which shares the page cache with the others. */
    private NbdKit serve(Path image) {
        return NbdKit.at(folder.resolve("nbd.sock"), "--filter=delay", "file", image.toString(), "delay-write=2ms", "delay-read=1ms");
    }
}
