package io.busbar.backends.nbd;

import io.busbar.api.backend.BackendException.Kind;
import io.busbar.api.backend.BlockInfo;

/**
 * What a server says of an export, and how it is talked to on one connection.
 *
 * @param size           bytes
 * @param flags          the transmission flags
 * @param minBlock       bytes to which requests must be aligned, a power of two
 * @param preferredBlock bytes in which the server works best, a power of two
 * @param maxPayload     most bytes of a read or write, a multiple of {@code minBlock}
 * @param structured     whether reads are answered in chunks
 */
record Export(long size, int flags, int minBlock, int preferredBlock, long maxPayload, boolean structured) {

    private static final int MOST_MIN_BLOCK = 1 << 16;
    private static final int MOST_PREFERRED_BLOCK = 32 << 20;
    private static final int PREFERRED_BLOCK = 4096;
    private static final long UNBOUNDED = 0xffff_ffffL;

    /** Makes one whose server says nothing of blocks (proto.md, "Block sizes": what a client may take for granted). */
    static Export ofFlags(long size, int flags, boolean structured) {
        return new Export(size, flags, 1, PREFERRED_BLOCK, Nbd.MAX_PAYLOAD, structured);
    }

    /** Returns the same with the sizes of blocks that the server says, unsigned as they came. */
    Export withBlocks(int min, int preferred, int max) throws FarEndException {
        long most = Integer.toUnsignedLong(max);
        requirePower("minimum", min, 1, MOST_MIN_BLOCK);
        requirePower("preferred", preferred, min, MOST_PREFERRED_BLOCK);
        if (most != UNBOUNDED && (most < min || most % min != 0)) {
            throw new FarEndException(
                    "says a maximum block size of " + most + " bytes: expected a multiple of its minimum, " + min);
        }
        return new Export(size, flags, min, preferred, Math.min(most, Nbd.MAX_PAYLOAD), structured);
    }

    private static void requirePower(String what, int value, int least, int most) throws FarEndException {
        if (value < least || value > most || Integer.bitCount(value) != 1) {
            throw new FarEndException("says a " + what + " block size of " + Integer.toUnsignedString(value)
                    + " bytes: expected a power of two, " + least + " to " + most);
        }
    }

    boolean can(int flag) {
        return (flags & flag) != 0;
    }

    /** Returns it as a disk. */
    BlockInfo asDisk(boolean wantedReadOnly) throws FarEndException {
        if (size < 0 || size % BlockInfo.SECTOR != 0) {
            throw new FarEndException(Kind.CONFIG_INVALID, "has an export of " + Long.toUnsignedString(size)
                    + " bytes: expected a multiple of " + BlockInfo.SECTOR);
        }
        if (can(Nbd.SEND_READ_ONLY) && !wantedReadOnly) {
            throw new FarEndException(Kind.PERMISSION, "has the export for reading alone; readonly on would do");
        }
        if (maxPayload < BlockInfo.SECTOR) {
            throw new FarEndException("takes " + maxPayload + " bytes at a time: expected at least " + BlockInfo.SECTOR);
        }
        boolean writable = !wantedReadOnly;
        int transfer = Math.max(BlockInfo.SECTOR, minBlock);
        return new BlockInfo(size, wantedReadOnly, writable && can(Nbd.SEND_FLUSH), writable && can(Nbd.SEND_TRIM),
                writable && can(Nbd.SEND_WRITE_ZEROES), Math.max(transfer, preferredBlock), transfer);
    }

    /** Returns the longest piece of a read or write: whole blocks of both sides. */
    long longestTransfer() {
        return maxPayload & -Math.max(BlockInfo.SECTOR, minBlock);
    }
}
