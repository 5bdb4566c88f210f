package io.busbar.tools.bench.net;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** DPDK's own vhost-user device, the peer: a thread that polls, in C. It is there in its turns alone. */
final class DpdkVhost implements FrameServer {

    /** The driver's thread has the first one. */
    private static final int PROCESSOR = 1;
    private static final Duration READY = Duration.ofMinutes(1);

    private final DpdkProgram program;
    private final Path socket;
    private PolledProgram running;

    DpdkVhost(DpdkProgram program, Path socket) {
        this.program = program;
        this.socket = socket;
    }

    @Override
    public String name() {
        return "DPDK's vhost";
    }

    @Override
    public Path begin() throws IOException {
        Files.deleteIfExists(socket);
        running = PolledProgram.start(name(), program.command(PROCESSOR, "net_vhost0,queues=1,iface=" + socket), READY);
        return socket;
    }

    @Override
    public void pause() {
        if (running != null) {
            running.close();
            running = null;
        }
    }

    @Override
    public void close() {
        pause();
    }
}
