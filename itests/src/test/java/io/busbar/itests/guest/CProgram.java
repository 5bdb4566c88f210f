package io.busbar.itests.guest;

import io.busbar.testkit.machine.Prerequisite;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Programs in C that tests need, from {@code src/test/c}. */
final class CProgram {

    private static final Path SOURCES = Path.of("src", "test", "c").toAbsolutePath();

    private CProgram() {}

    /** Compiles {@code NAME.c} to a program in the folder, which needs no library: it runs where there is nothing else. */
    static Path compile(String name, Path folder) {
        Path program = folder.resolve(name);
        Host.check(Duration.ofSeconds(60), Host.require("gcc", "gcc").toString(), "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror",
                "-static", "-o", program.toString(), SOURCES.resolve(name + ".c").toString());
        return program;
    }

    /** Compiles {@code NAME.c} to a program in the folder that works with DPDK's libraries. */
    static Path compileForDpdk(String name, Path folder) {
        Path program = folder.resolve(name);
        List<String> command = new ArrayList<>(List.of(Host.require("gcc", "gcc").toString(), "-std=gnu11", "-O2", "-Wall",
                "-Wextra", "-Werror", "-o", program.toString(), SOURCES.resolve(name + ".c").toString()));
        command.addAll(dpdkFlags());
        Host.check(Duration.ofSeconds(60), command.toArray(String[]::new));
        return program;
    }

    /** Its headers as the system's, about which the compiler says nothing. */
    private static List<String> dpdkFlags() {
        String pkgConfig = Host.require("pkg-config", "pkg-config").toString();
        Host.Result flags = Host.run(Duration.ofSeconds(60), pkgConfig, "--cflags", "--libs", "libdpdk");
        Prerequisite.require(flags.exit() == 0, "DPDK's headers are missing: expected them from package libdpdk-dev");
        return Stream.of(flags.output().strip().split("\\s+"))
                .map(flag -> flag.startsWith("-I") ? "-isystem" + flag.substring(2) : flag)
                .toList();
    }
}
