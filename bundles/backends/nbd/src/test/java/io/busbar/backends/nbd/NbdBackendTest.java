package io.busbar.backends.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendException.Kind;
import io.busbar.api.backend.BlockInfo;
import io.busbar.api.backend.BlockStatus;
import io.busbar.testkit.TestBackendContext;
import io.busbar.testkit.TestPayload;
import io.busbar.testkit.TestRequest;
import io.busbar.testkit.machine.Allocation;
import io.busbar.testkit.machine.Eventually;
import io.busbar.testkit.machine.NbdKit;
import io.busbar.testkit.machine.OpenDescriptors;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against nbdkit, with its filters that log, refuse, delay and withhold. */
@Timeout(120)
class NbdBackendTest {

    private static final int KIB = 1 << 10;
    private static final int MIB = 1 << 20;

    @TempDir
    Path folder;

    private final List<AutoCloseable> opened = new ArrayList<>();
    private TestBackendContext context;

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : opened.reversed()) {
            each.close();
        }
    }

    private NbdKit serve(String... arguments) {
        NbdKit server = NbdKit.at(folder.resolve("nbd.sock"), arguments);
        opened.add(server);
        return server;
    }

    private NbdBackend open(NbdKit server, String... words) throws BackendException {
        return open(TestBackendContext.of(words(server.uri(), words)));
    }

    private static String[] words(String uri, String... words) {
        List<String> all = new ArrayList<>(List.of("uri", uri));
        all.addAll(List.of(words));
        return all.toArray(String[]::new);
    }

    private NbdBackend open(TestBackendContext surroundings) throws BackendException {
        context = surroundings;
        NbdBackend backend = new NbdBackend(surroundings);
        opened.add(backend);
        return backend;
    }

    private BackendException refused(String uri, String... words) {
        return catchThrowableOfType(BackendException.class, () -> open(TestBackendContext.of(words(uri, words))));
    }

    private Path logFile() {
        return folder.resolve("requests.log");
    }

    /** Returns the requests that nbdkit has got, by its filter that logs, such as {@code Write 0 4096 fua}. */
    private List<String> log() throws IOException {
        return Files.readAllLines(logFile()).stream()
                .filter(line -> line.contains(" connection=") && line.contains(" id=") && !line.contains("return="))
                .toList();
    }

    private static byte[] random(int seed, int bytes) {
        byte[] content = new byte[bytes];
        new Random(seed).nextBytes(content);
        return content;
    }

    private static byte[] read(NbdBackend disk, long offset, long... sizes) {
        TestRequest request = TestRequest.read(offset, sizes);
        assertThat(request.on(disk)).isEqualTo(BlockStatus.OK);
        return request.payload().bytes();
    }

    private static void write(NbdBackend disk, long offset, byte... content) {
        assertThat(TestRequest.write(offset, content).on(disk)).isEqualTo(BlockStatus.OK);
    }

    private Path image(String name, long bytes) throws IOException {
        Path image = folder.resolve(name);
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(bytes);
        }
        return image;
    }

    @Test
    void what_is_written_is_read_again_whatever_the_buffers_are() throws BackendException {
        NbdBackend disk = open(serve("memory", "64M"));
        byte[] content = random(1, 300 * KIB);

        assertThat(disk.info()).isEqualTo(new BlockInfo(64 * MIB, false, true, true, true, 4096, 512));
        assertThat(TestRequest.write(512, TestPayload.over(
                TestPayloads.pieces(content, 512, 100_000, 3, 200_000))).on(disk)).isEqualTo(BlockStatus.OK);

        assertThat(read(disk, 512, content.length)).isEqualTo(content);
        assertThat(read(disk, 512, 4096, 1, content.length - 4097)).isEqualTo(content);
        assertThat(read(disk, 0, 512)).containsOnly(0);
        assertThat(read(disk, 0)).isEmpty();
    }

    @Test
    void a_transfer_of_more_than_the_server_takes_goes_in_pieces() throws BackendException {
        NbdBackend disk = open(serve("memory", "128M"));
        byte[] content = random(2, 70 * MIB);

        write(disk, 3 * MIB, content);

        assertThat(Arrays.equals(read(disk, 3 * MIB, content.length), content)).isTrue();
    }

    @Test
    void a_range_is_made_zero_and_given_back() throws BackendException, IOException {
        NbdBackend disk = open(serve("--filter=log", "memory", "64M", "logfile=" + logFile()));
        write(disk, 0, random(3, 64 * KIB));

        assertThat(TestRequest.writeZeroes(0, 8 * KIB, false).on(disk)).isEqualTo(BlockStatus.OK);
        assertThat(TestRequest.writeZeroes(8 * KIB, 8 * KIB, true).on(disk)).isEqualTo(BlockStatus.OK);
        assertThat(TestRequest.discard(16 * KIB, 8 * KIB).on(disk)).isEqualTo(BlockStatus.OK);

        assertThat(read(disk, 0, 16 * KIB)).containsOnly(0);
        assertThat(log()).anyMatch(line -> line.contains(" Zero ") && line.contains("offset=0x0 ") && line.contains("trim=0"))
                .anyMatch(line -> line.contains(" Zero ") && line.contains("offset=0x2000 ") && line.contains("trim=1"))
                .anyMatch(line -> line.contains(" Trim ") && line.contains("offset=0x4000 count=0x2000"));
    }

    @Test
    void what_must_be_stable_is_written_so() throws BackendException, IOException {
        NbdBackend disk = open(serve("--filter=log", "memory", "64M", "logfile=" + logFile()));

        write(disk, 0, random(4, 512));
        assertThat(TestRequest.write(4096, random(5, 512)).asDurable().on(disk)).isEqualTo(BlockStatus.OK);
        assertThat(log()).anyMatch(line -> line.contains("offset=0x0 ") && line.contains("fua=0"))
                .anyMatch(line -> line.contains("offset=0x1000 ") && line.contains("fua=1"))
                .noneMatch(line -> line.contains(" Flush "));

        assertThat(TestRequest.flush().on(disk)).isEqualTo(BlockStatus.OK);
        assertThat(log()).anyMatch(line -> line.contains(" Flush "));
    }

    @Test
    void where_the_server_cannot_write_so_a_flush_follows() throws BackendException, IOException {
        NbdBackend disk = open(serve("--filter=log", "--filter=fua", "memory", "64M", "logfile=" + logFile()));

        assertThat(TestRequest.write(4096, random(5, 512)).asDurable().on(disk)).isEqualTo(BlockStatus.OK);

        List<String> log = log();
        assertThat(log).anyMatch(line -> line.contains("offset=0x1000 ") && line.contains("fua=0"));
        assertThat(log.getLast()).contains(" Flush ");
    }

    @Test
    void the_servers_blocks_are_those_of_the_disk() throws BackendException {
        NbdBackend disk = open(serve("--filter=blocksize-policy", "memory", "64M", "blocksize-minimum=4096",
                "blocksize-preferred=65536", "blocksize-maximum=131072", "blocksize-error-policy=error"));
        byte[] content = random(6, 300 * KIB);

        assertThat(disk.info()).isEqualTo(new BlockInfo(64 * MIB, false, true, true, true, 65536, 4096));
        write(disk, 4096, content);
        assertThat(read(disk, 4096, content.length)).isEqualTo(content);
    }

    @Test
    void a_read_only_export_is_a_read_only_disk_if_that_is_wanted() throws BackendException {
        NbdKit server = serve("--readonly", "memory", "1M");

        BackendException refusal = refused(server.uri());
        assertThat(refusal.kind()).isEqualTo(Kind.PERMISSION);
        assertThat(refusal).hasMessageContaining("readonly on would do");

        NbdBackend disk = open(TestBackendContext.readOnly("uri", server.uri()));
        assertThat(disk.info()).isEqualTo(new BlockInfo(MIB, true, false, false, false, 4096, 512));
        assertThat(read(disk, 0, 512)).containsOnly(0);
    }

    @Test
    void what_has_no_trim_and_no_flush_is_a_disk_without() throws BackendException {
        NbdBackend disk = open(serve("--filter=nozero", "sh", NbdKitScripts.plain(folder, MIB)));

        assertThat(disk.info()).isEqualTo(new BlockInfo(MIB, false, false, false, false, 4096, 512));
        assertThat(TestRequest.write(0, random(7, 512)).asDurable().on(disk)).isEqualTo(BlockStatus.OK);
    }

    @Test
    void an_export_is_found_by_its_name() throws BackendException {
        NbdKit server = serve("--filter=exportname", "memory", "1M", "exportname=data", "exportname-strict=true");

        assertThat(open(TestBackendContext.of("uri", server.uri("data"))).info().capacity()).isEqualTo(MIB);
        BackendException refusal = refused(server.uri("other"));
        assertThat(refusal.kind()).isEqualTo(Kind.NOT_FOUND);
        assertThat(refusal).hasMessageStartingWith("NBD server at " + folder.resolve("nbd.sock") + " has no export \"other\"");
    }

    @Test
    void a_size_that_no_disk_has_is_refused() {
        assertThat(refused(serve("memory", "1000").uri())).hasMessageEndingWith(
                "has an export of 1000 bytes: expected a multiple of 512");
    }

    @Test
    void a_server_that_is_not_there_is_named() {
        BackendException refusal = refused("nbd+unix:///?socket=" + folder.resolve("nobody.sock"));

        assertThat(refusal.kind()).isEqualTo(Kind.NOT_FOUND);
        assertThat(refusal).hasMessageStartingWith("NBD server at " + folder.resolve("nobody.sock") + " cannot be reached: ");
    }

    @Test
    void over_tcp_as_well() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        BackendException refusal = refused("nbd://127.0.0.1:" + port);
        assertThat(refusal.kind()).isEqualTo(Kind.NOT_FOUND);
        assertThat(refusal).hasMessageStartingWith("NBD server at 127.0.0.1:" + port + " cannot be reached: ");

        NbdKit server = NbdKit.atPort(port, folder, "memory", "1M");
        opened.add(server);
        NbdBackend disk = open(TestBackendContext.of("uri", server.uri()));
        write(disk, 512, random(8, 512));
        assertThat(read(disk, 512, 512)).isEqualTo(random(8, 512));
    }

    @Test
    void an_error_of_the_server_ends_its_request_and_no_other() throws BackendException {
        NbdBackend disk = open(serve("--filter=error", "memory", "1M", "error=ENOSPC", "error-pwrite-rate=100%",
                "error-pread-rate=0%", "error-trim-rate=0%", "error-zero-rate=0%"));

        assertThat(TestRequest.write(0, random(9, 4096)).on(disk)).isEqualTo(BlockStatus.IO_ERROR);
        assertThat(read(disk, 0, 4096)).containsOnly(0);
        assertThat(context.failure()).isNull();
    }

    @Test
    void reads_that_the_server_refuses_now_and_then_are_right_or_failed() throws BackendException {
        byte[] content = random(10, MIB);
        NbdBackend disk = open(serve("--filter=error", "memory", "1M", "error=EIO", "error-pread-rate=50%"));
        write(disk, 0, content);

        TestRequest[] reads = requests(400, i -> TestRequest.read(i % 256 * 4096L, 4096));
        TestRequest.submit(disk, reads);
        int right = 0;
        for (TestRequest read : reads) {
            if (read.await() == BlockStatus.OK) {
                int at = (int) read.offset();
                assertThat(read.payload().bytes()).isEqualTo(Arrays.copyOfRange(content, at, at + 4096));
                right++;
            }
        }
        assertThat(right).isStrictlyBetween(0, reads.length);
    }

    private static TestRequest[] requests(int count, IntFunction<TestRequest> each) {
        return IntStream.range(0, count).mapToObj(each).toArray(TestRequest[]::new);
    }

    @Test
    void a_slow_server_holds_up_nobody_who_submits() throws BackendException {
        NbdBackend disk = open(serve("--filter=delay", "memory", "1M", "delay-read=1"), "connections", "1");
        TestRequest[] reads = requests(8, i -> TestRequest.read(i * 4096L, 4096));

        TestRequest.submit(disk, reads);
        assertThat(reads).noneMatch(TestRequest::isDone);
        write(disk, 0, random(11, 512)); // Does not wait for the reads before it.
        assertThat(reads).noneMatch(TestRequest::isDone);

        for (TestRequest read : reads) {
            assertThat(read.await()).isEqualTo(BlockStatus.OK);
        }
    }

    @Test
    void more_requests_than_there_is_room_for_wait() throws Exception {
        NbdKit server = serve("memory", "1M");
        NbdBackend disk = open(server);
        server.close();
        TestRequest[] flushes = requests(20_000, i -> TestRequest.flush().withIoThreads(work -> Thread.ofVirtual().start(work)));

        TestRequest.submit(disk, flushes);
        assertThat(flushes).anyMatch(TestRequest::wasOffloaded).noneMatch(TestRequest::isDone);
        serve("memory", "1M");

        for (TestRequest flush : flushes) {
            assertThat(flush.await()).isEqualTo(BlockStatus.OK);
        }
    }

    @ParameterizedTest
    @CsvSource({"auto, 4", "disable, 1"})
    void there_are_several_connections_if_the_server_allows_them(String mode, String connected) throws BackendException {
        NbdBackend disk = open(serve("--filter=multi-conn", "memory", "1M", "multi-conn-mode=" + mode));

        Eventually.that(() -> disk.details().get("connected").equals(connected), () -> "connections: " + disk.details());
        assertThat(Eventually.threadsNamed("busbar-disk0-nbd")).isEqualTo(Integer.parseInt(connected));
        TestRequest[] writes = requests(200, i -> TestRequest.write(i * 4096L, random(i, 4096)));
        TestRequest.submit(disk, writes);
        for (int i = 0; i < writes.length; i++) {
            assertThat(writes[i].await()).isEqualTo(BlockStatus.OK);
            assertThat(read(disk, i * 4096L, 4096)).isEqualTo(random(i, 4096));
        }
    }

    @ParameterizedTest
    @CsvSource({"1", "4"})
    void what_a_server_that_dies_has_not_confirmed_is_done_by_the_next_one(int connections) throws Exception {
        Path image = image("disk.img", MIB);
        NbdKit slow = serve("--filter=delay", "file", image.toString(), "delay-write=600", "delay-read=600");
        NbdBackend disk = open(slow, "connections", Integer.toString(connections));
        TestRequest[] writes = requests(200, i -> TestRequest.write(i * 4096L, random(i, 4096)));
        TestRequest[] reads = requests(20, i -> TestRequest.read((200 + i) * 4096L, 4096));
        TestRequest.submit(disk, writes);
        TestRequest.submit(disk, reads);

        slow.close();
        Eventually.that(() -> context.failure() != null, () -> "nothing is said of the server's end");
        assertThat(context.failure()).contains("requests wait, and it is tried again");
        assertThat(writes).noneMatch(TestRequest::isDone);
        TestRequest late = TestRequest.write(250 * 4096L, random(250, 4096));
        TestRequest.submit(disk, late);
        serve("file", image.toString());

        for (TestRequest request : writes) {
            assertThat(request.await()).isEqualTo(BlockStatus.OK);
        }
        for (TestRequest request : reads) {
            assertThat(request.await()).isEqualTo(BlockStatus.OK);
            assertThat(request.payload().bytes()).containsOnly(0);
        }
        assertThat(late.await()).isEqualTo(BlockStatus.OK);
        assertThat(context.failure()).isNull();
        byte[] onDisk = Files.readAllBytes(image);
        for (int i : IntStream.concat(IntStream.range(0, 200), IntStream.of(250)).toArray()) {
            assertThat(Arrays.copyOfRange(onDisk, i * 4096, (i + 1) * 4096)).isEqualTo(random(i, 4096));
        }
    }

    @Test
    void a_server_that_hangs_is_left_for_one_that_answers() throws Exception {
        Path image = image("disk.img", MIB);
        NbdKit first = serve("file", image.toString());
        NbdBackend disk = open(first, "timeout", "1", "connections", "1");
        first.freeze();
        TestRequest write = TestRequest.write(0, random(12, 4096));
        TestRequest.submit(disk, write);

        Eventually.that(() -> context.failure() != null, () -> "nothing is said of a server that hangs");
        assertThat(context.failure()).contains("has not answered for 1 s");
        serve("file", image.toString());

        assertThat(write.await()).isEqualTo(BlockStatus.OK);
        assertThat(Arrays.copyOf(Files.readAllBytes(image), 4096)).isEqualTo(random(12, 4096));
    }

    @Test
    void the_server_has_ended_all_of_it_when_one_is_fenced() throws Exception {
        Path written = folder.resolve("written");
        NbdBackend disk = open(serve("--filter=nozero", "sh", NbdKitScripts.slow(folder, MIB, written)), "connections", "1");
        TestRequest write = TestRequest.write(0, random(13, 4096));
        TestRequest.submit(disk, write);
        Eventually.that(() -> Files.exists(folder.resolve("written.begun")), () -> "the server has no request");

        disk.fenceStorage();
        assertThat(write.isDone()).as("answers are not looked at").isFalse();
        assertThat(written).hasBinaryContent(random(13, 4096));
    }

    @Test
    void one_whose_server_hangs_cannot_be_fenced() throws Exception {
        NbdKit server = serve("memory", "1M");
        NbdBackend disk = open(server, "connections", "1");
        server.freeze();
        TestRequest.submit(disk, TestRequest.write(0, random(14, 4096)));
        BackendException unsure = catchThrowableOfType(BackendException.class, disk::fenceStorage);
        assertThat(unsure).hasMessageContaining("has not confirmed");
    }

    @Test
    void one_that_was_lost_with_requests_may_still_do_them_whatever_the_next_confirms() throws Exception {
        NbdKit first = serve("memory", "1M");
        NbdBackend disk = open(first, "timeout", "1", "connections", "1");
        first.freeze();
        TestRequest write = TestRequest.write(0, random(15, 4096));
        TestRequest.submit(disk, write);
        Eventually.that(() -> context.failure() != null, () -> "nothing is said of a server that hangs");
        serve("memory", "1M");
        assertThat(write.await()).isEqualTo(BlockStatus.OK);

        BackendException unsure = catchThrowableOfType(BackendException.class, disk::fenceStorage);
        assertThat(unsure).hasMessageContaining("all that it was ever asked for");
    }

    @Test
    void one_whose_server_has_nothing_can_be_fenced() throws Exception {
        NbdBackend disk = open(serve("memory", "1M"));
        write(disk, 0, random(16, 4096));
        disk.fenceStorage();
    }

    @Test
    void a_server_that_has_nothing_to_answer_may_be_silent() throws Exception {
        NbdBackend disk = open(serve("--filter=log", "--filter=delay", "memory", "1M", "logfile=" + logFile(),
                "delay-read=100ms"), "timeout", "1", "connections", "1");
        read(disk, 0, 512);
        long answered = System.nanoTime();
        Eventually.that(() -> System.nanoTime() - answered > 1_200_000_000L, () -> "time stands still");
        read(disk, 0, 512);

        assertThat(Files.readString(logFile())).containsOnlyOnce(" Connect ");
    }

    @Test
    void an_export_that_comes_back_larger_is_a_larger_disk() throws Exception {
        Path image = image("disk.img", MIB);
        NbdKit first = serve("file", image.toString());
        NbdBackend disk = open(first, "connections", "1");

        first.close();
        image("disk.img", 2 * MIB);
        serve("file", image.toString());
        Eventually.that(() -> context.infoChanges() == 1, () -> "no change is announced");

        assertThat(disk.info().capacity()).isEqualTo(2 * MIB);
        write(disk, MIB, random(13, 512));
    }

    @Test
    void an_export_that_comes_back_as_less_is_not_taken_until_it_is_right_again() throws Exception {
        NbdKit first = serve("memory", "1M");
        NbdBackend disk = open(first, "connections", "1");
        TestRequest read = TestRequest.read(0, 512);

        first.close();
        NbdKit less = serve("--readonly", "memory", "1M");
        Eventually.that(() -> context.failure() != null && context.failure().contains("readonly on would do"),
                () -> "said: " + context.failure());
        TestRequest.submit(disk, read);
        assertThat(read.isDone()).isFalse();
        less.close();
        NbdKit noFlush = serve("--filter=nozero", "sh", NbdKitScripts.plain(folder, MIB));
        Eventually.that(() -> context.failure() != null && context.failure().contains("has no flush any more"),
                () -> "said: " + context.failure());
        noFlush.close();
        serve("memory", "1M");

        assertThat(read.await()).isEqualTo(BlockStatus.OK);
    }

    @Test
    void what_is_closed_with_requests_at_a_server_that_is_away_fails_them() throws Exception {
        NbdKit server = serve("memory", "1M");
        NbdBackend disk = open(server);
        server.close();
        Eventually.that(() -> context.failure() != null, () -> "nothing is said of the server's end");
        TestRequest[] writes = requests(20, i -> TestRequest.write(i * 4096L, random(i, 4096)));
        TestRequest.submit(disk, writes);

        disk.close();

        assertThat(writes).allMatch(write -> write.await() == BlockStatus.IO_ERROR);
        opened.remove(disk);
    }

    @Test
    void a_driver_whose_memory_is_gone_fails_its_own_request() throws BackendException {
        NbdBackend disk = open(serve("memory", "1M"), "connections", "1");
        write(disk, 0, random(14, 8192));

        TestPayload target = TestPayload.ofSizes(4096);
        assertThat(TestRequest.read(0, target.vanish()).on(disk)).isEqualTo(BlockStatus.IO_ERROR);
        TestPayload source = TestPayload.of(random(15, 4096));
        assertThat(TestRequest.write(0, source.vanish()).on(disk)).isEqualTo(BlockStatus.IO_ERROR);

        assertThat(read(disk, 0, 8192)).isEqualTo(random(14, 8192));
    }

    @Test
    void nothing_is_left_behind_by_many() throws Exception {
        NbdKit server = serve("memory", "1M");
        open(server).close();
        opened.removeLast();
        Eventually.noThreadIsNamed("busbar-disk0-nbd");
        OpenDescriptors before = OpenDescriptors.now();
        for (int i = 0; i < 30; i++) {
            try (NbdBackend disk = new NbdBackend(TestBackendContext.of("uri", server.uri()))) {
                write(disk, 0, random(i, 512));
            }
        }
        before.awaitNoMore("after 30 rounds");
        Eventually.noThreadIsNamed("busbar-disk0-nbd");
    }

    @Test
    void nothing_is_allocated_for_a_request() throws BackendException {
        NbdBackend disk = open(serve("memory", "1M"), "connections", "1");
        Thread lane = Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("busbar-disk0-nbd0")).findFirst().orElseThrow();
        ReusedRequest read = new ReusedRequest();

        long bytes = Allocation.leastOf(lane, () -> {
            for (int i = 0; i < 2000; i++) {
                read.on(disk);
            }
        });

        assertThat(bytes).isZero();
    }
}
