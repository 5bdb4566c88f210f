package io.busbar.itests;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.runtime.client.ControlConnection;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The unit of systemd that comes with the distribution, its command given as systemd does. */
class ServiceIT {
    private static final Duration SOON = Duration.ofSeconds(120);

    @TempDir
    private Path directory;

    @Test
    void itSaysWhenItIsReadyAndBringsItsDevicesBackHoweverItEnded() throws Exception {
        var control = directory.resolve("lib/busbar/default/control.sock");
        var socket = directory.resolve("run/busbar/disk0.sock");
        var unit = Files.readAllLines(Distribution.home().resolve("systemd/busbar.service"));
        assertThat(unit).contains("Type=notify", "Restart=always", "RestartPreventExitStatus=2");
        Files.createDirectories(socket.getParent());

        var service = start(unit, 1);
        try {
            assertThat(run(control, "vdpa", "dev", "add", "name", "disk0", "mgmtdev", "sim_block", "backend", "memory", "size", "1M"))
                    .isZero();
            service.destroyForcibly().waitFor();
            service = start(unit, 2);
            assertThat(run(control, "vdpa", "dev", "show", "disk0")).isZero();
            assertThat(socket).exists();
            service.destroy();
            assertThat(service.waitFor()).isZero();
            assertThat(socket).doesNotExist();
            service = start(unit, 3);
            assertThat(run(control, "vdpa", "dev", "show", "disk0")).isZero();
        } finally {
            service.destroyForcibly().waitFor(SOON.toSeconds(), TimeUnit.SECONDS);
        }
    }

    /** Starts it, and waits until it has said that it is ready, so many times in all. */
    private Process start(List<String> unit, int ready) throws IOException {
        var told = directory.resolve("told");
        var notify = Files.createDirectories(directory.resolve("bin")).resolve("systemd-notify");
        Files.writeString(notify, "#!/bin/sh\n[ \"$NOTIFY_SOCKET\" = /of/the/manager ] && echo \"$@\" >>" + told + "\n");
        Files.setPosixFilePermissions(notify, PosixFilePermissions.fromString("rwx------"));
        var output = directory.resolve("output");
        var builder = new ProcessBuilder(values(unit, "ExecStart")).redirectErrorStream(true).redirectOutput(output.toFile());
        for (var setting : values(unit, "Environment")) {
            builder.environment().put(setting.split("=")[0], setting.split("=", 2)[1]);
        }
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().put("PATH", notify.getParent() + ":" + System.getenv("PATH"));
        builder.environment().put("NOTIFY_SOCKET", "/of/the/manager");
        var process = builder.start();
        Eventually.within(SOON, () -> lines(told).size() == ready || !process.isAlive(), () -> "not ready: " + lines(output));
        assertThat(process.isAlive()).as("%s", lines(output)).isTrue();
        assertThat(lines(told)).hasSize(ready).containsOnly("--ready");
        return process;
    }

    /** The words of a setting, with this test's folders for those of the system. */
    private List<String> values(List<String> unit, String setting) {
        var words = new ArrayList<String>();
        unit.stream()
                .filter(line -> line.startsWith(setting + "="))
                .flatMap(line -> List.of(line.substring(setting.length() + 1).split(" ")).stream())
                .map(word -> word.replace("/opt/busbar", Distribution.home().toString())
                        .replace("%S", directory.resolve("lib").toString())
                        .replace("%C", directory.resolve("cache").toString())
                        .replace("%t", directory.resolve("run").toString()))
                .forEach(words::add);
        assertThat(words).as(setting).isNotEmpty();
        return words;
    }

    private static List<String> lines(Path file) {
        try {
            return Files.exists(file) ? Files.readAllLines(file) : List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int run(Path control, String... words) throws IOException {
        try (var connection = ControlConnection.open(control)) {
            return connection.run(List.of(words), 0, _ -> {}, _ -> {});
        }
    }
}
