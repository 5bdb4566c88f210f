package io.busbar.tools.shell.commands;

import io.busbar.tools.shell.JsonText;
import io.busbar.tools.shell.Output;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** What {@code blk} does with a disk: in steps of {@value #STEP} bytes, with its progress told. */
final class BlkJob {

    private static final int STEP = 1 << 20;
    private static final int MOST_TEXT = 1 << 20;

    private final DrivenDisk disk;
    private final Arguments arguments;
    private final Output output;

    BlkJob(DrivenDisk disk, Arguments arguments, Output output) {
        this.disk = disk;
        this.arguments = arguments;
        this.output = output;
    }

    private Progress progress(String verb, long total) {
        return new Progress(output, disk.name() + ": " + verb, total);
    }

    private void report(String operation, long offset, Progress progress) {
        output.out(arguments.json()
                ? new JsonText(arguments.pretty()).open().open("blk").open(disk.name())
                        .property("operation", operation)
                        .property("offset", offset)
                        .property("bytes", progress.done())
                        .property("seconds", progress.seconds())
                        .close().close().close().finish()
                : progress.summary(offset));
    }

    /** Prints text. */
    void text(BlkWords.Range range) throws Wrong {
        if (range.length() > MOST_TEXT) {
            throw new Wrong("text of " + range.length() + " bytes: at most " + MOST_TEXT + " were expected, or a FILE");
        }
        byte[] bytes = disk.read(range.offset(), (int) range.length());
        int end = bytes.length;
        while (end > 0 && bytes[end - 1] == 0) {
            end--;
        }
        try {
            String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes, 0, end)).toString();
            if (text.indexOf('\0') < 0) {
                output.out(text.isEmpty() || text.endsWith("\n") ? text : text + "\n");
                return;
            }
        } catch (CharacterCodingException _) {
            // said below
        }
        throw new Wrong("the bytes at " + range.offset() + " are no text; hexdump, or a FILE, was expected");
    }

    /** Copies to a file. */
    void read(BlkWords.Range range, Path file) throws Wrong {
        Progress progress = progress("read", range.length());
        FileWork.on(file, () -> {
            try (OutputStream out = Files.newOutputStream(file)) {
                for (long at = 0; at < range.length(); at += STEP) {
                    byte[] bytes = disk.read(range.offset() + at, (int) Math.min(STEP, range.length() - at));
                    out.write(bytes);
                    progress.add(bytes.length);
                }
            }
        });
        report("read", range.offset(), progress);
    }

    /** Prints lines of hexadecimal digits. */
    void hexdump(BlkWords.Range range) throws Wrong {
        for (long at = 0; at < range.length(); at += Short.MAX_VALUE + 1) {
            long offset = range.offset() + at;
            output.out(Hexdump.of(offset, disk.read(offset, (int) Math.min(Short.MAX_VALUE + 1, range.length() - at))));
        }
    }

    /** Writes a content, and flushes. */
    void write(long offset, BlkWords.Content content) throws Wrong {
        long length = length(offset, content);
        Progress progress = progress("wrote", length);
        each(content, offset, length, (at, bytes, count) -> {
            disk.write(at, bytes, count);
            progress.add(count);
        });
        disk.flush();
        report("write", offset, progress);
    }

    /** Compares a content with what is there. */
    void verify(long offset, BlkWords.Content content) throws Wrong {
        long length = length(offset, content);
        Progress progress = progress("verified", length);
        each(content, offset, length, (at, expected, count) -> {
            byte[] read = disk.read(at, count);
            int difference = Arrays.mismatch(read, 0, count, expected, 0, count);
            if (difference >= 0) {
                throw new Wrong(String.format("%s: the byte at %d is 0x%02x; 0x%02x was expected", disk.name(),
                        at + difference, read[difference], expected[difference]));
            }
            progress.add(count);
        });
        report("verify", offset, progress);
    }

    /** Makes a range read as zero, and flushes. */
    void zero(BlkWords.Range range) throws Wrong {
        Progress progress = progress("zeroed", range.length());
        disk.writeZeroes(range.offset(), range.length());
        disk.flush();
        progress.add(range.length());
        report("zero", range.offset(), progress);
    }

    /** Gives a range back. */
    void discard(BlkWords.Range range) throws Wrong {
        Progress progress = progress("discarded", range.length());
        disk.discard(range.offset(), range.length());
        progress.add(range.length());
        report("discard", range.offset(), progress);
    }

    /** Takes a part of a content. */
    @FunctionalInterface
    private interface Part {
        void take(long offset, byte[] bytes, int count) throws Wrong;
    }

    private long length(long offset, BlkWords.Content content) throws Wrong {
        long[] length = new long[1];
        switch (content) {
            case BlkWords.FileContent(var file) -> FileWork.on(file, () -> length[0] = Files.size(file));
            case BlkWords.TextContent(var bytes) -> length[0] = bytes.length;
            case BlkWords.PatternContent(_, var bytes) -> length[0] = bytes;
        }
        if (length[0] > disk.driver().capacity() - offset) {
            throw new Wrong(length[0] + " bytes at " + offset + ": the disk has " + disk.driver().capacity() + " bytes");
        }
        return length[0];
    }

    private static void each(BlkWords.Content content, long offset, long length, Part part) throws Wrong {
        switch (content) {
            case BlkWords.FileContent(var file) -> FileWork.on(file, () -> {
                try (InputStream in = new BufferedInputStream(Files.newInputStream(file), STEP)) {
                    each(in, offset, length, part);
                }
            });
            case BlkWords.TextContent(var bytes) -> part.take(offset, bytes, bytes.length);
            case BlkWords.PatternContent(var seed, _) -> {
                for (long at = 0; at < length; at += STEP) {
                    byte[] bytes = new byte[(int) Math.min(STEP, length - at)];
                    BlkPattern.fill(seed, offset + at, bytes);
                    part.take(offset + at, bytes, bytes.length);
                }
            }
        }
    }

    private static void each(InputStream in, long offset, long length, Part part) throws IOException, Wrong {
        byte[] bytes = new byte[STEP];
        for (long at = 0; at < length; ) {
            int count = in.readNBytes(bytes, 0, (int) Math.min(STEP, length - at));
            if (count == 0) {
                throw new IOException("it became shorter than its " + length + " bytes");
            }
            part.take(offset + at, bytes, count);
            at += count;
        }
    }
}
