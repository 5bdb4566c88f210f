package io.busbar.tools.bench.net;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A program in C that works with DPDK's libraries, compiled on the spot.
 *
 * @param path of the program
 */
record DpdkProgram(Path path) {

    private static final String HINT = ", which the comparison needs; on Debian and Ubuntu: apt-get install gcc libc6-dev pkg-config libdpdk-dev";

    /**
     * Compiles one.
     *
     * @param name      of the source, without its ending
     * @param directory for the program
     * @throws IOException if a compiler or DPDK is missing; the message says what to do
     */
    static DpdkProgram compile(String name, Path directory) throws IOException, InterruptedException {
        Path source = directory.resolve(name + ".c");
        try (InputStream in = DpdkProgram.class.getResourceAsStream(name + ".c")) {
            Files.copy(in, source);
        }
        Path program = directory.resolve(name);
        List<String> command = new ArrayList<>(List.of("cc", "-std=gnu11", "-O2", "-o", program.toString(), source.toString()));
        command.addAll(List.of(output(List.of("pkg-config", "--cflags", "--libs", "libdpdk")).strip().split("\\s+")));
        output(command);
        return new DpdkProgram(program);
    }

    /**
     * Returns the command that starts it.
     *
     * @param processor on which its thread polls
     * @param device    DPDK's words for its virtual device
     * @param words     its own
     */
    List<String> command(int processor, String device, String... words) {
        List<String> command = new ArrayList<>(List.of(path.toString(), "-l", Integer.toString(processor), "--no-pci",
                "--no-huge", "-m", "128", "--no-shconf", "--no-telemetry", "--log-level=lib.*:error", "--vdev=" + device, "--"));
        command.addAll(List.of(words));
        return command;
    }

    private static String output(List<String> command) throws IOException, InterruptedException {
        Process process;
        try {
            process = new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException e) {
            throw new IOException("cannot run '" + command.getFirst() + "'" + HINT, e);
        }
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int status = process.waitFor();
        if (status != 0) {
            throw new IOException("'" + command.getFirst() + "' ended with status " + status + HINT + "\n" + output.strip());
        }
        return output;
    }
}
