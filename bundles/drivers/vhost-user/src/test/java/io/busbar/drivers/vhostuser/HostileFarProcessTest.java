package io.busbar.drivers.vhostuser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.InflightTracking;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.MemFd;
import io.busbar.core.linux.UnixStream;
import io.busbar.testkit.vhostuser.ScriptedBackEnd;
import io.busbar.testkit.vhostuser.ScriptedFrontEnd;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a far process can do that it should not: its device says so, and is whole again with a far process that is. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class HostileFarProcessTest {

    private static final int REPLY = 5;
    private static final long INFLIGHT = 1 << 12;
    /** For messages that are to be missed after others that are not, on whatever machine. */
    private static final Duration TO_ANSWER_BEFORE = Duration.ofSeconds(3);

    private Rig rig;

    @BeforeEach
    void aFarProcess(@TempDir Path folder) throws Exception {
        rig = new Rig(folder);
    }

    @AfterEach
    void leave() {
        rig.close();
    }

    private FarException refused() {
        return catchThrowableOfType(FarException.class, rig::connect);
    }

    /** Runs the device, has the far process do something wrong, and then be good again. */
    private void liesOnce(Wrong wrong, Reason reason) throws Exception {
        rig.run();
        wrong.now();
        rig.awaitReason(reason);
        rig.far.forgive();
        rig.awaitReason(Reason.NONE);
        assertThat(rig.ops().getStatus()).as("nothing was in flight: the driver goes on").isEqualTo(Rig.DRIVER_OK);
    }

    @FunctionalInterface
    private interface Wrong {
        void now() throws Exception;
    }

    // 113: another reply than asked for

    /** Requests with a reply of their own, in a negotiation. */
    static List<Integer> asked() {
        return List.of(1, 15, 17, 24, 36);
    }

    @ParameterizedTest
    @MethodSource("asked")
    void a_reply_to_another_request_ends_the_connection(int request) {
        rig.far.reply(request, 40, REPLY, ScriptedFrontEnd.u64(rig.far.features));
        assertThat(refused().reason()).isEqualTo(Reason.PROTOCOL_VIOLATION);
    }

    @ParameterizedTest
    @MethodSource("asked")
    void a_reply_that_is_too_short_or_too_long_ends_the_connection(int request) {
        rig.far.reply(request, request, REPLY, new byte[4]);
        assertThat(refused().reason()).isEqualTo(Reason.PROTOCOL_VIOLATION);
        rig.far.reply(request, request, REPLY, new byte[80]);
        assertThat(refused().reason()).isEqualTo(Reason.PROTOCOL_VIOLATION);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 4, 6, 0xd, 0x15, -1})
    void a_reply_with_other_flags_ends_the_connection(int flags) {
        rig.far.reply(1, 1, flags, ScriptedFrontEnd.u64(rig.far.features));
        assertThat(refused().reason()).isEqualTo(Reason.PROTOCOL_VIOLATION);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, Integer.MAX_VALUE, Integer.MIN_VALUE, 4097})
    void a_reply_of_4_gib_ends_the_connection_before_it_is_read(int size) {
        rig.far.on(1, (request, wire) -> {
            byte[] message = ScriptedFrontEnd.message(1, REPLY, ScriptedFrontEnd.u64(rig.far.features));
            ByteBuffer.wrap(message).order(ByteOrder.nativeOrder()).putInt(8, size);
            wire.sendBytes(message);
        });
        assertThat(refused().reason()).isEqualTo(Reason.PROTOCOL_VIOLATION);
    }

    @Test
    void an_acknowledgement_of_another_size_ends_the_connection() throws Exception {
        liesOnce(() -> {
            rig.far.on(8, (request, wire) -> wire.send(8, REPLY, new byte[4]));
            rig.startQueue(1);
        }, Reason.PROTOCOL_VIOLATION);
    }

    @Test
    void a_reply_twice_ends_the_connection() throws Exception {
        liesOnce(() -> {
            rig.far.on(8, (request, wire) -> {
                wire.replyTo(request, ScriptedFrontEnd.u64(0));
                wire.replyTo(request, ScriptedFrontEnd.u64(0));
            });
            rig.startQueue(1);
        }, Reason.PROTOCOL_VIOLATION);
    }

    @Test
    void a_reply_that_nobody_asked_for_ends_the_connection() throws Exception {
        liesOnce(() -> rig.far.send(40, REPLY, ScriptedFrontEnd.u64(0)), Reason.PROTOCOL_VIOLATION);
    }

    @Test
    void descriptors_with_a_reply_that_has_none_are_closed_and_end_the_connection() throws Exception {
        List<UnixStream> ends = UnixStream.pair();
        try (UnixStream kept = ends.getFirst()) {
            Fd given = ends.getLast().fd();
            rig.far.on(1, (request, wire) -> wire.replyTo(request, ScriptedFrontEnd.u64(rig.far.features), given, given));
            assertThat(refused().reason()).isEqualTo(Reason.PROTOCOL_VIOLATION);
            rig.far.close();
            ends.getLast().close();
            assertThat(readsToItsEnd(kept)).as("nobody has the other end open").isTrue();
        }
    }

    private static boolean readsToItsEnd(UnixStream stream) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(1);
            return stream.receiveExactly(buffer.address(), 1, Duration.ofSeconds(10).toNanos()) == 0;
        }
    }

    @Test
    void a_request_that_is_refused_again_and_again_holds_the_device() throws Exception {
        rig.far.on(9, (request, wire) -> wire.replyTo(request, ScriptedFrontEnd.u64(1)));
        rig.run();
        rig.awaitReason(Reason.BACKEND_FAILED);
        assertThat(rig.health().sentence()).contains("refused SET_VRING_ADDR with 1");
        rig.far.forgive();
        rig.awaitReason(Reason.NONE);
    }

    @Test
    void where_a_queue_stands_is_asked_and_another_queue_or_number_is_not_taken(@TempDir Path folder) throws Exception {
        for (byte[] answer : List.of(ScriptedFrontEnd.state(1, 0), ScriptedFrontEnd.state(0, 65536),
                ScriptedFrontEnd.state(0, -1))) {
            rig.close();
            rig = new Rig(folder.resolve(Integer.toString(answer.hashCode())));
            rig.run();
            rig.far.on(11, (request, wire) -> wire.replyTo(request, answer));
            rig.ops().setVqReady(0, false);
            rig.awaitReason(Reason.NONE);
            assertThat(rig.far.received().stream().filter(request -> request.id() == 1).count())
                    .as("connected anew").isGreaterThan(1);
        }
    }

    // 113: its own channel

    static List<byte[]> wrongRequests() {
        return List.of(
                ScriptedFrontEnd.message(1, 1, new byte[32]),
                ScriptedFrontEnd.message(3, 1, new byte[24]),
                ScriptedFrontEnd.message(4, 1, ScriptedFrontEnd.state(0, 0)),
                ScriptedFrontEnd.message(0, 1, ScriptedFrontEnd.none()),
                ScriptedFrontEnd.message(-1, 1, ScriptedFrontEnd.none()),
                ScriptedFrontEnd.message(2, 5, ScriptedFrontEnd.none()),
                ScriptedFrontEnd.message(2, 0, ScriptedFrontEnd.none()),
                ScriptedFrontEnd.message(2, 1, new byte[8]));
    }

    @ParameterizedTest
    @MethodSource("wrongRequests")
    void a_request_that_was_not_agreed_on_ends_the_connection(byte[] message) throws Exception {
        liesOnce(() -> rig.far.sendBack(message), Reason.PROTOCOL_VIOLATION);
    }

    @Test
    void a_request_with_a_descriptor_ends_the_connection() throws Exception {
        try (Fd any = EventFd.create()) {
            liesOnce(() -> rig.far.sendBack(ScriptedFrontEnd.message(2, 1, ScriptedFrontEnd.none()), any),
                    Reason.PROTOCOL_VIOLATION);
        }
    }

    @Test
    void a_storm_of_changes_that_are_none_disturbs_no_driver() throws Exception {
        rig.run();
        rig.ops().setConfigCallback(() -> {
            throw new AssertionError("nothing has changed");
        });
        int generation = rig.ops().getGeneration();
        byte[] change = ScriptedFrontEnd.message(2, 1, ScriptedFrontEnd.none());
        for (int i = 0; i < 1000; i++) {
            rig.far.sendBack(change);
        }
        rig.far.sendBack(ScriptedFrontEnd.message(2, 9, ScriptedFrontEnd.none()));
        assertThat(rig.far.receiveBack(20)).hasSize(20);
        assertThat(rig.ops().getGeneration()).isEqualTo(generation);
        assertThat(rig.health()).isEqualTo(Health.OK);
    }

    @Test
    void its_own_channel_may_be_closed() throws Exception {
        rig.run();
        rig.far.closeBack();
        rig.startQueue(1);
        assertThat(rig.health()).isEqualTo(Health.OK);
    }

    // 114: configuration

    private static byte[] disk(int offset, int value) {
        return ByteBuffer.wrap(ScriptedBackEnd.disk(2048)).order(ByteOrder.LITTLE_ENDIAN).putInt(offset, value).array();
    }

    static List<byte[]> disksThatCannotBe() {
        return List.of(
                ScriptedBackEnd.disk(-1), ScriptedBackEnd.disk(1L << 54), disk(12, 0), disk(20, 0), disk(20, 3),
                disk(20, -1), disk(20, 256));
    }

    @ParameterizedTest
    @MethodSource("disksThatCannotBe")
    void a_configuration_that_cannot_be_is_not_taken(byte[] config) {
        rig.far.config = config;
        assertThat(refused().reason()).isEqualTo(Reason.PROTOCOL_VIOLATION);
    }

    /** MAC with a group's address; MTU below 68. MULTIPORT with no port, or more than the protocol can count. */
    @ParameterizedTest
    @CsvSource({
        "net, 5, 010000000000 0000 0000 0000, 'mac 01:00:00:00:00:00'",
        "net, 5, ffffffffffff 0000 0000 0000, 'mac ff:ff:ff:ff:ff:ff'",
        "net, 3, 525400123456 0000 0000 4300, 'mtu 67'",
        "net, 3, 525400123456 0000 0000 0000, 'mtu 0'",
        "console, 1, 0000 0000 00000000, 'max_nr_ports 0'",
        "console, 1, 0000 0000 01800000, 'max_nr_ports 32769'",
        "console, 1, 0000 0000 ffffffff, 'max_nr_ports 4294967295'"
    })
    void a_card_or_console_that_cannot_be_is_not_taken(String type, int feature, String config, String wrong) {
        rig.far.features |= 1L << feature;
        rig.far.config = HexFormat.of().parseHex(config.replace(" ", ""));
        FarException refused = catchThrowableOfType(FarException.class, () -> rig.connect(Map.of("class", type)));
        assertThat(refused.reason()).isEqualTo(Reason.PROTOCOL_VIOLATION);
        assertThat(refused).hasMessageContaining(wrong);
    }

    @ParameterizedTest
    @MethodSource("disksThatCannotBe")
    void a_configuration_that_becomes_one_that_cannot_be_ends_the_connection(byte[] config) throws Exception {
        rig.run();
        rig.far.config = config;
        rig.far.configChanged();
        rig.awaitReason(Reason.PROTOCOL_VIOLATION);
        byte[] capacity = new byte[8];
        rig.ops().getConfig(0, capacity);
        assertThat(ByteBuffer.wrap(capacity).order(ByteOrder.LITTLE_ENDIAN).getLong())
                .as("what the driver sees").isEqualTo(2048);
        rig.far.config = ScriptedBackEnd.disk(2048);
        rig.awaitReason(Reason.NONE);
    }

    @Test
    void a_part_of_the_configuration_that_was_not_asked_for_is_not_taken() {
        rig.far.on(24, (request, wire) ->
                wire.replyTo(request, ScriptedFrontEnd.config(4, 60, 0, new byte[60])));
        assertThat(refused().reason()).isEqualTo(Reason.PROTOCOL_VIOLATION);
        rig.far.on(24, (request, wire) ->
                wire.replyTo(request, ScriptedFrontEnd.config(0, 256, 0, new byte[60])));
        assertThat(refused().reason()).isEqualTo(Reason.PROTOCOL_VIOLATION);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -1, 65536, 1L << 32})
    void a_number_of_queues_that_cannot_be_is_not_taken(long queues) {
        rig.far.queues = queues;
        assertThat(refused().reason()).isEqualTo(Reason.PROTOCOL_VIOLATION);
    }

    @Test
    void a_far_process_without_what_is_needed_is_told_so() {
        rig.far.features = 0x1_0000_0244L;
        assertThat(refused()).hasMessageContaining("bit 30");
        rig.far.features = 0x4000_0244L;
        assertThat(refused()).hasMessageContaining("VERSION_1");
        rig.far.features = 0x1_4000_0244L;
        rig.far.protocolFeatures &= ~(1 << 9);
        assertThat(refused()).hasMessageContaining("configuration");
        assertThat(refused().reason()).isEqualTo(Reason.FEATURES_MISMATCH);
    }

    // 115: no reply

    @ParameterizedTest
    @MethodSource("asked")
    void a_reply_that_does_not_come_is_not_waited_for(int request, @TempDir Path folder) throws Exception {
        try (Rig hurried = new Rig(folder, Duration.ofMillis(200), Duration.ofSeconds(10))) {
            hurried.far.on(request, (_, _) -> {});
            FarException silent = catchThrowableOfType(FarException.class, hurried::connect);
            assertThat(silent.reason()).isEqualTo(Reason.NO_ANSWER);
        }
    }

    @Test
    void a_reply_in_drops_has_the_same_deadline(@TempDir Path folder) throws Exception {
        try (Rig hurried = new Rig(folder, Duration.ofMillis(300), Duration.ofSeconds(10))) {
            hurried.far.on(1, (_, wire) -> {
                for (byte drop : ScriptedFrontEnd.message(1, REPLY, ScriptedFrontEnd.u64(rig.far.features))) {
                    wire.sendBytes(new byte[] {drop});
                    Thread.sleep(100);
                }
            });
            FarException silent = catchThrowableOfType(FarException.class, hurried::connect);
            assertThat(silent.reason()).isEqualTo(Reason.NO_ANSWER);
        }
    }

    @Test
    void a_far_process_that_hangs_holds_its_device_and_is_taken_again_when_it_answers(@TempDir Path folder)
            throws Exception {
        try (Rig hurried = new Rig(folder, TO_ANSWER_BEFORE, Duration.ofSeconds(10))) {
            hurried.run();
            hurried.far.on(8, (_, _) -> {});
            hurried.startQueue(1);
            assertThat(hurried.health().reason()).isEqualTo(Reason.NO_ANSWER);
            assertThat(hurried.health().sentence()).contains("does not answer SET_VRING_NUM");
            hurried.far.forgive();
            hurried.awaitReason(Reason.NONE);
            hurried.awaitRequests(18, 3);
        }
    }

    @Test
    void a_far_process_that_hangs_is_not_said_to_have_let_go_of_memory(@TempDir Path folder) throws Exception {
        try (Rig hurried = new Rig(folder, TO_ANSWER_BEFORE, Duration.ofMillis(300))) {
            hurried.run();
            hurried.far.on(11, (_, _) -> {});
            hurried.far.on(1, (_, _) -> {});
            VdpaException stuck = catchThrowableOfType(VdpaException.class, () -> hurried.ops().reset());
            assertThat(stuck.reason()).isEqualTo(Reason.BACKEND_STUCK);
            assertThat(hurried.ops().getStatus()).isEqualTo(Rig.DRIVER_OK);

            hurried.far.leave();
            hurried.awaitReason(Reason.NOT_CONNECTED);
            hurried.ops().reset();
            assertThat(hurried.ops().getStatus()).isZero();
        }
    }

    // 116: the record of requests in flight

    private void recordIs(ScriptedBackEnd.Answer answer) throws Exception {
        rig.far.protocolFeatures |= INFLIGHT;
        rig.far.on(31, answer);
        rig.run();
        rig.awaitReason(Reason.PROTOCOL_VIOLATION);
        rig.far.forgive();
        rig.awaitReason(Reason.NONE);
        rig.awaitRequests(32, 1);
    }

    @Test
    void a_record_that_is_shorter_than_promised_is_not_taken() throws Exception {
        try (Fd small = MemFd.create("small", 4096, true)) {
            recordIs((request, wire) ->
                    wire.replyTo(request, ScriptedFrontEnd.inflight(1 << 20, 0, 2, Rig.NUM), small));
        }
    }

    @Test
    void a_record_at_an_offset_that_overflows_is_not_taken() throws Exception {
        try (Fd small = MemFd.create("small", 4096, true)) {
            recordIs((request, wire) ->
                    wire.replyTo(request, ScriptedFrontEnd.inflight(4096, Long.MAX_VALUE - 100, 2, Rig.NUM), small));
        }
    }

    @Test
    void a_record_for_other_numbers_is_not_taken() throws Exception {
        try (Fd file = MemFd.create("file", 1 << 20, true)) {
            recordIs((request, wire) ->
                    wire.replyTo(request, ScriptedFrontEnd.inflight(1 << 20, 0, 64, Rig.NUM), file));
        }
    }

    @Test
    void a_record_without_a_descriptor_or_with_two_is_not_taken() throws Exception {
        recordIs((request, wire) -> wire.replyTo(request, ScriptedFrontEnd.inflight(4096, 0, 2, Rig.NUM)));
    }

    @Test
    void a_record_that_is_no_file_is_not_taken() throws Exception {
        try (Fd event = EventFd.create()) {
            recordIs((request, wire) ->
                    wire.replyTo(request, ScriptedFrontEnd.inflight(4096, 0, 2, Rig.NUM), event));
        }
    }

    @Test
    void a_record_that_the_driver_asks_for_is_checked_too() throws Exception {
        rig.far.protocolFeatures |= INFLIGHT;
        rig.connect();
        rig.far.on(31, (request, wire) -> wire.replyTo(request, ScriptedFrontEnd.inflight(4096, 0, 2, Rig.NUM)));
        assertThat(catchThrowableOfType(VdpaException.class,
                () -> ((InflightTracking) rig.ops()).createInflight(2, Rig.NUM)).reason())
                .isEqualTo(Reason.PROTOCOL_VIOLATION);
    }

    // 110 to 112: the used ring

    @Test
    void a_used_index_that_never_fits_does_not_let_a_stop_end_and_harms_nobody_else(@TempDir Path folder)
            throws Exception {
        try (Rig impatient = new Rig(folder, Duration.ofSeconds(10), Duration.ofMillis(100))) {
            impatient.run();
            impatient.use(0, 60_000);
            assertThat(catchThrowableOfType(VdpaException.class, () -> impatient.ops().setVqReady(0, false)).reason())
                    .isEqualTo(Reason.BACKEND_STUCK);
            impatient.awaitReason(Reason.NONE);
            impatient.ops().setVqReady(0, false);
            assertThat(impatient.ops().getVqReady(0)).isFalse();
        }
    }
}
