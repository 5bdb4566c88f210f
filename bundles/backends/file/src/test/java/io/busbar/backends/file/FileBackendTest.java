package io.busbar.backends.file;

import static io.busbar.backends.file.ImageFile.bytes;
import static io.busbar.backends.file.ImageFile.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.backend.BlockStatus;
import io.busbar.testkit.TestBackendContext;
import io.busbar.testkit.TestPayload;
import io.busbar.testkit.TestRequest;
import io.busbar.testkit.machine.Prerequisite;
import io.busbar.testkit.machine.SmallFileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests to a file. */
class FileBackendTest {

    private static final int SIZE = 1 << 20;

    @TempDir
    Path directory;

    private Path file;
    private final List<FileBackend> opened = new ArrayList<>();

    @BeforeEach
    void makeFile() throws Exception {
        file = ImageFile.filled(directory, "disk", SIZE, 0x11);
    }

    @AfterEach
    void close() {
        opened.forEach(FileBackend::close);
    }

    private FileBackend open(String... words) throws Exception {
        return open(file, words);
    }

    private FileBackend open(Path path, String... words) throws Exception {
        return open(TestBackendContext.of(withPath(path, words)));
    }

    private FileBackend open(TestBackendContext context) throws Exception {
        FileBackend disk = new FileBackend(context);
        opened.add(disk);
        return disk;
    }

    private static String[] withPath(Path path, String... words) {
        List<String> all = new ArrayList<>(List.of("path", path.toString()));
        all.addAll(List.of(words));
        return all.toArray(String[]::new);
    }

    private static byte[] read(FileBackend disk, long offset, int length) {
        TestRequest request = TestRequest.read(offset, length);
        assertThat(request.on(disk)).isEqualTo(BlockStatus.OK);
        return request.payload().bytes();
    }

