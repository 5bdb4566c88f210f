package io.busbar.backends.file;

import io.busbar.api.backend.BackendContext;
import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendException.Kind;
import io.busbar.api.backend.BlockInfo;
import io.busbar.core.linux.DirectAlignment;
import io.busbar.core.linux.Errno;
import io.busbar.core.linux.FdKind;
import io.busbar.core.linux.FileLockedException;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.OpenFlag;
import io.busbar.core.linux.PositionalFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The open file: locked, of a size that a disk can have. Its lock is exclusive for a writer and shared for readers, so that
 * two devices never work on one disk unless both only read.
 *
 * @param path      what the user named
 * @param file      the open file
 * @param size      bytes, a multiple of 512
 * @param isDevice  whether it is a block device
 * @param alignment what O_DIRECT wants; null if it is not used
 * @param before    what was there before it was opened
 */
record Image(
        Path path, PositionalFile file, long size, boolean isDevice, DirectAlignment alignment, Before before) {

    /** What opening found. */
    enum Before {
        /** A disk. */
        DISK,
        /** A file without a byte, which was given its size. */
        EMPTY,
        /** Nothing: the file was made. */
        NOTHING
    }

    private static final Logger LOG = LoggerFactory.getLogger(Image.class);

    /** Opens the file that the settings name, or makes it if they give a size. */
    static Image open(BackendContext context, IoMode io) throws BackendException {
        Path path = path(context.settings().required("path"));
        OptionalLong size = context.settings().size("size");
        if (size.isPresent() && size.getAsLong() % BlockInfo.SECTOR != 0) {
            throw invalid("size of " + size.getAsLong() + " bytes: expected a multiple of " + BlockInfo.SECTOR);
        }
        try {
            return check(open(path, context.readOnly(), io), path, context, size, io);
        } catch (LinuxException e) {
            if (e.errno() == Errno.ENOENT && size.isPresent() && !context.readOnly()) {
                return make(path, context, size.getAsLong(), io);
            }
            throw refusal(path, context.readOnly(), io, e);
        }
    }

    private static Path path(String text) throws BackendException {
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw invalid("path " + text + ": expected the name of a file");
        }
    }

    private static PositionalFile open(Path path, boolean readOnly, IoMode io, OpenFlag... more) throws LinuxException {
        List<OpenFlag> flags = new ArrayList<>(List.of(more));
        if (!readOnly) {
            flags.add(OpenFlag.READ_WRITE);
        }
        if (io == IoMode.DIRECT) {
            flags.add(OpenFlag.DIRECT);
        }
        return PositionalFile.open(path, flags.toArray(OpenFlag[]::new));
    }

    private static Image check(PositionalFile file, Path path, BackendContext context, OptionalLong size, IoMode io)
            throws BackendException {
        try {
            lock(file, path, context.readOnly());
            boolean isDevice = file.kind() == FdKind.BLOCK;
            long bytes = file.size();
            Before before = Before.DISK;
            if (bytes == 0 && size.isPresent() && !isDevice && !context.readOnly()) {
                setSize(file, path, size.getAsLong());
                bytes = size.getAsLong();
                before = Before.EMPTY;
            }
            requireSize(path, bytes, size);
            return new Image(path, file, bytes, isDevice, alignment(file, path, io), before);
        } catch (LinuxException e) {
            file.close();
            throw refusal(path, context.readOnly(), io, e);
        } catch (BackendException e) {
            file.close();
            throw e;
        }
    }

    private static void requireSize(Path path, long bytes, OptionalLong size) throws BackendException {
        if (bytes == 0) {
            throw invalid("file " + path + " is empty: expected a disk, or size SIZE to make it one");
        }
        if (size.isPresent() && size.getAsLong() != bytes) {
            throw invalid("file " + path + " has " + bytes + " bytes, but size says " + size.getAsLong()
                    + ": expected the same, or no size; the block resize command changes it");
        }
        if (bytes % BlockInfo.SECTOR != 0) {
            throw invalid("file " + path + " has " + bytes + " bytes: expected a multiple of " + BlockInfo.SECTOR);
        }
    }

    /** Lets others lock the file while it stays open. */
    void unlock() throws BackendException {
        try {
            file.unlock();
        } catch (LinuxException e) {
            throw failed(path, e);
        }
    }

    /** Takes the lock again, if nobody else has it. */
    void lockAgain(boolean readOnly) throws BackendException {
        try {
            lock(file, path, readOnly);
        } catch (LinuxException e) {
            throw failed(path, e);
        }
    }

    /** Leaves what was there before, while the lock is still held. */
    void putBack() {
        switch (before) {
            case NOTHING -> delete(path);
            case EMPTY -> file.truncate(0);
            case DISK -> { }
        }
    }

    private static Image make(Path path, BackendContext context, long size, IoMode io) throws BackendException {
        PositionalFile file;
        try {
            file = open(path, false, io, OpenFlag.CREATE, OpenFlag.EXCLUSIVE);
        } catch (LinuxException e) {
            throw refusal(path, false, io, e);
        }
        try {
            lock(file, path, false);
            setSize(file, path, size);
            Image image = new Image(path, file, size, false, alignment(file, path, io), Before.NOTHING);
            LOG.info("{}: made {}, {} bytes, sparse", context.deviceName(), path, size);
            return image;
        } catch (LinuxException e) {
            discard(file, path);
            throw refusal(path, false, io, e);
        } catch (BackendException e) {
            discard(file, path);
            throw e;
        }
    }

    /** Takes away a file that was made a moment ago and could not become a disk. */
    private static void discard(PositionalFile file, Path path) {
        delete(path);
        file.close();
    }

    private static void delete(Path path) {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            LOG.warn("{} was made, is no disk, and cannot be deleted: {}", path, e.toString());
        }
    }

    private static void lock(PositionalFile file, Path path, boolean readOnly)
            throws BackendException, LinuxException {
        try {
            file.lock(!readOnly);
        } catch (FileLockedException e) {
            String holder = e.holder().map(Object::toString).orElse("another process");
            throw new BackendException(Kind.IN_USE, "file " + path + " is in use: it is locked by " + holder, e);
        }
    }

    private static void setSize(PositionalFile file, Path path, long size) throws BackendException {
        int result = file.truncate(size);
        if (result < 0) {
            throw new BackendException(Kind.NO_SPACE, "file " + path + " cannot have " + size + " bytes: "
                    + Errno.text(result) + " (" + Errno.name(result) + ")");
        }
    }

    private static DirectAlignment alignment(PositionalFile file, Path path, IoMode io)
            throws BackendException, LinuxException {
        if (io != IoMode.DIRECT) {
            return null;
        }
        return file.directAlignment().orElseThrow(() -> noDirect(path, null));
    }

    private static BackendException refusal(Path path, boolean readOnly, IoMode io, LinuxException e) {
        return switch (e.errno()) {
            case Errno.ENOENT, Errno.ENOTDIR -> notFound(path, e);
            case Errno.EACCES, Errno.EPERM, Errno.EROFS -> new BackendException(Kind.PERMISSION,
                    "file " + path + " cannot be opened for " + (readOnly ? "reading" : "reading and writing") + ": "
                            + Errno.text(e.errno()) + (isReadable(path) ? "; readonly on would do" : ""), e);
            case Errno.EISDIR, Errno.EINVAL -> unfit(path, io, e);
            case Errno.ENOSPC, Errno.EDQUOT, Errno.EFBIG -> new BackendException(Kind.NO_SPACE,
                    "file " + path + ": " + Errno.text(e.errno()), e);
            case Errno.EBUSY, Errno.ETXTBSY -> new BackendException(Kind.IN_USE,
                    "file " + path + " is in use: " + Errno.text(e.errno()), e);
            default -> failed(path, e);
        };
    }

    private static BackendException notFound(Path path, LinuxException e) {
        Path directory = path.toAbsolutePath().getParent();
        if (directory != null && !Files.isDirectory(directory)) {
            return new BackendException(Kind.NOT_FOUND,
                    "file " + path + " is not there, nor is the directory " + directory, e);
        }
        return new BackendException(Kind.NOT_FOUND,
                "file " + path + " is not there: expected a disk, or size SIZE to make one", e);
    }

    private static boolean isReadable(Path path) {
        return Files.isReadable(path);
    }

    private static BackendException unfit(Path path, IoMode io, LinuxException e) {
        if (Files.isDirectory(path)) {
            return new BackendException(Kind.CONFIG_INVALID,
                    "path " + path + " is a directory: expected a regular file or a block device", e);
        }
        if (!Files.isRegularFile(path) && !isBlockDevice(path)) {
            return new BackendException(Kind.CONFIG_INVALID,
                    "path " + path + " is no disk: expected a regular file or a block device", e);
        }
        return io == IoMode.DIRECT ? noDirect(path, e) : failed(path, e);
    }

    private static boolean isBlockDevice(Path path) {
        try (PositionalFile file = PositionalFile.open(path)) {
            return file.kind() == FdKind.BLOCK;
        } catch (LinuxException e) {
            return false;
        }
    }

    private static BackendException noDirect(Path path, LinuxException cause) {
        return new BackendException(Kind.CONFIG_INVALID, "io direct: the file system of " + path
                + " has no direct I/O: expected io buffered or mapped", cause);
    }

    private static BackendException failed(Path path, LinuxException e) {
        return new BackendException(Kind.FAILED, "file " + path + ": " + e.getMessage(), e);
    }

    private static BackendException invalid(String sentence) {
        return new BackendException(Kind.CONFIG_INVALID, sentence);
    }
}
