package io.busbar.core.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PseudoTerminalTest {
    private static final long DEADLINE = TimeUnit.SECONDS.toNanos(30);

    private final MemorySegment bytes = Arena.ofAuto().allocate(256);

    private static FileChannel visit(PseudoTerminal terminal) throws IOException {
        return FileChannel.open(terminal.path(), StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    @Test
    void all_256_bytes_go_both_ways_as_they_are() throws Exception {
        for (int i = 0; i < 256; i++) {
            bytes.set(ValueLayout.JAVA_BYTE, i, (byte) i);
        }
        try (PseudoTerminal terminal = PseudoTerminal.open(); FileChannel visitor = visit(terminal)) {
            assertThat(StreamIo.write(terminal.fd().number(), bytes, 0, 256)).isEqualTo(256);
            ByteBuffer got = ByteBuffer.allocate(256);
            while (got.hasRemaining()) {
                visitor.read(got);
            }
            assertThat(got.array()).isEqualTo(bytes.toArray(ValueLayout.JAVA_BYTE));
            visitor.write(got.flip());
            MemorySegment back = Arena.ofAuto().allocate(256);
            for (long at = 0; at < 256; ) {
                Poll.await(terminal.fd().number(), Poll.POLLIN, DEADLINE);
                at += Math.max(0, StreamIo.read(terminal.fd().number(), back, at, 256 - at));
            }
            assertThat(back.mismatch(bytes)).isEqualTo(-1);
        }
    }

    @Test
    void it_knows_whether_somebody_is_there_from_the_beginning_and_reading_says_so_too() throws Exception {
        try (PseudoTerminal terminal = PseudoTerminal.open()) {
            assertThat(terminal.isUsed()).isFalse();
            assertThat(StreamIo.read(terminal.fd().number(), bytes, 0, 1)).isEqualTo(-Errno.EIO);
            try (FileChannel visitor = visit(terminal)) {
                assertThat(visitor.isOpen()).isTrue();
                assertThat(terminal.isUsed()).isTrue();
            }
            assertThat(terminal.isUsed()).isFalse();
        }
    }

    @Test
    void who_opens_and_closes_it_is_noticed() throws Exception {
        try (PseudoTerminal terminal = PseudoTerminal.open(); OpenWatch watch = OpenWatch.of(terminal.path())) {
            assertThat(Poll.await(watch.fd().number(), Poll.POLLIN, 0)).isZero();
            try (FileChannel visitor = visit(terminal)) {
                assertThat(Poll.await(watch.fd().number(), Poll.POLLIN, DEADLINE)).isEqualTo(Poll.POLLIN);
                assertThat(visitor.isOpen()).isTrue();
                watch.drain();
                assertThat(Poll.await(watch.fd().number(), Poll.POLLIN, 0)).isZero();
            }
            assertThat(Poll.await(watch.fd().number(), Poll.POLLIN, DEADLINE)).isEqualTo(Poll.POLLIN);
        }
    }

    @Test
    void its_size_is_what_somebody_gave_it() throws Exception {
        try (PseudoTerminal terminal = PseudoTerminal.open()) {
            assertThat(terminal.size()).isZero();
            terminal.resize(132, 43);
            assertThat(terminal.size()).isEqualTo(132 << 16 | 43);
        }
    }

    @Test
    void what_nobody_has_read_can_be_thrown_away() throws Exception {
        try (PseudoTerminal terminal = PseudoTerminal.open()) {
            for (int turn = 0; turn < 50; turn++) {
                bytes.set(ValueLayout.JAVA_BYTE, 0, (byte) '-');
                StreamIo.write(terminal.fd().number(), bytes, 0, 10);
                terminal.discard();
                assertThat(terminal.isUsed()).isFalse();
                try (FileChannel visitor = visit(terminal)) {
                    bytes.set(ValueLayout.JAVA_BYTE, 0, (byte) 'x');
                    StreamIo.write(terminal.fd().number(), bytes, 0, 1);
                    ByteBuffer got = ByteBuffer.allocate(100);
                    visitor.read(got);
                    assertThat(got.array()[0]).isEqualTo((byte) 'x');
                }
            }
        }
    }
}
