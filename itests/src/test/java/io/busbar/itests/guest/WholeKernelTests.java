package io.busbar.itests.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a kernel must find beside its data: refusals, more than one disk, another size. */
abstract class WholeKernelTests extends KernelTests {

    WholeKernelTests(GuestKernel kernel, int queues) {
        super(kernel, queues);
    }

    @Test
    void aReadOnlyDiskRefusesWritesAndKeepsItsContent() throws IOException {
        Path image = disk("disk", 16);
        fillWithNoise(image);
        byte[] before = Files.readAllBytes(image);

        Served served = run("""
                set -e
                echo "read-only: $(blockdev --getro /dev/vda)"
                if dd if=/dev/zero of=/dev/vda bs=4k count=1 oflag=direct; then echo "write accepted"; exit 1; fi
                if blkdiscard /dev/vda; then echo "discard accepted"; exit 1; fi
                sha256sum </dev/vda
                """, DiskSpec.of(image).asReadOnly());

        assertThat(served.output()).contains("read-only: 1", sha256(image) + "  -");
        assertThat(Files.readAllBytes(image)).isEqualTo(before);
    }

    @Test
    void twoDisksWorkAtOnceAndAreNotMixedUp() throws IOException {
        Path first = disk("first", 32);
        Path second = disk("second", 32);
        try (BlockServer.Disk a = server.serve(DiskSpec.of(first).withQueues(queues));
                BlockServer.Disk b = server.serve(DiskSpec.of(second).withQueues(queues))) {
            List<String> output = kernel.run(GuestJob.of("""
                    set -e
                    fio --minimal --thread --ioengine=libaio --direct=1 --rw=randwrite --bs=4k --iodepth=8 --size=16m \\
                        --verify=crc32c --verify_fatal=1 --name=a --filename=/dev/vda --name=b --filename=/dev/vdb >/tmp/fio || { cat /tmp/fio; exit 1; }
                    echo a >/dev/vda
                    echo b >/dev/vdb
                    sync
                    echo "a $(sha256sum </dev/vda)"
                    echo "b $(sha256sum </dev/vdb)"
                    """, a.socket(), b.socket()));

            assertThat(output).contains("a %s  -".formatted(sha256(first)), "b %s  -".formatted(sha256(second)));
            assertThat(sha256(first)).isNotEqualTo(sha256(second));
        }
    }

    @Test
    void aNewSizeIsSeenByTheRunningGuestAndItsRoomCanBeUsed() throws IOException {
        Path image = disk("disk", 16);
        try (BlockServer.Disk disk = server.serve(DiskSpec.of(image).withQueues(queues));
                Guest guest = kernel.boot(GuestJob.of("""
                        set -e
                        echo "sectors $(cat /sys/block/vda/size)"
                        until [ "$(cat /sys/block/vda/size)" = 65536 ]; do sleep 0.05; done
                        dd if=/dev/urandom of=/tmp/noise bs=1M count=1 status=none
                        dd if=/tmp/noise of=/dev/vda bs=1M seek=31 oflag=direct conv=fsync status=none
                        dd if=/dev/vda bs=1M skip=31 iflag=direct status=none | cmp - /tmp/noise
                        """, disk.socket()))) {
            guest.awaitLine("sectors 32768"::equals);
            disk.resize(32L * MIB);
            guest.awaitSuccess();
        }
        assertThat(Files.size(image)).isEqualTo(32L * MIB);
    }
}
