package io.busbar.backends.switch_.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the host answers: RFC 2131, 2132, 826, 792. */
class ResponderTest {

    private static final long SERVER_MAC = 0x0242_1111_1111L;
    private static final long ALICE = 0x0200_0000_000aL;
    private static final long BOB = 0x0200_0000_000bL;
    private static final long EVERYBODY = 0xffff_ffff_ffffL;
    private static final Subnet SUBNET = Subnet.parse("10.0.5.0/24");
    private static final long SERVER = 0x0a00_0501L;

    private final Leases leases = new Leases(SUBNET);
    private final Responder responder = new Responder(SERVER_MAC, SUBNET, new DhcpServer(SUBNET, leases));
    private long now = 1000;

    private Optional<byte[]> ask(byte[] frame) {
        return ask(frame, 0);
    }

    private Optional<byte[]> ask(byte[] frame, int port) {
        return responder.answer(ByteBuffer.wrap(frame), false, 1, port, now).map(reply -> {
            byte[] bytes = new byte[reply.remaining()];
            reply.get(bytes);
            return bytes;
        });
    }

    private Dhcp.Answer answer(Dhcp question) {
        return Dhcp.read(ask(question.frame()).orElseThrow());
    }

    private long lease(long client) {
        long offered = answer(Dhcp.of(client, DhcpMessage.DISCOVER)).address();
        Dhcp.Answer ack = answer(Dhcp.of(client, DhcpMessage.REQUEST).option(54, SERVER).option(50, offered));
        assertThat(ack.type()).isEqualTo(DhcpMessage.ACK);
        assertThat(ack.address()).isEqualTo(offered);
        return offered;
    }

    // DHCP

    @Test
    void a_client_gets_an_address_with_all_that_it_needs() {
        Dhcp.Answer offer = answer(Dhcp.of(ALICE, DhcpMessage.DISCOVER));
        assertThat(offer.type()).isEqualTo(DhcpMessage.OFFER);
        assertThat(offer.to()).isEqualTo(ALICE);
        assertThat(SUBNET.isClient(offer.address())).isTrue();
        assertThat(offer.options())
                .containsEntry(54, SERVER)
                .containsEntry(51, 3600L)
                .containsEntry(58, 1800L)
                .containsEntry(59, 3150L)
                .containsEntry(1, 0xffff_ff00L)
                .containsEntry(3, SERVER)
                .containsEntry(28, 0x0a00_05ffL);
        Dhcp.Answer ack = answer(Dhcp.of(ALICE, DhcpMessage.REQUEST).option(54, SERVER).option(50, offer.address()));
        assertThat(ack.type()).isEqualTo(DhcpMessage.ACK);
        assertThat(leases.bound(now)).containsExactly(
                new Leases.Bound(new Leases.Client(1, ALICE), offer.address(), 0, 3600));
    }

    @Test
    void a_client_that_cannot_receive_unicast_yet_is_answered_to_everybody() {
        Dhcp.Answer offer = answer(Dhcp.of(ALICE, DhcpMessage.DISCOVER).broadcast());
        assertThat(offer.to()).isEqualTo(EVERYBODY);
        assertThat(offer.toIp()).isEqualTo(0xffff_ffffL);
    }

    @Test
    void a_client_gets_the_same_address_again() {
        long first = lease(ALICE);
        assertThat(lease(BOB)).isNotEqualTo(first);
        assertThat(lease(ALICE)).isEqualTo(first);
        now += 10_000;
        assertThat(lease(ALICE)).as("also when its time is over").isEqualTo(first);
        ask(Dhcp.of(ALICE, DhcpMessage.RELEASE).current(first).option(54, SERVER).frame());
        assertThat(leases.bound(now)).isEmpty();
        assertThat(lease(ALICE)).as("also when it gave it back").isEqualTo(first);
        Responder other = new Responder(SERVER_MAC, SUBNET, new DhcpServer(SUBNET, new Leases(SUBNET)));
        byte[] offer = other.answer(
                ByteBuffer.wrap(Dhcp.of(ALICE, DhcpMessage.DISCOVER).frame()), false, 1, 0, 0).orElseThrow().array();
        assertThat(Dhcp.read(offer).address()).as("also after a restart").isEqualTo(first);
    }

