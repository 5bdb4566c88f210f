package io.busbar.itests.guest;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The other half of {@code src/test/c/flushed-writes.c}: knows what must be on a disk after the power was cut.
 *
 * @param blocks  size of the disk, in blocks
 * @param flushed the last turn whose sync has succeeded
 */
record FlushedWrites(int blocks, int flushed) {

    static final int BLOCK = 4096;

    private static final int WRITES_PER_TURN = 16;
    private static final int MULTIPLIER = 0x9E3779B1;

    /**
     * The blocks whose content is not what it must be: not of the last flushed turn that wrote them, nor of a later turn.
     *
     * @return one sentence for each
     */
    List<String> lostIn(Path platters) throws IOException {
        int[] expected = new int[blocks];
        for (int turn = 1; turn <= flushed; turn++) {
            for (int write = 0; write < WRITES_PER_TURN; write++) {
                expected[block(turn, write)] = turn;
            }
        }
        ByteBuffer content = ByteBuffer.wrap(Files.readAllBytes(platters)).order(ByteOrder.LITTLE_ENDIAN);
        List<String> lost = new ArrayList<>();
        for (int block = 0; block < blocks; block++) {
            check(block, expected[block], content.slice(block * BLOCK, BLOCK).order(ByteOrder.LITTLE_ENDIAN), lost);
        }
        return lost;
    }

    /** How many different blocks the flushed turns wrote. */
    int blocksWritten() {
        boolean[] written = new boolean[blocks];
        int count = 0;
        for (int write = WRITES_PER_TURN; write < (flushed + 1) * WRITES_PER_TURN; write++) {
            int block = block(0, write);
            count += written[block] ? 0 : 1;
            written[block] = true;
        }
        return count;
    }

    private void check(int block, int lastFlushed, ByteBuffer content, List<String> lost) {
        while (content.hasRemaining()) {
            long word = content.getLong();
            int turn = (int) word;
            boolean written = word >>> 32 == block && turn >= lastFlushed && (turn == lastFlushed || turn > flushed);
            boolean untouched = word == 0 && lastFlushed == 0;
            if (!written && !untouched) {
                lost.add("block %d: has word %#x, expected turn %d or one after %d".formatted(block, word, lastFlushed, flushed));
                return;
            }
        }
    }

    private int block(int turn, int write) {
        long spread = Integer.toUnsignedLong((turn * WRITES_PER_TURN + write) * MULTIPLIER);
        return (int) (spread * blocks >>> 32);
    }
}
