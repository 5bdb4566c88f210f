package io.busbar.tools.bench.check;

import static io.busbar.core.virtio.block.VirtioBlk.SECTOR_BYTES;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_DISCARD;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_FLUSH;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_RO;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_WRITE_ZEROES;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_ID_BYTES;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_S_IOERR;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_S_OK;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_S_UNSUPP;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_T_DISCARD;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_T_FLUSH;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_T_GET_ID;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_T_IN;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_T_OUT;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_T_WRITE_ZEROES;

import io.busbar.core.virtio.FeatureNames;
import io.busbar.core.virtio.VirtioIds;
import io.busbar.core.virtio.block.BlockRequestLayout;
import io.busbar.tools.bench.Arguments;
import io.busbar.tools.bench.UsageException;
import io.busbar.tools.bench.block.BlockConfig;
import io.busbar.tools.bench.block.BlockDevice;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * {@code check --socket PATH}: drives a block device as a kernel's driver does, and says what works. Without
 * {@code --destructive} it changes nothing on the disk: no request that could is sent, except where it has to be refused.
 */
public final class BlockCheck {

    private static final String USAGE = """
            usage: check --socket PATH [--destructive]
              --socket PATH  the vhost-user block device to check
              --destructive  write as well, at the beginning of the disk, whose content is lost; without it only reads
            """;
    private static final int OK = 0;
    private static final int FAILED = 1;
    private static final int WRONG_USAGE = 2;

    private static final int DEPTH = 32;
    private static final int MOST_REQUEST_BYTES = 256 << 10;
    private static final int MOST_AREA_BYTES = 8 << 20;
    private static final int UNKNOWN_TYPE = 0x3fff_0000;
    private static final int RESTARTS = 3;

    private final BlockDevice device;
    private final BlockConfig config;
    private final Disk disk;
    private final boolean destructive;
    private final int areaBytes;
    private final int[] requestSizes;
    private final PrintStream out;
    private boolean failed;

    private BlockCheck(BlockDevice device, boolean destructive, PrintStream out) {
        this.device = device;
        this.config = device.config();
        this.disk = new Disk(device.requests());
        this.destructive = destructive;
        this.out = out;
        areaBytes = (int) Math.min(MOST_AREA_BYTES, config.bytes() / config.blockSize() * config.blockSize());
        requestSizes = Arrays.stream(new int[] {config.blockSize(), 4096, 65536, MOST_REQUEST_BYTES})
                .filter(size -> size >= config.blockSize() && size <= areaBytes)
                .distinct()
                .toArray();
    }

    /**
     * Runs the check.
     *
     * @param args the words after {@code check}
     * @param out  for the report
     * @param err  for errors
     * @return the exit status: 0 if the device did all that it has to do; 1 if not; 2 for a wrong command line
     */
    public static int run(List<String> args, PrintStream out, PrintStream err) {
        if (args.contains("--help")) {
            out.print(USAGE);
            return OK;
        }
        Path socket = null;
        boolean destructive = false;
        try {
            for (Arguments arguments = new Arguments(args); arguments.hasNext();) {
                String word = arguments.next();
                switch (word) {
                    case "--socket" -> socket = arguments.path(word);
                    case "--destructive" -> destructive = true;
                    default -> throw new UsageException("unknown word \"" + word + "\"");
                }
            }
            if (socket == null) {
                throw new UsageException("--socket PATH is missing: the device to check");
            }
        } catch (UsageException e) {
            err.println("check: " + e.getMessage());
            err.print(USAGE);
            return WRONG_USAGE;
        }
        return check(socket, destructive, out, err);
    }

    private static int check(Path socket, boolean destructive, PrintStream out, PrintStream err) {
        try (BlockDevice device = BlockDevice.open(socket, DEPTH, MOST_REQUEST_BYTES)) {
            return new BlockCheck(device, destructive, out).run();
        } catch (IOException e) {
            err.println("check: " + e.getMessage());
            return FAILED;
        }
    }

    /** One thing that is checked. */
    private interface Step {

        /** Does it; an exception is a failure, and the device is of no more use. */
        StepResult run() throws IOException;
    }

