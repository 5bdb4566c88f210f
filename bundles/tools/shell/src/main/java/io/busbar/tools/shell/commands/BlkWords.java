package io.busbar.tools.shell.commands;

import io.busbar.tools.shell.Sizes;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;

/** The words of {@code blk} after the subcommand, read one after the other and checked against the disk. */
final class BlkWords {

    /** For a length: up to the end of the disk. */
    static final String ALL = "all";
    /** For a content: the next word. */
    static final String TEXT = "text";
    /** For a content: {@link BlkPattern}. */
    static final String PATTERN = "pattern";

    /** A range inside the disk, bytes. */
    record Range(long offset, long length) {}

    /** What is written, or compared with what is there. */
    sealed interface Content {}

    /** A file, absolute. */
    record FileContent(Path file) implements Content {}

    /** Bytes. */
    record TextContent(byte[] bytes) implements Content {}

    /** A pattern of so many bytes. */
    record PatternContent(long seed, long length) implements Content {}

    private final Iterator<String> words;
    private final long capacity;
    private final Path cwd;
    private long offset;

    /**
     * Begins.
     *
     * @param words    the words
     * @param capacity of the disk, bytes
     * @param cwd      where relative file names start
     */
    BlkWords(List<String> words, long capacity, Path cwd) {
        this.words = words.iterator();
        this.capacity = capacity;
        this.cwd = cwd;
    }

    boolean isEmpty() {
        return !words.hasNext();
    }

    /** Refuses words that are left over. */
    void end() throws Wrong {
        if (words.hasNext()) {
            throw new Wrong("\"" + words.next() + "\" is one word too many");
        }
    }

    private String next(String what) throws Wrong {
        if (!words.hasNext()) {
            throw new Wrong(what + " is missing");
        }
        return words.next();
    }

    /** Reads an offset inside the disk. */
    long offset() throws Wrong {
        String word = next("an offset");
        offset = word.equals("0") ? 0 : size(word);
        if (offset >= capacity) {
            throw new Wrong("offset " + word + ": the disk has " + capacity + " bytes");
        }
        return offset;
    }

    private long length() throws Wrong {
        String word = next("a length");
        long length = word.equals(ALL) ? capacity - offset : size(word);
        if (length > capacity - offset) {
            throw new Wrong("length " + word + " at " + offset + ": the disk has " + capacity + " bytes");
        }
        return length;
    }

    private static long size(String word) throws Wrong {
        return Sizes.parse(word).orElseThrow(() -> new Wrong("\"" + word + "\" is no size; " + Sizes.EXPECTED));
    }

    Range range() throws Wrong {
        long from = offset();
        return new Range(from, length());
    }

    Range lastRange() throws Wrong {
        Range range = range();
        end();
        return range;
    }

    Path lastFile() throws Wrong {
        Path file = cwd.resolve(next("a file"));
        end();
        return file;
    }

    /** Reads what is written at the offset that was read before. */
    Content lastContent() throws Wrong {
        String word = next("a file, text or pattern");
        Content content = switch (word) {
            case TEXT -> new TextContent(next("the text").getBytes(StandardCharsets.UTF_8));
            case PATTERN -> new PatternContent(seed(), length());
            default -> new FileContent(cwd.resolve(word));
        };
        end();
        return content;
    }

    private long seed() throws Wrong {
        String word = next("the number of the pattern");
        try {
            return Long.parseLong(word);
        } catch (NumberFormatException e) {
            throw new Wrong("\"" + word + "\" is no number of a pattern; a whole number was expected", e);
        }
    }
}
