package io.busbar.itests.guest;

import io.busbar.itests.BusbarProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Starts the block server that the tests of this run are about: Busbar, or the control. */
final class BlockServers {

    /** {@code busbar}, the default, or {@code qemu-storage-daemon}. */
    static final String PROPERTY = "busbar.itests.server";

    private BlockServers() {}

    /**
     * Starts the server.
     *
     * @param folder for its state and sockets; its path should be short, as a socket's path has at most 107 bytes
     * @param under  words before the command, of a program that replaces itself with it
     */
    static BlockServer start(Path folder, String... under) throws IOException {
        String name = System.getProperty(PROPERTY, "busbar");
        return switch (name) {
            case "busbar" -> {
                BusbarProcess process = BusbarProcess.in(folder).under(under).start();
                yield new BusbarServer(Home.onHost(process));
            }
            case "qemu-storage-daemon" -> new QemuStorageDaemon(folder, List.of(under));
            default -> throw new IllegalArgumentException(
                    "%s is %s: expected busbar or qemu-storage-daemon".formatted(PROPERTY, name));
        };
    }
}
