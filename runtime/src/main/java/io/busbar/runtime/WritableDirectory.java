package io.busbar.runtime;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** A directory that is made if it is not there, and what is wrong with one that cannot be used, as a sentence. */
final class WritableDirectory {
    private static final String PRIVATE = "rwx------";

    private WritableDirectory() {}

    /**
     * Makes a directory, and those above it, that only the owner can read; one that exists is left as it is.
     *
     * @param what what the directory is for, as the sentence begins: {@code the socket directory}
     * @param directory absolute
     * @param choose how another one is chosen, as the sentence ends
     * @throws UsageException if it cannot be made, or not be written to
     */
    static void require(String what, Path directory, String choose) throws UsageException {
        try {
            if (!Files.isDirectory(directory)) {
                Files.createDirectories(
                        directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(PRIVATE)));
            }
        } catch (IOException e) {
            throw new UsageException(what + " " + directory + " cannot be made: " + why(e) + "; " + choose);
        }
        if (!Files.isWritable(directory)) {
            throw new UsageException(what + " " + directory + " cannot be written to: Permission denied; " + choose);
        }
    }

    /** Says what the system said, without the names of classes. */
    static String why(IOException e) {
        return switch (e) {
            case AccessDeniedException denied -> denied.getFile() + ": Permission denied";
            case FileAlreadyExistsException exists -> exists.getFile() + " is there and is no directory";
            case FileSystemException failed when failed.getReason() != null ->
                failed.getFile() + ": " + failed.getReason();
            default -> e.getMessage() == null ? e.toString() : e.getMessage();
        };
    }
}