    private int run() {
        step("identity", this::identity);
        step("serial number", this::serial);
        if (config.capacity() > 0) {
            step("reads", this::reads);
            step("reads, " + DEPTH + " at a time", this::readsInDepth);
        }
        step("end of the disk", this::endOfDisk);
        step("unknown request", this::unknownRequest);
        step("flush", this::flush);
        step("writes", this::writes);
        step("write zeroes", () -> giveBack(VIRTIO_BLK_F_WRITE_ZEROES, VIRTIO_BLK_T_WRITE_ZEROES,
                config.maxWriteZeroes(), true));
        step("discard", () -> giveBack(VIRTIO_BLK_F_DISCARD, VIRTIO_BLK_T_DISCARD, config.maxDiscard(), false));
        step("stop and start again", this::restart);
        out.println(failed ? "the device FAILED the check" : "the device passed the check");
        return failed ? FAILED : OK;
    }

    private void step(String name, Step step) {
        StepResult result;
        try {
            result = step.run();
        } catch (IOException e) {
            result = StepResult.failed(e.getMessage());
        }
        failed |= result.outcome() == StepResult.Outcome.FAILED;
        out.println(String.format("%-7s %-22s %s", result.outcome().label(), name, result.text()));
    }

    private StepResult identity() {
        return StepResult.ok(config.bytes() + " bytes, blocks of " + config.blockSize() + ", queues: "
                + device.queueCount() + ", features: "
                + String.join(" ", FeatureNames.names(VirtioIds.VIRTIO_ID_BLOCK, device.offered())));
    }

    private StepResult serial() throws IOException {
        byte[] id = new byte[VIRTIO_BLK_ID_BYTES];
        byte status = disk.request(VIRTIO_BLK_T_GET_ID, 0, id);
        if (status == VIRTIO_BLK_S_UNSUPP) {
            return StepResult.leftOut("the device has none");
        }
        if (status != VIRTIO_BLK_S_OK) {
            return StepResult.failed(unexpected(status, VIRTIO_BLK_S_OK));
        }
        return StepResult.ok("\"" + new String(id, StandardCharsets.US_ASCII).replace("\0", "") + "\"");
    }

    /** The same bytes, whatever the size of the requests. */
    private StepResult reads() throws IOException {
        return sameBytes(1);
    }

    private StepResult readsInDepth() throws IOException {
        return sameBytes(DEPTH);
    }

    private StepResult sameBytes(int depth) throws IOException {
        long lastArea = (config.bytes() - areaBytes) / SECTOR_BYTES;
        for (long sector : new long[] {0, lastArea}) {
            byte[] reference = disk.read(sector, areaBytes, requestSizes[requestSizes.length - 1], 1);
            for (int size : requestSizes) {
                int differs = Arrays.mismatch(reference, disk.read(sector, areaBytes, size, depth));
                if (differs >= 0) {
                    return StepResult.failed("read in requests of " + size + " bytes, byte "
                            + (sector * SECTOR_BYTES + differs) + " of the disk is another one than before");
                }
            }
        }
        return StepResult.ok("the same bytes in requests of " + sizes());
    }

    private String sizes() {
        return Arrays.toString(requestSizes).replaceAll("[\\[\\]]", "") + " bytes";
    }

    /** Requests that begin or end behind the last sector are refused, and do no harm. */
    private StepResult endOfDisk() throws IOException {
        byte[] blocks = new byte[2 * config.blockSize()];
        long lastBlock = config.capacity() - config.blockSize() / SECTOR_BYTES;
        for (long sector : new long[] {config.capacity(), lastBlock, -1L, Long.MIN_VALUE}) {
            byte status = disk.request(VIRTIO_BLK_T_IN, sector, blocks);
            if (status != VIRTIO_BLK_S_IOERR) {
                return StepResult.failed("a read of two blocks at sector " + Long.toUnsignedString(sector) + ": "
                        + unexpected(status, VIRTIO_BLK_S_IOERR));
            }
        }
        return StepResult.ok("reads behind it are refused");
    }

    private StepResult unknownRequest() throws IOException {
        byte status = disk.request(UNKNOWN_TYPE, 0, new byte[0]);
        return status == VIRTIO_BLK_S_UNSUPP
                ? StepResult.ok("refused as unsupported")
                : StepResult.failed(unexpected(status, VIRTIO_BLK_S_UNSUPP));
    }

    private StepResult flush() throws IOException {
        if (!device.uses(VIRTIO_BLK_F_FLUSH)) {
            return StepResult.leftOut("not offered");
        }
        byte status = disk.request(VIRTIO_BLK_T_FLUSH, 0, new byte[0]);
        return status == VIRTIO_BLK_S_OK
                ? StepResult.ok("done")
                : StepResult.failed(unexpected(status, VIRTIO_BLK_S_OK));
    }

