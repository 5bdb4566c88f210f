package io.busbar.backends.nbd;

import io.busbar.api.backend.BlockOperation;
import io.busbar.api.backend.BlockRequest;
import io.busbar.api.backend.BlockStatus;
import io.busbar.api.memory.Payload;
import java.lang.foreign.MemorySegment;

/**
 * A request on its way: what the server is asked for it, one command after the other. A read or write that is longer than
 * the server takes goes in pieces; what must be stable is followed by a flush where the server cannot do it in one.
 */
final class Command {

    /** Where it is. */
    enum Stage {
        /** No request has it. */
        FREE,
        /** It waits to be sent. */
        DUE,
        /** Its data is being sent. */
        LEAVING,
        /** The server has it. */
        ASKED
    }

    /** Trims and zeroes carry no payload: a length of 32 bits is their only bound (proto.md, "Block sizes"). */
    private static final long LONGEST_RANGE = 1 << 30;

    private static final long GONE = -14;

    private final int index;
    private Stage stage = Stage.FREE;
    /** How often a command was sent: an answer to an earlier one is none to this. */
    private int turn;
    private BlockRequest request;
    private long done;
    private int piece;
    private int answered;
    private boolean flushing;
    private int error;

    Command(int index) {
        this.index = index;
    }

    /** Takes a request; {@link #advance} says whether the server has to be asked anything. */
    void begin(BlockRequest taken) {
        request = taken;
        done = 0;
        piece = 0;
        flushing = false;
    }

    /** Gives the request away, unanswered. */
    BlockRequest leave() {
        BlockRequest left = request;
        request = null;
        stage = Stage.FREE;
        return left;
    }

    /** Goes on behind the last piece; returns false if all was asked. */
    boolean advance(Export export) {
        done += piece;
        piece = 0;
        answered = 0;
        error = 0;
        if (flushing) {
            return false;
        }
        if (done < request.length()) {
            piece = (int) Math.min(request.length() - done, longest(export));
            return true;
        }
        flushing = export.can(Nbd.SEND_FLUSH) && (request.operation() == BlockOperation.FLUSH
                || changes() && request.durable() && !export.can(Nbd.SEND_FUA));
        return flushing;
    }

    private long longest(Export export) {
        return switch (request.operation()) {
            case READ, WRITE -> export.longestTransfer();
            case DISCARD, WRITE_ZEROES, FLUSH -> LONGEST_RANGE;
        };
    }

    private boolean changes() {
        return switch (request.operation()) {
            case WRITE, DISCARD, WRITE_ZEROES -> true;
            case READ, FLUSH -> false;
        };
    }

    short type() {
        if (flushing) {
            return Nbd.CMD_FLUSH;
        }
        return switch (request.operation()) {
            case READ -> Nbd.CMD_READ;
            case WRITE -> Nbd.CMD_WRITE;
            case FLUSH -> Nbd.CMD_FLUSH;
            case DISCARD -> Nbd.CMD_TRIM;
            case WRITE_ZEROES -> Nbd.CMD_WRITE_ZEROES;
        };
    }

    short flags(Export export) {
        if (flushing || !changes()) {
            return 0;
        }
        int flags = request.durable() && export.can(Nbd.SEND_FUA) ? Nbd.CMD_FLAG_FUA : 0;
        if (request.operation() == BlockOperation.WRITE_ZEROES && !request.mayUnmap()) {
            flags |= Nbd.CMD_FLAG_NO_HOLE;
        }
        return (short) flags;
    }

    /** Where on the disk the piece is; 0 for a flush. */
    long offset() {
        return flushing ? 0 : request.offset() + done;
    }

    /** Bytes of the piece; 0 for a flush. */
    int piece() {
        return piece;
    }

    boolean isRead() {
        return !flushing && request.operation() == BlockOperation.READ;
    }

    boolean isWrite() {
        return !flushing && request.operation() == BlockOperation.WRITE;
    }

    /** Names the command that is sent next: never as one before. */
    long newCookie() {
        turn++;
        return cookie();
    }

    long cookie() {
        return (long) turn << Integer.SIZE | index;
    }

    int index() {
        return index;
    }

    Stage stage() {
        return stage;
    }

    void setStage(Stage next) {
        stage = next;
    }

    /**
     * Takes a part of the piece's data out of the driver's memory.
     *
     * @param from offset in the piece
     * @return whether it was there
     */
    boolean copyTo(MemorySegment target, long offset, int from, int bytes) {
        try {
            return at(from).copyTo(target, offset, bytes) == bytes;
        } catch (IllegalStateException _) {
            return false; // The request was taken away from us.
        }
    }

    /** Puts a part of the piece's data into the driver's memory; where that is gone the request has failed. */
    void copyFrom(MemorySegment source, long offset, int to, int bytes) {
        try {
            count(at(to).copyFrom(source, offset, bytes), bytes);
        } catch (IllegalStateException _) {
            count(GONE, bytes);
        }
    }

    /** Makes a part of the piece zero in the driver's memory. */
    void zero(int to, int bytes) {
        try {
            count(at(to).fill((byte) 0, bytes), bytes);
        } catch (IllegalStateException _) {
            count(GONE, bytes);
        }
    }

    private void count(long did, int bytes) {
        if (did != bytes) {
            fail((int) -GONE);
        }
        answered += bytes;
    }

    private Payload at(int inPiece) {
        Payload payload = request.payload();
        return payload.position(payload.limit() - request.length() + done + inPiece);
    }

    /** How many bytes of a read were answered. */
    int answered() {
        return answered;
    }

    void fail(int errno) {
        error = errno;
    }

    /** The error that the server told, 0 for none. */
    int error() {
        return error;
    }

    /** Ends the request; the command is free. */
    void end() {
        BlockStatus status = switch (error) {
            case 0 -> BlockStatus.OK;
            case Nbd.ENOTSUP -> BlockStatus.UNSUPPORTED;
            default -> BlockStatus.IO_ERROR;
        };
        try {
            leave().complete(status);
        } catch (IllegalStateException _) {
            // The request was taken away from us: it is somebody else's to end.
        }
    }

    @Override
    public String toString() {
        return request == null ? "none"
                : request.operation() + " of " + request.length() + " bytes at " + request.offset();
    }
}
