package io.busbar.itests;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A Busbar that has no descriptor left: who connects waits, and is served once there are some again. */
class NoDescriptorsIT {
    private static final Duration DEADLINE = Duration.ofSeconds(30);
    /** How long it is watched: each try to accept that fails costs some microseconds, so that a loop of them shows. */
    private static final Duration WATCHED = Duration.ofSeconds(2);
    private static final Duration LITTLE = Duration.ofMillis(600);
    private static final String NO_FRONT_END = "a front-end waits and cannot be accepted";
    private static final String NO_CLIENT = "a control connection was not accepted";

    @TempDir
    private Path directory;

    private static void limit(BusbarProcess busbar, int descriptors) {
        var done = Command.run(DEADLINE, Map.of(), List.of(
                "prlimit", "--pid", Long.toString(busbar.pid()), "--nofile=" + descriptors + ":"));
        assertThat(done.exit()).as(done.err()).isZero();
    }

    private static long lines(BusbarProcess busbar, String text) {
        return busbar.log().lines().filter(line -> line.contains(text)).count();
    }

    @Test
    void whoConnectsWhileNoDescriptorIsLeftWaitsCostsLittleAndIsServedLater() throws Exception {
        try (var busbar = BusbarProcess.in(directory).start()) {
            busbar.ok("vdpa", "dev", "add", "name", "d", "mgmtdev", "sim_block", "backend", "memory", "size", "1M");
            // Those that are open stay open; a new one would have to have a smaller number.
            limit(busbar, 3);
            CompletableFuture<Command> command;
            try (var frontEnd = SocketChannel.open(UnixDomainSocketAddress.of(busbar.socket("d")))) {
                command = CompletableFuture.supplyAsync(() -> busbar.command("status"));
                Eventually.within(
                        DEADLINE,
                        () -> lines(busbar, NO_FRONT_END) > 0 && lines(busbar, NO_CLIENT) > 0,
                        busbar::log);

                var before = busbar.cpu();
                var start = System.nanoTime();
                Eventually.within(DEADLINE, () -> System.nanoTime() - start > WATCHED.toNanos(), busbar::log);
                assertThat(busbar.cpu().minus(before)).isLessThan(LITTLE);
                assertThat(lines(busbar, NO_FRONT_END)).isEqualTo(1);
                assertThat(lines(busbar, NO_CLIENT)).isEqualTo(1);
                assertThat(frontEnd.isConnected()).isTrue();
                assertThat(command).isNotDone();
            } finally {
                limit(busbar, 1024);
            }
            assertThat(command.get(DEADLINE.toSeconds(), TimeUnit.SECONDS).exit()).isZero();
            try (var driver = DiskDriver.at(busbar.socket("d"))) {
                driver.writeAndReadBack();
            }
            assertThat(busbar.log()).contains("front-ends are accepted again");
            assertThat(busbar.terminate()).as(busbar.log()).isZero();
        }
    }
}
