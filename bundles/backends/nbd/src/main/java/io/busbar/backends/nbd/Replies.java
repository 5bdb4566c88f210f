package io.busbar.backends.nbd;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the server answers (proto.md, "Simple reply message", "Structured reply chunk message"). Nothing in it is believed:
 * what does not fit what was asked ends the connection. Its lane's alone.
 */
final class Replies {

    private static final Logger LOG = LoggerFactory.getLogger(Replies.class);

    /** Of a chunk that has no data of the disk: an error with its text, or one that we do not know. */
    private static final int MOST_CHUNK = 1 << 13;
    private static final int OFFSET_BYTES = Long.BYTES;
    private static final int HOLE_BYTES = OFFSET_BYTES + Integer.BYTES;
    private static final int ERROR_BYTES = Integer.BYTES + Short.BYTES;

    private final Commands commands;
    /** The memory of the buffer that is taken from. */
    private final MemorySegment memory;
    private final String device;

    /** Whose data comes in, or null. */
    private Command filling;
    private int at;
    private int left;
    private boolean last;

    Replies(Commands commands, MemorySegment memory, String device) {
        this.commands = commands;
        this.memory = memory;
        this.device = device;
    }

    /** Forgets what was not whole. */
    void clear() {
        filling = null;
    }

    /** Takes all that is whole. */
    void take(ByteBuffer received, Export export) throws IOException {
        boolean more = true;
        while (more) {
            more = filling != null ? takeData(received, export) : takeReply(received, export);
        }
    }

    private boolean takeReply(ByteBuffer received, Export export) throws IOException {
        if (received.remaining() < Nbd.SIMPLE_REPLY_BYTES) {
            return false;
        }
        int magic = received.getInt(received.position());
        if (magic == Nbd.SIMPLE_REPLY_MAGIC) {
            takeSimple(received, export);
            return true;
        }
        if (magic != Nbd.CHUNK_MAGIC || !export.structured()) {
            throw new FarEndException("answers with the magic number " + Integer.toUnsignedString(magic, 16)
                    + " (hexadecimal), which is none of an answer");
        }
        return takeChunk(received, export);
    }

    private void takeSimple(ByteBuffer received, Export export) throws IOException {
        int begin = received.position();
        int error = received.getInt(begin + 4);
        Command command = asked(received.getLong(begin + 8));
        received.position(begin + Nbd.SIMPLE_REPLY_BYTES);
        if (error != 0) {
            fail(command, error);
            commands.answered(command, export);
        } else if (!command.isRead()) {
            commands.answered(command, export);
        } else if (export.structured()) {
            throw new FarEndException("answers a read in one, where chunks were agreed on");
        } else {
            expectData(command, 0, command.piece(), true);
        }
    }

    private boolean takeChunk(ByteBuffer received, Export export) throws IOException {
        if (received.remaining() < Nbd.CHUNK_BYTES) {
            return false;
        }
        int begin = received.position();
        int type = Short.toUnsignedInt(received.getShort(begin + 6));
        int length = received.getInt(begin + 16);
        boolean data = type == Nbd.REPLY_OFFSET_DATA;
        if (length < 0 || !data && length > MOST_CHUNK) {
            throw new FarEndException("answers with a chunk of " + Integer.toUnsignedString(length)
                    + " bytes and type " + type + ": expected up to " + MOST_CHUNK);
        }
        Command command = asked(received.getLong(begin + 8));
        int whole = Nbd.CHUNK_BYTES + (data ? Math.min(length, OFFSET_BYTES) : length);
        if (received.remaining() < whole) {
            return false;
        }
        received.position(begin + whole);
        last = (received.getShort(begin + 4) & Nbd.REPLY_FLAG_DONE) != 0;
        chunk(command, type, received, begin + Nbd.CHUNK_BYTES, length);
        if (filling == null && last) {
            ended(command, export);
        }
        return true;
    }

    private void chunk(Command command, int type, ByteBuffer received, int from, int length) throws IOException {
        switch (type) {
            case Nbd.REPLY_NONE -> require(length == 0 && last, "an empty chunk that has bytes, or is not the last");
            case Nbd.REPLY_OFFSET_DATA -> {
                require(command.isRead() && length > OFFSET_BYTES, "data that nobody asked for");
                int bytes = length - OFFSET_BYTES;
                expectData(command, within(command, received.getLong(from), bytes), bytes, last);
            }
            case Nbd.REPLY_OFFSET_HOLE -> {
                require(command.isRead() && length == HOLE_BYTES, "a hole that nobody asked for, or of no size");
                int bytes = received.getInt(from + OFFSET_BYTES);
                command.zero(within(command, received.getLong(from), bytes), bytes);
            }
            default -> {
                require((type & Nbd.REPLY_ERROR) != 0, "a chunk of the unknown type " + type);
                require(length >= ERROR_BYTES, "an error of " + length + " bytes");
                int error = received.getInt(from);
                fail(command, error == 0 ? Nbd.EIO : error);
            }
        }
    }

    /** Returns where in the command's piece a part of the disk is. */
    private static int within(Command command, long offset, int bytes) throws FarEndException {
        long in = offset - command.offset();
        require(bytes > 0 && in >= 0 && in <= command.piece() - (long) bytes
                && bytes <= command.piece() - command.answered(), "data outside what was read, or twice");
        return (int) in;
    }

    private void expectData(Command command, int offset, int bytes, boolean isLast) {
        filling = command;
        at = offset;
        left = bytes;
        last = isLast;
    }

    private boolean takeData(ByteBuffer received, Export export) throws IOException {
        int step = Math.min(left, received.remaining());
        if (step == 0) {
            return false;
        }
        filling.copyFrom(memory, received.position(), at, step);
        received.position(received.position() + step);
        at += step;
        left -= step;
        if (left == 0) {
            Command whole = filling;
            filling = null;
            if (last) {
                ended(whole, export);
            }
        }
        return true;
    }

    private void ended(Command command, Export export) throws FarEndException {
        require(!command.isRead() || command.error() != 0 || command.answered() == command.piece(),
                "less than was read");
        commands.answered(command, export);
    }

    private void fail(Command command, int error) throws FarEndException {
        if (error == Nbd.ESHUTDOWN) {
            throw new FarEndException("shuts down");
        }
        command.fail(error);
        LOG.warn("{}: the NBD server refuses {} with error {}", device, command, Integer.toUnsignedString(error));
    }

    private Command asked(long cookie) throws FarEndException {
        Command command = commands.asked(cookie);
        if (command == null) {
            throw new FarEndException(
                    "answers what it was not asked: cookie " + Long.toUnsignedString(cookie, 16) + " (hexadecimal)");
        }
        return command;
    }

    private static void require(boolean fits, String what) throws FarEndException {
        if (!fits) {
            throw new FarEndException("answers with " + what);
        }
    }
}
