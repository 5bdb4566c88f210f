package io.busbar.devices.block;

import io.busbar.api.vdpa.AttributeInfo;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.virtio.block.VirtioBlk;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * What a user chose for a block device.
 *
 * @param queues    number of request queues, 1 to {@value #MAX_QUEUES}
 * @param serial    what GET_ID answers: up to 20 printable ASCII characters
 * @param writeBack whether a driver finds the cache in write-back mode
 * @param blockSize logical block size in bytes, if the user set one
 */
record BlockOptions(int queues, String serial, boolean writeBack, OptionalInt blockSize) {

    static final int MAX_QUEUES = 64;
    static final int MIN_BLOCK_SIZE = 512;

    /** Linux refuses logical blocks that are longer than its pages. */
    static final int MAX_BLOCK_SIZE = 4096;

    private static final String QUEUES = "queues";
    private static final String SERIAL = "serial";
    private static final String CACHE = "cache";
    private static final String BLOCK_SIZE = "blocksize";

    static final List<AttributeInfo> ATTRIBUTES = List.of(
            new AttributeInfo(QUEUES, "N", "Number of request queues, 1 to " + MAX_QUEUES + "; default 1."),
            new AttributeInfo(SERIAL, "S", "Serial number that the guest reads, up to " + VirtioBlk.VIRTIO_BLK_ID_BYTES
                    + " printable ASCII characters; default is the device's name."),
            new AttributeInfo(CACHE, "writeback|writethrough", "Whether a completed write may still be lost until a flush"
                    + " (writeback) or is on stable storage (writethrough); default writeback."),
            new AttributeInfo(BLOCK_SIZE, "N", "Logical block size in bytes, a power of two from " + MIN_BLOCK_SIZE
                    + " to " + MAX_BLOCK_SIZE + "; default is what the backend needs, mostly " + MIN_BLOCK_SIZE + "."));

    static BlockOptions of(String deviceName, Map<String, String> words) throws VdpaException {
        return new BlockOptions(queues(words), serial(words, deviceName), writeBack(words), blockSize(words));
    }

    private static int queues(Map<String, String> words) throws VdpaException {
        String text = words.get(QUEUES);
        int queues = text == null ? 1 : number(text);
        if (queues < 1 || queues > MAX_QUEUES) {
            throw invalid(QUEUES, text, "a number from 1 to " + MAX_QUEUES);
        }
        return queues;
    }

    private static String serial(Map<String, String> words, String deviceName) throws VdpaException {
        String text = words.get(SERIAL);
        if (text == null) {
            return deviceName.substring(0, Math.min(deviceName.length(), VirtioBlk.VIRTIO_BLK_ID_BYTES));
        }
        if (text.length() > VirtioBlk.VIRTIO_BLK_ID_BYTES || !text.chars().allMatch(c -> c >= ' ' && c <= '~')) {
            throw invalid(SERIAL, text, "up to " + VirtioBlk.VIRTIO_BLK_ID_BYTES + " printable ASCII characters");
        }
        return text;
    }

    private static boolean writeBack(Map<String, String> words) throws VdpaException {
        String text = words.getOrDefault(CACHE, "writeback");
        return switch (text) {
            case "writeback" -> true;
            case "writethrough" -> false;
            default -> throw invalid(CACHE, text, "writeback or writethrough");
        };
    }

    private static OptionalInt blockSize(Map<String, String> words) throws VdpaException {
        String text = words.get(BLOCK_SIZE);
        if (text == null) {
            return OptionalInt.empty();
        }
        int size = number(text);
        if (size < MIN_BLOCK_SIZE || size > MAX_BLOCK_SIZE || Integer.bitCount(size) != 1) {
            throw invalid(BLOCK_SIZE, text, "512, 1024, 2048 or 4096");
        }
        return OptionalInt.of(size);
    }

    private static int number(String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException notNumber) {
            return -1;
        }
    }

    private static VdpaException invalid(String word, String value, String expected) {
        return new VdpaException(VdpaError.EINVAL, word + " " + value + ": expected " + expected);
    }
}
