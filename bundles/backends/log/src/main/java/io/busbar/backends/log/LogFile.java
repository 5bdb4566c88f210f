package io.busbar.backends.log;

import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendException.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * A file that grows, and makes place when it is full: {@code FILE} becomes {@code FILE.1}, that {@code FILE.2}, and so on; what is
 * beyond the number to keep is deleted. Readable by its owner alone. One thread at a time, where nothing else is said.
 */
final class LogFile implements AutoCloseable {

    private final Path path;
    private final long rotateAt;
    private final int keep;
    private FileChannel channel;
    private long size;
    private FileLock lock;
    /** Another process may write the file, too. */
    private boolean yielded;

    private LogFile(Path path, long rotateAt, int keep) {
        this.path = path;
        this.rotateAt = rotateAt;
        this.keep = keep;
    }

    /**
     * Opens a file, at its end.
     *
     * @param path     the file, made if it is not there
     * @param rotateAt bytes that it may have at the most
     * @param keep     how many old ones stay
     * @throws BackendException if it cannot be written, or another console writes it
     */
    static LogFile open(Path path, long rotateAt, int keep) throws BackendException {
        LogFile file = new LogFile(path, rotateAt, keep);
        if (Files.isDirectory(path)) {
            throw new BackendException(Kind.CONFIG_INVALID, "path " + path + " is a directory: expected a file");
        }
        try {
            file.open();
            if (!file.lock()) {
                throw inUse(path);
            }
            return file;
        } catch (OverlappingFileLockException e) {
            file.close();
            throw inUse(path);
        } catch (NoSuchFileException e) {
            throw new BackendException(Kind.NOT_FOUND, "path " + path + ": its directory is not there", e);
        } catch (AccessDeniedException e) {
            throw new BackendException(Kind.PERMISSION, "path " + path + ": it may not be written", e);
        } catch (IOException e) {
            file.close();
            throw new BackendException(Kind.FAILED, "path " + path + ": " + e.getMessage(), e);
        }
    }

    private static BackendException inUse(Path path) {
        return new BackendException(Kind.IN_USE, "path " + path + ": another console writes to it");
    }

    private void open() throws IOException {
        channel = FileChannel.open(
                path,
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        size = channel.size();
    }

    private boolean lock() throws IOException {
        lock = channel.tryLock();
        return lock != null;
    }

    /** Lets another process open it. Any thread. */
    synchronized void yieldToAnother() {
        yielded = true;
        try {
            if (lock != null) {
                lock.release();
            }
        } catch (IOException e) {
            // The channel is closed, and the lock with it.
        }
    }

    /**
     * Is the only one that writes it again. Any thread.
     *
     * @throws BackendException if somebody else is
     */
    synchronized void reclaim() throws BackendException {
        yielded = false;
        try {
            if (!lock()) {
                throw inUse(path);
            }
        } catch (IOException e) {
            throw new BackendException(Kind.FAILED, "path " + path + ": " + e.getMessage(), e);
        }
    }

    Path path() {
        return path;
    }

    /**
     * Writes, at least a byte, and no more than the file has room for.
     *
     * @throws IOException if nothing could be written: a full disk
     */
    synchronized void write(ByteBuffer bytes) throws IOException {
        if (size >= rotateAt) {
            rotate();
        }
        int end = bytes.limit();
        bytes.limit((int) Math.min(end, bytes.position() + (rotateAt - size)));
        try {
            size += channel.write(bytes);
        } finally {
            bytes.limit(end);
        }
    }

    private void rotate() throws IOException {
        channel.close();
        if (keep == 0) {
            Files.deleteIfExists(path);
        }
        for (int i = keep; i > 0; i--) {
            Path from = i == 1 ? path : old(i - 1);
            if (Files.exists(from)) {
                Files.move(from, old(i), StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
            }
        }
        open();
        if (!yielded) {
            lock();
        }
    }

    private Path old(int number) {
        return path.resolveSibling(path.getFileName() + "." + number);
    }

    @Override
    public void close() {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException e) {
            // What was written is with the kernel; there is nobody left to tell.
        }
    }
}