    @Test
    void a_wish_is_granted_when_the_address_is_free() {
        assertThat(answer(Dhcp.of(ALICE, DhcpMessage.DISCOVER).option(50, SERVER + 41)).address()).isEqualTo(SERVER + 41);
        assertThat(answer(Dhcp.of(BOB, DhcpMessage.DISCOVER).option(50, SERVER + 41)).address()).isNotEqualTo(SERVER + 41);
        assertThat(answer(Dhcp.of(BOB + 1, DhcpMessage.DISCOVER).option(50, SERVER)).address()).isNotEqualTo(SERVER);
    }

    @Test
    void a_client_renews_and_one_that_the_server_has_forgotten_keeps_what_nobody_else_has() {
        long address = lease(ALICE);
        now += 1800;
        assertThat(answer(Dhcp.of(ALICE, DhcpMessage.REQUEST).current(address)).type()).isEqualTo(DhcpMessage.ACK);
        assertThat(leases.bound(now).getFirst().left()).isEqualTo(3600);
        assertThat(answer(Dhcp.of(BOB, DhcpMessage.REQUEST).current(SERVER + 99)).type()).isEqualTo(DhcpMessage.ACK);
        assertThat(answer(Dhcp.of(BOB + 1, DhcpMessage.REQUEST).option(50, SERVER + 98)).type()).isEqualTo(DhcpMessage.ACK);
    }

    @Test
    void what_belongs_to_somebody_else_or_to_another_network_is_refused_to_everybody() {
        long address = lease(ALICE);
        for (long wanted : new long[] {address, SERVER, SUBNET.broadcast(), SUBNET.base(), 0xc0a8_0105L}) {
            Dhcp.Answer nak = answer(Dhcp.of(BOB, DhcpMessage.REQUEST).option(50, wanted));
            assertThat(nak.type()).isEqualTo(DhcpMessage.NAK);
            assertThat(nak.to()).isEqualTo(EVERYBODY);
            assertThat(nak.address()).isZero();
        }
        assertThat(leases.bound(now)).hasSize(1);
    }

    @Test
    void a_client_that_takes_another_server_frees_what_it_was_offered() {
        long offered = answer(Dhcp.of(ALICE, DhcpMessage.DISCOVER)).address();
        assertThat(ask(Dhcp.of(ALICE, DhcpMessage.REQUEST).option(54, 0x0a00_0599L).option(50, 0x0a00_0577L).frame())).isEmpty();
        assertThat(answer(Dhcp.of(BOB, DhcpMessage.DISCOVER).option(50, offered)).address()).isEqualTo(offered);
    }

    @Test
    void an_offer_that_is_not_taken_is_free_again_after_a_minute() {
        long offered = answer(Dhcp.of(ALICE, DhcpMessage.DISCOVER)).address();
        now += 61;
        assertThat(answer(Dhcp.of(BOB, DhcpMessage.DISCOVER).option(50, offered)).address()).isEqualTo(offered);
    }

    @Test
    void an_address_that_a_client_found_in_use_is_not_given_for_a_while() {
        long address = lease(ALICE);
        ask(Dhcp.of(ALICE, DhcpMessage.DECLINE).option(54, SERVER).option(50, address).frame());
        assertThat(lease(ALICE)).isNotEqualTo(address);
        assertThat(answer(Dhcp.of(BOB, DhcpMessage.DISCOVER).option(50, address)).address()).isNotEqualTo(address);
        now += 601;
        assertThat(answer(Dhcp.of(BOB + 1, DhcpMessage.DISCOVER).option(50, address)).address()).isEqualTo(address);
    }

    @Test
    void who_has_an_address_already_is_told_about_the_network() {
        Dhcp.Answer ack = answer(Dhcp.of(ALICE, DhcpMessage.INFORM).current(SERVER + 7));
        assertThat(ack.type()).isEqualTo(DhcpMessage.ACK);
        assertThat(ack.address()).isZero();
        assertThat(ack.options()).doesNotContainKey(51).containsEntry(1, 0xffff_ff00L);
        assertThat(ask(Dhcp.of(ALICE, DhcpMessage.INFORM).frame())).isEmpty();
    }

