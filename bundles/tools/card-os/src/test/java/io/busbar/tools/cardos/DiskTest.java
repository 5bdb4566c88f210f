package io.busbar.tools.cardos;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DiskTest {

    private static final int BYTES = 1 << 20;
    private static final Duration PATIENCE = Duration.ofMillis(50);

    private final MemoryDisk device = new MemoryDisk(BYTES);
    private final Disk disk = new Disk(device, PATIENCE);

    private List<String> failures() throws InterruptedException {
        return disk.check().stream().filter(Check::failed).map(Check::toString).toList();
    }

    @Test
    void a_disk_that_does_as_it_should_passes_and_keeps_what_is_on_it() throws InterruptedException {
        new Random(1).nextBytes(device.content);
        byte[] before = device.content.clone();
        assertThat(disk.check()).hasSize(8).noneMatch(Check::failed);
        assertThat(device.content).isEqualTo(before);
        assertThat(device.calls).containsExactly("read", "read", "read", "write", "flush", "read");
    }

    @ParameterizedTest
    @CsvSource({"read,block0: read failed", "write,block0: write failed", "flush,block0: flush failed"})
    void what_a_device_refuses_is_told(String refused, String sentence) throws InterruptedException {
        device.refused = refused;
        assertThat(failures()).isNotEmpty().allMatch(failure -> failure.endsWith("FAILED: " + sentence));
    }

    @Test
    void what_could_not_be_read_is_not_written() throws InterruptedException {
        device.refused = "read";
        disk.check();
        assertThat(device.calls).doesNotContain("write");
    }

    @Test
    void a_device_that_does_not_answer_is_not_waited_for_longer_than_the_deadline_of_each_step() throws InterruptedException {
        device.silent = true;
        assertThat(failures()).hasSize(3).allMatch(failure -> failure.endsWith("FAILED: no answer in 50 ms"));
    }

    @Test
    void other_bytes_than_were_written_are_found() throws InterruptedException {
        device.forgetful = true;
        assertThat(failures()).containsExactly("is what was written: FAILED: byte 0 is another one");
    }

    @Test
    void a_disk_that_is_read_only_written_or_has_no_block_is_not_written() throws Exception {
        device.readOnly = true;
        assertThat(failures()).isEmpty();
        device.readOnly = false;
        disk.writing().lock();
        Thread other = Thread.ofPlatform().start(() -> {
            try {
                disk.check();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        other.join();
        device.capacity = 511;
        assertThat(failures()).containsExactly("disk, 511 bytes in blocks of 512: FAILED: expected a block and more");
        assertThat(device.calls).doesNotContain("write");
    }

    @Test
    void what_changes_is_told_once() {
        device.capacity = 512;
        device.up = false;
        assertThat(disk.news()).containsExactly("has 512 bytes now", "is down: the device has to be reset");
        assertThat(disk.news()).isEmpty();
        device.up = true;
        assertThat(disk.news()).containsExactly("is up again");
    }

    @Test
    void noise_that_is_filled_in_is_verified_and_a_byte_that_changes_is_found() throws Exception {
        disk.fill(4096, BYTES - 4096, 3);
        assertThat(disk.verify(4096, BYTES - 4096, new Noise(3))).isEqualTo(-1);
        device.content[BYTES / 2 + 9]++;
        assertThat(disk.verify(4096, BYTES - 4096, new Noise(3))).isEqualTo(BYTES / 2 + 8);
    }

    @Test
    void a_load_finds_a_disk_that_forgets_and_says_so() throws Exception {
        device.forgetful = true;
        CompletableFuture<String> told = new CompletableFuture<>();
        try (DiskLoad load = new DiskLoad("mic0", disk, BYTES, told::complete)) {
            assertThat(told.get(30, TimeUnit.SECONDS)).isEqualTo("load of block0 has ended: other bytes than were written at 0");
            assertThat(load.status()).isEqualTo("load of block0: 0 rounds of 1048576 bytes, wrong: other bytes than were written at 0");
        }
    }
}
