package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.testkit.machine.Allocation;
import io.busbar.testkit.machine.LoopDevice;
import io.busbar.testkit.machine.Prerequisite;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class PositionalFileTest {
    private static final int PAGE = 4096;
    private static final int F_GETFL = 3;
    private static final int O_NONBLOCK = 0x800;
    private static final String ON_A_DISK = "java.io.tmpdir, " + System.getProperty("java.io.tmpdir") + ", on a file system ";
    private static final int MKNODAT = NativeAccess.X86_64 ? 259 : 33;

    @TempDir
    private Path directory;
    private Path path;
    private Arena arena;
    private MemorySegment buffer;

    @BeforeEach
    void prepare() {
        path = directory.resolve("disk.img");
        arena = Arena.ofConfined();
        buffer = arena.allocate(4 * PAGE, PAGE);
    }

    @AfterEach
    void release() {
        arena.close();
    }

    @Test
    void what_is_written_at_an_offset_is_read_there() throws Exception {
        try (PositionalFile file = create()) {
            fill("payload");

            assertThat(file.write(buffer.address(), 7, 1000)).isEqualTo(7);
            assertThat(file.read(buffer.address() + PAGE, 7, 1000)).isEqualTo(7);

            assertThat(text(PAGE, 7)).isEqualTo("payload");
            assertThat(file.size()).isEqualTo(1007);
            assertThat(file.read(buffer.address(), 10, 1007)).isZero();
        }
    }

    @Test
    void vectored_requests_scatter_and_gather() throws Exception {
        try (PositionalFile file = create()) {
            fill("abcdefgh");
            Iovecs iovecs = new Iovecs(3);
            iovecs.add(buffer.address() + 4, 4);
            iovecs.add(buffer.address(), 4);

            assertThat(file.writev(iovecs, 8)).isEqualTo(8);
            iovecs.clear();
            iovecs.add(buffer.address() + 100, 3);
            iovecs.add(buffer.address() + 200, 5);
            assertThat(file.readv(iovecs, 8, 0)).isEqualTo(8);

            assertThat(text(100, 3)).isEqualTo("efg");
            assertThat(text(200, 5)).isEqualTo("habcd");
        }
    }

    @Test
    void a_durable_write_and_a_write_in_the_page_cache_give_the_same_content() throws Exception {
        try (PositionalFile file = create()) {
            fill("durable");
            Iovecs iovecs = new Iovecs(1);
            iovecs.add(buffer.address(), 7);

            assertThat(file.writev(iovecs, 0, PositionalFile.RWF_DSYNC)).isEqualTo(7);
            assertThat(file.dataSync()).isZero();
        }
        assertThat(path).hasContent("durable");
    }

    @Test
    void a_negative_offset_is_einval_also_where_the_kernel_would_take_the_current_position() throws Exception {
        try (PositionalFile file = create()) {
            Iovecs iovecs = new Iovecs(1);
            iovecs.add(buffer.address(), 1);

            assertThat(file.read(buffer.address(), 1, -1)).isEqualTo(-Errno.EINVAL);
            assertThat(file.readv(iovecs, -1, 0)).isEqualTo(-Errno.EINVAL);
            assertThat(file.writev(iovecs, -1)).isEqualTo(-Errno.EINVAL);
        }
    }

    @Test
    void memory_that_is_not_there_is_efault() throws Exception {
        try (PositionalFile file = create()) {
            assertThat(file.write(8, 512, 0)).isEqualTo(-Errno.EFAULT);
        }
    }

    @Test
    void reading_fully_stops_at_the_end_and_writing_fully_writes_all() throws Exception {
        try (PositionalFile file = create()) {
            assertThat(file.writeFully(buffer.address(), 3 * PAGE, 5)).isEqualTo(3 * PAGE);
            assertThat(file.readFully(buffer.address(), 4 * PAGE, 5)).isEqualTo(3 * PAGE);
        }
    }

    @Test
    void a_hole_reads_as_zeroes_gives_space_back_and_keeps_the_size() throws Exception {
        try (PositionalFile file = create()) {
            buffer.fill((byte) 7);
            file.writeFully(buffer.address(), 4 * PAGE, 0);
            file.dataSync();

            assertThat(file.punchHole(PAGE, PAGE)).isZero();

            assertThat(file.size()).isEqualTo(4 * PAGE);
            assertThat(file.nextHole(0)).isEqualTo(PAGE);
            assertThat(file.nextData(PAGE)).isEqualTo(2 * PAGE);
            file.read(buffer.address(), PAGE, PAGE);
            assertThat(buffer.get(JAVA_BYTE, 0)).isZero();
        }
    }

    @Test
    void a_zeroed_range_reads_as_zeroes_and_keeps_the_size() throws Exception {
        try (PositionalFile file = create()) {
            buffer.fill((byte) 7);
            file.writeFully(buffer.address(), 2 * PAGE, 0);

            int result = file.zeroRange(PAGE, 2 * PAGE);

            Prerequisite.require(result != -Errno.EOPNOTSUPP, ON_A_DISK + "that can zero a range");
            assertThat(result).isZero();
            assertThat(file.size()).isEqualTo(2 * PAGE);
            file.read(buffer.address(), PAGE, PAGE);
            assertThat(buffer.get(JAVA_BYTE, 0)).isZero();
        }
    }

    @Test
    void allocating_grows_and_truncating_shrinks() throws Exception {
        try (PositionalFile file = create()) {
            assertThat(file.allocate(0, 3 * PAGE)).isZero();
            assertThat(file.size()).isEqualTo(3 * PAGE);
            assertThat(file.truncate(100)).isZero();
            assertThat(file.size()).isEqualTo(100);
            assertThat(file.nextData(100)).isEqualTo(-Errno.ENXIO);
        }
    }

    @Test
    void opening_says_what_is_wrong_with_which_path() throws Exception {
        Path missing = directory.resolve("missing.img");
        assertThatThrownBy(() -> PositionalFile.open(missing))
                .hasMessage("open " + missing + ": No such file or directory (ENOENT)");
        assertThatThrownBy(() -> PositionalFile.open(directory)).isInstanceOf(LinuxException.class)
                .hasMessage("open " + directory
                        + ": it is DIRECTORY, expected a regular file or a block device (EINVAL)");
        create().close();
        assertThatThrownBy(() -> PositionalFile.open(path, OpenFlag.CREATE, OpenFlag.EXCLUSIVE))
                .hasMessage("open " + path + ": File exists (EEXIST)");
        Path link = Files.createSymbolicLink(directory.resolve("link"), path);
        assertThatThrownBy(() -> PositionalFile.open(link, OpenFlag.NOFOLLOW)).hasMessageContaining("ELOOP");
    }

    @Test
    void opening_without_permission_says_so() throws Exception {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        create().close();

        assertThatThrownBy(() -> AsNobody.call(() -> PositionalFile.open(path, OpenFlag.READ_WRITE)))
                .hasMessage("open " + path + ": Permission denied (EACCES)");
    }

    @Test
    void a_fifo_is_refused_without_waiting_for_its_other_end() throws Exception {
        Path fifo = directory.resolve("fifo");
        LinuxException.check(Syscall.call(MKNODAT, -100, arena.allocateFrom(fifo.toString()).address(), 0010600, 0),
                "make a fifo");

        assertThatThrownBy(() -> PositionalFile.open(fifo)).hasMessageContaining("it is PIPE");
    }

    @Test
    void a_created_file_is_the_owners_only_and_an_open_one_does_not_carry_nonblock() throws Exception {
        try (PositionalFile file = create()) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path))).isEqualTo("rw-------");
            assertThat(Syscall.call(Nr.FCNTL, file.fd().number(), F_GETFL, 0) & O_NONBLOCK).isZero();
        }
    }

    @Test
    void a_read_only_file_refuses_writes() throws Exception {
        create().close();
        try (PositionalFile file = PositionalFile.open(path)) {
            assertThat(file.write(buffer.address(), 1, 0)).isEqualTo(-Errno.EBADF);
        }
    }

    @Test
    void an_exclusive_lock_keeps_others_out_names_the_holder_and_ends_with_the_file() throws Exception {
        PositionalFile first = create();
        first.lock(true);
        try (PositionalFile second = PositionalFile.open(path, OpenFlag.READ_WRITE)) {
            assertThatThrownBy(() -> second.lock(true)).isInstanceOf(FileLockedException.class)
                    .hasMessage("lock " + path + ": it is locked by this process (EAGAIN)");
            assertThatThrownBy(() -> second.lock(false)).isInstanceOf(FileLockedException.class);

            first.close();
            second.lock(true);
            second.unlock();
        }
    }

    @Test
    void a_lock_of_another_process_is_named_by_its_id() throws Exception {
        create().close();
        Process holder = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"),
                LockAndWait.class.getName(), path.toString()).redirectErrorStream(true).start();
        try (PositionalFile file = PositionalFile.open(path, OpenFlag.READ_WRITE)) {
            assertThat(holder.inputReader().readLine()).isEqualTo("locked");

            assertThatThrownBy(() -> file.lock(true)).isInstanceOfSatisfying(FileLockedException.class,
                    e -> assertThat(e.holder().orElseThrow().pid()).isEqualTo(holder.pid()))
                    .hasMessageContaining("it is locked by process " + holder.pid() + " (java)");
        } finally {
            holder.destroyForcibly().waitFor();
        }
        try (PositionalFile file = PositionalFile.open(path, OpenFlag.READ_WRITE)) {
            file.lock(true);
        }
    }

    /** Holds a lock until its standard input ends. */
    static final class LockAndWait {
        private LockAndWait() {
        }

        public static void main(String[] args) throws Exception {
            try (PositionalFile file = PositionalFile.open(Path.of(args[0]), OpenFlag.READ_WRITE)) {
                file.lock(true);
                System.out.println("locked");
                int end = System.in.read();
                System.out.println(end);
            }
        }
    }

    @Test
    void readers_share_a_lock() throws Exception {
        create().close();
        try (PositionalFile one = PositionalFile.open(path); PositionalFile other = PositionalFile.open(path);
                PositionalFile writer = PositionalFile.open(path, OpenFlag.READ_WRITE)) {
            one.lock(false);
            other.lock(false);
            assertThatThrownBy(() -> writer.lock(true)).isInstanceOf(FileLockedException.class);
        }
    }

    @Test
    void direct_requests_that_keep_the_alignment_work_and_others_do_not() throws Exception {
        create().close();
        try (PositionalFile file = PositionalFile.open(path, OpenFlag.READ_WRITE, OpenFlag.DIRECT)) {
            DirectAlignment alignment = file.directAlignment().orElseThrow();
            assertThat(alignment.offsetBytes()).isBetween(1, PAGE);
            assertThat(alignment.memoryBytes()).isBetween(1, PAGE);

            assertThat(file.write(buffer.address(), PAGE, 0)).isEqualTo(PAGE);
            boolean any = alignment.offsetBytes() == 1 && alignment.memoryBytes() == 1;
            assertThat(file.write(buffer.address(), 100, 1)).isEqualTo(any ? 100 : -Errno.EINVAL);
        } catch (LinuxException e) {
            Prerequisite.require(e.errno() != Errno.EINVAL, ON_A_DISK + "that has O_DIRECT");
            throw e;
        }
    }

    @Test
    void a_block_device_has_the_size_of_its_disk_and_takes_the_same_requests() throws Exception {
        Prerequisite.requireRoot();
        try (PositionalFile image = create()) {
            image.truncate(64 * PAGE);
        }
        try (LoopDevice loop = LoopDevice.over(path);
                PositionalFile disk = PositionalFile.open(loop.path(), OpenFlag.READ_WRITE, OpenFlag.DIRECT)) {
            assertThat(disk.kind()).isEqualTo(FdKind.BLOCK);
            assertThat(disk.size()).isEqualTo(64 * PAGE);
            assertThat(disk.directAlignment().orElseThrow().offsetBytes()).isBetween(512, PAGE);
            assertThat(disk.write(buffer.address(), PAGE, PAGE)).isEqualTo(PAGE);
            assertThat(disk.dataSync()).isZero();
        }
    }

    @Test
    void a_memory_file_is_a_file_and_a_pipe_is_not() throws Exception {
        Fd memory = MemFd.create("adopted", 100, true);
        try (PositionalFile file = PositionalFile.adopt(memory); PipeEnds pipe = PipeEnds.create()) {
            assertThat(file.size()).isEqualTo(100);
            assertThatThrownBy(() -> PositionalFile.adopt(pipe.reading())).hasMessageContaining("it is PIPE");
            assertThat(pipe.reading().isOpen()).isTrue();
        }
    }

    @Test
    void a_closed_file_is_ebadf() throws Exception {
        PositionalFile file = create();
        file.close();
        file.close();

        assertThat(file.read(buffer.address(), 1, 0)).isEqualTo(-Errno.EBADF);
        assertThat(file.dataSync()).isEqualTo(-Errno.EBADF);
    }

    /** Each operation alone: of many in one piece of code the compiler finishes the first ones only. */
    @Test
    void reading_and_writing_allocate_nothing() throws Exception {
        try (PositionalFile file = PositionalFile.adopt(MemFd.create("no allocation", PAGE, true))) {
            Iovecs iovecs = new Iovecs(2);
            long address = buffer.address();
            Map<String, Runnable> operations = Map.of(
                    "writev", () -> {
                        fill(iovecs, address);
                        file.writev(iovecs, 0);
                    },
                    "readv", () -> {
                        fill(iovecs, address);
                        iovecs.advance(600);
                        file.readv(iovecs, 0, PositionalFile.RWF_NOWAIT);
                    },
                    "read", () -> file.read(address, 512, 0),
                    "write", () -> file.write(address, 512, 0),
                    "punchHole", () -> file.punchHole(0, PAGE));

            operations.forEach((name, operation) -> assertThat(Allocation.ofManyCalls(operation)).as(name).isZero());
        }
    }

    private static void fill(Iovecs iovecs, long address) {
        iovecs.clear();
        iovecs.add(address, 512);
        iovecs.add(address + 512, 512);
    }

    private PositionalFile create() throws LinuxException {
        return PositionalFile.open(path, OpenFlag.READ_WRITE, OpenFlag.CREATE);
    }

    private void fill(String text) {
        MemorySegment.copy(text.getBytes(StandardCharsets.US_ASCII), 0, buffer, JAVA_BYTE, 0, text.length());
    }

    private String text(long offset, long length) {
        return new String(buffer.asSlice(offset, length).toArray(JAVA_BYTE), StandardCharsets.US_ASCII);
    }
}
