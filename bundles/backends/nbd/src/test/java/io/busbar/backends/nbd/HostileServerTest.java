package io.busbar.backends.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendException.Kind;
import io.busbar.api.backend.BlockStatus;
import io.busbar.backends.nbd.ScriptedServer.Asked;
import io.busbar.backends.nbd.ScriptedServer.Peer;
import io.busbar.backends.nbd.ScriptedServer.Script;
import io.busbar.testkit.TestBackendContext;
import io.busbar.testkit.TestPayload;
import io.busbar.testkit.TestRequest;
import io.busbar.testkit.machine.Eventually;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A server that breaks the protocol is left, and what it had is done by the next connection. */
@Timeout(120)
class HostileServerTest {

    private static final int LENGTH = 8192;
    private static final int OFFSET = 4096;

    @TempDir
    Path folder;

    /** Seconds; short where a test waits for its end. */
    private String timeout = "30";
    private ScriptedServer server;
    private TestBackendContext context;

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    private TestBackendContext serve(Script... scripts) throws IOException {
        server = new ScriptedServer(folder.resolve("nbd.sock"), scripts);
        context = TestBackendContext.of("uri", server.uri(), "timeout", timeout);
        return context;
    }

    /** What a server does when it was asked for a read of {@link #LENGTH} bytes at {@link #OFFSET}. */
    @FunctionalInterface
    private interface Answer {

        void give(Peer peer, Asked asked) throws IOException;
    }

    /** The first connection answers a read as said; the read is right all the same, by the second one. */
    private void isLeftFor(String said, Answer answer) throws Exception {
        isLeftFor(said, true, answer);
    }

    private void isLeftFor(String said, boolean structured, Answer answer) throws Exception {
        AtomicReference<String> failure = new AtomicReference<>();
        serve(peer -> {
            peer.structured = structured;
            peer.handshake();
            answer.give(peer, peer.receive());
            peer.untilItLeaves();
        }, peer -> {
            Eventually.that(() -> context.failure() != null, () -> "nothing is said of the server");
            failure.set(context.failure());
            ScriptedServer.honest(peer);
        });
        try (NbdBackend disk = new NbdBackend(context)) {
            readsSevens(disk);
            assertThat(failure.get()).isEqualTo("NBD server at " + folder.resolve("nbd.sock") + " " + said
                    + "; requests wait, and it is tried again");
            assertThat(context.failure()).isNull();
            assertThat(server.connections()).isEqualTo(2);
        }
    }

    private static void readsSevens(NbdBackend disk) {
        TestRequest read = TestRequest.read(OFFSET, TestPayload.ofSizes(LENGTH));
        assertThat(read.on(disk)).isEqualTo(BlockStatus.OK);
        assertThat(read.payload().bytes()).containsOnly(7);
    }

    /** Whether the server leaves when it has said that, or stays. */
    private void isRefused(Kind kind, String said, Script handshake) throws IOException {
        isRefusedBy(kind, said, handshake);
        isRefusedBy(kind, said, untilItLeaves(handshake));
    }

    private void isRefusedBy(Kind kind, String said, Script handshake) throws IOException {
        BackendException refusal = catchThrowableOfType(
                BackendException.class, () -> new NbdBackend(serve(handshake)).close());
        assertThat(refusal).hasMessage("NBD server at " + folder.resolve("nbd.sock") + " " + said);
        assertThat(refusal.kind()).isEqualTo(kind);
        server.close();
        Files.delete(folder.resolve("nbd.sock"));
    }

    private static Script untilItLeaves(Script script) {
        return peer -> {
            script.run(peer);
            peer.untilItLeaves();
        };
    }

    @Test
    void one_that_greets_as_something_else_is_refused() throws IOException {
        isRefused(Kind.FAILED, "does not greet as one: expected NBDMAGIC",
                peer -> peer.out.writeBytes("SSH-2.0-OpenSSH_9.2p1\r\n"));
        isRefused(Kind.FAILED, "does not greet as one: expected IHAVEOPT", peer -> {
            peer.out.writeLong(Nbd.MAGIC);
            peer.out.writeLong(1);
        });
        isRefused(Kind.FAILED, "has the oldstyle handshake: expected newstyle, which all have since 2012", peer -> {
            peer.out.writeLong(Nbd.MAGIC);
            peer.out.writeLong(Nbd.OLDSTYLE_MAGIC);
        });
        isRefused(Kind.FAILED, "has no fixed newstyle handshake, which was expected", peer -> {
            peer.out.writeLong(Nbd.MAGIC);
            peer.out.writeLong(Nbd.OPTION_MAGIC);
            peer.out.writeShort(0);
        });
    }

