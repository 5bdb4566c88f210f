package io.busbar.backends.nbd;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** Servers by nbdkit's plugin {@code sh}. */
final class NbdKitScripts {

    private NbdKitScripts() {}

    /** A disk that can be read and written, and nothing else. */
    static String plain(Path folder, long bytes) {
        return with("cat >/dev/null", folder, bytes);
    }

    /** The same, but a write takes long, and is the whole content of a file then. */
    static String slow(Path folder, long bytes, Path written) {
        return with("touch " + written + ".begun; sleep 0.3; cat >" + written, folder, bytes);
    }

    private static String with(String write, Path folder, long bytes) {
        Path script = folder.resolve("plain.sh");
        try {
            Files.writeString(script, """
                    #!/bin/sh
                    case $1 in
                        get_size) echo %d ;;
                        can_write) exit 0 ;;
                        can_flush | can_trim) exit 3 ;;
                        can_zero) echo none ;;
                        pread) head -c "$3" /dev/zero ;;
                        pwrite) %s ;;
                        *) exit 2 ;;
                    esac
                    """.formatted(bytes, write));
            Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return script.toString();
    }
}
