package io.busbar.backends.nbd;

/** Numbers of the protocol, by the names that they have there without their prefix. All are big-endian on the wire. */
final class Nbd {

    // The handshake.

    /** "NBDMAGIC". */
    static final long MAGIC = 0x4e42444d41474943L;

    /** "IHAVEOPT". */
    static final long OPTION_MAGIC = 0x49484156454f5054L;

    /** What follows {@link #MAGIC} where a server is too old to be asked for anything. */
    static final long OLDSTYLE_MAGIC = 0x00420281861253L;
    static final long OPTION_REPLY_MAGIC = 0x3e889045565a9L;

    static final int FLAG_FIXED_NEWSTYLE = 1;
    static final int FLAG_NO_ZEROES = 2;

    static final int OPT_STARTTLS = 5;
    static final int OPT_GO = 7;
    static final int OPT_STRUCTURED_REPLY = 8;

    static final int REP_ACK = 1;
    static final int REP_INFO = 3;
    static final int REP_ERROR = 1 << 31;
    static final int REP_ERR_UNSUP = REP_ERROR + 1;
    static final int REP_ERR_POLICY = REP_ERROR + 2;
    static final int REP_ERR_TLS_REQD = REP_ERROR + 5;
    static final int REP_ERR_UNKNOWN = REP_ERROR + 6;
    static final int REP_ERR_SHUTDOWN = REP_ERROR + 7;

    static final int INFO_EXPORT = 0;
    static final int INFO_BLOCK_SIZE = 3;

    static final int SEND_READ_ONLY = 1 << 1;
    static final int SEND_FLUSH = 1 << 2;
    static final int SEND_FUA = 1 << 3;
    static final int SEND_TRIM = 1 << 5;
    static final int SEND_WRITE_ZEROES = 1 << 6;
    static final int CAN_MULTI_CONN = 1 << 8;

    // Requests and their replies.

    /** Most bytes of a payload where the server does not say it (proto.md, "Block sizes"). */
    static final long MAX_PAYLOAD = 32 << 20;

    static final int REQUEST_MAGIC = 0x25609513;
    static final int REQUEST_BYTES = 28;
    static final int SIMPLE_REPLY_MAGIC = 0x67446698;
    static final int SIMPLE_REPLY_BYTES = 16;
    static final int CHUNK_MAGIC = 0x668e33ef;
    static final int CHUNK_BYTES = 20;

    static final short CMD_READ = 0;
    static final short CMD_WRITE = 1;
    static final short CMD_DISC = 2;
    static final short CMD_FLUSH = 3;
    static final short CMD_TRIM = 4;
    static final short CMD_WRITE_ZEROES = 6;

    static final short CMD_FLAG_FUA = 1;
    static final short CMD_FLAG_NO_HOLE = 2;

    static final int REPLY_FLAG_DONE = 1;
    static final int REPLY_NONE = 0;
    static final int REPLY_OFFSET_DATA = 1;
    static final int REPLY_OFFSET_HOLE = 2;
    /** In every type of a reply that tells an error. */
    static final int REPLY_ERROR = 1 << 15;

    /** Errors are Linux's numbers. */
    static final int EIO = 5;
    static final int ENOTSUP = 95;

    /** The server ends: the request was not done, and another connection may do it. */
    static final int ESHUTDOWN = 108;

    private Nbd() {}
}
