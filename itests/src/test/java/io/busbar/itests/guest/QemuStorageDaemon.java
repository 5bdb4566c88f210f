package io.busbar.itests.guest;

import io.busbar.testkit.machine.Prerequisite;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/**
 * Disks of qemu-storage-daemon, one process each: the control. A test that fails with it too says something about the guest or
 * the test, not about Busbar. Used with {@code -Dbusbar.itests.server=qemu-storage-daemon}.
 */
final class QemuStorageDaemon implements BlockServer {

    private static final long START_NANOS = 60_000_000_000L;

    private final Path folder;
    private final List<Export> exports = new ArrayList<>();

    private final List<String> under;

    QemuStorageDaemon(Path folder, List<String> under) {
        this.folder = folder;
        this.under = under;
    }

    @Override
    public Disk serve(DiskSpec spec) throws IOException {
        Path socket = folder.resolve("disk" + exports.size() + ".sock");
        List<String> command = new ArrayList<>(under);
        command.addAll(List.of(
                Host.require("qemu-storage-daemon", "qemu-system-common").toString(),
                "--blockdev", "driver=file,filename=%s,node-name=f,discard=unmap,read-only=%s".formatted(spec.image(), onOff(spec.readOnly())),
                "--export", "type=vhost-user-blk,id=e,node-name=f,addr.type=unix,addr.path=%s,writable=%s,num-queues=%d"
                        .formatted(socket, onOff(!spec.readOnly()), spec.queues())));
        ProcessGroup process = ProcessGroup.start(command);
        Export export = new Export(process, socket);
        exports.add(export);
        long deadline = System.nanoTime() + START_NANOS;
        while (!Files.exists(socket)) {
            if (!process.isRunning() || System.nanoTime() > deadline) {
                throw new IOException("qemu-storage-daemon does not serve " + spec);
            }
            LockSupport.parkNanos(10_000_000L);
        }
        return export;
    }

    @Override
    public void kill() {
        exports.forEach(Export::close);
    }

    @Override
    public void close() {
        kill();
    }

    private static String onOff(boolean on) {
        return on ? "on" : "off";
    }

    private record Export(ProcessGroup process, Path socket) implements Disk {

        @Override
        public void resize(long bytes) {
            throw Prerequisite.missing("qemu-storage-daemon as the control cannot resize");
        }

        @Override
        public List<Map<String, Long>> counters() {
            return List.of();
        }

        @Override
        public void close() {
            process.close();
        }
    }
}
