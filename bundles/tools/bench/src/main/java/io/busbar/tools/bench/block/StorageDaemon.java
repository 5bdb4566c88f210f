package io.busbar.tools.bench.block;

import io.busbar.tools.bench.server.Server;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * QEMU's storage daemon, the peer: a server of the same kind, in C, with a thread of its own for the disk.
 *
 * @param aio how it does its input and output: {@code threads} or {@code io_uring}
 */
record StorageDaemon(String aio) implements Target.Starter {

    private static final String PROGRAM = "qemu-storage-daemon";

    @Override
    public String name() {
        return "qemu-storage-daemon aio=" + aio;
    }

    /**
     * Makes sure that the program is there.
     *
     * @throws IOException if not; the message says how to get it
     */
    static void require() throws IOException {
        for (String directory : System.getenv().getOrDefault("PATH", "").split(":")) {
            if (!directory.isEmpty() && Files.isExecutable(Path.of(directory, PROGRAM))) {
                return;
            }
        }
        throw new IOException(PROGRAM + ", which Busbar is measured against, is not in PATH; on Debian and Ubuntu: "
                + "apt-get install qemu-system-common");
    }

    @Override
    public Target start(Path image, DiskContent content, boolean direct, Path directory)
            throws IOException, InterruptedException {
        Path socket = directory.resolve(aio + ".sock");
        Server server = Server.start(name(), List.of(PROGRAM,
                "--object", "iothread,id=t",
                "--blockdev", "driver=file,node-name=f,filename=" + image.toString().replace(",", ",,")
                        + ",aio=" + aio + (direct ? ",cache.direct=on" : ""),
                "--export", "type=vhost-user-blk,id=e,node-name=f,writable=on,iothread=t,addr.type=unix,addr.path="
                        + socket.toString().replace(",", ",,")),
                Map.of(), directory.resolve(aio + ".log"));
        try {
            server.awaitSocket(socket);
            return new Target(name(), socket, image, content, server);
        } catch (IOException | InterruptedException e) {
            server.close();
            throw e;
        }
    }
}
