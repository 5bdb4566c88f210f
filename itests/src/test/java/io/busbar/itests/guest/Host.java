package io.busbar.itests.guest;

import io.busbar.testkit.machine.Prerequisite;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Programs of the machine that the tests run on. */
final class Host {

    private static final List<Path> FOLDERS = Stream.concat(
                    Stream.of(System.getenv().getOrDefault("PATH", "").split(":")).filter(folder -> !folder.isEmpty()),
                    Stream.of("/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"))
            .map(Path::of)
            .toList();

    private Host() {}

    /** The outcome of a program: exit status, and both output streams as one text. */
    record Result(int exit, String output) {}

    /** The program's path, if it is installed. */
    static Optional<Path> find(String program) {
        return FOLDERS.stream().map(folder -> folder.resolve(program)).filter(Files::isExecutable).findFirst();
    }

    /**
     * The program's path.
     *
     * @throws RuntimeException if it is not installed, see {@link Prerequisite}
     */
    static Path require(String program, String debianPackage) {
        return find(program)
                .orElseThrow(() -> Prerequisite.missing(
                        "program " + program + " is missing: expected it from package " + debianPackage));
    }

    /** Runs a program to its end, at most for the given time. */
    static Result run(Duration limit, String... command) {
        try (ProcessGroup group = ProcessGroup.start(List.of(command))) {
            Process process = group.process();
            Thread guard = Thread.ofPlatform().daemon().start(() -> killAfter(limit, group));
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int exit = process.waitFor();
            guard.interrupt();
            return new Result(exit, output);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while running " + command[0], e);
        }
    }

    /** Runs a program that must succeed, and returns its output. */
    static String check(Duration limit, String... command) {
        Result result = run(limit, command);
        if (result.exit() != 0) {
            throw new IllegalStateException(
                    "%s: exit status %d, expected 0: %s".formatted(String.join(" ", command), result.exit(), result.output()));
        }
        return result.output();
    }

    private static void killAfter(Duration limit, ProcessGroup group) {
        try {
            if (!group.process().waitFor(limit)) {
                group.close();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