    @Test
    void one_port_cannot_take_all_addresses() {
        long given = 0;
        for (int i = 0; i < 1000; i++) {
            given += ask(Dhcp.of(ALICE + 0x1000 + i, DhcpMessage.DISCOVER).frame(), 3).isPresent() ? 1 : 0;
        }
        assertThat(given).isEqualTo(Leases.MOST_OF_A_PORT);
        assertThat(ask(Dhcp.of(BOB, DhcpMessage.DISCOVER).frame(), 4)).isPresent();
    }

    @Test
    void when_all_addresses_are_in_use_there_is_no_answer_until_one_is_free() {
        Subnet small = Subnet.parse("10.0.5.0/29");
        Leases few = new Leases(small);
        for (int i = 0; i < 5; i++) {
            Leases.Client client = new Leases.Client(1, ALICE + i);
            assertThat(few.bind(client, i, few.offer(client, i, 0, now).orElseThrow(), now)).isTrue();
        }
        assertThat(few.offer(new Leases.Client(1, BOB + 100), 9, 0, now)).isEmpty();
        assertThat(few.offer(new Leases.Client(1, BOB + 100), 9, 0, now + Leases.SECONDS)).isPresent();
    }

    @Test
    void what_is_kept_in_mind_is_bounded() {
        Leases many = new Leases(Subnet.parse("10.0.0.0/8"));
        for (int i = 0; i < Leases.MOST; i++) {
            Leases.Client client = new Leases.Client(1, ALICE + i);
            assertThat(many.bind(client, i, many.offer(client, i, 0, now).orElseThrow(), now)).isTrue();
        }
        Leases.Client another = new Leases.Client(1, BOB + Leases.MOST);
        assertThat(many.offer(another, 99, 0, now)).isEmpty();
        assertThat(many.offer(another, 99, 0x0a77_7777L, now)).isEmpty();
        assertThat(many.bind(another, 99, 0x0a77_7777L, now)).isFalse();
        assertThat(many.bound(now)).hasSize(Leases.MOST);
        assertThat(many.bind(another, 99, 0x0a77_7777L, now + Leases.SECONDS)).isTrue();
    }

    // Hostile packets

    static Stream<Arguments> hostile() {
        byte[] good = Dhcp.of(ALICE, DhcpMessage.DISCOVER).frame();
        return Stream.of(
                Arguments.of("of another hardware", with(good, Dhcp.DHCP_AT + 1, 6)),
                Arguments.of("with a long hardware address", with(good, Dhcp.DHCP_AT + 2, 16)),
                Arguments.of("that is a reply", with(good, Dhcp.DHCP_AT, 2)),
                Arguments.of("without the cookie", with(good, Dhcp.DHCP_AT + 236, 0)),
                Arguments.of("from a relay", with(good, Dhcp.DHCP_AT + 27, 1)),
                Arguments.of("of no type", options(0, 255)),
                Arguments.of("of a type of no byte", options(53, 0, 255)),
                Arguments.of("of a type of two bytes", options(53, 2, 1, 1, 255)),
                Arguments.of("of an unknown type", options(53, 1, 99, 255)),
                Arguments.of("of a server's type", options(53, 1, 5, 255)),
                Arguments.of("with a wish of three bytes", options(53, 1, 1, 50, 3, 10, 0, 5, 255)),
                Arguments.of("with a server of five bytes", options(53, 1, 1, 54, 5, 10, 0, 5, 1, 1, 255)),
                Arguments.of("with an option that runs over the end", optionsAtTheEnd(53, 1, 1, 12, 200)),
                Arguments.of("with an option that has no length", optionsAtTheEnd(53, 1, 1, 12)),
                Arguments.of("with an option behind the sum of signed lengths", options(53, 1, 1, 12, 255, 1)),
                Arguments.of("that asks for the file field, which has a bad option", overloaded(1)),
                Arguments.of("that asks for the name field, which has a bad option", overloaded(2)),
                Arguments.of("of another client than its sender", Dhcp.frame(BOB, Dhcp.of(ALICE, 1).message())),
                Arguments.of("with a wrong checksum of IP", with(good, 14 + 10, good[24] ^ 1)),
                Arguments.of("with a wrong checksum of UDP", with(good, 40, good[40] ^ 1)),
                Arguments.of("of IPv6 in an IPv4 frame", with(good, 14, 0x65)),
                Arguments.of("with a short IP header", with(good, 14, 0x44)),
                Arguments.of("with an IP header longer than the packet", with(good, 14, 0x4f)),
                Arguments.of("that says it is longer than the frame", with(good, 16, 0x7f)),
                Arguments.of("that says it is shorter than its header", with(with(good, 16, 0), 17, 19)),
                Arguments.of("that is a fragment", with(good, 20, 0x20)),
                Arguments.of("whose UDP length is too long", with(good, 38, 0x7f)),
                Arguments.of("whose UDP length is too short", with(with(good, 38, 0), 39, 7)),
                Arguments.of("to another port", with(good, 37, 68)),
                Arguments.of("to another host", with(good, 33, 77)));
    }

