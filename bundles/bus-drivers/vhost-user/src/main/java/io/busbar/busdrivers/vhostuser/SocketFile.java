package io.busbar.busdrivers.vhostuser;

import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.linux.Errno;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.UnixListener;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.nio.file.attribute.UserPrincipalNotFoundException;

/** The socket of a device: where it is, and how it comes to listen there. */
final class SocketFile {

    /** Bytes of the longest path that a Unix socket can have. */
    static final int MAX_PATH = 107;
    private static final String SUFFIX = ".sock";
    private static final String PRIVATE = "rwx------";

    private SocketFile() {}

    /**
     * Returns the path of a device's socket.
     *
     * @throws VdpaException ENAMETOOLONG
     */
    static Path path(Path directory, String bus, String device) throws VdpaException {
        Path folder = bus.equals(VdpaBus.HOST) ? directory : directory.resolve(bus);
        Path path = folder.resolve(device + SUFFIX);
        int length = path.toString().getBytes(StandardCharsets.UTF_8).length;
        if (length > MAX_PATH) {
            throw new VdpaException(VdpaError.ENAMETOOLONG, "the socket path " + path + " has " + length
                    + " bytes: expected up to " + MAX_PATH);
        }
        return path;
    }

    /**
     * Listens. A socket that nobody listens at any more is replaced.
     *
     * @throws VdpaException EADDRINUSE with {@link Reason#SOCKET_IN_USE}, EACCES, EEXIST ...
     */
    static UnixListener listen(Path path, Settings settings) throws VdpaException {
        makeFolder(path.getParent());
        UnixListener listener;
        try {
            listener = UnixListener.bind(
                    path, settings.mode(), UnixListener.UNCHANGED, UnixListener.UNCHANGED);
        } catch (LinuxException e) {
            throw failure(e);
        }
        try {
            setOwner(path, settings);
            return listener;
        } catch (VdpaException e) {
            listener.close();
            throw e;
        }
    }

    private static void makeFolder(Path folder) throws VdpaException {
        try {
            if (!Files.isDirectory(folder)) {
                Files.createDirectories(
                        folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(PRIVATE)));
            }
        } catch (IOException e) {
            throw new VdpaException(VdpaError.EACCES, Reason.PERMISSION, "the socket directory " + folder
                    + " is not there and cannot be made: " + why(e), e);
        }
    }

    private static void setOwner(Path path, Settings settings) throws VdpaException {
        PosixFileAttributeView file =
                Files.getFileAttributeView(path, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
        UserPrincipalLookupService names = path.getFileSystem().getUserPrincipalLookupService();
        try {
            if (settings.group().isPresent()) {
                file.setGroup(names.lookupPrincipalByGroupName(settings.group().get()));
            }
            if (settings.user().isPresent()) {
                file.setOwner(names.lookupPrincipalByName(settings.user().get()));
            }
        } catch (UserPrincipalNotFoundException e) {
            throw new VdpaException(VdpaError.EINVAL, "setting owner " + settings.user().orElse("")
                    + settings.group().map(group -> ":" + group).orElse("") + ": there is no such user or group");
        } catch (IOException e) {
            throw new VdpaException(
                    VdpaError.EPERM, Reason.PERMISSION, "the owner of " + path + " cannot be set: " + why(e), e);
        }
    }

    private static String why(IOException e) {
        return switch (e) {
            case AccessDeniedException _ -> "Permission denied";
            case FileSystemException known when known.getReason() != null -> known.getReason();
            default -> e.getMessage() == null ? e.toString() : e.getMessage();
        };
    }

    private static VdpaException failure(LinuxException e) {
        return switch (e.errno()) {
            case Errno.EADDRINUSE -> exception(VdpaError.EADDRINUSE, Reason.SOCKET_IN_USE, e);
            case Errno.EACCES -> exception(VdpaError.EACCES, Reason.PERMISSION, e);
            case Errno.EPERM, Errno.EROFS -> exception(VdpaError.EPERM, Reason.PERMISSION, e);
            case Errno.EEXIST -> exception(VdpaError.EEXIST, Reason.IN_USE, e);
            case Errno.ENOENT -> exception(VdpaError.ENOENT, Reason.NOT_FOUND, e);
            case Errno.ENOSPC -> exception(VdpaError.ENOSPC, Reason.NO_SPACE, e);
            default -> exception(VdpaError.EIO, Reason.INTERNAL, e);
        };
    }

    private static VdpaException exception(VdpaError error, Reason reason, LinuxException cause) {
        return new VdpaException(error, reason, cause.getMessage(), cause);
    }
}
