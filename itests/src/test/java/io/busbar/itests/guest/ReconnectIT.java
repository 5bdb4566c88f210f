package io.busbar.itests.guest;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.itests.BusbarProcess;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A front-end that can connect again goes on where it was when Busbar was killed and is back. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
final class ReconnectIT {

    private static final int KILLS = 2;

    @TempDir
    Path folder;

    @Test
    void requestsInFlightAreDoneOnceBusbarIsBackAfterAKill() throws IOException {
        Path image = folder.resolve("disk.img");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(16L << 20);
        }
        BusbarProcess busbar = BusbarProcess.in(folder).disk(image).start();
        try (Guest guest = boot(busbar.socket("disk0"))) {
            for (int kill = 1; kill <= KILLS; kill++) {
                guest.awaitLine(("writing " + kill)::equals);
                busbar.kill9();
                busbar = BusbarProcess.in(folder).disk(image).start();
            }
            List<String> output = guest.awaitSuccess();
            assertThat(output).contains("verified");
        } finally {
            busbar.close();
        }
    }

    /** Writes at a rate that makes it last over the kills, tells when a part is written, and reads everything back. */
    private static Guest boot(Path socket) throws IOException {
        return new Qemu(1, true).boot(GuestJob.of("""
                fio --name=verify --thread --filename=/dev/vda --rw=randwrite --bs=4k --size=16m --ioengine=libaio --direct=1 \\
                    --iodepth=32 --rate_iops=,700 --verify=crc32c --verify_fatal=1 --do_verify=1 >/tmp/fio 2>&1 &
                for kill in $(seq KILLS); do
                    until read -r _ _ _ _ writes _ </sys/block/vda/stat && ((writes >= kill * 1200)); do sleep 0.05; done
                    echo "writing $kill"
                done
                wait $! || { cat /tmp/fio; exit 1; }
                grep -o 'issued rwts: total=[0-9]*,[0-9]*' /tmp/fio
                echo verified
                """.replace("KILLS", Integer.toString(KILLS)), socket));
    }
}
