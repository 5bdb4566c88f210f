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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A console of ours under User Mode Linux. */
@Timeout(value = 10, unit = MINUTES)
final class ConsoleIT {

    private static final int MIB = 1 << 20;
    private static final Duration ANSWER = Duration.ofSeconds(60);

    private Path folder;
    private BusbarProcess busbar;

    @BeforeEach
    void start() throws IOException {
        Host.require("linux.uml", "user-mode-linux");
        folder = Files.createTempDirectory("con");
        busbar = BusbarProcess.in(folder).start();
    }

    @AfterEach
    void stop() throws IOException {
        if (busbar != null) {
            busbar.close();
        }
        GuestKernel.delete(folder);
    }

    private Uml kernel() {
        return new Uml(List.of(busbar.socket("con0")));
    }

    private static SocketChannel connect(Path path) throws IOException {
        return SocketChannel.open(UnixDomainSocketAddress.of(path));
    }

    @Test
    void aMebibyteOfRandomBytesGoesBothWaysByteForByteThroughTheConsoleAndThroughANamedPort() throws Exception {
        busbar.ok("vdpa", "dev", "add", "name", "con0", "mgmtdev", "sim_console", "ports", "data",
                "backend", "socket", "path", folder.resolve("c").toString());
        GuestJob job = GuestJob.of("""
                set -e
                until grep -qx data /sys/class/virtio-ports/vport0p1/name; do sleep 0.1; done
                until exec 3<>/dev/hvc0; do sleep 0.1; done
                exec 4<>/dev/vport0p1
                stty raw -echo <&3
                echo "open"
                head -c 1048576 <&3 >/tmp/console
                cat /tmp/console >&3
                echo "console"
                head -c 1048576 <&4 >/tmp/port
                cat /tmp/port >&4
                head -c 1 <&4 >/dev/null
                head -c 1 <&3 >/dev/null
                """);
        try (SocketChannel console = connect(folder.resolve("c"));
                SocketChannel port = connect(folder.resolve("c.data"));
                Guest guest = kernel().boot(job)) {
            guest.awaitLine("open"::equals);
            assertThat(echoed(console, 1)).isTrue();
            guest.awaitLine("console"::equals);
            assertThat(echoed(port, 2)).isTrue();
            port.write(ByteBuffer.wrap(new byte[1]));
            console.write(ByteBuffer.wrap(new byte[1]));
            guest.awaitSuccess();
        }
        assertThat(count(1, "sent bytes")).isEqualTo(MIB);
        assertThat(count(5, "sent bytes")).isEqualTo(MIB);
    }