    @Test
    void one_that_answers_another_option_or_none_is_refused() throws IOException {
        isRefused(Kind.FAILED, "answers option 3, but was asked for 8", peer -> {
            peer.greet();
            peer.option();
            peer.reply(3, Nbd.REP_ACK);
        });
        isRefused(Kind.FAILED, "answers an option without the magic number of an answer", peer -> {
            peer.greet();
            peer.out.write(new byte[20]);
        });
        isRefused(Kind.FAILED, "does not know NBD_OPT_GO, which was expected", peer -> {
            peer.untilGo();
            peer.reply(Nbd.OPT_GO, Nbd.REP_ERR_UNSUP);
        });
        isRefused(Kind.FAILED, "answers NBD_OPT_GO with 8000007b (hexadecimal): a?[31mb", peer -> {
            peer.untilGo();
            peer.reply(Nbd.OPT_GO, Nbd.REP_ERROR + 123, "a\u001b[31mb".getBytes(StandardCharsets.US_ASCII));
        });
    }

    /** Its answers are there before the questions, which it never gets. */
    @Test
    void what_one_said_that_has_left_already_is_told() throws IOException {
        for (int i = 0; i < 50; i++) {
            isRefusedBy(Kind.PERMISSION, "does not give the default export: not today", peer -> {
                peer.out.writeLong(Nbd.MAGIC);
                peer.out.writeLong(Nbd.OPTION_MAGIC);
                peer.out.writeShort(Nbd.FLAG_FIXED_NEWSTYLE | Nbd.FLAG_NO_ZEROES);
                peer.reply(Nbd.OPT_STRUCTURED_REPLY, Nbd.REP_ACK);
                peer.reply(Nbd.OPT_GO, Nbd.REP_ERR_POLICY, "not today".getBytes(StandardCharsets.US_ASCII));
            });
        }
    }

    @Test
    void an_answer_to_an_option_of_4_gib_is_not_waited_for() throws IOException {
        isRefused(Kind.FAILED, "answers an option with 4294967295 bytes: expected up to 65536", peer -> {
            peer.greet();
            peer.option();
            peer.out.writeLong(Nbd.OPTION_REPLY_MAGIC);
            peer.out.writeInt(Nbd.OPT_STRUCTURED_REPLY);
            peer.out.writeInt(Nbd.REP_ACK);
            peer.out.writeInt(-1);
        });
    }

    @Test
    void an_export_that_cannot_be_is_refused() throws IOException {
        isRefused(Kind.FAILED, "does not say how large the default export is", peer -> {
            peer.untilGo();
            peer.reply(Nbd.OPT_GO, Nbd.REP_ACK);
        });
        isRefused(Kind.FAILED, "tells of the export in 4 bytes: expected 12", peer -> {
            peer.untilGo();
            peer.reply(Nbd.OPT_GO, Nbd.REP_INFO, (byte) 0, (byte) 0, (byte) 0, (byte) 0);
        });
        isRefused(Kind.CONFIG_INVALID, "has an export of 18446744073709551104 bytes: expected a multiple of 512",
                exports(-512));
        isRefused(Kind.CONFIG_INVALID, "has an export of 1023 bytes: expected a multiple of 512", exports(1023));
    }

    private static Script exports(long size) {
        return peer -> {
            peer.untilGo();
            peer.export(size);
            peer.reply(Nbd.OPT_GO, Nbd.REP_ACK);
        };
    }

    @Test
    void blocks_that_cannot_be_are_refused() throws IOException {
        isRefused(Kind.FAILED, "says a minimum block size of 0 bytes: expected a power of two, 1 to 65536",
                hasBlocks(0, 4096, 4096));
        isRefused(Kind.FAILED, "says a minimum block size of 131072 bytes: expected a power of two, 1 to 65536",
                hasBlocks(1 << 17, 1 << 17, 1 << 20));
        isRefused(Kind.FAILED, "says a preferred block size of 4095 bytes: expected a power of two, 512 to 33554432",
                hasBlocks(512, 4095, 4096));
        isRefused(Kind.FAILED, "says a maximum block size of 5000 bytes: expected a multiple of its minimum, 512",
                hasBlocks(512, 4096, 5000));
        isRefused(Kind.FAILED, "takes 1 bytes at a time: expected at least 512", hasBlocks(1, 1, 1));
    }

