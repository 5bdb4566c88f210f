package io.busbar.core.bus;

import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.text.ParseException;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file of the devices that come back at the next start: {@code devices} in the directory of state, for the owner
 * alone. It is replaced as a whole, so that a crash leaves the old list or the new one. Not safe for several threads.
 */
final class DeviceStore {

    private static final Logger LOG = LoggerFactory.getLogger(DeviceStore.class);

    /** ENOSPC, as the JDK words it. */
    private static final String NO_SPACE = "No space left on device";

    private final Path file;
    private VdpaException unreadable;

    DeviceStore(Path directory) {
        file = directory.resolve("devices");
    }

    Path file() {
        return file;
    }

    /**
     * Reads the list. A file that is none is kept aside, and the list is empty then.
     *
     * @throws VdpaException if there is a file and it cannot be read; it is not overwritten then
     */
    List<DeviceRecord> load() throws VdpaException {
        try {
            return loadOrPutAside();
        } catch (IOException failed) {
            unreadable = new VdpaException(error(failed), reason(failed),
                    "the list of devices " + file + " cannot be read, so that nothing can be kept: " + why(failed), failed);
            throw unreadable;
        }
    }

    private List<DeviceRecord> loadOrPutAside() throws IOException {
        try {
            return DeviceListFormat.read(Files.readString(file));
        } catch (NoSuchFileException _) {
            return List.of();
        } catch (ParseException | CharacterCodingException corrupt) {
            Path aside = Files.move(file, freeName());
            LOG.error("{} is not a list of devices ({}): kept as {}, no device comes back",
                    file, corrupt.getMessage(), aside);
            return List.of();
        }
    }

    private Path freeName() {
        int number = 1;
        Path name;
        do {
            name = file.resolveSibling("devices.corrupt-" + number++);
        } while (Files.exists(name));
        return name;
    }

    /**
     * Replaces the list.
     *
     * @throws VdpaException if it cannot be written: the old list is still there
     */
    void save(List<DeviceRecord> devices) throws VdpaException {
        if (unreadable != null) {
            throw unreadable;
        }
        Path fresh = file.resolveSibling("devices.new");
        try {
            Files.createDirectories(file.getParent());
            write(fresh, DeviceListFormat.write(devices));
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
            syncDirectory();
        } catch (IOException failed) {
            throw new VdpaException(error(failed), reason(failed),
                    "the list of devices cannot be written to " + file + ": " + why(failed), failed);
        }
    }

    private static void write(Path path, String text) throws IOException {
        Files.deleteIfExists(path);
        try (FileChannel channel = FileChannel.open(
                path,
                Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
    }

    /** The new name is durable only once the directory is. */
    private void syncDirectory() throws IOException {
        try (FileChannel directory = FileChannel.open(file.getParent(), StandardOpenOption.READ)) {
            directory.force(true);
        }
    }

    /** What the system said, without the names of classes and files. */
    private static String why(IOException failed) {
        return switch (failed) {
            case AccessDeniedException _ -> "Permission denied";
            case FileSystemException known when known.getReason() != null -> known.getReason();
            default -> failed.getMessage() == null ? failed.toString() : failed.getMessage();
        };
    }

    private static boolean isFull(IOException failed) {
        return why(failed).equals(NO_SPACE);
    }

    private static VdpaError error(IOException failed) {
        if (isFull(failed)) {
            return VdpaError.ENOSPC;
        }
        return failed instanceof AccessDeniedException ? VdpaError.EACCES : VdpaError.EIO;
    }

    private static Reason reason(IOException failed) {
        if (isFull(failed)) {
            return Reason.NO_SPACE;
        }
        return failed instanceof AccessDeniedException ? Reason.PERMISSION : Reason.INTERNAL;
    }
}
