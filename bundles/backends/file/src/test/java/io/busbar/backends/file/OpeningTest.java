package io.busbar.backends.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendException.Kind;
import io.busbar.api.backend.BlockInfo;
import io.busbar.testkit.TestBackendContext;
import io.busbar.testkit.machine.LoopDevice;
import io.busbar.testkit.machine.Prerequisite;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What can be a disk, and what a user is told about everything else. */
class OpeningTest {

    @TempDir
    Path directory;

    private static FileBackend open(Path path, String... words) throws BackendException {
        return new FileBackend(TestBackendContext.of(withPath(path, words)));
    }

    private static FileBackend openReadOnly(Path path, String... words) throws BackendException {
        return new FileBackend(TestBackendContext.readOnly(withPath(path, words)));
    }

    private static String[] withPath(Path path, String... words) {
        String[] all = new String[words.length + 2];
        all[0] = "path";
        all[1] = path.toString();
        System.arraycopy(words, 0, all, 2, words.length);
        return all;
    }

    private static void assertRefused(Kind kind, String sentence, Path path, String... words) {
        assertThatThrownBy(() -> open(path, words))
                .isInstanceOfSatisfying(BackendException.class, e -> assertThat(e.kind()).isEqualTo(kind))
                .hasMessageContaining(sentence);
    }

    @Test
    void a_file_is_a_disk_of_its_size() throws Exception {
        Path file = ImageFile.sparse(directory, "disk", 1 << 20);
        try (FileBackend disk = open(file)) {
            assertThat(disk.info()).isEqualTo(new BlockInfo(1 << 20, false, true, true, true, 4096, 512));
        }
        try (FileBackend disk = openReadOnly(file)) {
            assertThat(disk.info().readOnly()).isTrue();
        }
    }

    @Test
    void a_size_makes_the_file_sparse_and_for_its_owner_only() throws Exception {
        Path file = directory.resolve("new");
        try (FileBackend disk = open(file, "size", "1G")) {
            assertThat(disk.info().capacity()).isEqualTo(1 << 30);
        }
        assertThat(Files.size(file)).isEqualTo(1 << 30);
        assertThat(ImageFile.nextData(file, 0)).as("data").isNegative();
        assertThat(Files.getPosixFilePermissions(file)).isEqualTo(PosixFilePermissions.fromString("rw-------"));
    }

    @Test
    void a_size_makes_an_empty_file_a_disk() throws Exception {
        Path file = Files.createFile(directory.resolve("empty"));
        try (FileBackend disk = open(file, "size", "1M")) {
            assertThat(disk.info().capacity()).isEqualTo(1 << 20);
        }
        assertThat(Files.size(file)).isEqualTo(1 << 20);
    }

    @Test
    void what_a_size_made_is_gone_again_if_the_device_cannot_be() throws Exception {
        Path made = directory.resolve("new");
        open(made, "size", "1M").revoke();
        assertThat(made).doesNotExist();

        Path empty = Files.createFile(directory.resolve("empty"));
        open(empty, "size", "1M").revoke();
        assertThat(Files.size(empty)).isZero();

        Path disk = ImageFile.filled(directory, "disk", 4096, 1);
        byte[] before = Files.readAllBytes(disk);
        open(disk, "size", "4K").revoke();
        assertThat(disk).hasBinaryContent(before);
        open(disk).close();
    }

    @Test
    void a_size_that_the_file_has_is_fine_and_any_other_is_refused_and_changes_nothing() throws Exception {
        Path file = ImageFile.filled(directory, "disk", 4096, 1);
        open(file, "size", "4K").close();

        assertRefused(Kind.CONFIG_INVALID, file + " has 4096 bytes, but size says 8192", file, "size", "8K");
        assertRefused(Kind.CONFIG_INVALID, file + " has 4096 bytes, but size says 2048", file, "size", "2K");
        assertThat(Files.readAllBytes(file)).isEqualTo(ImageFile.bytes(4096, 1));
    }

    @Test
    void a_file_that_is_not_there_is_not_made_without_a_size() {
        Path file = directory.resolve("missing");

        assertRefused(Kind.NOT_FOUND, "file " + file + " is not there: expected a disk, or size SIZE to make one", file);
        assertThat(file).doesNotExist();
        assertThatThrownBy(() -> openReadOnly(file, "size", "1M")).hasMessageContaining("is not there");
        assertThat(file).doesNotExist();
    }

    @Test
    void a_directory_that_is_not_there_is_named() {
        assertRefused(Kind.NOT_FOUND, "nor is the directory " + directory.resolve("no"),
                directory.resolve("no/disk"), "size", "1M");
    }

    @Test
    void a_directory_is_no_disk() {
        assertRefused(Kind.CONFIG_INVALID, "path " + directory + " is a directory", directory);
        assertThatThrownBy(() -> openReadOnly(directory)).hasMessageContaining("is a directory");
    }

