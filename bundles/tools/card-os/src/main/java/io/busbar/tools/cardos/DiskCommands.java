package io.busbar.tools.cardos;

import io.busbar.api.driver.DriverException;
import java.io.InterruptedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.function.Consumer;

/** Commands for disks. Offsets and lengths are bytes, multiples of the disk's blocks. */
final class DiskCommands {

    private static final String STOP = "stop";
    private static final String START = "start";
    private static final long MOST_READ = 64 << 10;
    private static final long MOST_SEED = Integer.MAX_VALUE;
    private static final int LINE_BYTES = 16;

    private final Machine machine;

    private DiskCommands(Machine machine) {
        this.machine = machine;
    }

    static List<Shell.Entry> of(Machine machine) {
        DiskCommands commands = new DiskCommands(machine);
        return List.of(
                new Shell.Entry("read DISK OFFSET LENGTH", "shows bytes", commands::read),
                new Shell.Entry("write DISK OFFSET TEXT...", "writes text into one block, and flushes", commands::write),
                new Shell.Entry("sum DISK OFFSET LENGTH", "shows the SHA-256 of bytes", commands::sum),
                new Shell.Entry("fill DISK OFFSET LENGTH SEED", "writes noise, and flushes", commands::fill),
                new Shell.Entry("verify DISK OFFSET LENGTH SEED", "reads noise back", commands::verify),
                new Shell.Entry("load DISK [ start BYTES | stop ]", "fills and verifies without end, or says how it goes", commands::load));
    }

    /** A range of a disk. */
    private record Range(Disk disk, long offset, long length) {}

    private Disk disk(Words words) {
        String name = words.next();
        if (machine.part(name) instanceof Disk disk) {
            return disk;
        }
        throw new IllegalArgumentException("\"" + name + "\": expected a disk, such as block0; devices lists them");
    }

    private Range range(Words words, long most) {
        Disk disk = disk(words);
        int block = disk.device().blockSize();
        long capacity = disk.device().capacity();
        long offset = words.number("offset", 0, capacity - block);
        long length = words.number("length", block, Math.min(most, capacity - offset));
        if (offset % block != 0 || length % block != 0) {
            throw new IllegalArgumentException(offset + " and " + length + ": expected multiples of " + block);
        }
        return new Range(disk, offset, length);
    }

    private void read(Words words, Consumer<String> output) throws DriverException, InterruptedIOException {
        Range range = range(words, MOST_READ);
        words.end();
        range.disk().pieces(range.offset(), range.length(), (offset, bytes) -> dump(offset, bytes, output));
    }

    private static void dump(long offset, MemorySegment bytes, Consumer<String> output) {
        for (long i = 0; i < bytes.byteSize(); i += LINE_BYTES) {
            byte[] line = bytes.asSlice(i, Math.min(LINE_BYTES, bytes.byteSize() - i)).toArray(ValueLayout.JAVA_BYTE);
            String text = new String(line, StandardCharsets.ISO_8859_1).replaceAll("[^ -~]", ".");
            output.accept("%010x  %s  |%s|".formatted(offset + i, Disk.hex(line), text));
        }
    }

    private void write(Words words, Consumer<String> output) throws DriverException, InterruptedIOException, InterruptedException {
        Disk disk = disk(words);
        int block = disk.device().blockSize();
        long offset = words.number("offset", 0, disk.device().capacity() - block);
        byte[] text = words.rest().getBytes(StandardCharsets.UTF_8);
        if (text.length == 0 || text.length > block || offset % block != 0) {
            throw new IllegalArgumentException(text.length + " bytes at " + offset + ": expected 1 to " + block + " bytes, at a multiple of "
                    + block);
        }
        disk.writing().lockInterruptibly();
        try {
            MemorySegment bytes = MemorySegment.ofArray(new byte[block]);
            disk.device().read(offset, bytes);
            MemorySegment.copy(text, 0, bytes, ValueLayout.JAVA_BYTE, 0, text.length);
            disk.device().write(offset, bytes);
            disk.device().flush();
        } finally {
            disk.writing().unlock();
        }
        output.accept("wrote " + text.length + " bytes at " + offset);
    }

    private void sum(Words words, Consumer<String> output) throws DriverException, InterruptedIOException {
        Range range = range(words, Long.MAX_VALUE);
        words.end();
        MessageDigest digest = sha256();
        range.disk().pieces(range.offset(), range.length(), (_, bytes) -> digest.update(bytes.asByteBuffer()));
        output.accept("sum " + Disk.hex(digest.digest()));
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private void fill(Words words, Consumer<String> output) throws DriverException, InterruptedIOException, InterruptedException {
        Range range = range(words, Long.MAX_VALUE);
        long seed = words.number("seed", 0, MOST_SEED);
        words.end();
        range.disk().fill(range.offset(), range.length(), seed);
        output.accept("filled " + range.length() + " bytes at " + range.offset());
    }

    private void verify(Words words, Consumer<String> output) throws DriverException, InterruptedIOException {
        Range range = range(words, Long.MAX_VALUE);
        long seed = words.number("seed", 0, MOST_SEED);
        words.end();
        long wrong = range.disk().verify(range.offset(), range.length(), new Noise(seed));
        output.accept(wrong < 0 ? "verified " + range.length() + " bytes at " + range.offset() : "other bytes than expected at " + wrong);
    }

    private void load(Words words, Consumer<String> output) {
        Disk disk = disk(words);
        String what = words.isEmpty() ? "" : words.next();
        if (what.equals(START)) {
            long bytes = words.number("length", disk.device().blockSize(), disk.device().capacity());
            words.end();
            machine.beginLoad(disk, bytes / disk.device().blockSize() * disk.device().blockSize());
            output.accept("load of " + disk.name() + " has begun");
            return;
        }
        words.end();
        if (!what.isEmpty() && !what.equals(STOP)) {
            throw new IllegalArgumentException("\"" + what + "\": expected start or stop");
        }
        DiskLoad load = machine.load(disk.name());
        output.accept(load == null ? "load of " + disk.name() + ": none" : load.status());
        if (what.equals(STOP)) {
            machine.endLoad(disk.name());
        }
    }
}
