package io.busbar.tools.bench.block;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The packed distribution, as an instance of its own with its own state: {@code busbar run --no-guest}, and a disk added
 * by command.
 *
 * @param home the distribution's folder
 */
record Busbar(Path home) implements Target.Starter {

    private static final String INSTANCE = "bench";
    private static final String DEVICE = "disk0";
    private static final long COMMAND_SECONDS = 60;

    @Override
    public String name() {
        return "busbar";
    }

    /**
     * Finds the distribution that the environment names.
     *
     * @throws IOException if there is none
     */
    static Busbar find() throws IOException {
        String home = System.getenv().getOrDefault("BUSBAR_HOME", "");
        Busbar busbar = new Busbar(Path.of(home));
        if (home.isEmpty() || !Files.isExecutable(busbar.script())) {
            throw new IOException("BUSBAR_HOME is \"" + home
                    + "\": expected the folder of a distribution, with bin/busbar in it (\"busbar bench\" sets it)");
        }
        return busbar;
    }

    private Path script() {
        return home.resolve("bin/busbar");
    }

    @Override
    public Target start(Path image, DiskContent content, boolean direct, Path directory)
            throws IOException, InterruptedException {
        Map<String, String> environment =
                Map.of("BUSBAR_STATE_DIR", directory.resolve("state").toString(), "BUSBAR_INSTANCE", INSTANCE);
        Server server = Server.start(name(),
                List.of(script().toString(), "run", "--no-guest", "--socket-dir", directory.toString()), environment,
                directory.resolve("busbar.log"));
        try {
            server.awaitLine("ready");
            add(image, direct, environment, directory.resolve("command.log"));
            Path socket = directory.resolve(DEVICE + ".sock");
            server.awaitSocket(socket);
            return new Target(name(), socket, image, content, server);
        } catch (IOException | InterruptedException e) {
            server.close();
            throw e;
        }
    }

    private void add(Path image, boolean direct, Map<String, String> environment, Path output)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(script().toString(), "vdpa", "dev", "add", "name", DEVICE,
                "mgmtdev", "sim_block", "backend", "file", "path", image.toString()));
        if (direct) {
            command.addAll(List.of("io", "direct"));
        }
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.environment().putAll(environment);
        Process process = builder.start();
        if (!process.waitFor(COMMAND_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
        if (process.waitFor() != 0) {
            throw new IOException("the disk could not be added: " + Files.readString(output).strip());
        }
    }
}
