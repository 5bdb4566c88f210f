package io.busbar.tools.bench.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The packed distribution, as an instance of its own with its own state: {@code busbar run --no-guest}, to which devices are
 * added by command.
 */
public final class BusbarServer implements AutoCloseable {

    private static final String NAME = "busbar";
    private static final String INSTANCE = "bench";
    private static final String STATE = "state";
    private static final long COMMAND_SECONDS = 60;

    private final Path script;
    private final Path directory;
    private final Server server;

    private BusbarServer(Path script, Path directory, Server server) {
        this.script = script;
        this.directory = directory;
        this.server = server;
    }

    /**
     * Finds the distribution that the environment names.
     *
     * @return its folder
     * @throws IOException if there is none
     */
    public static Path home() throws IOException {
        String home = System.getenv().getOrDefault("BUSBAR_HOME", "");
        if (home.isEmpty() || !Files.isExecutable(script(Path.of(home)))) {
            throw new IOException("BUSBAR_HOME is \"" + home
                    + "\": expected the folder of a distribution, with bin/busbar in it (\"busbar bench\" sets it)");
        }
        return Path.of(home);
    }

    private static Path script(Path home) {
        return home.resolve("bin/busbar");
    }

    /**
     * Starts one, with an empty bus.
     *
     * @param home      the distribution's folder
     * @param directory for its state, sockets and output; its path is short
     * @param settings  as JSON, an object of PID to properties
     * @return it, ready
     * @throws IOException if that fails; the message says why
     */
    public static BusbarServer start(Path home, Path directory, String settings) throws IOException, InterruptedException {
        Path conf = Files.createDirectories(directory.resolve(STATE).resolve(INSTANCE).resolve("conf"));
        Files.writeString(conf.resolve("bench.json"), settings);
        Server server = Server.start(NAME,
                List.of(script(home).toString(), "run", "--no-guest", "--socket-dir", directory.toString()),
                environment(directory), directory.resolve("busbar.log"));
        try {
            server.awaitLine("ready");
            return new BusbarServer(script(home), directory, server);
        } catch (IOException | InterruptedException e) {
            server.close();
            throw e;
        }
    }

    private static Map<String, String> environment(Path directory) {
        return Map.of("BUSBAR_STATE_DIR", directory.resolve(STATE).toString(), "BUSBAR_INSTANCE", INSTANCE);
    }

    /**
     * Adds a device.
     *
     * @param name  its name
     * @param words what follows it in {@code vdpa dev add}
     * @return its socket, which is listened at
     * @throws IOException if that fails; the message says why
     */
    public Path add(String name, List<String> words) throws IOException, InterruptedException {
        return add(name, words, name + ".sock");
    }

    /**
     * Adds a device that is served elsewhere, as one that goes to a card is.
     *
     * @param name   its name
     * @param words  what follows it in {@code vdpa dev add}
     * @param socket where it is served, under the directory of sockets
     * @return its socket, which is listened at
     * @throws IOException if that fails; the message says why
     */
    public Path add(String name, List<String> words, String socket) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("vdpa", "dev", "add", "name", name));
        command.addAll(words);
        run(command);
        Path path = directory.resolve(socket);
        server.awaitSocket(path);
        return path;
    }

    /**
     * Has it run a command.
     *
     * @param words the command
     * @return what it printed
     * @throws IOException if it fails; the message says why
     */
    public String run(List<String> words) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(script.toString()));
        command.addAll(words);
        Path output = directory.resolve("command.log");
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.environment().putAll(environment(directory));
        Process process = builder.start();
        if (!process.waitFor(COMMAND_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
        if (process.waitFor() != 0) {
            throw new IOException(String.join(" ", words) + ": " + Files.readString(output).strip());
        }
        return Files.readString(output);
    }

    /** Ends it, and waits for its end. */
    @Override
    public void close() {
        server.close();
    }
}
