package io.busbar.itests.guest;

import static java.util.concurrent.TimeUnit.MINUTES;
import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.itests.BusbarProcess;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A card's disk that is another process of the host, qemu-storage-daemon: what VOP has as a device implemented by a program of the
 * host's user. Linux on the card finds it as any other.
 */
@Timeout(value = 8, unit = MINUTES)
final class FarCardDeviceIT {

    private static final long BYTES = 48L << 20;

    @TempDir
    Path folder;

    @Test
    void whatLinuxOnACardWritesToADiskOfQemuStorageDaemonIsThereForItAndInTheImage() throws Exception {
        Host.require("linux.uml", "user-mode-linux");
        Path image = folder.resolve("far.img");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(BYTES);
        }
        try (BlockServer daemon = new QemuStorageDaemon(folder, List.of());
                BusbarProcess busbar = Placement.startWithCard(folder.resolve("busbar"))) {
            Path far = daemon.serve(DiskSpec.of(image)).socket();
            Placement card = Placement.onCard(busbar);
            List<String> words = new ArrayList<>(List.of("vdpa", "dev", "add", "name", "far0", "mgmtdev", "vhost_user", "class", "block",
                    "socket", far.toString()));
            words.addAll(card.words());
            busbar.ok(words.toArray(String[]::new));
            Path disk = card.socket("far0");
            List<String> output = new Uml().run(GuestJob.of("""
                    set -e -o pipefail
                    mkfs.ext4 -q -F /dev/vda
                    mount -t ext4 /dev/vda /mnt
                    head -c 8M /dev/urandom >/mnt/big
                    for i in {1..20}; do head -c $((i * 3001)) /dev/urandom >/mnt/$i; done
                    (cd /mnt && find . -type f -print0 | xargs -0 sha256sum) >/tmp/sums
                    umount /mnt
                    fsck.ext4 -f -n /dev/vda
                    mount -t ext4 /dev/vda /mnt
                    (cd /mnt && sha256sum --quiet -c /tmp/sums)
                    echo "files whole: $(find /mnt -type f | wc -l)"
                    umount /mnt
                    fio --minimal --name=verify --thread --filename=/dev/vda --rw=randwrite --ioengine=libaio --direct=1 \\
                        --bsrange=512-256k --size=16m --iodepth=32 --verify=crc32c --verify_fatal=1 --do_verify=1 >/tmp/fio || { cat /tmp/fio; exit 1; }
                    echo "sum $(sha256sum </dev/vda)"
                    """, disk));

            String sum = "sum " + KernelTests.sha256(image) + "  -";
            assertThat(output).contains("files whole: 21", sum);
            assertThat(new Uml().run(GuestJob.of("echo \"sum $(sha256sum </dev/vda)\"", disk))).as("the next guest").contains(sum);
            CardLink link = CardLink.of(busbar, "mic0");
            assertThat(link.all("dma_bytes")).as("bytes over the link").isGreaterThan(BYTES);
            assertThat(busbar.ok("vdpa", "-j", "dev", "show", "far0")).doesNotContain("reason");
        }
    }
}
