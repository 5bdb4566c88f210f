package io.busbar.backends.nbd;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** An NBD server that does as a test says: each connection has a script, and the last one has those that come after it. */
final class ScriptedServer implements AutoCloseable {

    static final long SIZE = 1 << 20;

    /** What a server does with one connection, which is closed behind it. */
    @FunctionalInterface
    interface Script {

        void run(Peer peer) throws IOException;
    }

    /** A request as it came. */
    record Asked(int flags, int type, long cookie, long offset, int length, byte[] data) {}

    private final Path path;
    private final ServerSocketChannel listener;
    private final List<Script> scripts;
    private final List<SocketChannel> accepted = new CopyOnWriteArrayList<>();

    ScriptedServer(Path path, Script... scripts) throws IOException {
        this.path = path;
        this.scripts = List.of(scripts);
        listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(path));
        Thread.ofVirtual().start(this::accept);
    }

    String uri() {
        return "nbd+unix:///?socket=" + path;
    }

    int connections() {
        return accepted.size();
    }

    private void accept() {
        try {
            while (true) {
                SocketChannel channel = listener.accept();
                Script script = scripts.get(Math.min(accepted.size(), scripts.size() - 1));
                accepted.add(channel);
                Thread.ofVirtual().start(() -> run(script, channel));
            }
        } catch (IOException _) {
            // The test is over.
        }
    }

    private static void run(Script script, SocketChannel channel) {
        try (channel) {
            script.run(new Peer(channel));
        } catch (IOException _) {
            // The client has left, as it should.
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (SocketChannel channel : accepted) {
            channel.close();
        }
    }

    /** A server that does all well; each byte of its disk is 7. */
    static void honest(Peer peer) throws IOException {
        peer.handshake();
        while (true) {
            peer.answer(peer.receive());
        }
    }

    /** The client, as the server sees it. */
    static final class Peer {

        final DataInputStream in;
        final DataOutputStream out;
        boolean structured = true;
        int flags = 1 | Nbd.SEND_FLUSH | Nbd.SEND_TRIM | Nbd.SEND_WRITE_ZEROES;

        Peer(SocketChannel channel) {
            in = new DataInputStream(Channels.newInputStream(channel));
            out = new DataOutputStream(Channels.newOutputStream(channel));
        }

        void greet() throws IOException {
            out.writeLong(Nbd.MAGIC);
            out.writeLong(Nbd.OPTION_MAGIC);
            out.writeShort(Nbd.FLAG_FIXED_NEWSTYLE | Nbd.FLAG_NO_ZEROES);
            in.readInt();
        }

        /** Returns the number of an option that was asked for. */
        int option() throws IOException {
            in.readLong();
            int option = in.readInt();
            in.readNBytes(in.readInt());
            return option;
        }

        void reply(int option, int type, byte... data) throws IOException {
            out.writeLong(Nbd.OPTION_REPLY_MAGIC);
            out.writeInt(option);
            out.writeInt(type);
            out.writeInt(data.length);
            out.write(data);
        }

        /** Greets, and settles how answers look; the client has asked for the export then. */
        void untilGo() throws IOException {
            greet();
            for (int option = option(); option != Nbd.OPT_GO; option = option()) {
                reply(option, structured ? Nbd.REP_ACK : Nbd.REP_ERR_UNSUP);
            }
        }

        void handshake() throws IOException {
            untilGo();
            export(SIZE);
            reply(Nbd.OPT_GO, Nbd.REP_ACK);
        }

        void export(long size) throws IOException {
            out.writeLong(Nbd.OPTION_REPLY_MAGIC);
            out.writeInt(Nbd.OPT_GO);
            out.writeInt(Nbd.REP_INFO);
            out.writeInt(12);
            out.writeShort(Nbd.INFO_EXPORT);
            out.writeLong(size);
            out.writeShort(flags);
        }

        void blocks(int min, int preferred, int max) throws IOException {
            out.writeLong(Nbd.OPTION_REPLY_MAGIC);
            out.writeInt(Nbd.OPT_GO);
            out.writeInt(Nbd.REP_INFO);
            out.writeInt(14);
            out.writeShort(Nbd.INFO_BLOCK_SIZE);
            out.writeInt(min);
            out.writeInt(preferred);
            out.writeInt(max);
        }

        Asked receive() throws IOException {
            in.readInt();
            int flags = in.readUnsignedShort();
            int type = in.readUnsignedShort();
            long cookie = in.readLong();
            long offset = in.readLong();
            int length = in.readInt();
            return new Asked(flags, type, cookie, offset, length, type == Nbd.CMD_WRITE ? in.readNBytes(length) : new byte[0]);
        }

        void answer(Asked asked) throws IOException {
            boolean data = asked.type() == Nbd.CMD_READ;
            if (!structured || !data) {
                simple(0, asked.cookie());
                out.write(sevens(data ? asked.length() : 0));
                return;
            }
            chunk(Nbd.REPLY_FLAG_DONE, Nbd.REPLY_OFFSET_DATA, asked.cookie(), Long.BYTES + asked.length());
            out.writeLong(asked.offset());
            out.write(sevens(asked.length()));
        }

        static byte[] sevens(int count) {
            byte[] sevens = new byte[count];
            Arrays.fill(sevens, (byte) 7);
            return sevens;
        }

        void simple(int error, long cookie) throws IOException {
            out.writeInt(Nbd.SIMPLE_REPLY_MAGIC);
            out.writeInt(error);
            out.writeLong(cookie);
        }

        /** Sends the header of a chunk. */
        void chunk(int flags, int type, long cookie, int length) throws IOException {
            out.writeInt(Nbd.CHUNK_MAGIC);
            out.writeShort(flags);
            out.writeShort(type);
            out.writeLong(cookie);
            out.writeInt(length);
        }

        /** Waits until the client leaves. */
        void untilItLeaves() throws IOException {
            in.transferTo(OutputStream.nullOutputStream());
        }
    }
}