    /** Changes a byte, and the checksums with it where the change is not in one. */
    private static byte[] with(byte[] frame, int at, int value) {
        byte[] changed = frame.clone();
        changed[at] = (byte) value;
        if (at < 34 && at != 24) {
            ByteBuffer bytes = ByteBuffer.wrap(changed);
            bytes.putShort(24, (short) 0).putShort(24, Checksum.of(Checksum.sum(bytes, 14, 20, 0)));
        }
        if (at != 40) {
            changed[40] = 0;
            changed[41] = 0;
        }
        return changed;
    }

    private static byte[] options(int... options) {
        ByteBuffer message = Dhcp.of(ALICE, 1).message();
        for (int i = 0; i < options.length; i++) {
            message.put(240 + i, (byte) options[i]);
        }
        return Dhcp.frame(ALICE, message);
    }

    private static byte[] optionsAtTheEnd(int... options) {
        ByteBuffer message = Dhcp.of(ALICE, 1).message().limit(240 + options.length);
        for (int i = 0; i < options.length; i++) {
            message.put(240 + i, (byte) options[i]);
        }
        return Dhcp.frame(ALICE, message);
    }

    private static byte[] overloaded(int where) {
        ByteBuffer message = Dhcp.of(ALICE, 1).message();
        int[] options = {53, 1, 1, 52, 1, where, 255};
        for (int i = 0; i < options.length; i++) {
            message.put(240 + i, (byte) options[i]);
        }
        int field = where == 1 ? 108 : 44;
        message.put(field, (byte) 12).put(field + 1, (byte) 200);
        return Dhcp.frame(ALICE, message);
    }

    @ParameterizedTest(name = "a packet {0}")
    @MethodSource("hostile")
    void what_is_no_sound_request_has_no_answer(String what, byte[] frame) {
        assertThat(ask(frame)).as(what).isEmpty();
        assertThat(leases.bound(now)).isEmpty();
        assertThat(ask(Dhcp.of(ALICE, DhcpMessage.DISCOVER).frame())).as("the next one has").isPresent();
    }

    @Test
    void options_may_stand_in_the_fields_that_the_client_names() {
        ByteBuffer message = Dhcp.of(ALICE, 1).message();
        int[] options = {52, 1, 3, 255};
        for (int i = 0; i < options.length; i++) {
            message.put(240 + i, (byte) options[i]);
        }
        message.put(108, (byte) 53).put(109, (byte) 1).put(110, (byte) 1).put(111, (byte) 255);
        message.put(44, (byte) 50).put(45, (byte) 4).putInt(46, 0x0a00_0563).put(50, (byte) 255);
        assertThat(Dhcp.read(ask(Dhcp.frame(ALICE, message)).orElseThrow()).address()).isEqualTo(0x0a00_0563L);
    }

