package io.busbar.itests.guest;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;

/**
 * A kernel image in the format "bzImage" (Linux, Documentation/x86/boot.rst): the kernel proper is in it, packed. A guest
 * whose processors are translated boots in half the time if it need not unpack that.
 */
final class BzImage {

    private static final int SECTOR = 512;
    private static final int SETUP_SECTORS = 0x1f1;
    private static final int PAYLOAD_OFFSET = 0x248;
    private static final int PAYLOAD_LENGTH = 0x24c;
    /** The length of what was packed follows it, for the image's own unpacking. */
    private static final int TRAILER = Integer.BYTES;

    /** The program that unpacks what begins so. */
    private static final Map<Integer, String> PROGRAMS = Map.of(0xfd377a58, "xz", 0x28b52ffd, "zstd");

    private BzImage() {}

    /**
     * Unpacks the kernel proper, if that was not done before.
     *
     * @return where it is; the image itself where it is packed in a way that nothing here can undo
     */
    static Path unpacked(Path image) throws IOException {
        Path kernel = image.resolveSibling("unpacked-" + image.getFileName());
        if (Files.exists(kernel)) {
            return kernel;
        }
        byte[] payload = payload(Files.readAllBytes(image));
        String program = PROGRAMS.get(ByteBuffer.wrap(payload).getInt(0));
        if (program == null || Host.find(program).isEmpty()) {
            return image;
        }
        Path work = Files.createTempDirectory(image.getParent(), "unpack");
        try {
            Path packed = Files.write(work.resolve("packed"), payload);
            Path result = work.resolve("kernel");
            Host.check(Duration.ofMinutes(2), "bash", "-c", "\"$1\" -dc <\"$2\" >\"$3\"", "unpack", program, packed.toString(),
                    result.toString());
            return Files.move(result, kernel, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            GuestKernel.delete(work);
        }
    }

    private static byte[] payload(byte[] image) {
        ByteBuffer header = ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
        int start = (1 + Byte.toUnsignedInt(image[SETUP_SECTORS])) * SECTOR + header.getInt(PAYLOAD_OFFSET);
        return Arrays.copyOfRange(image, start, start + header.getInt(PAYLOAD_LENGTH) - TRAILER);
    }
}
