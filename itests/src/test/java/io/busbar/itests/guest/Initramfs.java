package io.busbar.itests.guest;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Writes an initramfs: an archive in the format "newc" of cpio (Linux, Documentation/driver-api/early-userspace/
 * buffer-format.rst), uncompressed, every entry owned by root.
 */
final class Initramfs {

    private static final int FOLDER = 0040755;
    private static final int FILE = 0100755;

    private final ByteArrayOutputStream archive = new ByteArrayOutputStream(8 << 20);
    private int inode = 1;

    Initramfs folder(String name) {
        entry(name, FOLDER, new byte[0]);
        return this;
    }

    /** An executable file; its folder must have been added before. */
    Initramfs file(String name, byte[] content) {
        entry(name, FILE, content);
        return this;
    }

    Initramfs file(String name, String content) {
        return file(name, content.getBytes(StandardCharsets.UTF_8));
    }

    Initramfs file(String name, Path content) throws IOException {
        return file(name, Files.readAllBytes(content));
    }

    /** Ends the archive and writes it; nothing may be added afterwards. */
    void writeTo(Path file) throws IOException {
        entry("TRAILER!!!", 0, new byte[0]);
        Files.write(file, archive.toByteArray());
    }

    private void entry(String name, int mode, byte[] content) {
        int[] header = {
            inode++, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length() + 1, 0
        };
        StringBuilder text = new StringBuilder("070701");
        for (int field : header) {
            text.append("%08x".formatted(field));
        }
        append(text.append(name).append('\0').toString().getBytes(StandardCharsets.US_ASCII));
        append(content);
    }

    /** Header with name, and content, are each padded to a multiple of 4 bytes. */
    private void append(byte[] bytes) {
        archive.writeBytes(bytes);
        while (archive.size() % 4 != 0) {
            archive.write(0);
        }
    }
}
