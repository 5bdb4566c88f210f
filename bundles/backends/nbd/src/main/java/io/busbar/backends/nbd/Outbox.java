package io.busbar.backends.nbd;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** Commands and their data on the way to the server (proto.md, "Request message"). Its lane's alone. */
final class Outbox {

    private static final int BYTES = 256 << 10;

    private final Commands commands;
    private final MemorySegment memory = Arena.ofAuto().allocate(BYTES, Long.BYTES);
    private final ByteBuffer bytes = memory.asByteBuffer();
    /** Whose data goes out, or null. */
    private Command leaving;
    private int left;

    Outbox(Commands commands) {
        this.commands = commands;
    }

    /** Forgets what was not sent. */
    void clear() {
        bytes.clear();
        leaving = null;
    }

    /**
     * Fills up with commands.
     *
     * @return whether there is something new in it
     */
    boolean fill(Export export) throws FarEndException {
        int before = bytes.position();
        boolean more = true;
        while (more) {
            more = leaving != null ? putData() : putHeader(export);
        }
        return bytes.position() > before;
    }

    private boolean putHeader(Export export) {
        if (bytes.remaining() < Nbd.REQUEST_BYTES) {
            return false;
        }
        Command command = commands.next(export);
        if (command == null) {
            return false;
        }
        bytes.putInt(Nbd.REQUEST_MAGIC).putShort(command.flags(export)).putShort(command.type())
                .putLong(command.newCookie()).putLong(command.offset()).putInt(command.piece());
        if (command.isWrite()) {
            command.setStage(Command.Stage.LEAVING);
            leaving = command;
            left = command.piece();
        } else {
            command.setStage(Command.Stage.ASKED);
        }
        return true;
    }

    /** The server waits for data that was announced: where the driver took it away, only a new connection helps. */
    private boolean putData() throws FarEndException {
        int step = Math.min(left, bytes.remaining());
        if (!leaving.copyTo(memory, bytes.position(), leaving.piece() - left, step)) {
            Command without = leaving;
            leaving = null;
            without.fail(Nbd.EIO);
            commands.end(without);
            throw new FarEndException("was left in the middle of a write, whose data is not in the driver's memory any more");
        }
        bytes.position(bytes.position() + step);
        left -= step;
        if (left > 0) {
            return false;
        }
        leaving.setStage(Command.Stage.ASKED);
        leaving = null;
        return true;
    }

    /**
     * Sends what there is room for.
     *
     * @return whether there is more room in it now
     */
    boolean send(Wire wire) throws IOException {
        int before = bytes.position();
        if (before == 0 && !wire.holdsBytes()) {
            return false;
        }
        bytes.flip();
        try {
            wire.send(bytes);
        } finally {
            bytes.compact();
        }
        return bytes.position() < before;
    }

    boolean isEmpty() {
        return bytes.position() == 0;
    }

    /** Tells the server that nothing more comes, if that can be done at once: it is not answered. */
    void sayGoodbye(Wire wire) throws IOException {
        if (leaving == null && bytes.remaining() >= Nbd.REQUEST_BYTES) {
            bytes.putInt(Nbd.REQUEST_MAGIC).putShort((short) 0).putShort(Nbd.CMD_DISC).putLong(0).putLong(0).putInt(0);
            send(wire);
        }
    }
}
