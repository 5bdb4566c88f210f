package io.busbar.backends.tap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendException.Kind;
import io.busbar.api.backend.BackendState;
import io.busbar.api.backend.NetInfo;
import io.busbar.api.backend.WaitingFrame;
import io.busbar.core.linux.Poll;
import io.busbar.testkit.TestBackendContext;
import io.busbar.testkit.TestFrame;
import io.busbar.testkit.TestPayload;
import io.busbar.testkit.machine.Allocation;
import io.busbar.testkit.machine.Eventually;
import io.busbar.testkit.machine.TestNetwork;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class TapBackendTest {

    private static final int HEADER = 12;
    private static final int PAYLOAD_OF_UDP = HEADER + 14 + 20 + 8;
    private static final String HOST_MAC = "02:00:00:00:00:01";
    private static final String OUR_MAC = "02:00:00:00:00:02";

    private final List<TapBackend> opened = new ArrayList<>();
    private TestNetwork network;
    private TestBackendContext context;

    @BeforeEach
    void makeNetwork() {
        network = TestNetwork.create();
        // Else a new interface asks for neighbours and routers as soon as it is up.
        noIpv6(network);
    }

    private static void noIpv6(TestNetwork network) {
        network.run("sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6");
    }

    @AfterEach
    void closeAll() {
        opened.forEach(TapBackend::close);
        network.close();
    }

    private TapBackend open(int pairs, String... words) throws BackendException {
        List<String> all = new ArrayList<>(List.of("netns", network.name()));
        all.addAll(List.of(words));
        String[] channels = new String[pairs];
        for (int i = 0; i < pairs; i++) {
            channels[i] = "pair" + i;
        }
        context = TestBackendContext.of(all.toArray(String[]::new)).withChannels(channels);
        TapBackend backend = new TapBackend(context);
        opened.add(backend);
        return backend;
    }

    /** One at which the host is 10.99.0.1, and has known 10.99.0.2 for ever. */
    private TapBackend openWithNeighbour(String name) throws BackendException {
        TapBackend backend = open(1, "ifname", name, "address", "10.99.0.1/24");
        addNeighbour(network, name);
        return backend;
    }

    private static void addNeighbour(TestNetwork network, String name) {
        network.run("ip", "link", "set", name, "address", HOST_MAC);
        network.run("ip", "neigh", "replace", "10.99.0.2", "lladdr", OUR_MAC, "dev", name);
    }

    private static byte[] bytes(WaitingFrame frame) {
        return frame.memory().asSlice(frame.offset(), frame.length()).toArray(ValueLayout.JAVA_BYTE);
    }

    private static WaitingFrame awaitFrame(TapBackend backend) {
        assertThat(Poll.await(backend.readableDescriptor(0), Poll.POLLIN, TimeUnit.SECONDS.toNanos(20)))
                .as("readable").isEqualTo(Poll.POLLIN);
        return backend.peek(0);
    }

    /** An ICMP echo request of 10.99.0.2 to 10.99.0.1 (RFC 792), with its checksums. */
    private static byte[] echoRequest() {
        return HexFormat.of().parseHex("020000000001" + "020000000002" + "0800"
                + "4500002400010000" + "4001" + "6610" + "0a630002" + "0a630001"
                + "0800" + "f7ff" + "00000000" + "0000000000000000");
    }

    private static void assertEchoReply(byte[] frame) {
        assertThat(frame[HEADER + 14 + 9]).as("protocol").isEqualTo((byte) 1);
        assertThat(frame[HEADER + 14 + 20]).as("type").isZero();
        assertThat(frame[HEADER + 5]).as("last byte of the destination").isEqualTo((byte) 2);
    }

    @Test
    void a_successor_has_the_interface_and_says_what_of_it_is_used_once_it_is_alone() throws Exception {
        TapBackend old = open(2, "ifname", "tap7", "address", "10.99.0.1/24");
        addNeighbour(network, "tap7");
        old.usePairs(2);
        TapBackend successor = new TapBackend(context.succeeding(old.handOver()));
        opened.add(successor);
        successor.usePairs(1);
        assertThat(queues("tap7")).as("it is not alone").isEqualTo("numqueues 2");
        assertThat(successor.info()).isEqualTo(old.info());

        successor.goOn();

        assertThat(queues("tap7")).isEqualTo("numqueues 1 numdisabled 1");
        network.run("bash", "-c", "echo -n first > /dev/udp/10.99.0.2/7");
        assertThat(new String(bytes(awaitFrame(successor)), PAYLOAD_OF_UDP, 5)).isEqualTo("first");
        old.close();
        opened.remove(old);
        assertThat(successor.transmit(0, TestFrame.of(echoRequest()))).isTrue();
        successor.taken(0);
        assertEchoReply(bytes(awaitFrame(successor)));
    }

    @Test
    void what_is_handed_over_has_a_version_and_an_unknown_one_is_refused() throws Exception {
        TapBackend old = open(1, "ifname", "tap7");
        BackendState newer = new BackendState(2, new byte[0], old.handOver().descriptors());
        BackendException refused = catchThrowableOfType(
                BackendException.class, () -> new TapBackend(context.succeeding(newer)));
        assertThat(refused).hasMessage("what was handed over is version 2 (0 bytes, 1 descriptors): expected version 1 (0 bytes, 1 descriptors)");
    }

    @Test
    void a_frame_of_the_host_waits_with_its_header_until_it_is_taken() throws Exception {
        TapBackend backend = openWithNeighbour("tap7");
        assertThat(backend.peek(0)).isNull();
        network.run("bash", "-c", "echo -n first > /dev/udp/10.99.0.2/7; echo -n second > /dev/udp/10.99.0.2/7");
        WaitingFrame first = awaitFrame(backend);
        assertThat(new String(bytes(first), PAYLOAD_OF_UDP, 5)).isEqualTo("first");
        assertThat(bytes(first)[0]).as("flags: the kernel leaves the checksum to the driver").isEqualTo((byte) 1);
        assertThat(backend.peek(0)).isSameAs(first);
        assertThat(new String(bytes(first), PAYLOAD_OF_UDP, 5)).isEqualTo("first");
        backend.taken(0);
        assertThat(new String(bytes(backend.peek(0)), PAYLOAD_OF_UDP, 6)).isEqualTo("second");
        backend.taken(0);
        assertThat(backend.peek(0)).isNull();
    }

    @Test
    void a_frame_of_the_driver_goes_to_the_host_whatever_its_pieces_are() throws Exception {
        TapBackend backend = openWithNeighbour("tap7");
        byte[] echo = echoRequest();
        for (int cut = 1; cut < echo.length; cut += 13) {
            TestPayload pieces = TestPayload.ofSizes(cut, echo.length - cut);
            pieces.copyFrom(MemorySegment.ofArray(echo), 0, echo.length);
            pieces.position(0);
            assertThat(backend.transmit(0, TestFrame.over(pieces))).isTrue();
            assertEchoReply(bytes(awaitFrame(backend)));
            backend.taken(0);
        }
    }

    @Test
    void a_payload_of_which_a_part_was_read_goes_from_there() throws Exception {
        TapBackend backend = openWithNeighbour("tap7");
        byte[] echo = echoRequest();
        byte[] behindHeader = new byte[HEADER + echo.length];
        System.arraycopy(echo, 0, behindHeader, HEADER, echo.length);
        backend.transmit(0, TestFrame.over(TestPayload.of(behindHeader).position(HEADER)));
        assertEchoReply(bytes(awaitFrame(backend)));
    }

    @Test
    void a_checksum_that_the_driver_left_out_is_filled_in() throws Exception {
        TapBackend backend = openWithNeighbour("tap7");
        byte[] echo = echoRequest();
        echo[14 + 20 + 2] = 0;
        echo[14 + 20 + 3] = 0;
        assertThat(backend.transmit(0, TestFrame.of(echo))).isTrue();
        byte[] header = new byte[HEADER];
        header[0] = 1;
        header[6] = 14 + 20;
        header[8] = 2;
        backend.transmit(0, TestFrame.of(echo).withHeader(header));
        assertEchoReply(bytes(awaitFrame(backend)));
        backend.taken(0);
        assertThat(backend.peek(0)).as("the answer to the one without a checksum").isNull();
    }

    @Test
    void a_header_that_makes_no_sense_loses_its_frame_and_nothing_else() throws Exception {
        TapBackend backend = openWithNeighbour("tap7");
        byte[] header = new byte[HEADER];
        header[1] = 99;
        assertThat(backend.transmit(0, TestFrame.of(echoRequest()).withHeader(header))).isTrue();
        assertThat(backend.transmit(0, TestFrame.of(echoRequest()))).isTrue();
        assertEchoReply(bytes(awaitFrame(backend)));
        backend.taken(0);
        assertThat(backend.peek(0)).isNull();
    }

    @Test
    void an_interface_that_is_made_is_up_and_one_that_is_there_is_left_as_it_is() throws Exception {
        assertThat(open(1, "ifname", "tap7").info().linkUp()).isTrue();
        assertThat(open(1, "ifname", "tap8", "up", "off").info().linkUp()).isFalse();
        network.run("ip", "tuntap", "add", "tap9", "mode", "tap");
        assertThat(open(1, "ifname", "tap9").info().linkUp()).isFalse();
        opened.removeLast().close();
        assertThat(open(1, "ifname", "tap9", "up", "on").info().linkUp()).isTrue();
    }

    @Test
    void the_link_follows_the_interface() throws Exception {
        TapBackend backend = open(1, "ifname", "tap7");
        network.run("ip", "link", "set", "tap7", "down");
        Eventually.that(() -> context.infoChanges() == 1, () -> context.infoChanges() + " changes");
        assertThat(backend.info().linkUp()).isFalse();
        assertThat(backend.linkDownReason()).isEqualTo("tap7 is down: ip link set tap7 up");
        assertThat(backend.transmit(0, TestFrame.of(echoRequest()))).as("dropped").isTrue();
        network.run("ip", "link", "set", "tap7", "up");
        Eventually.that(() -> context.infoChanges() == 2, () -> context.infoChanges() + " changes");
        assertThat(backend.info().linkUp()).isTrue();
        assertThat(context.failure()).isNull();
    }

    @Test
    void an_interface_that_is_deleted_is_a_failure_that_says_so() throws Exception {
        TapBackend backend = open(1, "ifname", "tap7");
        network.run("ip", "link", "del", "tap7");
        Eventually.that(() -> context.failure() != null, () -> "no failure");
        assertThat(context.failure()).isEqualTo("tap7 was deleted: delete the device and add it again");
        assertThat(backend.info().linkUp()).isFalse();
        assertThat(backend.peek(0)).isNull();
        assertThat(backend.transmit(0, TestFrame.of(echoRequest()))).isTrue();
    }

    @Test
    void an_interface_that_is_moved_to_another_namespace_goes_on() throws Exception {
        TapBackend backend = open(1, "ifname", "tap7");
        try (TestNetwork other = TestNetwork.create()) {
            noIpv6(other);
            network.run("ip", "link", "set", "tap7", "netns", other.name());
            other.run("ip", "addr", "add", "10.99.0.1/24", "dev", "tap7");
            other.run("ip", "link", "set", "tap7", "up", "addrgenmode", "none");
            addNeighbour(other, "tap7");
            Eventually.that(() -> backend.info().linkUp(), () -> "the link is down");
            backend.transmit(0, TestFrame.of(echoRequest()));
            byte[] answer = bytes(awaitFrame(backend));
            while (answer[HEADER + 12] != 8) { // Its own announcements over IPv6.
                backend.taken(0);
                answer = bytes(awaitFrame(backend));
            }
            assertEchoReply(answer);
            assertThat(context.failure()).isNull();
            opened.removeLast().close();
        }
    }

    @Test
    void a_cable_that_is_pulled_out_is_the_interfaces_carrier() throws Exception {
        TapBackend backend = open(1, "ifname", "tap7");
        backend.plugged(false);
        assertThat(network.run("ip", "link", "show", "tap7")).contains("NO-CARRIER");
        assertThat(backend.info().linkUp()).as("the interface is up all the same").isTrue();
        backend.plugged(true);
        assertThat(network.run("ip", "link", "show", "tap7")).doesNotContain("NO-CARRIER");
    }

    @Test
    void the_mtu_is_the_interfaces_and_is_set_by_the_devices_word() throws Exception {
        assertThat(open(1, "ifname", "tap7").info()).isEqualTo(new NetInfo(1500, 1500, 1, true, true, true));
        network.run("ip", "tuntap", "add", "tap8", "mode", "tap");
        network.run("ip", "link", "set", "tap8", "mtu", "4000");
        assertThat(open(1, "ifname", "tap8").info().usualMtu()).isEqualTo(4000);
        assertThat(open(1, "ifname", "tap9", "mtu", "9000").info().mtu()).isEqualTo(9000);
        assertThat(network.run("ip", "link", "show", "tap9")).contains("mtu 9000");
    }

    @Test
    void several_pairs_are_queues_of_the_interface_of_which_the_host_sends_to_those_in_use() throws Exception {
        TapBackend backend = open(3, "ifname", "tap7", "address", "10.99.0.1/24");
        addNeighbour(network, "tap7");
        assertThat(backend.info().pairs()).isEqualTo(3);
        assertThat(queues("tap7")).isEqualTo("numqueues 1 numdisabled 2");
        backend.usePairs(3);
        assertThat(queues("tap7")).isEqualTo("numqueues 3");
        backend.usePairs(2);
        assertThat(queues("tap7")).isEqualTo("numqueues 2 numdisabled 1");
        backend.transmit(2, TestFrame.of(echoRequest()));
        Eventually.that(() -> backend.peek(0) != null || backend.peek(1) != null,
                () -> "no answer to a frame of a pair that is not in use");
    }

    private String queues(String name) {
        String details = network.run("ip", "-d", "link", "show", name);
        Matcher queues = Pattern.compile("numqueues \\d+( numdisabled [1-9]\\d*)?").matcher(details);
        assertThat(queues.find()).as(details).isTrue();
        return queues.group();
    }

    private static void assertRefused(Kind kind, String sentence, ThrowingCallable open) {
        BackendException refusal = catchThrowableOfType(BackendException.class, open);
        assertThat(refusal).as("refusal").isNotNull().hasMessageContaining(sentence);
        assertThat(refusal.kind()).isEqualTo(kind);
    }

    @Test
    void an_interface_that_is_used_is_refused_also_one_with_several_queues() throws Exception {
        network.run("ip", "tuntap", "add", "tap8", "mode", "tap", "multi_queue");
        assertThat(open(1, "ifname", "tap7").info().pairs()).isEqualTo(1);
        assertThat(open(1, "ifname", "tap8").info().pairs()).isEqualTo(1);
        assertRefused(Kind.IN_USE, "ifname tap7 is used by another process or device", () -> open(1, "ifname", "tap7"));
        assertRefused(Kind.IN_USE, "ifname tap8 is used by another process or device", () -> open(1, "ifname", "tap8"));
    }

    @Test
    void an_interface_of_another_kind_is_refused_with_its_kind() {
        network.run("ip", "link", "add", "veth7", "type", "veth", "peer", "name", "veth8");
        network.run("ip", "tuntap", "add", "tun7", "mode", "tun");
        network.run("ip", "tuntap", "add", "tap7", "mode", "tap");
        assertRefused(Kind.CONFIG_INVALID, "ifname veth7 is a veth interface", () -> open(1, "ifname", "veth7"));
        assertRefused(Kind.CONFIG_INVALID, "ifname lo is a hardware or loopback", () -> open(1, "ifname", "lo"));
        assertRefused(Kind.CONFIG_INVALID, "ifname tun7 is a tun interface of IP packets: expected a tap interface",
                () -> open(1, "ifname", "tun7"));
        assertRefused(Kind.CONFIG_INVALID,
                "ifname tap7 has one queue, but max_vqp is 2: expected an interface that was made with multi_queue",
                () -> open(2, "ifname", "tap7"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "sixteen-letters-", "a/b", "a b", "a:b", "tap%d", ".", ".."})
    void a_name_that_is_none_is_quoted(String name) {
        assertRefused(Kind.CONFIG_INVALID, "ifname " + name + ": expected 1 to 15", () -> open(1, "ifname", name));
    }

    @Test
    void without_a_name_the_interface_has_the_devices() throws Exception {
        open(1);
        assertThat(network.run("ip", "link", "show", context.deviceName())).contains("mtu 1500");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "10.0.0.1", "10.0.0.1/33", "10.0.0.1/-1", "10.0.0/8", "host/24", "fe80::1/129", "10.0.0.1/x"})
    void an_address_that_is_none_is_quoted(String address) {
        assertRefused(Kind.CONFIG_INVALID, "address " + address + ": expected an address and the length",
                () -> open(1, "ifname", "tap7", "address", address));
    }

    @ParameterizedTest
    @ValueSource(strings = {"67", "65522", "x", ""})
    void an_mtu_that_no_tap_has_is_quoted(String mtu) {
        assertRefused(Kind.CONFIG_INVALID, "mtu " + mtu + ": expected 68 to 65521", () -> open(1, "ifname", "tap7", "mtu", mtu));
    }

    @Test
    void a_namespace_that_is_not_there_is_named() {
        assertRefused(Kind.NOT_FOUND, "expected the name of a network namespace", () -> new TapBackend(
                TestBackendContext.of("ifname", "tap7", "netns", "no-such").withChannels("pair0")));
    }

    @Test
    void an_interface_that_cannot_be_set_up_as_wanted_is_not_left_behind() throws Exception {
        // Its IPv6 is off: it is made, cannot get such an address, and is taken back.
        assertRefused(Kind.PERMISSION, "ifname tap7: give tap7 an address",
                () -> open(1, "ifname", "tap7", "address", "fd00::1/64"));
        assertThat(network.run("ip", "link")).doesNotContain("tap7");
    }

    @Test
    void a_million_frames_each_way_allocate_nothing() throws Exception {
        TapBackend backend = openWithNeighbour("tap7");
        TestPayload echo = TestPayload.of(echoRequest());
        TestFrame frame = TestFrame.over(echo);
        int[] answers = {0};
        long allocated = Allocation.leastOf(() -> {
            for (int i = 0; i < 1_000_000; i++) {
                echo.rewind();
                backend.transmit(0, frame);
                if (backend.peek(0) != null) {
                    backend.taken(0);
                    answers[0]++;
                }
            }
        });
        assertThat(allocated).isZero();
        assertThat(answers[0]).isGreaterThanOrEqualTo(1_000_000);
    }
}