    private static Script hasBlocks(int min, int preferred, int max) {
        return peer -> {
            peer.untilGo();
            peer.export(ScriptedServer.SIZE);
            peer.blocks(min, preferred, max);
            peer.reply(Nbd.OPT_GO, Nbd.REP_ACK);
        };
    }

    @Test
    void a_handshake_that_stalls_or_does_not_end_is_given_up() throws IOException {
        timeout = "1";
        isRefusedBy(Kind.FAILED, "has not ended the handshake in 1 s", Peer::untilItLeaves);
        isRefused(Kind.FAILED, "has not ended the handshake in 1 s", peer -> {
            peer.untilGo();
            while (true) {
                peer.export(ScriptedServer.SIZE);
            }
        });
    }

    @Test
    void a_handshake_that_ends_early_is_said_to_have() throws IOException {
        isRefused(Kind.NOT_FOUND, "has closed the connection in the handshake", peer -> {
            peer.greet();
            peer.option();
            peer.out.close();
        });
    }

    @Test
    void a_number_that_is_no_magic_one_ends_the_connection() throws Exception {
        isLeftFor("answers with the magic number 12345678 (hexadecimal), which is none of an answer", (peer, asked) -> {
            peer.out.writeInt(0x12345678);
            peer.out.write(new byte[64]);
        });
    }

    @Test
    void chunks_that_were_not_agreed_on_end_the_connection() throws Exception {
        isLeftFor("answers with the magic number 668e33ef (hexadecimal), which is none of an answer", false, (peer, asked) -> {
            peer.structured = true;
            peer.answer(asked);
        });
    }

    @Test
    void a_read_in_one_where_chunks_were_agreed_on_ends_the_connection() throws Exception {
        isLeftFor("answers a read in one, where chunks were agreed on", (peer, asked) -> {
            peer.structured = false;
            peer.answer(asked);
        });
    }

    @Test
    void an_answer_to_what_was_not_asked_ends_the_connection() throws Exception {
        isLeftFor("answers what it was not asked: cookie 4d2 (hexadecimal)", (peer, asked) -> peer.simple(0, 1234));
    }

    @Test
    void an_answer_that_comes_again_ends_the_connection() throws Exception {
        serve(peer -> {
            peer.handshake();
            Asked asked = peer.receive();
            peer.answer(asked);
            peer.answer(asked);
            peer.untilItLeaves();
        }, ScriptedServer::honest);
        try (NbdBackend disk = new NbdBackend(context)) {
            readsSevens(disk);
            Eventually.that(() -> server.connections() == 2, () -> "the connection goes on");
            readsSevens(disk);
        }
    }

    @Test
    void a_chunk_of_an_unknown_type_ends_the_connection() throws Exception {
        isLeftFor("answers with a chunk of the unknown type 77", (peer, asked) ->
                peer.chunk(Nbd.REPLY_FLAG_DONE, 77, asked.cookie(), 0));
    }

    @Test
    void a_chunk_of_2_gib_ends_the_connection_before_it_is_read() throws Exception {
        isLeftFor("answers with a chunk of 4294967295 bytes and type 1: expected up to 8192", (peer, asked) ->
                peer.chunk(Nbd.REPLY_FLAG_DONE, Nbd.REPLY_OFFSET_DATA, asked.cookie(), -1));
        stop();
        Files.delete(folder.resolve("nbd.sock"));
        isLeftFor("answers with a chunk of 1000000 bytes and type 32769: expected up to 8192", (peer, asked) ->
                peer.chunk(Nbd.REPLY_FLAG_DONE, Nbd.REPLY_ERROR + 1, asked.cookie(), 1_000_000));
    }

    @Test
    void data_outside_what_was_read_ends_the_connection() throws Exception {
        isLeftFor("answers with data outside what was read, or twice", (peer, asked) -> {
            peer.chunk(Nbd.REPLY_FLAG_DONE, Nbd.REPLY_OFFSET_DATA, asked.cookie(), Long.BYTES + LENGTH);
            peer.out.writeLong(asked.offset() + 512);
        });
    }

    @Test
    void data_in_front_of_what_was_read_ends_the_connection() throws Exception {
        isLeftFor("answers with data outside what was read, or twice", (peer, asked) -> {
            peer.chunk(Nbd.REPLY_FLAG_DONE, Nbd.REPLY_OFFSET_DATA, asked.cookie(), Long.BYTES + 512);
            peer.out.writeLong(asked.offset() - 512);
        });
    }

