package io.busbar.itests.guest;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.itests.BusbarProcess;
import io.busbar.itests.Command;
import io.busbar.testkit.machine.Eventually;
import io.busbar.testkit.machine.NbdKit;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The content of a disk is copied to another backend while a kernel writes it, and what it wrote is there. */
@Timeout(value = 8, unit = TimeUnit.MINUTES)
final class CopyIT {

    private static final long MIB = 1 << 20;
    private static final int ROUNDS = 4;

    @TempDir
    Path folder;

    private BusbarProcess busbar;
    private NbdKit server;
    private Path first;

    @BeforeEach
    void start() throws IOException {
        first = image("first", 32);
        busbar = BusbarProcess.in(folder).disk(first).start();
        NetDevice.add(busbar, "net0", "backend", "switch", "network", "lan");
        NetDevice.add(busbar, "net1", "backend", "switch", "network", "lan");
    }

    @AfterEach
    void stop() {
        busbar.close();
        if (server != null) {
            server.close();
        }
    }

    private Path image(String name, long mib) throws IOException {
        Path image = folder.resolve(name + ".img");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(mib * MIB);
        }
        return image;
    }

    private Command swap(String... words) {
        List<String> command = new ArrayList<>(List.of("backend", "swap", "disk0", "--timeout", "30000"));
        command.addAll(List.of(words));
        return busbar.command(command.toArray(String[]::new));
    }

    private void copy(String... words) {
        List<String> all = new ArrayList<>(List.of(words));
        all.add("--copy");
        Command copy = swap(all.toArray(String[]::new));
        assertThat(copy.exit()).as(copy.out() + copy.err()).isZero();
        System.out.print("copied under load: " + copy.out());
    }

    private void refused(String sentence, String... words) {
        Command refused = swap(words);
        assertThat(refused.exit()).as(refused.out()).isEqualTo(1);
        assertThat(refused.err()).contains("disk0 keeps its backend: ").contains(sentence);
    }

    private static String digest(Path file) throws IOException {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void whatAKernelWritesMeanwhileIsThereAfterwards() throws IOException {
        Path second = image("second", 32);
        try (LoadedGuest guest = LoadedGuest.boot(busbar, "20M", Duration.ofMinutes(6))) {
            refused("expected the same", "file", "path", image("small", 16).toString(), "--copy");
            refused("expected another one to copy to", "file", "path", first.toString(), "io", "mapped", "--copy");
            refused("expected one of them", "file", "path", second.toString(), "--copy", "--force");
            assertThat(swap("memory", "size", "32M", "--copy", "--dry-run").out())
                    .contains("can be done").contains("; " + 32 * MIB + " bytes would be copied");
            cancelled();
            interrupted();
            String left = "";
            for (int i = 0; i < ROUNDS; i++) {
                copy("memory", "size", "32M");
                if (i == 0) {
                    left = digest(first);
                }
                copy("file", "path", second.toString(), "io", i % 2 == 0 ? "buffered" : "direct");
            }
            comparedWhereTheGuestStands(guest, second);
            copy("file", "path", image("last", 32).toString());
            assertThat(guest.isRunning()).isTrue();
            LoadedGuest.Report report = guest.end();
            assertThat(digest(first)).as("the first image, which was left").isEqualTo(left);
            assertThat(report.fioRounds()).isPositive();
            assertThat(busbar.ok("vdpa", "-d", "dev", "show", "disk0")).doesNotContain("copied").contains("swaps " + (2 * ROUNDS + 2));
        }
    }

    private void serveSlowly(Path image, String delay) {
        if (server != null) {
            server.close();
        }
        server = NbdKit.at(folder.resolve("nbd.sock"), "--filter=delay", "file", image.toString(), "wdelay=" + delay);
    }

    private String shown() {
        return busbar.ok("vdpa", "-d", "dev", "show", "disk0");
    }

    /** While a copy is under way the guest is stopped: what it wrote until then is on both disks, and nothing else. */
    private void comparedWhereTheGuestStands(LoadedGuest guest, Path old) throws IOException {
        Path target = image("target", 32);
        serveSlowly(target, "20ms");
        CompletableFuture<Void> copy = CompletableFuture.runAsync(() -> copy("nbd", "uri", server.uri()));
        Eventually.that(() -> shown().contains("copied "), () -> "a copy is shown");
        guest.freeze();
        try {
            copy.join();
            assertThat(Files.mismatch(old, target)).as("first difference of the new image").isEqualTo(-1);
        } finally {
            guest.thaw();
        }
    }

    /** The command that waits for the copy ends, as by Ctrl-C; here by a signal that nobody can have had ignored. */
    private void interrupted() throws IOException {
        serveSlowly(image("slower", 32), "300ms");
        Process command = busbar.scriptStarted("backend", "swap", "disk0", "nbd", "uri", server.uri(), "--copy");
        Eventually.that(() -> shown().contains("copied "), () -> "a copy is shown");
        command.destroy();
        Eventually.that(() -> !shown().contains("copied "), this::shown);
        assertThat(command.onExit().join().exitValue()).as("status").isNotZero();
        assertThat(shown()).contains("backend file").doesNotContain("swaps ");
    }

    /** A copy that takes long is cancelled from elsewhere; the old backend goes on. */
    private void cancelled() throws IOException {
        serveSlowly(image("slow", 32), "300ms");
        CompletableFuture<Command> copy = CompletableFuture.supplyAsync(() -> swap("nbd", "uri", server.uri(), "--copy"));
        Eventually.that(() -> shown().contains("copied "), () -> "a copy is shown");
        assertThat(busbar.ok("backend", "swap", "disk0", "--cancel")).isEqualTo("disk0: the copy is cancelled\n");
        Command ended = copy.join();
        assertThat(ended.exit()).isEqualTo(1);
        assertThat(ended.err()).contains("disk0 keeps its backend: the copy was cancelled after ");
        assertThat(busbar.command("backend", "swap", "disk0", "--cancel").err()).contains("no copy is under way");
    }
}
