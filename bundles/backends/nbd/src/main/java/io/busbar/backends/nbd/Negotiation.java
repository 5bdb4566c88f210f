package io.busbar.backends.nbd;

import io.busbar.api.backend.BackendException.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** The fixed newstyle handshake (proto.md, "Newstyle negotiation"): from the first byte to the export. */
final class Negotiation {

    /** Longer than any reply that makes sense, with room for the longest name and description. */
    private static final int MOST_REPLY = 1 << 16;
    private static final int REPLY_HEADER = 20;
    private static final int OPTION_HEADER = 16;
    private static final int EXPORT_BYTES = 12;
    private static final int BLOCKS_BYTES = 14;
    private static final int SHOWN_TEXT = 200;

    private final Connection connection;
    private final Target target;

    /** The last reply. */
    private int replyType;
    private ByteBuffer replyData;

    private Negotiation(Connection connection, Target target) {
        this.connection = connection;
        this.target = target;
    }

    /** Asks for the export that is wanted; from then on the connection carries requests. */
    static Export of(Connection connection, Target target) throws IOException {
        return new Negotiation(connection, target).export();
    }

    private Export export() throws IOException {
        greet();
        if (target.tls().isPresent()) {
            encrypt(target.tls().get());
        }
        boolean structured = structured();
        return go(structured);
    }

    private void greet() throws IOException {
        ByteBuffer greeting = connection.receiveFully(2 * Long.BYTES);
        if (greeting.getLong() != Nbd.MAGIC) {
            throw new FarEndException("does not greet as one: expected NBDMAGIC");
        }
        long style = greeting.getLong();
        if (style != Nbd.OPTION_MAGIC) {
            throw new FarEndException(style == Nbd.OLDSTYLE_MAGIC
                    ? "has the oldstyle handshake: expected newstyle, which all have since 2012"
                    : "does not greet as one: expected IHAVEOPT");
        }
        int flags = connection.receiveFully(Short.BYTES).getShort();
        if ((flags & Nbd.FLAG_FIXED_NEWSTYLE) == 0) {
            throw new FarEndException("has no fixed newstyle handshake, which was expected");
        }
        int ours = flags & (Nbd.FLAG_FIXED_NEWSTYLE | Nbd.FLAG_NO_ZEROES);
        connection.sendFully(ByteBuffer.allocate(Integer.BYTES).putInt(ours).flip());
    }

    private void encrypt(TlsSetup tls) throws IOException {
        ask(Nbd.OPT_STARTTLS, ByteBuffer.allocate(0));
        if (replyType != Nbd.REP_ACK) {
            throw new FarEndException(
                    Kind.PERMISSION, "does not encrypt" + said() + "; a uri of scheme nbd or nbd+unix would do");
        }
        connection.encrypt(tls.engine());
    }

    private boolean structured() throws IOException {
        ask(Nbd.OPT_STRUCTURED_REPLY, ByteBuffer.allocate(0));
        if (replyType == Nbd.REP_ERR_TLS_REQD) {
            throw mustEncrypt();
        }
        return replyType == Nbd.REP_ACK;
    }

    private Export go(boolean structured) throws IOException {
        byte[] name = target.export().getBytes(StandardCharsets.UTF_8);
        ask(Nbd.OPT_GO, ByteBuffer.allocate(Integer.BYTES + name.length + 2 * Short.BYTES)
                .putInt(name.length).put(name).putShort((short) 1).putShort((short) Nbd.INFO_BLOCK_SIZE).flip());
        Export export = null;
        ByteBuffer blocks = null;
        while (replyType == Nbd.REP_INFO) {
            int kind = replyData.remaining() < Short.BYTES ? -1 : replyData.getShort(0);
            if (kind == Nbd.INFO_EXPORT) {
                requireLength(EXPORT_BYTES);
                export = Export.ofFlags(replyData.getLong(2), Short.toUnsignedInt(replyData.getShort(10)), structured);
            } else if (kind == Nbd.INFO_BLOCK_SIZE) {
                requireLength(BLOCKS_BYTES);
                blocks = replyData;
            }
            receiveReply(Nbd.OPT_GO);
        }
        if (replyType != Nbd.REP_ACK) {
            throw refusal();
        }
        if (export == null) {
            throw new FarEndException("does not say how large " + target.exportName() + " is");
        }
        return blocks == null ? export : export.withBlocks(blocks.getInt(2), blocks.getInt(6), blocks.getInt(10));
    }

    private void requireLength(int bytes) throws FarEndException {
        if (replyData.remaining() != bytes) {
            throw new FarEndException("tells of the export in " + replyData.remaining() + " bytes: expected " + bytes);
        }
    }

    private FarEndException refusal() {
        return switch (replyType) {
            case Nbd.REP_ERR_UNKNOWN -> new FarEndException(Kind.NOT_FOUND, "has no " + target.exportName() + said());
            case Nbd.REP_ERR_POLICY -> new FarEndException(Kind.PERMISSION, "does not give " + target.exportName() + said());
            case Nbd.REP_ERR_TLS_REQD -> mustEncrypt();
            case Nbd.REP_ERR_UNSUP -> new FarEndException("does not know NBD_OPT_GO, which was expected" + said());
            case Nbd.REP_ERR_SHUTDOWN -> new FarEndException(Kind.NOT_FOUND, "shuts down");
            default -> new FarEndException(
                    "answers NBD_OPT_GO with " + Integer.toUnsignedString(replyType, 16) + " (hexadecimal)" + said());
        };
    }

    private static FarEndException mustEncrypt() {
        return new FarEndException(
                Kind.PERMISSION, "wants encryption: expected a uri of scheme nbds or nbds+unix, and mostly the word tls");
    }

    /** Returns the server's own words, which an error may carry. */
    private String said() {
        byte[] text = new byte[Math.min(SHOWN_TEXT, replyData.remaining())];
        replyData.get(replyData.position(), text);
        return text.length == 0 ? "" : ": " + new String(text, StandardCharsets.UTF_8).replaceAll("\\p{Cntrl}", "?");
    }

    private void ask(int option, ByteBuffer data) throws IOException {
        connection.sendFully(ByteBuffer.allocate(OPTION_HEADER + data.remaining())
                .putLong(Nbd.OPTION_MAGIC).putInt(option).putInt(data.remaining()).put(data).flip());
        receiveReply(option);
    }

    private void receiveReply(int option) throws IOException {
        ByteBuffer header = connection.receiveFully(REPLY_HEADER);
        if (header.getLong() != Nbd.OPTION_REPLY_MAGIC) {
            throw new FarEndException("answers an option without the magic number of an answer");
        }
        int about = header.getInt();
        if (about != option) {
            throw new FarEndException("answers option " + Integer.toUnsignedString(about) + ", but was asked for " + option);
        }
        replyType = header.getInt();
        int length = header.getInt();
        if (length < 0 || length > MOST_REPLY) {
            throw new FarEndException("answers an option with " + Integer.toUnsignedString(length)
                    + " bytes: expected up to " + MOST_REPLY);
        }
        replyData = connection.receiveFully(length);
    }
}
