package io.busbar.itests.guest;

import static java.util.concurrent.TimeUnit.MINUTES;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonParser;
import io.busbar.itests.BusbarProcess;
import io.busbar.itests.Distribution;
import io.busbar.itests.Eventually;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.Timeout;

/** What User Mode Linux must be able to do with a console of ours. */
@TestInstance(Lifecycle.PER_CLASS)
@Timeout(value = 10, unit = MINUTES)
abstract class ConsoleTests {

    static final int MIB = 1 << 20;
    private static final int ROUNDS = 3;
    private static final Duration ANSWER = Duration.ofSeconds(60);

    private Path folder;
    private Home home;
    private BusbarProcess busbar;
    private String console;
    private int consoles;

    @BeforeAll
    void start() throws IOException {
        Host.require("linux.uml", "user-mode-linux");
        folder = Files.createTempDirectory("con");
        home = home(folder);
        busbar = home.busbar();
    }

    /** Starts what has the consoles. */
    Home home(Path state) {
        return Home.onHost(state);
    }

    @BeforeEach
    void nameTheConsole() {
        console = home.placement().name("con" + ++consoles);
    }

    @AfterEach
    void removeTheConsole() {
        home.placement().check();
        busbar.command("vdpa", "dev", "del", console);
    }

    @AfterAll
    void stop() throws IOException {
        if (home != null) {
            home.close();
        }
        GuestKernel.delete(folder);
    }

    /** Adds the console; returns the kernel that has it. */
    final Uml kernel(String... words) {
        home.add("con" + consoles, "sim_console", words);
        return new Uml(List.of(home.placement().socket(console)));
    }

    final Path file(String name) {
        return folder.resolve(name);
    }

    static SocketChannel connect(Path path) throws IOException {
        return SocketChannel.open(UnixDomainSocketAddress.of(path));
    }

    @Test
    void mebibytesOfRandomBytesGoBothWaysByteForByte() throws Exception {
        Uml kernel = kernel("backend", "socket", "path", file("c").toString());
        GuestJob job = GuestJob.of("""
                set -e
                until exec 3<>/dev/hvc0; do sleep 0.1; done
                stty raw -echo <&3
                echo "open"
                for round in $(seq ROUNDS); do
                    head -c 1048576 <&3 >/tmp/console
                    cat /tmp/console >&3
                done
                head -c 1 <&3 >/dev/null
                """.replace("ROUNDS", Integer.toString(ROUNDS)));
        try (SocketChannel channel = connect(file("c")); Guest guest = kernel.boot(job)) {
            guest.awaitLine("open"::equals);
            long begin = System.nanoTime();
            for (int round = 0; round < ROUNDS; round++) {
                assertThat(echoed(channel, round)).isTrue();
            }
            System.out.printf("%s: %d MiB each way in %.1f s%n", console, ROUNDS, (System.nanoTime() - begin) / 1e9);
            channel.write(ByteBuffer.wrap(new byte[1]));
            guest.awaitSuccess();
        }
        assertThat(count(1, "sent bytes")).isEqualTo((long) ROUNDS * MIB);
    }