    @Test
    void a_frame_that_is_cut_off_anywhere_has_no_answer_and_harms_nothing() {
        byte[] dhcp = Dhcp.of(ALICE, DhcpMessage.DISCOVER).frame();
        byte[] ping = ping(20);
        byte[] arp = arp(SERVER);
        for (byte[] frame : new byte[][] {dhcp, ping, arp}) {
            for (int length = 0; length < frame.length; length++) {
                assertThat(ask(Arrays.copyOf(frame, length))).isEmpty();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void random_bytes_harm_nothing(long seed) {
        Random random = new Random(seed);
        byte[] good = Dhcp.of(ALICE, DhcpMessage.DISCOVER).frame();
        for (int i = 0; i < 20_000; i++) {
            byte[] frame = good.clone();
            for (int change = random.nextInt(8); change >= 0; change--) {
                frame[random.nextInt(frame.length)] = (byte) random.nextInt();
            }
            ask(frame);
        }
    }

    // ARP and ICMP

    private static byte[] arp(long target) {
        ByteBuffer frame = ByteBuffer.allocate(42).putShort((short) -1).putInt(-1);
        frame.putShort((short) (ALICE >>> 32)).putInt((int) ALICE).putShort((short) 0x0806);
        frame.putShort((short) 1).putShort((short) 0x0800).put((byte) 6).put((byte) 4).putShort((short) 1);
        frame.putShort((short) (ALICE >>> 32)).putInt((int) ALICE).putInt((int) SERVER + 5);
        return frame.putShort((short) 0).putInt(0).putInt((int) target).array();
    }

    @Test
    void who_asks_for_the_server_s_address_is_told_it() {
        ByteBuffer reply = ByteBuffer.wrap(ask(arp(SERVER)).orElseThrow());
        assertThat(reply.getLong(0) >>> 16).isEqualTo(ALICE);
        assertThat(reply.getShort(20)).isEqualTo((short) 2);
        assertThat(reply.getLong(22) >>> 16).isEqualTo(SERVER_MAC);
        assertThat(reply.getInt(28)).isEqualTo((int) SERVER);
        assertThat(reply.getInt(38)).isEqualTo((int) SERVER + 5);
        assertThat(ask(arp(SERVER + 1))).isEmpty();
    }

    @Test
    void an_answer_to_arp_is_not_answered() {
        byte[] reply = arp(SERVER);
        reply[21] = 2;
        assertThat(ask(reply)).isEmpty();
        byte[] otherHardware = arp(SERVER);
        otherHardware[15] = 6;
        assertThat(ask(otherHardware)).isEmpty();
    }

    private static byte[] ping(int data) {
        ByteBuffer frame = ByteBuffer.allocate(14 + 20 + 8 + data);
        frame.putShort((short) (SERVER_MAC >>> 32)).putInt((int) SERVER_MAC);
        frame.putShort((short) (ALICE >>> 32)).putInt((int) ALICE).putShort((short) 0x0800);
        frame.put((byte) 0x45).put((byte) 0).putShort((short) (28 + data)).putInt(0x0000_4000).put((byte) 64).put((byte) 1);
        frame.putShort((short) 0).putInt((int) SERVER + 5).putInt((int) SERVER);
        frame.putShort(24, Checksum.of(Checksum.sum(frame, 14, 20, 0)));
        frame.put((byte) 8).put((byte) 0).putShort((short) 0).putShort((short) 7).putShort((short) 1);
        while (frame.hasRemaining()) {
            frame.put((byte) frame.position());
        }
        return frame.putShort(36, Checksum.of(Checksum.sum(frame, 34, 8 + data, 0))).array();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 56, 1472, 9000})
    void an_echo_is_returned_with_its_data(int data) {
        byte[] sent = ping(data);
        byte[] got = ask(sent).orElseThrow();
        ByteBuffer reply = ByteBuffer.wrap(got);
        assertThat(reply.getLong(0) >>> 16).isEqualTo(ALICE);
        assertThat(reply.getInt(26)).isEqualTo((int) SERVER);
        assertThat(reply.getInt(30)).isEqualTo((int) SERVER + 5);
        assertThat(reply.get(34)).isZero();
        assertThat(Checksum.isWhole(Checksum.sum(reply, 14, 20, 0))).isTrue();
        assertThat(Checksum.isWhole(Checksum.sum(reply, 34, 8 + data, 0))).isTrue();
        assertThat(Arrays.copyOfRange(got, 38, got.length)).isEqualTo(Arrays.copyOfRange(sent, 38, sent.length));
    }

    @Test
    void an_echo_that_is_spoiled_or_to_somebody_else_is_not_returned() {
        byte[] spoiled = ping(20);
        spoiled[45] ^= 1;
        assertThat(ask(spoiled)).isEmpty();
        byte[] elsewhere = ping(20);
        elsewhere[33] = 9;
        ByteBuffer bytes = ByteBuffer.wrap(elsewhere);
        bytes.putShort(24, (short) 0).putShort(24, Checksum.of(Checksum.sum(bytes, 14, 20, 0)));
        assertThat(ask(elsewhere)).isEmpty();
    }
}