    private StepResult writes() throws IOException {
        if (!destructive) {
            return StepResult.leftOut("would change the disk: --destructive");
        }
        if (device.uses(VIRTIO_BLK_F_RO)) {
            return writesRefused();
        }
        Random random = new Random(1);
        for (int depth : new int[] {1, DEPTH}) {
            for (int size : requestSizes) {
                byte[] data = new byte[areaBytes];
                random.nextBytes(data);
                disk.write(0, data, size, depth);
                int differs = Arrays.mismatch(data, disk.read(0, areaBytes, requestSizes[requestSizes.length - 1], 1));
                if (differs >= 0) {
                    return StepResult.failed("written in requests of " + size + " bytes, " + depth
                            + " at a time, byte " + differs + " of the disk came back as another one");
                }
            }
        }
        return StepResult.ok("came back as written, in requests of " + sizes() + ", 1 and " + DEPTH + " at a time");
    }

    private StepResult writesRefused() throws IOException {
        byte[] block = disk.read(0, config.blockSize(), config.blockSize(), 1);
        byte status = disk.request(VIRTIO_BLK_T_OUT, 0, block);
        return status == VIRTIO_BLK_S_IOERR
                ? StepResult.ok("refused, as the disk is read-only")
                : StepResult.failed("the disk is read-only: " + unexpected(status, VIRTIO_BLK_S_IOERR));
    }

    /** Discard and write zeroes of the middle of a written range: what is beside it stays. */
    private StepResult giveBack(int feature, int type, long mostSectors, boolean zeroes) throws IOException {
        if (!device.uses(feature)) {
            return StepResult.leftOut("not offered");
        }
        if (!destructive || device.uses(VIRTIO_BLK_F_RO)) {
            return StepResult.leftOut("would change the disk: --destructive");
        }
        int unit = Math.max(4096, config.blockSize());
        int bytes = (int) Math.min(4L * unit, mostSectors * SECTOR_BYTES / unit * unit);
        if (areaBytes < bytes + 2 * unit || bytes == 0) {
            return StepResult.leftOut("the disk is too small, or one takes " + mostSectors + " sectors at the most");
        }
        byte[] data = new byte[bytes + 2 * unit];
        new Random(type).nextBytes(data);
        disk.write(0, data, unit, 1);
        byte status = disk.request(type, 0, segment(unit / SECTOR_BYTES, bytes / SECTOR_BYTES));
        if (status != VIRTIO_BLK_S_OK) {
            return StepResult.failed(unexpected(status, VIRTIO_BLK_S_OK));
        }
        byte[] after = disk.read(0, data.length, unit, 1);
        if (zeroes && Arrays.mismatch(after, unit, unit + bytes, new byte[bytes], 0, bytes) >= 0) {
            return StepResult.failed("the range does not read as zeroes");
        }
        if (!Arrays.equals(data, 0, unit, after, 0, unit)
                || !Arrays.equals(data, unit + bytes, data.length, after, unit + bytes, data.length)) {
            return StepResult.failed("blocks beside the range were changed");
        }
        return StepResult.ok(bytes + " bytes, those beside them unchanged");
    }

    private static byte[] segment(long sector, int sectors) {
        ByteBuffer segment = ByteBuffer.allocate(BlockRequestLayout.SEGMENT_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        return segment.putLong(sector).putInt(sectors).putInt(0).array();
    }

    private StepResult restart() throws IOException {
        byte[] block = new byte[config.capacity() == 0 ? 0 : config.blockSize()];
        for (int i = 0; i < RESTARTS; i++) {
            int base = device.stop();
            if (base != device.requests().published()) {
                return StepResult.failed("stopped after " + device.requests().published()
                        + " requests (modulo 65536), the device says " + base);
            }
            device.restart(base);
            byte status = disk.request(VIRTIO_BLK_T_IN, 0, block);
            if (status != VIRTIO_BLK_S_OK) {
                return StepResult.failed("a read after it: " + unexpected(status, VIRTIO_BLK_S_OK));
            }
        }
        return StepResult.ok("it goes on where it stopped");
    }

    private static String unexpected(byte status, byte expected) {
        return "status " + status + ", expected " + expected;
    }
}
