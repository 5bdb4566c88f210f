package io.busbar.backends.pty;

import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendException.Kind;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * A symbolic link to a terminal, so that it has the same name each time.
 *
 * @param path   where it is
 * @param target the terminal
 */
record Link(Path path, Path target) {

    /**
     * Makes the link; one to another terminal, which was left there, is replaced, anything else is left alone.
     *
     * @throws BackendException if something else is there, or it cannot be made
     */
    static Link make(Path path, Path target) throws BackendException {
        try {
            if (Files.exists(path, LinkOption.NOFOLLOW_LINKS) && !isTerminal(path)) {
                throw new BackendException(Kind.IN_USE,
                        "link " + path + ": something is there that is no link to a terminal");
            }
            Path fresh = path.resolveSibling(path.getFileName() + "." + ProcessHandle.current().pid());
            Files.deleteIfExists(fresh);
            Files.createSymbolicLink(fresh, target);
            Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            return new Link(path, target);
        } catch (NoSuchFileException | NotDirectoryException e) {
            throw new BackendException(Kind.NOT_FOUND, "link " + path + ": its directory is not there", e);
        } catch (AccessDeniedException e) {
            throw new BackendException(Kind.PERMISSION, "link " + path + ": it may not be made there", e);
        } catch (IOException e) {
            throw new BackendException(Kind.FAILED, "link " + path + ": " + e.getMessage(), e);
        }
    }

    private static boolean isTerminal(Path path) throws IOException {
        return Files.isSymbolicLink(path) && Files.readSymbolicLink(path).startsWith("/dev/pts");
    }

    /** Removes the link, if it is still this one. */
    void remove() {
        try {
            if (Files.isSymbolicLink(path) && Files.readSymbolicLink(path).equals(target)) {
                Files.delete(path);
            }
        } catch (IOException e) {
            // What is gone already, or became somebody else's, need not be removed.
        }
    }
}