    /** Sends random bytes, and returns whether the same come back. */
    private static boolean echoed(SocketChannel channel, int seed) throws Exception {
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

    private long count(int queue, String counter) {
        var shown = JsonParser.parseString(busbar.ok("vdpa", "-j", "dev", "vstats", "show", "con0")).getAsJsonObject();
        return shown.getAsJsonObject("vstats").getAsJsonObject("con0").getAsJsonArray("queues").get(queue)
                .getAsJsonObject().get(counter).getAsLong();
    }

    @Test
    void aLoginThroughATerminalIsDrivenByTmuxAndTheGuestSeesTheTerminalsSize() throws Exception {
        Path tmux = Host.require("tmux", "tmux");
        Path link = folder.resolve("tty");
        busbar.ok("vdpa", "dev", "add", "name", "con0", "mgmtdev", "sim_console", "backend", "pty", "link", link.toString());
        GuestJob job = GuestJob.of("""
                printf '%s\\n' '#!/bin/sh' 'echo "welcome, $2"; PS1="guest$ " exec /bin/sh -i' >/tmp/login
                chmod +x /tmp/login
                echo "up"
                /tmp/busybox setsid /tmp/busybox getty -l /tmp/login -L 0 hvc0 dumb
                """).withFile("busybox", Host.require("busybox", "busybox-static"));
        String[] on = {tmux.toString(), "-L", folder.getFileName().toString(), "-f", "/dev/null"};
        try (Guest guest = kernel().boot(job)) {
            guest.awaitLine("up"::equals);
            Host.check(ANSWER, words(on, "new-session", "-d", "-x", "111", "-y", "33",
                    "stty raw -echo; stty rows 33 cols 111 <" + link + "; cat " + link + " & exec cat >" + link));
            try {
                type(on, "", "login:");
                type(on, "somebody", "welcome, somebody");
                type(on, "echo answer-$((6 * 7)); stty size", "answer-42");
                Eventually.within(ANSWER, () -> screen(on).contains("33 111"), () -> screen(on));
                type(on, "exit", "");
                guest.awaitSuccess();
            } finally {
                Host.run(ANSWER, words(on, "kill-server"));
            }
        }
    }

    /**
     * One types, whose terminal's size the guest sees, another one looks on, and takes over when the first leaves by Ctrl-]. Another device
     * model meanwhile changes nothing of that.
     */
    @Test
    void whoAttachesTypesAndAnotherOneLooksOn() throws Exception {
        Path tmux = Host.require("tmux", "tmux");
        busbar.ok("vdpa", "dev", "add", "name", "con0", "mgmtdev", "sim_console", "backend", "log", "path",
                folder.resolve("log").toString());
        GuestJob job = GuestJob.of("""
                printf '%s\\n' '#!/bin/sh' 'PS1="guest$ " exec /bin/sh -i' >/tmp/login
                chmod +x /tmp/login
                echo "up"
                /tmp/busybox setsid -c /tmp/busybox getty -n -l /tmp/login -L 0 hvc0 dumb
                """).withFile("busybox", Host.require("busybox", "busybox-static"));
        String[] one = tmux(tmux, "one");
        String[] two = tmux(tmux, "two");
        try (Guest guest = kernel().boot(job)) {
            guest.awaitLine("up"::equals);
            attach(one, 101, 31);
            try {
                type(one, "", "guest$");
                assertThat(screen(one)).contains("connected to con0", "Ctrl-]");
                type(one, "echo answer-$((6 * 7)); stty size", "answer-42");
                shows(one, "31 101");
                attach(two, 92, 22);
                shows(two, "answer-42");
                shows(two, "you look on");
                Host.check(ANSWER, words(one, "resize-window", "-x", "95", "-y", "25"));
                type(one, "stty size", "25 95");
                shows(two, "25 95");
                busbar.ok("model", "swap", "con0");
                type(one, "echo again-$((6 * 8))", "again-48");
                shows(two, "again-48");
                Host.check(ANSWER, words(one, "send-keys", "C-]"));
                shows(one, "left=0");
                shows(two, "you type now");
                type(two, "stty size", "22 92");
                type(two, "exit", "");
                guest.awaitSuccess();
            } finally {
                Host.run(ANSWER, words(one, "kill-server"));
                Host.run(ANSWER, words(two, "kill-server"));
            }
        }
    }

    private String[] tmux(Path program, String name) {
        return new String[] {program.toString(), "-L", folder.getFileName() + name, "-f", "/dev/null"};
    }

    private void attach(String[] on, int columns, int rows) {
        String command = "JAVA_HOME=" + System.getProperty("java.home") + " BUSBAR_STATE_DIR=" + busbar.stateDir() + " "
                + Distribution.script() + " console con0; echo left=$?; exec cat";
        Host.check(ANSWER, words(on, "new-session", "-d", "-x", Integer.toString(columns), "-y", Integer.toString(rows), command));
    }

    private static void shows(String[] tmux, String expected) {
        Eventually.within(ANSWER, () -> screen(tmux).contains(expected), () -> screen(tmux));
    }

    private static String[] words(String[] first, String... more) {
        String[] all = new String[first.length + more.length];
        System.arraycopy(first, 0, all, 0, first.length);
        System.arraycopy(more, 0, all, first.length, more.length);
        return all;
    }

    private static void type(String[] tmux, String line, String expected) {
        Host.check(ANSWER, words(tmux, "send-keys", line, "Enter"));
        shows(tmux, expected);
    }

    private static String screen(String[] tmux) {
        return Host.run(ANSWER, words(tmux, "capture-pane", "-p")).output();
    }

    @Test
    void aLogHasWhatTheKernelSaysAlsoWithNobodyThere() throws Exception {
        Path log = folder.resolve("log");
        busbar.ok("vdpa", "dev", "add", "name", "con0", "mgmtdev", "sim_console", "backend", "log", "path", log.toString());
        kernel().run(GuestJob.of("for i in $(seq 1000); do echo \"line $i\" >/dev/hvc0; done"));
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