    /** Sends random bytes, and returns whether the same come back. */
    static boolean echoed(SocketChannel channel, int seed) throws Exception {
        byte[] sent = new byte[MIB];
        new Random(seed).nextBytes(sent);
        Thread writer = Thread.ofPlatform().daemon().start(() -> {
            ByteBuffer bytes = ByteBuffer.wrap(sent);
            try {
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        ByteBuffer got = ByteBuffer.allocate(MIB);
        while (got.hasRemaining()) {
            assertThat(channel.read(got)).as("bytes after %d", got.position()).isPositive();
        }
        writer.join();
        return got.flip().equals(ByteBuffer.wrap(sent));
    }

    final long count(int queue, String counter) {
        var shown = JsonParser.parseString(busbar.ok("vdpa", "-j", "dev", "vstats", "show", console)).getAsJsonObject();
        return shown.getAsJsonObject("vstats").getAsJsonObject(console).getAsJsonArray("queues").get(queue)
                .getAsJsonObject().get(counter).getAsLong();
    }

    @Test
    void aLoginThroughATerminalIsDrivenByTmuxAndTheGuestSeesTheTerminalsSize() throws Exception {
        Path link = folder.resolve("tty");
        Uml kernel = kernel("backend", "pty", "link", link.toString());
        GuestJob job = GuestJob.of("""
                printf '%s\\n' '#!/bin/sh' 'echo "welcome, $2"; PS1="guest$ " exec /bin/sh -i' >/tmp/login
                chmod +x /tmp/login
                echo "up"
                /tmp/busybox setsid /tmp/busybox getty -l /tmp/login -L 0 hvc0 dumb
                """).withFile("busybox", Host.require("busybox", "busybox-static"));
        try (Guest guest = kernel.boot(job); Tmux on = tmux("one")) {
            guest.awaitLine("up"::equals);
            on.open(111, 33, "stty raw -echo; stty rows 33 cols 111 <" + link + "; cat " + link + " & exec cat >" + link);
            on.type("", "login:");
            on.type("somebody", "welcome, somebody");
            on.type("echo answer-$((6 * 7)); stty size", "answer-42");
            on.shows("33 111");
            on.type("exit", "");
            guest.awaitSuccess();
        }
    }

    /**
     * One types, whose terminal's size the guest sees, another one looks on, and takes over when the first leaves by Ctrl-]. Another device
     * model meanwhile changes nothing of that.
     */
    @Test
    void whoAttachesTypesAndAnotherOneLooksOn() throws Exception {
        Uml kernel = kernel("backend", "log", "path", file("attached").toString());
        GuestJob job = GuestJob.of("""
                printf '%s\\n' '#!/bin/sh' 'PS1="guest$ " exec /bin/sh -i' >/tmp/login
                chmod +x /tmp/login
                echo "up"
                /tmp/busybox setsid -c /tmp/busybox getty -n -l /tmp/login -L 0 hvc0 dumb
                """).withFile("busybox", Host.require("busybox", "busybox-static"));
        try (Guest guest = kernel.boot(job); Tmux one = tmux("one"); Tmux two = tmux("two")) {
            guest.awaitLine("up"::equals);
            one.open(101, 31, attach());
            one.type("", "guest$");
            assertThat(one.screen()).contains("connected to " + console, "Ctrl-]");
            one.type("echo answer-$((6 * 7)); stty size", "answer-42");
            one.shows("31 101");
            two.open(92, 22, attach());
            two.shows("answer-42");
            two.shows("you look on");
            one.resize(95, 25);
            one.type("stty size", "25 95");
            two.shows("25 95");
            busbar.ok("model", "swap", console);
            one.type("echo again-$((6 * 8))", "again-48");
            two.shows("again-48");
            one.press("C-]");
            one.shows("left=0");
            two.shows("you type now");
            two.type("stty size", "22 92");
            two.type("exit", "");
            guest.awaitSuccess();
        }
    }

    private Tmux tmux(String name) {
        return new Tmux(folder.getFileName() + console + name);
    }

    private String attach() {
        return "JAVA_HOME=" + System.getProperty("java.home") + " BUSBAR_STATE_DIR=" + busbar.stateDir() + " "
                + Distribution.script() + " console " + console + "; echo left=$?; exec cat";
    }

    @Test
    void aLogHasWhatTheKernelSaysAlsoWithNobodyThere() throws Exception {
        Path log = folder.resolve("log");
        kernel("backend", "log", "path", log.toString()).run(GuestJob.of("for i in $(seq 1000); do echo \"line $i\" >/dev/hvc0; done"));
        Eventually.within(ANSWER, () -> read(log).lines().filter(line -> line.startsWith("line ")).count() == 1000,
                () -> read(log));
        assertThat(read(log)).contains("line 1\r\nline 2\r\n").endsWith("line 1000\r\n");
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
