package io.busbar.tools.bench.block;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * What is on a disk that the load generator alone writes: for each block of 4 KiB the generation that was written last,
 * and whether a write is in flight.
 */
public final class DiskContent {

    private static final int SECTORS_PER_BLOCK = Workload.BLOCK / Stamps.SECTOR;
    private static final int LARGE_PIECE_BLOCKS = 256;

    private final int[] generations;
    private final boolean[] inFlight;
    private int generation;

    /** Of a disk whose content is of generation 0, or of which only the numbers are of interest. */
    public DiskContent(int blocks) {
        generations = new int[blocks];
        inFlight = new boolean[blocks];
    }

    /**
     * Makes an image, whole and in the page cache, with stable storage behind it. The page cache keeps what is written at
     * once as one piece, and its pieces decide what an access costs the kernel, whoever asks for it. So the part for
     * random accesses is written block by block, and that for sequential ones in large pieces, as such data mostly is.
     *
     * @param image  a new file
     * @param blocks of 4 KiB
     * @return its content
     */
    static DiskContent create(Path image, int blocks) throws IOException {
        DiskContent content = new DiskContent(blocks);
        try (FileChannel file =
                FileChannel.open(image, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            fill(file, 0, content.sequentialFrom(), 1);
            fill(file, content.sequentialFrom(), blocks, LARGE_PIECE_BLOCKS);
            file.force(true);
        }
        return content;
    }

    private static void fill(FileChannel file, int from, int end, int pieceBlocks) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment piece = arena.allocate((long) pieceBlocks * Workload.BLOCK, Workload.BLOCK);
            for (int block = from; block < end; block += pieceBlocks) {
                int count = Math.min(pieceBlocks, end - block);
                Stamps.fill(piece, 0, count * SECTORS_PER_BLOCK, sector(block), 0);
                ByteBuffer bytes = piece.asSlice(0, (long) count * Workload.BLOCK).asByteBuffer();
                while (bytes.hasRemaining()) {
                    file.write(bytes);
                }
            }
        }
    }

    /** Returns the first block of the part for sequential accesses, which is behind that for random ones. */
    int sequentialFrom() {
        return generations.length / 2;
    }

    static long sector(int block) {
        return (long) block * SECTORS_PER_BLOCK;
    }

    int blocks() {
        return generations.length;
    }

    /** Returns a block that no write is in flight for: the one asked for, or the next one that is free. */
    int free(int wanted) {
        int block = wanted;
        while (inFlight[block]) {
            block = block + 1 == inFlight.length ? 0 : block + 1;
        }
        return block;
    }

    /** Begins a write; returns the generation that it writes. */
    int beginWrite(int block) {
        inFlight[block] = true;
        generations[block] = ++generation;
        return generation;
    }

    void endWrite(int block) {
        inFlight[block] = false;
    }

    int generation(int block) {
        return generations[block];
    }
}