    @Test
    void more_data_than_was_read_ends_the_connection() throws Exception {
        isLeftFor("answers with data outside what was read, or twice", (peer, asked) -> {
            peer.chunk(0, Nbd.REPLY_OFFSET_DATA, asked.cookie(), Long.BYTES + LENGTH);
            peer.out.writeLong(asked.offset());
            peer.out.write(Peer.sevens(LENGTH));
            peer.chunk(0, Nbd.REPLY_OFFSET_DATA, asked.cookie(), Long.BYTES + 512);
            peer.out.writeLong(asked.offset());
        });
    }

    @Test
    void a_hole_of_2_gib_ends_the_connection() throws Exception {
        isLeftFor("answers with data outside what was read, or twice", (peer, asked) -> {
            peer.chunk(Nbd.REPLY_FLAG_DONE, Nbd.REPLY_OFFSET_HOLE, asked.cookie(), 12);
            peer.out.writeLong(asked.offset());
            peer.out.writeInt(Integer.MAX_VALUE);
        });
    }

    @Test
    void less_data_than_was_read_ends_the_connection() throws Exception {
        isLeftFor("answers with less than was read", (peer, asked) -> {
            peer.chunk(0, Nbd.REPLY_OFFSET_DATA, asked.cookie(), Long.BYTES + 512);
            peer.out.writeLong(asked.offset());
            peer.out.write(Peer.sevens(512));
            peer.chunk(Nbd.REPLY_FLAG_DONE, Nbd.REPLY_NONE, asked.cookie(), 0);
        });
    }

    @Test
    void an_empty_chunk_with_bytes_ends_the_connection() throws Exception {
        isLeftFor("answers with an empty chunk that has bytes, or is not the last", (peer, asked) -> {
            peer.chunk(Nbd.REPLY_FLAG_DONE, Nbd.REPLY_NONE, asked.cookie(), 8);
            peer.out.writeLong(0);
        });
    }

    @Test
    void an_error_that_says_none_ends_the_connection() throws Exception {
        isLeftFor("answers with an error of 2 bytes", (peer, asked) -> {
            peer.chunk(Nbd.REPLY_FLAG_DONE, Nbd.REPLY_ERROR + 1, asked.cookie(), 2);
            peer.out.writeShort(0);
        });
    }

    @Test
    void data_for_a_write_ends_the_connection() throws Exception {
        serve(peer -> {
            peer.handshake();
            Asked asked = peer.receive();
            peer.chunk(Nbd.REPLY_FLAG_DONE, Nbd.REPLY_OFFSET_DATA, asked.cookie(), Long.BYTES + 512);
            peer.out.writeLong(asked.offset());
            peer.untilItLeaves();
        }, ScriptedServer::honest);
        try (NbdBackend disk = new NbdBackend(context)) {
            assertThat(TestRequest.write(0, new byte[512]).on(disk)).isEqualTo(BlockStatus.OK);
            assertThat(server.connections()).isEqualTo(2);
        }
    }

    @Test
    void one_that_leaves_in_the_middle_of_an_answer_is_asked_again() throws Exception {
        isLeftFor("has closed the connection", (peer, asked) -> {
            peer.chunk(Nbd.REPLY_FLAG_DONE, Nbd.REPLY_OFFSET_DATA, asked.cookie(), Long.BYTES + LENGTH);
            peer.out.writeLong(asked.offset());
            peer.out.write(new byte[LENGTH / 2]);
            peer.out.close();
        });
    }

    @Test
    void one_that_says_nothing_is_left() throws Exception {
        timeout = "1";
        isLeftFor("has not answered for 1 s", (peer, asked) -> peer.untilItLeaves());
    }

    @Test
    void one_that_shuts_down_is_asked_again_later() throws Exception {
        isLeftFor("shuts down", (peer, asked) -> {
            peer.chunk(Nbd.REPLY_FLAG_DONE, Nbd.REPLY_ERROR + 1, asked.cookie(), 6);
            peer.out.writeInt(Nbd.ESHUTDOWN);
            peer.out.writeShort(0);
        });
    }

    @Test
    void answers_in_single_bytes_and_in_any_order_are_right() throws Exception {
        serve(peer -> {
            peer.handshake();
            Asked asked = peer.receive();
            ByteArrayOutputStream whole = new ByteArrayOutputStream();
            DataOutputStream out = new DataOutputStream(whole);
            for (int at = LENGTH - 1024; at >= 0; at -= 1024) {
                out.writeInt(Nbd.CHUNK_MAGIC);
                out.writeShort(0);
                out.writeShort(Nbd.REPLY_OFFSET_DATA);
                out.writeLong(asked.cookie());
                out.writeInt(Long.BYTES + 1024);
                out.writeLong(asked.offset() + at);
                out.write(Peer.sevens(1024));
            }
            for (byte each : whole.toByteArray()) {
                peer.out.write(each);
            }
            peer.chunk(Nbd.REPLY_FLAG_DONE, Nbd.REPLY_NONE, asked.cookie(), 0);
            peer.untilItLeaves();
        });
        try (NbdBackend disk = new NbdBackend(context)) {
            readsSevens(disk);
            assertThat(server.connections()).isEqualTo(1);
        }
    }

