package io.busbar.itests.guest;

import java.nio.file.Path;
import java.time.Duration;

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
}
