package io.busbar.core.linux;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A JVM of its own that ran a main class of the tests to its end. */
record ChildJvm(int exitStatus, String output) {
    private static final int DEADLINE_SECONDS = 120;

    static ChildJvm run(Class<?> main, String... flags) throws IOException, InterruptedException {
        return run(main, List.of(), flags);
    }

    static ChildJvm run(Class<?> main, List<String> arguments, String... flags)
            throws IOException, InterruptedException {
        return runUnder(List.of(), main, arguments, flags);
    }

    /** Runs it under another command, such as a tracer, which is given the JVM's command line as its last arguments. */
    static ChildJvm runUnder(List<String> tracer, Class<?> main, List<String> arguments, String... flags)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(tracer);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(flags));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(arguments);
        Path log = Files.createTempFile("child-jvm", ".log");
        Path directory = Files.createTempDirectory("child-jvm");
        Process process = new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true)
                .redirectOutput(log.toFile()).start();
        try {
            if (!process.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS)) {
                throw new IOException("The child JVM did not end in " + DEADLINE_SECONDS + " s: " + command);
            }
            return new ChildJvm(process.exitValue(), Files.readString(log, StandardCharsets.UTF_8));
        } finally {
            process.destroyForcibly();
            deleteAll(directory);
            Files.deleteIfExists(log);
        }
    }

    /** A JVM that crashed leaves its report there. */
    private static void deleteAll(Path directory) throws IOException {
        try (var files = Files.newDirectoryStream(directory)) {
            for (Path file : files) {
                Files.delete(file);
            }
        }
        Files.delete(directory);
    }
}
