package io.busbar.backends.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendException.Kind;
import io.busbar.api.backend.ConsoleBackend;
import io.busbar.testkit.TestBackendContext;
import io.busbar.testkit.TestPayload;
import io.busbar.testkit.machine.Allocation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Random;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class LogBackendTest {

    @TempDir
    private Path folder;

    private TestBackendContext context;

    private LogBackend open(String... words) throws BackendException {
        context = TestBackendContext.of(words).withChannels("console", "data");
        return new LogBackend(context);
    }

    private String file() {
        return folder.resolve("log").toString();
    }

    private static MemorySegment memory(byte[] bytes) {
        return Arena.ofAuto().allocateFrom(ValueLayout.JAVA_BYTE, bytes);
    }

    /** Writes all of it, as a queue does that is woken. */
    private void write(LogBackend backend, int port, byte[] all) {
        MemorySegment bytes = memory(all);
        for (long at = 0; at < all.length; ) {
            long taken = backend.write(port, bytes, at, all.length - at);
            at += taken;
            if (at < all.length && taken == 0) {
                await(() -> context.takeWritable().contains(port));
            }
        }
    }

    private static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("deadline").isLessThan(end);
            Thread.onSpinWait();
        }
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void what_is_written_is_in_the_file_of_its_port_in_order_also_when_it_is_much() throws Exception {
        byte[] much = new byte[3 << 20];
        new Random(3).nextBytes(much);
        try (LogBackend backend = open("path", file())) {
            write(backend, 0, much);
            write(backend, 1, text("of data"));
            assertThat(backend.visitor(0)).isEqualTo(ConsoleBackend.ALWAYS);
            assertThat(backend.read(0, TestPayload.ofSizes(10))).isZero();
        }
        assertThat(Files.readAllBytes(folder.resolve("log"))).isEqualTo(much);
        assertThat(folder.resolve("log.data")).hasContent("of data");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("log")))).isEqualTo("rw-------");
    }

    @Test
    void it_is_in_the_file_soon_and_what_was_there_stays() throws Exception {
        Files.writeString(folder.resolve("log"), "before,");
        try (LogBackend backend = open("path", file())) {
            write(backend, 0, text("after"));
            await(() -> content("log").equals("before,after"));
        }
    }

    private String content(String name) {
        try {
            return Files.readString(folder.resolve(name));
        } catch (IOException e) {
            return e.toString();
        }
    }

    @Test
    void a_full_file_makes_place_and_no_byte_is_lost_among_those_that_are_kept() throws Exception {
        byte[] much = text("0123456789abcdef".repeat(1024));
        try (LogBackend backend = open("path", file(), "rotate", "4K", "keep", "3")) {
            write(backend, 0, much);
            write(backend, 0, text("end"));
        }
        assertThat(content("log.3") + content("log.2") + content("log.1") + content("log"))
                .isEqualTo(new String(much, StandardCharsets.UTF_8).substring(4096) + "end");
        assertThat(folder.resolve("log.4")).doesNotExist();
        assertThat(content("log")).isEqualTo("end");
    }

    @Test
    void with_nothing_to_keep_the_file_begins_anew() throws Exception {
        try (LogBackend backend = open("path", file(), "rotate", "4K", "keep", "0")) {
            write(backend, 0, new byte[4096]);
            write(backend, 0, text("end"));
        }
        assertThat(content("log")).isEqualTo("end");
        assertThat(folder.resolve("log.1")).doesNotExist();
    }

    /** As in a swap: the old one still gets bytes while the new one is open, and is closed some time later. */
    @Test
    void what_one_wrote_that_let_another_open_the_file_is_in_front_of_what_that_writes() throws Exception {
        StringBuilder expected = new StringBuilder();
        for (int i = 0; i < 300; i++) {
            try (LogBackend old = open("path", file())) {
                write(old, 0, text("a" + i + ","));
                old.yieldStorage();
                try (LogBackend next = open("path", file())) {
                    write(old, 0, text("b" + i + ","));
                    write(next, 0, text("c" + i + "\n"));
                }
            }
            expected.append("a%d,b%d,c%d%n".formatted(i, i, i));
        }
        assertThat(content("log")).isEqualTo(expected.toString());
    }

    @Test
    void a_full_disk_is_said_and_holds_nobody_up() throws Exception {
        Path link = Files.createSymbolicLink(folder.resolve("log"), Path.of("/dev/full"));
        try (LogBackend backend = open("path", link.toString())) {
            write(backend, 0, new byte[1 << 20]);
            await(() -> context.failure() != null && context.failure().contains("1048576 bytes are lost"));
            assertThat(context.failure()).contains("No space left on device").contains(link.toString());
        }
    }

    @Test
    void words_that_are_wrong_are_named_with_what_was_expected() throws Exception {
        assertRefused(Kind.CONFIG_INVALID, "path", new String[0]);
        assertRefused(Kind.CONFIG_INVALID, "is a directory", "path", folder.toString());
        assertRefused(Kind.NOT_FOUND, "its directory is not there", "path", "/no/such/log");
        assertRefused(Kind.CONFIG_INVALID, "rotate of 100 bytes: expected at least 4096", "path", file(), "rotate", "100");
        assertRefused(Kind.CONFIG_INVALID, "keep x: expected a number from 0 to 999", "path", file(), "keep", "x");
        assertRefused(Kind.CONFIG_INVALID, "keep -1: expected", "path", file(), "keep", "-1");
        try (LogBackend backend = open("path", file())) {
            assertThat(backend).isNotNull();
            assertRefused(Kind.IN_USE, "another console writes to it", "path", file());
        }
    }

    private static void assertRefused(Kind kind, String sentence, String... words) {
        assertThatThrownBy(() -> new LogBackend(TestBackendContext.of(words).withChannels("console", "data")))
                .isInstanceOfSatisfying(BackendException.class, e -> assertThat(e.kind()).isEqualTo(kind))
                .hasMessageContaining(sentence);
    }

    /** Ten million bytes; a file that is full is replaced meanwhile, on another thread. */
    @Test
    void nothing_is_allocated_for_what_is_written() throws Exception {
        MemorySegment bytes = Arena.ofAuto().allocate(100).fill((byte) 'o');
        try (LogBackend backend = open("path", file(), "rotate", "1M", "keep", "1")) {
            assertThat(Allocation.ofManyCalls(() -> {
                for (long taken = 0; taken < bytes.byteSize();) {
                    taken += backend.write(0, bytes, taken, bytes.byteSize() - taken);
                }
            })).isZero();
        }
    }
}
