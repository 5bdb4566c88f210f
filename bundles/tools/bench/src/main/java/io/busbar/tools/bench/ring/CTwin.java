package io.busbar.tools.bench.ring;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** The C program, compiled into a directory of its own that goes away with this object. */
final class CTwin implements AutoCloseable {

    private static final String SOURCE = "ring_twin.c";

    private final Path directory;
    private final Path program;

    private CTwin(Path directory) {
        this.directory = directory;
        this.program = directory.resolve("ring_twin");
    }

    /**
     * Compiles the program.
     *
     * @return the twin
     * @throws IOException if there is no compiler or it fails; the message says what to do
     */
    static CTwin compile() throws IOException, InterruptedException {
        CTwin twin = new CTwin(Files.createTempDirectory("busbar-ring-"));
        try {
            Path source = twin.directory.resolve(SOURCE);
            try (InputStream in = CTwin.class.getResourceAsStream(SOURCE)) {
                Files.copy(in, source);
            }
            run(List.of("cc", "-O2", "-o", twin.program.toString(), source.toString()));
            return twin;
        } catch (IOException | InterruptedException e) {
            twin.close();
            throw e;
        }
    }

    /**
     * Starts the program.
     *
     * @param sides which do work
     */
    RingFork start(Sides sides) throws IOException {
        return RingFork.start(program.toString(),
                List.of(program.toString(), sides.key(), Integer.toString(sides.batch)));
    }

    private static String run(List<String> command) throws IOException, InterruptedException {
        Process process;
        try {
            process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        } catch (IOException e) {
            throw new IOException("cannot run '" + command.getFirst() + "': a C compiler is needed for the comparison, "
                    + "on Debian and Ubuntu: apt install gcc libc6-dev", e);
        }
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int status = process.waitFor();
        if (status != 0) {
            throw new IOException("'" + String.join(" ", command) + "' ended with status " + status);
        }
        return output;
    }

    @Override
    public void close() throws IOException {
        Files.deleteIfExists(directory.resolve(SOURCE));
        Files.deleteIfExists(program);
        Files.delete(directory);
    }
}
