package io.busbar.tools.bench.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.core.virtio.block.VirtioBlk;
import io.busbar.tools.bench.device.TinyDevice;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BlockCheckTest {

    @TempDir
    private Path directory;

    private final byte[] disk = randomDisk();

    @Test
    void a_device_that_works_passes_and_its_disk_is_left_as_it_was() throws IOException {
        Result result = check(new TinyDevice.Faults());

        assertThat(result.exit()).as(result.out()).isZero();
        assertThat(result.out()).contains("the device passed the check").doesNotContain("FAILED");
        assertThat(disk).isEqualTo(randomDisk());
    }

    @Test
    void a_device_that_works_passes_with_writes() throws IOException {
        Result result = check(new TinyDevice.Faults(), "--destructive");

        assertThat(result.exit()).as(result.out()).isZero();
        assertThat(result.out()).contains("came back as written").contains("those beside them unchanged");
        assertThat(disk).isNotEqualTo(randomDisk());
    }

    @Test
    void a_device_that_loses_writes_fails() throws IOException {
        Result result = check(new TinyDevice.Faults() {
            @Override
            public boolean keepsWrites() {
                return false;
            }
        }, "--destructive");

        assertThat(result.exit()).isEqualTo(1);
        assertThat(result.out()).contains("FAILED  writes").contains("the device FAILED the check");
    }

    @Test
    void a_device_that_serves_requests_behind_the_end_of_the_disk_fails() throws IOException {
        Result result = check(new TinyDevice.Faults() {
            @Override
            public byte status(int type, long sector, byte right) {
                return sector == disk.length / 512 ? VirtioBlk.VIRTIO_BLK_S_OK : right;
            }
        });

        assertThat(result.exit()).isEqualTo(1);
        assertThat(result.out()).contains("FAILED  end of the disk").contains("status 0, expected 1");
    }

    @Test
    void a_device_that_takes_unknown_requests_fails() throws IOException {
        Result result = check(new TinyDevice.Faults() {
            @Override
            public byte status(int type, long sector, byte right) {
                return right == VirtioBlk.VIRTIO_BLK_S_UNSUPP ? VirtioBlk.VIRTIO_BLK_S_OK : right;
            }
        });

        assertThat(result.exit()).isEqualTo(1);
        assertThat(result.out()).contains("FAILED  unknown request");
    }

    @Test
    void a_device_that_forgets_where_it_stopped_fails() throws IOException {
        Result result = check(new TinyDevice.Faults() {
            @Override
            public byte[] reply(int request, byte[] right) {
                return request == 11 ? new byte[8] : right;
            }
        });

        assertThat(result.exit()).isEqualTo(1);
        assertThat(result.out()).contains("FAILED  stop and start again").contains("the device says 0");
    }

    @Test
    void nobody_at_the_socket_is_an_error() {
        Result result = run("--socket", directory.resolve("nothing").toString());

        assertThat(result.exit()).isEqualTo(1);
        assertThat(result.err()).contains("nothing");
    }

    @Test
    void a_missing_socket_is_a_wrong_command_line() {
        assertThat(run().exit()).isEqualTo(2);
        assertThat(run("--nonsense").err()).contains("--nonsense");
    }

    private record Result(int exit, String out, String err) {
    }

    private Result check(TinyDevice.Faults faults, String... more) throws IOException {
        Path socket = directory.resolve("s");
        try (TinyDevice _ = TinyDevice.at(socket, disk, faults)) {
            String[] words = new String[more.length + 2];
            words[0] = "--socket";
            words[1] = socket.toString();
            System.arraycopy(more, 0, words, 2, more.length);
            return run(words);
        }
    }

    private static Result run(String... words) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int exit = BlockCheck.run(List.of(words), new PrintStream(out, true), new PrintStream(err, true));
        return new Result(exit, out.toString(), err.toString());
    }

    private static byte[] randomDisk() {
        byte[] bytes = new byte[1 << 20];
        new Random(7).nextBytes(bytes);
        return bytes;
    }
}
