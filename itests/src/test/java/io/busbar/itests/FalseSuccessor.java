package io.busbar.itests;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/**
 * A process that is started to take devices over, and does not: it answers so many steps and ends, or speaks another version of
 * the records. The layout of a record is written out here once more, so that a change of it is noticed.
 */
public final class FalseSuccessor {

    private static final int MAGIC = 0x42757362;
    private static final int HELLO = 0;
    private static final int OPEN = 1;
    private static final int ADOPT = 3;
    private static final int DONE = 5;
    private static final int HEADER = 20;

    private FalseSuccessor() {}

    /** What it does. */
    public enum Way {
        /** Says hello in records of the next version. */
        OTHER_VERSION(3, HELLO),
        /** Ends when it is to open the devices. */
        ENDS_AT_OPEN(2, OPEN),
        /** Opens nothing, says that it has, and ends when it is given the stopped devices. */
        ENDS_AT_ADOPT(2, ADOPT);

        private final int version;
        private final int last;

        Way(int version, int last) {
            this.version = version;
            this.last = last;
        }
    }

    /**
     * Makes what looks like a distribution.
     *
     * @param folder gets it
     */
    public static Path distribution(Path folder, Way way) throws IOException {
        return distribution(folder, "exec '%s' -cp '%s' %s %s \"$@\"".formatted(
                Path.of(System.getProperty("java.home"), "bin/java"), System.getProperty("java.class.path"),
                FalseSuccessor.class.getName(), way));
    }

    /** The same, of a script that does something else. */
    public static Path distribution(Path folder, String command) throws IOException {
        Path script = Files.createDirectories(folder.resolve("bin")).resolve("busbar");
        Files.writeString(script, "#!/bin/sh\n" + command + "\n");
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
        return folder;
    }

    /** Way, then the words of a launcher. */
    public static void main(String[] args) throws IOException {
        Way way = Way.valueOf(args[0]);
        Path socket = Path.of(List.of(args).get(List.of(args).indexOf("--take-over") + 1));
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            byte[] name = "\0\5false".getBytes(StandardCharsets.ISO_8859_1);
            channel.write(header(way.version, HELLO, name.length));
            channel.write(ByteBuffer.wrap(name));
            for (int type = next(channel); type >= 0 && type < way.last; type = next(channel)) {
                if (type == OPEN) {
                    channel.write(header(way.version, DONE, 0));
                }
            }
        }
    }

    private static ByteBuffer header(int version, int type, int length) {
        return ByteBuffer.allocate(HEADER).order(ByteOrder.nativeOrder())
                .putInt(MAGIC).putInt(version).putInt(type).putInt(length).putInt(0).flip();
    }

    /** Reads a record; returns its type, or -1 at the end. */
    private static int next(SocketChannel channel) throws IOException {
        ByteBuffer header = ByteBuffer.allocate(HEADER).order(ByteOrder.nativeOrder());
        if (!fill(channel, header)) {
            return -1;
        }
        int type = header.getInt(8);
        return fill(channel, ByteBuffer.allocate(header.getInt(12))) ? type : -1;
    }

    private static boolean fill(SocketChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            if (channel.read(buffer) < 0) {
                return false;
            }
        }
        return true;
    }
}
