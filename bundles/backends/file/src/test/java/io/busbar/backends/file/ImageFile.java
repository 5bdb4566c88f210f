package io.busbar.backends.file;

import io.busbar.core.linux.PositionalFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/** Files for tests, looked at past the backend. */
final class ImageFile {

    private ImageFile() {
    }

    /** Makes a file of so many bytes of one value. */
    static Path filled(Path directory, String name, int bytes, int value) throws IOException {
        return Files.write(directory.resolve(name), bytes(bytes, value));
    }

    /** Makes a file of so many bytes that takes no room. */
    static Path sparse(Path directory, String name, long bytes) throws IOException {
        Path file = Files.createFile(directory.resolve(name));
        truncate(file, bytes);
        return file;
    }

    /** Cuts or grows a file. */
    static void truncate(Path file, long bytes) throws IOException {
        try (PositionalFile open = PositionalFile.open(file, io.busbar.core.linux.OpenFlag.READ_WRITE)) {
            if (open.truncate(bytes) < 0) {
                throw new IOException("cannot truncate " + file);
            }
        }
    }

    static byte[] bytes(int count, int value) {
        byte[] bytes = new byte[count];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    static byte[] join(byte[]... parts) {
        byte[] whole = {};
        for (byte[] part : parts) {
            int at = whole.length;
            whole = Arrays.copyOf(whole, at + part.length);
            System.arraycopy(part, 0, whole, at, part.length);
        }
        return whole;
    }

    static byte[] content(Path file, long offset, int length) throws IOException {
        try (var channel = Files.newByteChannel(file, StandardOpenOption.READ)) {
            var buffer = java.nio.ByteBuffer.allocate(length);
            channel.position(offset);
            while (buffer.hasRemaining() && channel.read(buffer) >= 0) {
                continue;
            }
            return Arrays.copyOf(buffer.array(), buffer.position());
        }
    }

    /** Where the first hole is, at an offset or behind it. */
    static long nextHole(Path file, long offset) throws IOException {
        try (PositionalFile open = PositionalFile.open(file)) {
            return open.nextHole(offset);
        }
    }

    /** Where the first data is, at an offset or behind it; negative if there is none. */
    static long nextData(Path file, long offset) throws IOException {
        try (PositionalFile open = PositionalFile.open(file)) {
            return open.nextData(offset);
        }
    }
}
