package io.busbar.tools.bench.console;

import io.busbar.tools.bench.server.BusbarServer;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The console of a Linux guest: {@code hvc0}, our device, backend socket, and a connection to that. */
final class GuestWay implements Way {

    private static final long END_SECONDS = 20;

    private final BusbarServer server;
    private final SocketChannel channel;
    private final Process guest;
    private final Dialog dialog;

    private GuestWay(BusbarServer server, SocketChannel channel, Process guest) {
        this.server = server;
        this.channel = channel;
        this.guest = guest;
        dialog = new Dialog(name(), Channels.newInputStream(channel), Channels.newOutputStream(channel));
    }

    /**
     * Starts Busbar, connects, and boots the guest.
     *
     * @param home      of the distribution, whose {@code guest/linux.uml} is the kernel
     * @param initrd    made by its {@code guest/guest.sh}
     * @param directory for files; its path is short and has neither a blank nor a colon
     */
    static GuestWay start(Path home, Path initrd, Path directory) throws IOException, InterruptedException {
        BusbarServer server = BusbarServer.start(home, directory, "{}");
        Process guest = null;
        try {
            Path console = directory.resolve("console");
            Path socket = server.add("con0", List.of("mgmtdev", "sim_console", "backend", "socket", "path", console.toString()));
            SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            channel.connect(UnixDomainSocketAddress.of(console));
            guest = boot(home, initrd, directory, socket);
            GuestWay way = new GuestWay(server, channel, guest);
            way.dialog.awaitReady();
            return way;
        } catch (IOException | InterruptedException e) {
            end(guest);
            server.close();
            throw e;
        }
    }

    private static Process boot(Path home, Path initrd, Path directory, Path socket) throws IOException {
        return new ProcessBuilder(home.resolve("guest/linux.uml").toString(), "mem=128M", "initrd=" + initrd, "rdinit=/console-load",
                "quiet", "loglevel=0", "noreboot", "panic=-1", "con=null", "con0=null,fd:1", "uml_dir=" + directory + "/", "umid=guest",
                "virtio_uml.device=" + socket + ":3")
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("guest.log").toFile())
                .start();
    }

    @Override
    public String name() {
        return "hvc0";
    }

    @Override
    public double take(int mib) throws IOException {
        return dialog.take(mib);
    }

    @Override
    public double send(int mib) throws IOException {
        return dialog.send(mib);
    }

    @Override
    public void close() {
        try {
            dialog.exit();
            if (!guest.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
                end(guest);
            }
            channel.close();
        } catch (IOException e) {
            end(guest);
        } catch (InterruptedException e) {
            end(guest);
            Thread.currentThread().interrupt();
        } finally {
            server.close();
        }
    }

    /** With the processes that User Mode Linux has for its own. */
    private static void end(Process guest) {
        if (guest != null) {
            List<ProcessHandle> all = guest.descendants().toList();
            guest.destroyForcibly();
            all.forEach(ProcessHandle::destroyForcibly);
        }
    }
}