    @ParameterizedTest
    @ValueSource(strings = {"buffered", "direct", "mapped"})
    void what_was_written_is_in_the_file_and_is_read_again(String io) throws Exception {
        FileBackend disk = open("io", io);
        TestPayload source = TestPayload.ofSizes(3, 0, 4093, 4096);
        assertThat(TestRequest.write(8192, source).on(disk)).isEqualTo(BlockStatus.OK);

        assertThat(ImageFile.content(file, 8192, 8192)).isEqualTo(bytes(8192, 0xEE));
        assertThat(ImageFile.content(file, 16384, 4096)).isEqualTo(bytes(4096, 0x11));
        TestRequest back = TestRequest.read(4096, 5000, 1, 7287);
        assertThat(back.on(disk)).isEqualTo(BlockStatus.OK);
        assertThat(back.payload().bytes()).isEqualTo(join(bytes(4096, 0x11), bytes(8192, 0xEE)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"buffered", "direct", "mapped"})
    void a_request_of_several_megabytes_is_done_in_full_on_an_io_thread(String io) throws Exception {
        Path large = ImageFile.filled(directory, "large", 6 << 20, 0x33);
        FileBackend disk = open(large, "io", io);
        TestRequest write = TestRequest.write(512 << 10, TestPayload.ofSizes(5 << 20));
        TestRequest read = TestRequest.read(0, 6 << 20);

        assertThat(write.on(disk)).isEqualTo(BlockStatus.OK);
        assertThat(read.on(disk)).isEqualTo(BlockStatus.OK);
        assertThat(write.wasOffloaded() && read.wasOffloaded()).isTrue();
        assertThat(read.payload().bytes()).isEqualTo(
                join(bytes(512 << 10, 0x33), bytes(5 << 20, 0xEE), bytes(512 << 10, 0x33)));
    }

    @Test
    void what_the_page_cache_has_is_read_on_the_spot_and_the_rest_on_an_io_thread() throws Exception {
        FileBackend disk = open();
        TestRequest cached = TestRequest.read(0, 4096);
        TestRequest uncached = TestRequest.read(0, TestPayload.ofSizes(4096).uncached());
        cached.on(disk);
        uncached.on(disk);

        assertThat(cached.wasOffloaded()).isFalse();
        assertThat(uncached.wasOffloaded()).isTrue();
        assertThat(uncached.payload().bytes()).isEqualTo(bytes(4096, 0x11));
    }

    @Test
    void writes_wait_on_an_io_thread_if_they_must_be_stable_or_cover_a_page_in_part() throws Exception {
        FileBackend disk = open();
        TestRequest whole = TestRequest.write(4096, bytes(4096, 1));
        TestRequest stable = TestRequest.write(4096, bytes(4096, 1)).asDurable();
        TestRequest part = TestRequest.write(512, bytes(512, 1));
        TestRequest.submit(disk, whole, stable, part);

        assertThat(List.of(whole.await(), stable.await(), part.await())).containsOnly(BlockStatus.OK);
        assertThat(whole.wasOffloaded()).isFalse();
        assertThat(stable.wasOffloaded() && part.wasOffloaded()).isTrue();
        assertThat(ImageFile.content(file, 0, 1024)).isEqualTo(join(bytes(512, 0x11), bytes(512, 1)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"buffered", "direct"})
    void a_file_that_was_cut_short_reads_as_zero_behind_its_end(String io) throws Exception {
        FileBackend disk = open("io", io);
        ImageFile.truncate(file, 8192);

        assertThat(read(disk, 4096, 8192)).isEqualTo(join(bytes(4096, 0x11), bytes(4096, 0)));
        assertThat(read(disk, 65536, 4096)).containsOnly(0);
    }

    @Test
    void a_mapped_file_that_was_cut_short_is_an_error_and_later_requests_go_on() throws Exception {
        FileBackend disk = open("io", "mapped");
        assertThat(read(disk, 65536, 4096)).containsOnly(0x11);
        ImageFile.truncate(file, 8192);

        assertThat(TestRequest.read(65536, 4096).on(disk)).isEqualTo(BlockStatus.IO_ERROR);
        assertThat(read(disk, 4096, 4096)).containsOnly(0x11);
    }

    @Test
    void memory_of_the_driver_that_went_away_is_an_error() throws Exception {
        FileBackend disk = open();

        assertThat(TestRequest.read(0, TestPayload.ofSizes(4096).vanish()).on(disk)).isEqualTo(BlockStatus.IO_ERROR);
        assertThat(TestRequest.write(0, TestPayload.ofSizes(4096).vanish()).on(disk)).isEqualTo(BlockStatus.IO_ERROR);
        assertThat(TestRequest.write(512, TestPayload.ofSizes(512).vanish()).on(disk)).isEqualTo(BlockStatus.IO_ERROR);
    }

    @Test
    void direct_transfers_are_started_and_end_later() throws Exception {
        FileBackend disk = open("io", "direct");
        TestRequest read = TestRequest.read(0, TestPayload.ofSizes(4096).asynchronous());
        TestRequest write = TestRequest.write(8192, TestPayload.ofSizes(4096).asynchronous());
        TestRequest.submit(disk, read, write);
        assertThat(read.isDone() || write.isDone()).isFalse();

        read.payload().transfers().remove().run();
        write.payload().transfers().remove().run();

        assertThat(List.of(read.await(), write.await())).containsOnly(BlockStatus.OK);
        assertThat(read.wasOffloaded() || write.wasOffloaded()).isFalse();
        assertThat(read.payload().bytes()).isEqualTo(bytes(4096, 0x11));
        assertThat(ImageFile.content(file, 8192, 4096)).isEqualTo(bytes(4096, 0xEE));
    }

    @Test
    void buffers_that_direct_io_cannot_take_go_through_an_aligned_one() throws Exception {
        FileBackend disk = open("io", "direct");
        TestRequest write = TestRequest.write(8192, TestPayload.ofSizes(100, 8092).misaligned().asynchronous());
        TestRequest read = TestRequest.read(4096, TestPayload.ofSizes(4095, 8193).misaligned().asynchronous());
        TestRequest.submit(disk, write, read);
        write.payload().transfers().remove().run();
        assertThat(write.await()).isEqualTo(BlockStatus.OK);
        read.payload().transfers().remove().run();

        assertThat(read.await()).isEqualTo(BlockStatus.OK);
        assertThat(read.payload().bytes()).isEqualTo(join(bytes(4096, 0x11), bytes(8192, 0xEE)));
    }

    @Test
    void a_misaligned_direct_read_over_the_end_of_the_file_is_zero_behind_it() throws Exception {
        FileBackend disk = open("io", "direct");
        ImageFile.truncate(file, 4096);
        TestRequest read = TestRequest.read(0, TestPayload.ofSizes(8192).misaligned());

        assertThat(read.on(disk)).isEqualTo(BlockStatus.OK);
        assertThat(read.payload().bytes()).isEqualTo(join(bytes(4096, 0x11), bytes(4096, 0)));
    }

    @Test
    void a_stable_misaligned_direct_write_ends_well() throws Exception {
        FileBackend disk = open("io", "direct");
        TestRequest write = TestRequest.write(4096, TestPayload.ofSizes(4096).misaligned()).asDurable();

        assertThat(write.on(disk)).isEqualTo(BlockStatus.OK);
        assertThat(ImageFile.content(file, 4096, 4096)).isEqualTo(bytes(4096, 0xEE));
    }

    @Test
    void a_flush_is_done_on_an_io_thread() throws Exception {
        TestRequest flush = TestRequest.flush();

        assertThat(flush.on(open())).isEqualTo(BlockStatus.OK);
        assertThat(flush.wasOffloaded()).isTrue();
    }

    @Test
    void a_discard_punches_a_hole_and_keeps_the_size() throws Exception {
        FileBackend disk = open();
        TestRequest.flush().on(disk);
        assertThat(ImageFile.nextHole(file, 0)).isEqualTo(SIZE);

        assertThat(TestRequest.discard(65536, 131072).asDurable().on(disk)).isEqualTo(BlockStatus.OK);

        assertThat(ImageFile.nextHole(file, 0)).isEqualTo(65536);
        assertThat(ImageFile.nextData(file, 65536)).isEqualTo(65536 + 131072);
        assertThat(Files.size(file)).isEqualTo(SIZE);
        assertThat(read(disk, 65536, 4096)).containsOnly(0);
    }

    @Test
    void write_zeroes_gives_room_back_only_if_it_may() throws Exception {
        FileBackend disk = open();
        TestRequest.flush().on(disk);
        assertThat(TestRequest.writeZeroes(65536, 65536, false).on(disk)).isEqualTo(BlockStatus.OK);
        assertThat(TestRequest.writeZeroes(512 << 10, 65536, true).asDurable().on(disk)).isEqualTo(BlockStatus.OK);

        assertThat(read(disk, 65536, 65536)).containsOnly(0);
        assertThat(read(disk, 512 << 10, 65536)).containsOnly(0);
        assertThat(read(disk, 131072, 4096)).containsOnly(0x11);
        assertThat(ImageFile.nextHole(file, 512 << 10)).isEqualTo(512 << 10);
    }

    @ParameterizedTest
    @ValueSource(strings = {"buffered", "direct", "mapped"})
    void write_zeroes_of_a_part_of_a_page_leaves_the_rest(String io) throws Exception {
        FileBackend disk = open("io", io);
        assertThat(TestRequest.writeZeroes(512, 1024, false).on(disk)).isEqualTo(BlockStatus.OK);
        assertThat(TestRequest.writeZeroes(8192 + 512, 1024, true).on(disk)).isEqualTo(BlockStatus.OK);

        for (long page : new long[] {0, 8192}) {
            assertThat(read(disk, page, 512)).containsOnly(0x11);
            assertThat(read(disk, page + 512, 1024)).containsOnly(0);
            assertThat(read(disk, page + 1536, 2560)).containsOnly(0x11);
        }
    }

    @Test
    void a_file_system_that_cannot_zero_a_range_gets_zeroes_written() throws Exception {
        Path memory = Path.of("/dev/shm");
        Prerequisite.require(Files.isWritable(memory), "/dev/shm, a file system in memory that the tests may write to");
        Path inMemory = Files.createTempFile(memory, "busbar", ".disk");
        try {
            Files.write(inMemory, bytes(4 << 20, 0x22));
            FileBackend disk = open(inMemory);
            assertThat(TestRequest.writeZeroes(4096, 3 << 20, false).on(disk)).isEqualTo(BlockStatus.OK);

            assertThat(read(disk, 0, 4096)).containsOnly(0x22);
            assertThat(read(disk, 4096, 3 << 20)).containsOnly(0);
            assertThat(read(disk, 4096 + (3 << 20), 4096)).containsOnly(0x22);
            assertThat(ImageFile.nextHole(inMemory, 0)).as("still allocated").isEqualTo(4 << 20);
        } finally {
            Files.delete(inMemory);
        }
    }

    @Test
    void a_full_file_system_fails_the_write_and_nothing_else() throws Exception {
        Path mount = Files.createDirectory(directory.resolve("small"));
        try (SmallFileSystem _ = SmallFileSystem.mountAt(mount, 1024);
                FileBackend disk = new FileBackend(TestBackendContext.of(
                        "path", ImageFile.sparse(mount, "disk", 8 << 20).toString()))) {
            TestRequest tooMuch = TestRequest.write(0, TestPayload.ofSizes(4 << 20));

            assertThat(tooMuch.on(disk)).isEqualTo(BlockStatus.IO_ERROR);
            assertThat(TestRequest.write(0, bytes(4096, 5)).on(disk)).isEqualTo(BlockStatus.OK);
            assertThat(read(disk, 0, 4096)).containsOnly(5);
            assertThat(TestRequest.flush().on(disk)).isEqualTo(BlockStatus.OK);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"buffered", "direct", "mapped"})
    void a_disk_grows_and_shrinks(String io) throws Exception {
        TestBackendContext context = TestBackendContext.of(withPath(file, "io", io));
        FileBackend disk = open(context);
        disk.resize(3 << 20);
        assertThat(disk.info().capacity()).isEqualTo(3 << 20);
        assertThat(TestRequest.write((3 << 20) - 4096, bytes(4096, 7)).on(disk)).isEqualTo(BlockStatus.OK);
        assertThat(read(disk, (3 << 20) - 8192, 8192)).isEqualTo(join(bytes(4096, 0), bytes(4096, 7)));

        disk.resize(SIZE);
        disk.resize(3 << 20);

        assertThat(context.infoChanges()).isEqualTo(3);
        assertThat(Files.size(file)).isEqualTo(3 << 20);
        assertThat(read(disk, SIZE - 4096, 8192)).isEqualTo(join(bytes(4096, 0x11), bytes(4096, 0)));
        assertThat(read(disk, (3 << 20) - 4096, 4096)).containsOnly(0);
    }

    @Test
    void a_mapped_disk_grows_over_the_border_of_a_mapping() throws Exception {
        FileBackend disk = open("io", "mapped");
        disk.resize((1L << 30) + 8192);
        assertThat(TestRequest.write((1L << 30) - 4096, bytes(8192, 9)).on(disk)).isEqualTo(BlockStatus.OK);

        assertThat(read(disk, (1L << 30) - 8192, 16384))
                .isEqualTo(join(bytes(4096, 0), bytes(8192, 9), bytes(4096, 0)));
    }

    @Test
    void a_resize_that_cannot_be_is_refused_and_changes_nothing() throws Exception {
        FileBackend disk = open();

        assertThatThrownBy(() -> disk.resize(1000)).hasMessage("size of 1000 bytes: expected a multiple of 512");
        assertThatThrownBy(() -> disk.resize(0)).hasMessageContaining("size of 0 bytes");
        assertThatThrownBy(() -> disk.resize(1L << 62)).hasMessageContaining("cannot have 4611686018427387904 bytes");
        assertThat(disk.info().capacity()).isEqualTo(SIZE);
        assertThat(Files.size(file)).isEqualTo(SIZE);
    }

    @Test
    void a_read_only_disk_cannot_be_resized() throws Exception {
        FileBackend disk = open(TestBackendContext.readOnly("path", file.toString()));

        assertThatThrownBy(() -> disk.resize(2 << 20)).hasMessageContaining("open for reading");
    }

    @Test
    void work_that_comes_after_the_close_is_an_error_and_touches_no_other_file() throws Exception {
        FileBackend disk = open();
        List<Runnable> late = new ArrayList<>();
        TestRequest write = TestRequest.write(512, bytes(512, 1)).withIoThreads(late::add);
        TestRequest flush = TestRequest.flush().withIoThreads(late::add);
        TestRequest.submit(disk, write, flush);
        disk.close();
        Path other = ImageFile.filled(directory, "other", 4096, 0x44);
        try (FileBackend successor = open(other)) {
            late.forEach(Runnable::run);

            assertThat(write.await()).isEqualTo(BlockStatus.IO_ERROR);
            assertThat(flush.await()).isEqualTo(BlockStatus.IO_ERROR);
            assertThat(read(successor, 0, 4096)).containsOnly(0x44);
        }
    }
}
