package io.busbar.itests.guest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Random;

/**
 * A file whose content nobody can guess, to be sent over networks.
 *
 * @param path   where it is
 * @param sha256 its checksum
 */
record RandomFile(Path path, String sha256) {

    /** Odd, so that segments and sums of 16 bits have an end that is a part of one. */
    private static final int BYTES = (16 << 20) + 12_345;

    static RandomFile make(Path path) throws IOException {
        byte[] content = new byte[BYTES];
        new Random().nextBytes(content);
        Files.write(path, content);
        try {
            return new RandomFile(path, HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    String name() {
        return path.getFileName().toString();
    }
}
