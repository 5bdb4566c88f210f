package io.busbar.busdrivers.vhostuser;

import java.nio.file.Path;
import java.util.Optional;

/**
 * The configuration, checked.
 *
 * @param socketDir            where sockets are, absolute; empty if it was not said
 * @param mode                 permission bits of a socket's file
 * @param user                 owner of a socket's file
 * @param group                group of a socket's file
 * @param memoryPolicy         which files are mapped
 * @param maxMappedBytes       most that is mapped for one device
 * @param messageTimeoutNanos  how long a message that was begun may take
 * @param unknownMessageBudget how many messages with unknown ids a connection may send unasked
 */
record Settings(
        Optional<Path> socketDir,
        int mode,
        Optional<String> user,
        Optional<String> group,
        MemoryPolicy memoryPolicy,
        long maxMappedBytes,
        long messageTimeoutNanos,
        int unknownMessageBudget) {

    /** In force until there is a configuration that is right: serves nothing. */
    static final Settings DEFAULTS = new Settings(Optional.empty(), 0600, Optional.empty(), Optional.empty(),
            MemoryPolicy.TRUSTED, 64L << 30, 10_000_000_000L, 16);

    private static final int OCTAL = 8;
    private static final int LARGEST_MODE = 0777;
    private static final long NANOS_PER_MILLI = 1_000_000;

    /**
     * Checks the configuration.
     *
     * @throws IllegalArgumentException names the setting, its value and what was expected
     */
    static Settings of(VhostUserConfig config) {
        String[] owner = config.owner().split(":", 2);
        return new Settings(
                text(config.socketDir()).map(dir -> Path.of(dir).toAbsolutePath().normalize()),
                mode(config.mode()),
                text(owner[0]),
                owner.length > 1 ? text(owner[1]) : Optional.empty(),
                MemoryPolicy.of(config.memoryPolicy()).orElseThrow(() -> new IllegalArgumentException(
                        "memoryPolicy " + config.memoryPolicy() + ": expected " + MemoryPolicy.words())),
                atLeast("maxMappedBytes", config.maxMappedBytes(), 1),
                atLeast("messageTimeoutMillis", config.messageTimeoutMillis(), 1) * NANOS_PER_MILLI,
                (int) atLeast("unknownMessageBudget", config.unknownMessageBudget(), 0));
    }

    private static Optional<String> text(String value) {
        return Optional.of(value.strip()).filter(text -> !text.isEmpty());
    }

    private static int mode(String text) {
        try {
            int mode = Integer.parseInt(text.strip(), OCTAL);
            if (mode >= 0 && mode <= LARGEST_MODE) {
                return mode;
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw new IllegalArgumentException("mode " + text + ": expected permission bits in octal, 0 to 0777");
    }

    private static long atLeast(String name, long value, long least) {
        if (value < least) {
            throw new IllegalArgumentException(name + " " + value + ": expected " + least + " or more");
        }
        return value;
    }
}