    @Test
    void a_character_device_and_a_pipe_are_no_disks() throws Exception {
        assertRefused(Kind.CONFIG_INVALID, "path /dev/null is no disk", Path.of("/dev/null"));
        Path pipe = directory.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
        assertRefused(Kind.CONFIG_INVALID, "path " + pipe + " is no disk", pipe);
    }

    @Test
    void sizes_that_no_disk_has_are_refused_with_their_number() throws Exception {
        Path odd = ImageFile.filled(directory, "odd", 1000, 0);
        Path empty = Files.createFile(directory.resolve("empty"));
        Path fresh = directory.resolve("fresh");

        assertRefused(Kind.CONFIG_INVALID, odd + " has 1000 bytes: expected a multiple of 512", odd);
        assertRefused(Kind.CONFIG_INVALID, empty + " is empty: expected a disk", empty);
        assertRefused(Kind.CONFIG_INVALID, "size of 1000 bytes: expected a multiple of 512", fresh, "size", "1000");
        assertThat(fresh).doesNotExist();
    }

    @Test
    void a_size_beyond_what_the_file_system_has_is_refused_and_leaves_no_file() {
        Path file = directory.resolve("huge");

        assertRefused(Kind.NO_SPACE, "cannot have 4611686018427387904 bytes", file, "size", "4194304T");
        assertThat(file).doesNotExist();
    }

    @Test
    void a_missing_path_and_an_unknown_way_of_io_are_refused() {
        assertThatThrownBy(() -> new FileBackend(TestBackendContext.of())).hasMessageContaining("path");
        assertRefused(Kind.CONFIG_INVALID, "io fast", directory.resolve("x"), "io", "fast");
    }

    @Test
    void two_devices_on_one_file_are_refused_unless_both_only_read() throws Exception {
        Path file = ImageFile.sparse(directory, "disk", 1 << 20);
        try (FileBackend writer = open(file)) {
            assertRefused(Kind.IN_USE, "file " + file + " is in use: it is locked by this process", file);
            assertThatThrownBy(() -> openReadOnly(file)).hasMessageContaining("is in use");
            assertThat(writer.info().readOnly()).isFalse();
        }
        try (FileBackend reader = openReadOnly(file); FileBackend other = openReadOnly(file)) {
            assertThat(reader.info()).isEqualTo(other.info());
            assertRefused(Kind.IN_USE, "is in use", file);
        }
        open(file).close();
    }

    @Test
    void a_lock_is_yielded_to_a_successor_and_comes_back() throws Exception {
        Path file = ImageFile.sparse(directory, "disk", 1 << 20);
        try (FileBackend disk = open(file)) {
            disk.yieldStorage();
            try (FileBackend successor = open(file)) {
                assertThat(successor.info()).isEqualTo(disk.info());
                assertThatThrownBy(disk::reclaimStorage).hasMessageContaining("is in use: it is locked by this process");
            }
            disk.reclaimStorage();
            assertRefused(Kind.IN_USE, "is in use", file);
        }
    }

    @Test
    void a_refused_file_is_not_left_locked() throws Exception {
        Path file = ImageFile.filled(directory, "disk", 4096, 1);
        assertRefused(Kind.CONFIG_INVALID, "but size says", file, "size", "8K");

        open(file).close();
    }

    @Test
    void a_block_device_is_a_disk() throws Exception {
        Path file = ImageFile.sparse(directory, "disk", 4 << 20);
        try (LoopDevice device = LoopDevice.over(file); FileBackend disk = open(device.path())) {
            assertThat(disk.info().capacity()).isEqualTo(4 << 20);
            assertThatThrownBy(() -> disk.resize(8 << 20)).hasMessageContaining("is a block device");
        }
    }

    @Test
    void a_file_without_the_right_to_it_is_refused_with_what_would_do() throws Exception {
        Path file = ImageFile.sparse(directory, "disk", 1 << 20);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--r--r--"));

        assertThat(openAsNobody(file, false)).contains(
                "PERMISSION file " + file + " cannot be opened for reading and writing: Permission denied; readonly on");
        assertThat(openAsNobody(file, true)).contains("capacity 1048576");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("---------"));
        assertThat(openAsNobody(file, true)).contains("cannot be opened for reading: Permission denied")
                .doesNotContain("readonly on");
    }

    /** Opens in a JVM of user nobody; what it needs is copied to where nobody may read. */
    private String openAsNobody(Path file, boolean readOnly) throws Exception {
        Prerequisite.requireRoot();
        Process process = new ProcessBuilder("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-XX:TieredStopAtLevel=1",
                "-cp", ClassPath.copiedTo(directory), OpenInAnotherJvm.class.getName(),
                file.toString(), Boolean.toString(readOnly))
                .redirectErrorStream(true).start();
        try {
            String output = new String(process.getInputStream().readAllBytes());
            assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
            return output;
        } finally {
            process.destroyForcibly();
        }
    }
}