    @Test
    void a_hole_is_zero_and_an_error_in_chunks_is_one() throws Exception {
        serve(peer -> {
            peer.handshake();
            Asked hole = peer.receive();
            peer.chunk(Nbd.REPLY_FLAG_DONE, Nbd.REPLY_OFFSET_HOLE, hole.cookie(), 12);
            peer.out.writeLong(hole.offset());
            peer.out.writeInt(hole.length());
            Asked failed = peer.receive();
            peer.chunk(0, Nbd.REPLY_OFFSET_DATA, failed.cookie(), Long.BYTES + 512);
            peer.out.writeLong(failed.offset());
            peer.out.write(Peer.sevens(512));
            peer.chunk(0, Nbd.REPLY_ERROR + 2, failed.cookie(), 14);
            peer.out.writeInt(Nbd.EIO);
            peer.out.writeShort(0);
            peer.out.writeLong(failed.offset());
            peer.chunk(Nbd.REPLY_FLAG_DONE, Nbd.REPLY_NONE, failed.cookie(), 0);
            Asked unknown = peer.receive();
            peer.chunk(Nbd.REPLY_FLAG_DONE, Nbd.REPLY_ERROR + 1, unknown.cookie(), 6);
            peer.out.writeInt(Nbd.ENOTSUP);
            peer.out.writeShort(0);
            peer.untilItLeaves();
        });
        try (NbdBackend disk = new NbdBackend(context)) {
            TestRequest read = TestRequest.read(0, LENGTH);
            assertThat(read.on(disk)).isEqualTo(BlockStatus.OK);
            assertThat(read.payload().bytes()).containsOnly(0);
            assertThat(TestRequest.read(0, LENGTH).on(disk)).isEqualTo(BlockStatus.IO_ERROR);
            assertThat(TestRequest.discard(0, LENGTH).on(disk)).isEqualTo(BlockStatus.UNSUPPORTED);
            assertThat(server.connections()).isEqualTo(1);
        }
    }

    @Test
    void one_without_chunks_is_as_good() throws Exception {
        serve(peer -> {
            peer.structured = false;
            ScriptedServer.honest(peer);
        });
        try (NbdBackend disk = new NbdBackend(context)) {
            readsSevens(disk);
            assertThat(TestRequest.write(0, new byte[LENGTH]).asDurable().on(disk)).isEqualTo(BlockStatus.OK);
        }
    }

    @Test
    void what_a_connection_had_is_done_by_another_one_that_is_there() throws Exception {
        AtomicBoolean broken = new AtomicBoolean();
        Script oneBreaks = peer -> {
            peer.flags |= Nbd.CAN_MULTI_CONN;
            peer.handshake();
            Asked asked = peer.receive();
            if (broken.compareAndSet(false, true)) {
                return;
            }
            peer.answer(asked);
            peer.untilItLeaves();
        };
        serve(oneBreaks, oneBreaks, Peer::untilItLeaves);
        context = TestBackendContext.of("uri", server.uri(), "connections", "2");
        try (NbdBackend disk = new NbdBackend(context)) {
            Eventually.that(() -> disk.details().get("connected").equals("2"), () -> "connections: " + disk.details());
            readsSevens(disk);
            assertThat(broken).isTrue();
            assertThat(context.failure()).isNull();
        }
    }

    @Test
    void one_that_breaks_every_connection_is_tried_less_and_less_often() throws Exception {
        serve(peer -> {
            peer.handshake();
            peer.receive();
            peer.out.writeLong(0);
            peer.out.writeLong(0);
        });
        try (NbdBackend disk = new NbdBackend(context)) {
            TestRequest read = TestRequest.read(0, LENGTH);
            TestRequest.submit(disk, read);
            long begin = System.nanoTime();
            Eventually.that(() -> server.connections() == 5, () -> "connections: " + server.connections());
            // 100, 200, 400 and 800 ms at the least.
            assertThat(System.nanoTime() - begin).isGreaterThan(1_400_000_000L);
            assertThat(read.isDone()).isFalse();
        }
    }
}
