package io.busbar.tools.bench.net;

import io.busbar.tools.bench.server.BusbarServer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Our device with backend loopback; its worker polls for as long as a frame may be on its way, and sleeps in a pause. */
final class BusbarLoopback implements FrameServer {

    private static final String SETTINGS = "{\"io.busbar.core.queue\": {\"spinMicros\": 1000}}";

    private final BusbarServer server;
    private final Path socket;

    private BusbarLoopback(BusbarServer server, Path socket) {
        this.server = server;
        this.socket = socket;
    }

    static BusbarLoopback start(Path home, Path directory) throws IOException, InterruptedException {
        BusbarServer server = BusbarServer.start(home, directory, SETTINGS);
        try {
            return new BusbarLoopback(server, server.add("net0", List.of("mgmtdev", "sim_net", "backend", "loopback")));
        } catch (IOException | InterruptedException e) {
            server.close();
            throw e;
        }
    }

    @Override
    public String name() {
        return "busbar, backend loopback";
    }

    @Override
    public Path begin() {
        return socket;
    }

    @Override
    public void pause() {
        // Its worker has slept since the driver went.
    }

    @Override
    public void close() {
        server.close();
    }
}
