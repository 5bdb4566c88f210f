package io.busbar.tools.bench.block;

import io.busbar.tools.bench.server.BusbarServer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The packed distribution, with a disk.
 *
 * @param home the distribution's folder
 */
record Busbar(Path home) implements Target.Starter {

    @Override
    public String name() {
        return "busbar";
    }

    @Override
    public Target start(Path image, DiskContent content, boolean direct, Path directory)
            throws IOException, InterruptedException {
        BusbarServer server = BusbarServer.start(home, directory, "{}");
        try {
            List<String> words = new ArrayList<>(List.of("mgmtdev", "sim_block", "backend", "file", "path", image.toString()));
            if (direct) {
                words.addAll(List.of("io", "direct"));
            }
            return new Target(name(), server.add("disk0", words), image, content, server);
        } catch (IOException | InterruptedException e) {
            server.close();
            throw e;
        }
    }
}
