package io.busbar.backends.pty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendException.Kind;
import io.busbar.api.backend.BackendState;
import io.busbar.api.backend.ConsoleBackend;
import io.busbar.api.backend.ConsoleSize;
import io.busbar.testkit.TestBackendContext;
import io.busbar.testkit.TestPayload;
import io.busbar.testkit.machine.Allocation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class PtyBackendTest {

    @TempDir
    private Path folder;

    private TestBackendContext context;
    private PtyBackend backend;

    @AfterEach
    void close() {
        if (backend != null) {
            backend.close();
        }
    }

    private void open(String... words) throws BackendException {
        context = TestBackendContext.of(words).withChannels("console", "data");
        backend = new PtyBackend(context);
    }

    private FileChannel visit() throws IOException {
        FileChannel channel = FileChannel.open(
                Path.of(backend.details().get("pty")), StandardOpenOption.READ, StandardOpenOption.WRITE);
        await(() -> backend.visitor(0) != ConsoleBackend.NOBODY);
        return channel;
    }

    private static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("deadline").isLessThan(end);
            Thread.onSpinWait();
        }
    }

    private long write(String text) {
        MemorySegment bytes = Arena.ofAuto().allocateFrom(ValueLayout.JAVA_BYTE, text.getBytes(StandardCharsets.ISO_8859_1));
        return backend.write(0, bytes, 0, text.length());
    }

    private static String receive(FileChannel channel, int length) throws IOException {
        ByteBuffer got = ByteBuffer.allocate(length);
        while (got.hasRemaining() && channel.read(got) > 0) {
            assertThat(got.position()).isLessThanOrEqualTo(length);
        }
        return new String(got.array(), 0, got.position(), StandardCharsets.ISO_8859_1);
    }

    private String read(int length) {
        StringBuilder text = new StringBuilder();
        await(() -> {
            TestPayload into = TestPayload.ofSizes(length - text.length());
            long got = backend.read(0, into);
            text.append(new String(into.bytes(), 0, (int) got, StandardCharsets.ISO_8859_1));
            return text.length() == length;
        });
        return text.toString();
    }

    @Test
    void each_port_has_a_terminal_whose_path_is_told() throws Exception {
        open();
        assertThat(backend.details()).hasSize(2).containsOnlyKeys("pty", "pty.data");
        assertThat(Path.of(backend.details().get("pty"))).exists();
        assertThat(Path.of(backend.details().get("pty.data"))).exists();
        assertThat(backend.readableDescriptor(0)).isNotNegative();
    }

    @Test
    void who_opens_it_reads_and_types_and_nothing_is_changed_on_the_way() throws Exception {
        open();
        assertThat(backend.visitor(0)).isEqualTo(ConsoleBackend.NOBODY);
        try (FileChannel visitor = visit()) {
            await(() -> context.infoChanges() > 0);
            assertThat(write("a\r\nb\nc\3\4\177")).isEqualTo(9);
            assertThat(receive(visitor, 9)).isEqualTo("a\r\nb\nc\3\4\177");
            visitor.write(ByteBuffer.wrap("\3\r\n\21\23x".getBytes(StandardCharsets.ISO_8859_1)));
            assertThat(read(6)).isEqualTo("\3\r\n\21\23x");
        }
        await(() -> backend.visitor(0) == ConsoleBackend.NOBODY);
    }

    @Test
    void each_who_opens_it_is_another_visitor_and_what_the_one_before_left_unread_is_not_shown() throws Exception {
        open();
        int before;
        try (FileChannel visitor = visit()) {
            before = backend.visitor(0);
            assertThat(visitor.isOpen()).isTrue();
            write("for the first one");
        }
        await(() -> backend.visitor(0) == ConsoleBackend.NOBODY);
        try (FileChannel visitor = visit()) {
            assertThat(backend.visitor(0)).isNotEqualTo(before);
            write("second");
            assertThat(receive(visitor, 6)).isEqualTo("second");
        }
    }

    @Test
    void what_the_one_who_has_left_typed_is_read() throws Exception {
        open();
        try (FileChannel visitor = visit()) {
            visitor.write(ByteBuffer.wrap("bye".getBytes(StandardCharsets.ISO_8859_1)));
        }
        await(() -> backend.visitor(0) == ConsoleBackend.NOBODY);
        assertThat(read(3)).isEqualTo("bye");
    }

    @Test
    void one_that_does_not_read_takes_no_more_than_the_terminal_holds() throws Exception {
        open();
        try (FileChannel visitor = visit()) {
            String much = "x".repeat(1 << 20);
            long taken = write(much);
            assertThat(taken).isLessThan(1 << 20);
            assertThat(receive(visitor, (int) taken)).hasSize((int) taken);
        }
    }

    @Test
    void the_size_that_somebody_gives_the_terminal_is_known() throws Exception {
        open();
        assertThat(backend.size(0)).isEmpty();
        String path = backend.details().get("pty");
        assertThat(new ProcessBuilder("stty", "-F", path, "rows", "43", "cols", "132").start().waitFor()).isZero();
        await(() -> backend.size(0).equals(Optional.of(new ConsoleSize(132, 43))));
    }

    @Test
    void a_link_leads_to_the_terminal_until_the_backend_is_closed() throws Exception {
        Path link = folder.resolve("con");
        open("link", link.toString());
        assertThat(Files.readSymbolicLink(link)).hasToString(backend.details().get("pty"));
        assertThat(Files.readSymbolicLink(folder.resolve("con.data"))).hasToString(backend.details().get("pty.data"));
        backend.close();
        backend = null;
        try (var left = Files.list(folder)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void a_successor_has_the_terminals_with_who_is_there_and_nothing_is_lost_or_doubled() throws Exception {
        Path link = folder.resolve("con");
        open("link", link.toString());
        try (PtyBackend old = backend) {
            int who;
            try (FileChannel visitor = visit()) {
                who = old.visitor(0);
                write("before, ");
                backend = new PtyBackend(context.succeeding(old.handOver()));
                assertThat(old.write(0, Arena.ofAuto().allocateFrom("meanwhile, "), 0, 11)).isEqualTo(11);
                visitor.write(ByteBuffer.wrap("typed".getBytes(StandardCharsets.ISO_8859_1)));

                backend.goOn();

                write("after");
                assertThat(receive(visitor, 24)).isEqualTo("before, meanwhile, after");
                assertThat(read(5)).isEqualTo("typed");
                assertThat(backend.visitor(0)).isEqualTo(who);
                assertThat(backend.details()).isEqualTo(old.details());
            }
            await(() -> backend.visitor(0) == ConsoleBackend.NOBODY);
            try (FileChannel next = visit()) {
                assertThat(next.isOpen()).isTrue();
                assertThat(backend.visitor(0)).isEqualTo(who + 1);
                assertThat(old.visitor(0)).as("it looks no more").isEqualTo(who);
            }
            backend.close();
            backend = null;
            assertThat(link).as("it was the successor's").doesNotExist();
        }
    }

    @Test
    void without_a_successor_who_came_meanwhile_is_noticed_and_the_link_is_still_there() throws Exception {
        Path link = folder.resolve("con");
        open("link", link.toString());
        try (PtyBackend successor = new PtyBackend(context.succeeding(backend.handOver()))) {
            assertThat(successor.visitor(0)).isEqualTo(ConsoleBackend.NOBODY);
        }
        assertThat(Files.isSymbolicLink(link)).isTrue();
        try (FileChannel visitor = FileChannel.open(link, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            backend.goOn();
            await(() -> backend.visitor(0) != ConsoleBackend.NOBODY);
            write("there");
            assertThat(receive(visitor, 5)).isEqualTo("there");
        }
    }

    @Test
    void what_is_handed_over_has_a_version_and_an_unknown_one_is_refused() throws Exception {
        open();
        BackendState state = backend.handOver();
        BackendState newer = new BackendState(2, state.content(), state.descriptors());
        assertThatThrownBy(() -> new PtyBackend(context.succeeding(newer)))
                .hasMessage("what was handed over is version 2 (16 bytes, 2 descriptors): expected version 1 (16 bytes, 2 descriptors)");
        BackendState cut = new BackendState(1, Arrays.copyOf(state.content(), 15), state.descriptors());
        assertThatThrownBy(() -> new PtyBackend(context.succeeding(cut))).hasMessageContaining("expected version 1 (16 bytes");
    }

    @Test
    void a_link_that_was_left_is_replaced_and_anything_else_is_left_alone() throws Exception {
        Path link = folder.resolve("con");
        Files.createSymbolicLink(link, Path.of("/dev/pts/9999"));
        open("link", link.toString());
        assertThat(Files.readSymbolicLink(link)).hasToString(backend.details().get("pty"));
        Path file = Files.writeString(folder.resolve("file"), "text");
        assertRefused(Kind.IN_USE, "something is there that is no link to a terminal", file.toString());
        assertThat(file).hasContent("text");
        assertRefused(Kind.NOT_FOUND, "its directory is not there", "/no/such/con");
        assertRefused(Kind.CONFIG_INVALID, "expected the name of a file", "/");
    }

    private static void assertRefused(Kind kind, String sentence, String link) {
        assertThatThrownBy(() -> new PtyBackend(TestBackendContext.of("link", link).withChannels("console")))
                .isInstanceOfSatisfying(BackendException.class, e -> assertThat(e.kind()).isEqualTo(kind))
                .hasMessageContaining(sentence);
    }

    @Test
    void nothing_is_allocated_for_what_goes_either_way() throws Exception {
        open();
        MemorySegment out = Arena.ofAuto().allocate(64).fill((byte) 'o');
        TestPayload in = TestPayload.ofSizes(64);
        ByteBuffer there = ByteBuffer.allocateDirect(64);
        try (FileChannel visitor = visit()) {
            assertThat(Allocation.ofManyCalls(() -> exchange(visitor, out, in, there))).isZero();
        }
    }

    /** 64 bytes out, and the same back; all of it has come when it returns. */
    private void exchange(FileChannel visitor, MemorySegment out, TestPayload in, ByteBuffer there) {
        try {
            for (long sent = 0; sent < out.byteSize();) {
                sent += backend.write(0, out, sent, out.byteSize() - sent);
            }
            there.clear();
            while (there.hasRemaining()) {
                visitor.read(there);
            }
            there.flip();
            while (there.hasRemaining()) {
                visitor.write(there);
            }
            in.position(0);
            while (in.remaining() > 0) {
                backend.read(0, in);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
