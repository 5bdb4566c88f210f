package io.busbar.itests.guest;

import io.busbar.testkit.machine.Prerequisite;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The kernel of Debian's package {@code linux-image-amd64} with its modules: downloaded and unpacked, not installed, and kept
 * in a cache folder of the user.
 *
 * @param image   the kernel, unpacked where that can be done
 * @param modules the folder with its modules
 */
record DebianKernel(Path image, Path modules) {

    /** Says which modules are in the cache: another list is another folder. */
    private static final String CONTENT = "-block-net";

    private static final String META_PACKAGE = "linux-image-amd64";
    private static final Pattern DEPENDS = Pattern.compile("Depends: (linux-image-\\S+)");
    private static final Duration LIMIT = Duration.ofMinutes(3);

    /**
     * The kernel that the package stands for at present, from the cache or downloaded.
     *
     * @throws RuntimeException if apt does not know the package or cannot get it, see {@link Prerequisite}
     */
    static synchronized DebianKernel get() throws IOException {
        String name = packageName();
        Path folder = cache().resolve(name + CONTENT);
        if (!Files.isDirectory(folder)) {
            download(name, folder);
        }
        try (Stream<Path> images = Files.list(folder.resolve("boot"))) {
            Path image = images.filter(file -> file.getFileName().toString().startsWith("vmlinuz-")).findFirst().orElseThrow();
            return new DebianKernel(BzImage.unpacked(image), folder.resolve("lib/modules"));
        }
    }

    private static String packageName() {
        Host.Result result = Host.run(LIMIT, Host.require("apt-cache", "apt").toString(), "depends", META_PACKAGE);
        Matcher depends = DEPENDS.matcher(result.output());
        if (!depends.find()) {
            throw Prerequisite.missing("apt knows no kernel for %s (try apt-get update): %s".formatted(META_PACKAGE, result.output()));
        }
        return depends.group(1);
    }

    private static void download(String name, Path folder) throws IOException {
        Files.createDirectories(folder.getParent());
        Path work = Files.createTempDirectory(folder.getParent(), "kernel");
        try {
            Path unpacked = Files.createDirectory(work.resolve("unpacked"));
            Host.Result result = Host.run(LIMIT, "bash", "-c", """
                    set -e -o pipefail
                    cd "$1"
                    apt-get -q download "$2"
                    dpkg-deb --fsys-tarfile "$2"_*.deb | tar -x -C unpacked --wildcards './boot/vmlinuz-*' \\
                        './lib/modules/*/kernel/drivers/virtio' './lib/modules/*/kernel/drivers/block/virtio_blk*' \\
                        './lib/modules/*/kernel/crypto/crc32c*' './lib/modules/*/kernel/lib' './lib/modules/*/kernel/fs' \\
                        './lib/modules/*/kernel/net/9p' './lib/modules/*/kernel/net/core' './lib/modules/*/kernel/net/packet' \\
                        './lib/modules/*/kernel/drivers/net/virtio_net*' './lib/modules/*/kernel/drivers/net/net_failover*'
                    find unpacked -name '*.ko.xz' -exec xz -d {} +
                    """, "download", work.toString(), name);
            if (result.exit() != 0) {
                throw Prerequisite.missing("cannot get package %s: %s".formatted(name, result.output()));
            }
            publish(unpacked, folder);
        } finally {
            GuestKernel.delete(work);
        }
    }

    /** Makes the folder visible as a whole; where another build was faster, its copy is as good. */
    private static void publish(Path unpacked, Path folder) throws IOException {
        try {
            Files.move(unpacked, folder, StandardCopyOption.ATOMIC_MOVE);
        } catch (FileSystemException e) {
            if (!Files.isDirectory(folder)) {
                throw e;
            }
        }
    }

    private static Path cache() {
        String base = System.getenv().getOrDefault("XDG_CACHE_HOME", System.getProperty("user.home") + "/.cache");
        return Path.of(base, "busbar", "guest-kernel");
    }
}
