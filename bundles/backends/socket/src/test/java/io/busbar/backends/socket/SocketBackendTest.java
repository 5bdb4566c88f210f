package io.busbar.backends.socket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendException.Kind;
import io.busbar.api.backend.BackendState;
import io.busbar.api.backend.ConsoleBackend;
import io.busbar.core.linux.StreamIo;
import io.busbar.core.linux.UnixStream;
import io.busbar.testkit.TestBackendContext;
import io.busbar.testkit.TestPayload;
import io.busbar.testkit.machine.Allocation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class SocketBackendTest {

    private Path folder;
    private TestBackendContext context;
    private SocketBackend backend;

    @BeforeEach
    void makeFolder() throws IOException {
        folder = Files.createTempDirectory("sock");
    }

    @AfterEach
    void close() throws IOException {
        if (backend != null) {
            backend.close();
        }
        try (var left = Files.list(folder)) {
            assertThat(left).isEmpty();
        }
        Files.delete(folder);
    }

    private void open(String... words) throws BackendException {
        context = TestBackendContext.of(words).withChannels("console", "data");
        backend = new SocketBackend(context);
    }

    private void openUnix() throws BackendException {
        open("path", folder.resolve("c").toString());
    }

    private SocketChannel connect(String name) throws IOException {
        return SocketChannel.open(UnixDomainSocketAddress.of(folder.resolve(name)));
    }

    private SocketChannel visit(int port) throws IOException {
        int before = backend.visitor(port);
        SocketChannel channel = connect(port == 0 ? "c" : "c.data");
        await(() -> backend.visitor(port) != before && backend.visitor(port) != ConsoleBackend.NOBODY);
        return channel;
    }

    private static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("deadline").isLessThan(end);
            Thread.onSpinWait();
        }
    }

    private static MemorySegment inNativeMemory(String text) {
        return Arena.ofAuto().allocateFrom(ValueLayout.JAVA_BYTE, text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private long write(int port, String text) {
        return backend.write(port, inNativeMemory(text), 0, text.length());
    }

    /** Reads until so many bytes have come. */
    private String read(int port, int length) {
        StringBuilder text = new StringBuilder();
        await(() -> {
            TestPayload into = TestPayload.ofSizes(length - text.length());
            long got = backend.read(port, into);
            text.append(new String(into.bytes(), 0, (int) got, StandardCharsets.ISO_8859_1));
            return text.length() == length;
        });
        return text.toString();
    }

    private static void send(SocketChannel channel, String text) {
        try {
            channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String receive(SocketChannel channel, int length) throws IOException {
        ByteBuffer got = ByteBuffer.allocate(length);
        while (got.hasRemaining() && channel.read(got) > 0) {
            assertThat(got.position()).isLessThanOrEqualTo(length);
        }
        return new String(got.array(), 0, got.position(), StandardCharsets.ISO_8859_1);
    }

    @Test
    void a_successor_has_the_sockets_and_who_is_connected_and_nothing_is_lost_or_doubled() throws Exception {
        openUnix();
        SocketBackend old = backend;
        try (SocketChannel left = visit(0)) {
            send(left, "of one who left ");
        }
        await(() -> backend.visitor(0) == ConsoleBackend.NOBODY);
        try (SocketChannel visitor = visit(0)) {
            int who = old.visitor(0);
            write(0, "before, ");
            backend = new SocketBackend(context.succeeding(old.handOver()));
            assertThat(old.write(0, inNativeMemory("meanwhile, "), 0, 11)).isEqualTo(11);
            send(visitor, "typed");
            try (SocketChannel waits = connect("c.data")) {
                assertThat(backend.visitor(1)).as("it waits").isEqualTo(ConsoleBackend.NOBODY);

                backend.goOn();

                write(0, "after");
                assertThat(receive(visitor, 24)).isEqualTo("before, meanwhile, after");
                assertThat(read(0, 21)).isEqualTo("of one who left typed");
                assertThat(backend.visitor(0)).isEqualTo(who);
                await(() -> backend.visitor(1) != ConsoleBackend.NOBODY);
                send(waits, "data");
                assertThat(read(1, 4)).isEqualTo("data");
                assertThat(old.visitor(1)).as("it accepts no more").isEqualTo(ConsoleBackend.NOBODY);
            }
        }
        await(() -> backend.visitor(0) == ConsoleBackend.NOBODY);
        backend.close();
        backend = null;
        old.close();
    }

    @Test
    void a_successor_has_a_tcp_port_too() throws Exception {
        open("port", "0");
        try (SocketBackend old = backend) {
            backend = new SocketBackend(context.succeeding(old.handOver()));
            assertThat(backend.details()).isEqualTo(old.details());
        }
        backend.goOn();
        String[] address = backend.details().get("address").split(":");
        try (SocketChannel visitor = SocketChannel.open(new InetSocketAddress(address[0], Integer.parseInt(address[1])))) {
            await(() -> backend.visitor(0) != ConsoleBackend.NOBODY);
            write(0, "there");
            assertThat(receive(visitor, 5)).isEqualTo("there");
        }
    }

    @Test
    void without_a_successor_who_came_and_went_meanwhile_is_noticed_and_the_files_are_still_there() throws Exception {
        openUnix();
        SocketChannel leaves = visit(0);
        try (SocketBackend successor = new SocketBackend(context.succeeding(backend.handOver()))) {
            assertThat(successor.visitor(0)).isEqualTo(backend.visitor(0));
        }
        leaves.close();
        try (SocketChannel comes = connect("c.data")) {
            assertThat(comes.isConnected()).isTrue();
            backend.goOn();
            await(() -> backend.visitor(0) == ConsoleBackend.NOBODY && backend.visitor(1) != ConsoleBackend.NOBODY);
        }
    }

    @Test
    void what_is_handed_over_has_a_version_and_an_unknown_one_is_refused() throws Exception {
        openUnix();
        BackendState state = backend.handOver();
        BackendState newer = new BackendState(2, state.content(), state.descriptors());
        assertThatThrownBy(() -> new SocketBackend(context.succeeding(newer)))
                .hasMessage("what was handed over is version 2 (24 bytes, 2 descriptors): expected version 1 (24 bytes, 2 descriptors)");
        BackendState lacking = new BackendState(1, state.content(), state.descriptors().subList(0, 1));
        assertThatThrownBy(() -> new SocketBackend(context.succeeding(lacking))).hasMessageEndingWith("it tells of more descriptors");
        backend.goOn();
    }

    @Test
    void who_connects_reads_and_types_and_each_port_has_a_socket_of_its_own() throws Exception {
        openUnix();
        assertThat(backend.details()).containsEntry("address", folder + "/c").containsEntry("address.data", folder + "/c.data");
        assertThat(backend.visitor(0)).isEqualTo(ConsoleBackend.NOBODY);
        assertThat(write(0, "lost?")).isZero();
        try (SocketChannel console = visit(0); SocketChannel data = visit(1)) {
            await(() -> context.infoChanges() >= 2);
            assertThat(write(0, "login: ")).isEqualTo(7);
            assertThat(receive(console, 7)).isEqualTo("login: ");
            send(console, "root");
            send(data, "bytes");
            await(() -> context.takeReadable().contains(1));
            assertThat(read(1, 5)).isEqualTo("bytes");
            assertThat(read(0, 4)).isEqualTo("root");
        }
        await(() -> backend.visitor(0) == ConsoleBackend.NOBODY && backend.visitor(1) == ConsoleBackend.NOBODY);
    }

    @Test
    void only_the_owner_may_connect() throws Exception {
        openUnix();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("c")))).isEqualTo("rw-------");
    }

    @Test
    void one_that_does_not_read_holds_the_writer_back_and_gets_every_byte_once() throws Exception {
        openUnix();
        try (SocketChannel console = visit(0)) {
            MemorySegment bytes = Arena.ofAuto().allocate(1 << 20);
            for (int i = 0; i < 1 << 20; i++) {
                bytes.set(ValueLayout.JAVA_BYTE, i, (byte) (i * 31 >> 3));
            }
            long taken = backend.write(0, bytes, 0, 1 << 20);
            assertThat(taken).isPositive().isLessThan(1 << 20);
            assertThat(backend.write(0, bytes, taken, (1 << 20) - taken)).isZero();
            context.takeWritable();
            ByteBuffer got = ByteBuffer.allocate(1 << 20);
            while (got.hasRemaining()) {
                console.read(got);
                if (taken < 1 << 20) {
                    await(() -> context.takeWritable().contains(0));
                    taken += backend.write(0, bytes, taken, (1 << 20) - taken);
                }
            }
            assertThat(MemorySegment.ofArray(got.array()).mismatch(bytes)).isEqualTo(-1);
        }
    }

    @Test
    void a_second_one_is_told_and_sent_away() throws Exception {
        openUnix();
        try (SocketChannel first = visit(0); SocketChannel second = connect("c")) {
            assertThat(receive(second, 200)).isEqualTo("somebody else is connected to disk0\r\n");
            assertThat(write(0, "x")).isEqualTo(1);
            assertThat(receive(first, 1)).isEqualTo("x");
        }
    }

    @Test
    void the_next_one_comes_when_the_first_has_left_and_what_that_sent_is_read_first() throws Exception {
        openUnix();
        int before;
        try (SocketChannel first = visit(0)) {
            before = backend.visitor(0);
            send(first, "one,");
        }
        await(() -> backend.visitor(0) == ConsoleBackend.NOBODY);
        try (SocketChannel second = visit(0)) {
            assertThat(backend.visitor(0)).isNotEqualTo(before);
            send(second, "two");
            assertThat(read(0, 7)).isEqualTo("one,two");
            assertThat(write(0, "yes")).isEqualTo(3);
            assertThat(receive(second, 3)).isEqualTo("yes");
        }
    }

    @Test
    void one_that_has_ended_its_side_still_reads_until_another_comes() throws Exception {
        openUnix();
        try (SocketChannel first = visit(0)) {
            send(first, "all");
            first.shutdownOutput();
            assertThat(read(0, 3)).isEqualTo("all");
            assertThat(write(0, "x")).isEqualTo(1);
            assertThat(receive(first, 1)).isEqualTo("x");
            try (SocketChannel second = visit(0)) {
                assertThat(write(0, "y")).isEqualTo(1);
                assertThat(receive(second, 1)).isEqualTo("y");
                assertThat(first.read(ByteBuffer.allocate(1))).as("the first is closed").isEqualTo(-1);
            }
        }
    }

    @Test
    void a_write_to_one_that_has_gone_takes_nothing_and_says_that_nobody_is_there() throws Exception {
        openUnix();
        visit(0).close();
        await(() -> write(0, "x") == 0 && backend.visitor(0) == ConsoleBackend.NOBODY);
        assertThat(write(0, "x")).isZero();
    }

    @Test
    void a_port_of_the_loopback_address_serves_too() throws Exception {
        open("port", "0");
        String address = backend.details().get("address");
        assertThat(address).startsWith("127.0.0.1:");
        int port = Integer.parseInt(address.substring(address.indexOf(':') + 1));
        try (SocketChannel console = SocketChannel.open(new InetSocketAddress("127.0.0.1", port))) {
            await(() -> backend.visitor(0) != ConsoleBackend.NOBODY);
            assertThat(write(0, "hello")).isEqualTo(5);
            assertThat(receive(console, 5)).isEqualTo("hello");
            send(console, "x");
            assertThat(read(0, 1)).isEqualTo("x");
        }
        await(() -> {
            write(0, "is anybody there?");
            return backend.visitor(0) == ConsoleBackend.NOBODY;
        });
    }

    @Test
    void a_reader_that_comes_and_goes_all_the_time_leaves_no_descriptor_behind() throws Exception {
        openUnix();
        visit(0).close();
        await(() -> backend.visitor(0) == ConsoleBackend.NOBODY);
        for (int i = 0; i < 200; i++) {
            try (SocketChannel channel = visit(0)) {
                send(channel, "x");
                assertThat(read(0, 1)).isEqualTo("x");
            }
        }
        await(() -> {
            backend.read(0, TestPayload.ofSizes(1));
            return connections() <= 2;
        });
    }

    /** Returns how many descriptors are sockets of this path. */
    private long connections() {
        try {
            String name = folder.resolve("c").toString();
            return Files.readAllLines(Path.of("/proc/net/unix")).stream().filter(line -> line.endsWith(" " + name)).count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void words_that_are_wrong_are_named_with_what_was_expected() throws Exception {
        assertRefused(Kind.CONFIG_INVALID, "path is missing");
        assertRefused(Kind.CONFIG_INVALID, "expected one of them", "path", "/x", "port", "1");
        assertRefused(Kind.CONFIG_INVALID, "port x: expected a number from 0 to 65535", "port", "x");
        assertRefused(Kind.CONFIG_INVALID, "port 65536: expected", "port", "65536");
        assertRefused(Kind.CONFIG_INVALID, "port 65535: expected room", "port", "65535");
        assertRefused(Kind.NOT_FOUND, "/no/such/c", "path", "/no/such/c");
        assertRefused(Kind.CONFIG_INVALID, "ENAMETOOLONG", "path", "/tmp/" + "x".repeat(110));
        Path file = Files.writeString(folder.resolve("file"), "text");
        assertRefused(Kind.IN_USE, "not a socket", "path", file.toString());
        assertThat(Files.readString(file)).isEqualTo("text");
        Files.delete(file);
        openUnix();
        assertRefused(Kind.IN_USE, "somebody listens there already", "path", folder.resolve("c").toString());
    }

    private static void assertRefused(Kind kind, String sentence, String... words) {
        assertThatThrownBy(() -> new SocketBackend(TestBackendContext.of(words).withChannels("console", "data")))
                .isInstanceOfSatisfying(BackendException.class, e -> assertThat(e.kind()).isEqualTo(kind))
                .hasMessageContaining(sentence);
    }

    @Test
    void nothing_is_allocated_for_what_goes_either_way() throws Exception {
        openUnix();
        MemorySegment out = Arena.ofAuto().allocate(64).fill((byte) 'o');
        MemorySegment there = Arena.ofAuto().allocate(64);
        TestPayload in = TestPayload.ofSizes(64);
        try (UnixStream visitor = UnixStream.connect(folder.resolve("c"), 0)) {
            await(() -> backend.visitor(0) != ConsoleBackend.NOBODY);
            int descriptor = visitor.fd().number();
            assertThat(Allocation.ofManyCalls(() -> exchange(descriptor, out, in, there))).isZero();
        }
    }

    /** 64 bytes out, and the same back; all of it has come when it returns. */
    private void exchange(int descriptor, MemorySegment out, TestPayload in, MemorySegment there) {
        for (long sent = 0; sent < out.byteSize();) {
            sent += backend.write(0, out, sent, out.byteSize() - sent);
        }
        for (long got = 0; got < there.byteSize();) {
            got += Math.max(0, StreamIo.read(descriptor, there, got, there.byteSize() - got));
        }
        for (long sent = 0; sent < there.byteSize();) {
            sent += Math.max(0, StreamIo.write(descriptor, there, sent, there.byteSize() - sent));
        }
        in.position(0);
        while (in.remaining() > 0) {
            backend.read(0, in);
        }
    }
}
