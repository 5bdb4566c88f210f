package io.busbar.devices.net;

import static io.busbar.devices.net.Frames.ECN;
import static io.busbar.devices.net.Frames.NEEDS_CSUM;
import static io.busbar.devices.net.Frames.TCP4_HEADERS;
import static io.busbar.devices.net.Frames.TCP4_START;
import static io.busbar.devices.net.Frames.TCP6_HEADERS;
import static io.busbar.devices.net.Frames.TCP6_START;
import static io.busbar.devices.net.Frames.TCPV4;
import static io.busbar.devices.net.Frames.TCPV6;
import static io.busbar.devices.net.Frames.UDP;
import static io.busbar.devices.net.NetFixture.TX;
import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.backend.NetInfo;
import io.busbar.testkit.TestChain;
import io.busbar.testkit.TestChainSource;
import io.busbar.testkit.TestPayload;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NetTransmitTest {

    private static final byte[] FRAME = Frames.frame(Frames.OTHER, 60);

    @Test
    void a_frame_goes_to_the_network_and_its_buffer_comes_back_with_nothing_written_5_1_6_2() throws Exception {
        NetFixture net = NetFixture.able();
        TestChain chain = net.transmit(Frames.header(), FRAME);
        assertThat(chain.written()).isZero();
        assertThat(net.network.frames()).containsExactly(FRAME);
        assertThat(net.network.headers()).containsExactly(new byte[12]);
        assertThat(net.statistic(TX, "tx packets")).isEqualTo(1);
        assertThat(net.statistic(TX, "tx bytes")).isEqualTo(60);
    }

    /** Threat 40: the framing into descriptors means nothing (virtio 1.2, 2.7.4.1). */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5, 11, 12, 13, 25, 71})
    void a_header_may_be_split_over_any_descriptors(int size) throws Exception {
        NetFixture net = NetFixture.able();
        byte[] all = Frames.join(Frames.checksumHeader(20, 6), FRAME);
        MemorySegment[] pieces = new MemorySegment[(all.length + size - 1) / size];
        for (int i = 0; i < pieces.length; i++) {
            int length = Math.min(size, all.length - i * size);
            pieces[i] = Arena.ofAuto().allocate(length);
            MemorySegment.copy(all, i * size, pieces[i], ValueLayout.JAVA_BYTE, 0, length);
        }
        TestChain chain = new TestChain(TestPayload.over(pieces), TestPayload.ofSizes(0));
        net.model.service(TX, TestChainSource.of(chain));
        assertThat(net.network.frames()).containsExactly(FRAME);
        assertThat(net.network.headers()).containsExactly(Frames.checksumHeader(20, 6));
    }

    /** Threat 40. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 11, 12, 25})
    void what_is_shorter_than_a_header_and_an_ethernet_header_is_dropped(int bytes) throws Exception {
        NetFixture net = NetFixture.able();
        TestChain chain = net.transmit(new byte[bytes]);
        assertThat(chain.written()).isZero();
        assertThat(net.network.frames()).isEmpty();
        assertThat(net.statistic(TX, "tx errors")).isEqualTo(1);
        assertThat(net.statistic(TX, "tx too short")).isEqualTo(1);
    }

    /** Threat 41: no feature that is offered changes the size of the header. */
    @ParameterizedTest
    @ValueSource(longs = {0, NetFixture.MRG_RXBUF, -1})
    void the_header_has_12_bytes_whatever_was_accepted(long features) throws Exception {
        NetFixture net = NetFixture.able("max_vqp", "2");
        net.accepting(features & net.model.deviceFeatures());
        net.transmit(Frames.header(), FRAME);
        assertThat(net.network.frames()).containsExactly(FRAME);
    }

    @Test
    void what_the_driver_writes_into_fields_that_are_not_its_own_is_not_passed_on() throws Exception {
        NetFixture net = NetFixture.able();
        byte[] noise = Frames.header(0xfe, 0, 0x7777, 0x7777, 0x7777, 0x7777);
        noise[10] = 9;
        net.transmit(noise, FRAME);
        assertThat(net.network.headers()).containsExactly(new byte[12]);
    }

    @Test
    void a_checksum_that_is_to_be_filled_in_is_passed_on_5_1_6_2() throws Exception {
        NetFixture net = NetFixture.able();
        net.transmit(Frames.checksumHeader(34, 16), FRAME);
        assertThat(net.network.headers()).containsExactly(Frames.checksumHeader(34, 16));
    }

    /** Threat 42: the field for the checksum has to lie inside the frame, which has 60 bytes. */
    @ParameterizedTest
    @CsvSource({"34, 24, 1", "34, 25, 0", "58, 0, 1", "59, 0, 0", "60, 0, 0", "65535, 65535, 0", "0, 65535, 0"})
    void a_checksum_beyond_the_end_is_dropped(int start, int offset, int passed) throws Exception {
        NetFixture net = NetFixture.able();
        TestChain chain = net.transmit(Frames.checksumHeader(start, offset), FRAME);
        assertThat(chain.written()).isZero();
        assertThat(net.network.frames()).hasSize(passed);
        assertThat(net.statistic(TX, "tx bad checksum")).isEqualTo(1 - passed);
    }

    /** Threat 42. */
    @Test
    void a_checksum_that_was_not_negotiated_is_dropped() throws Exception {
        NetFixture net = NetFixture.able().without(NetFixture.CSUM | NetFixture.HOST_TSO4 | NetFixture.HOST_TSO6);
        net.transmit(Frames.checksumHeader(34, 16), FRAME);
        assertThat(net.network.frames()).isEmpty();
        assertThat(net.statistic(TX, "tx bad checksum")).isEqualTo(1);
    }

    @Test
    void tcp_to_be_cut_is_passed_on_with_the_length_of_its_headers_found_out_not_believed() throws Exception {
        NetFixture net = NetFixture.able();
        byte[] four = Frames.tcp4(0, 1, new byte[5000]);
        byte[] six = Frames.tcp6(0, 1, new byte[5000]);
        net.transmit(Frames.header(NEEDS_CSUM, TCPV4, 9999, 1448, TCP4_START, 16), four);
        net.transmit(Frames.header(NEEDS_CSUM, TCPV6, 0, 1400, TCP6_START, 16), six);
        assertThat(net.network.frames()).containsExactly(four, six);
        assertThat(net.network.headers()).containsExactly(
                Frames.header(NEEDS_CSUM, TCPV4, TCP4_HEADERS, 1448, TCP4_START, 16),
                Frames.header(NEEDS_CSUM, TCPV6, TCP6_HEADERS, 1400, TCP6_START, 16));
    }

    /** Threat 42. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "no size, 1, 1, 0, 38, 16",
        "no checksum, 0, 1, 1448, 38, 16",
        "with ECN, 1, 129, 1448, 38, 16",
        "UDP, 1, 3, 1448, 38, 16",
        "unknown kind, 1, 7, 1448, 38, 16",
        "said to be IPv6, 1, 4, 1448, 38, 16",
        "checksum not at TCP, 1, 1, 1448, 34, 16",
        "checksum from before TCP, 1, 1, 1448, 36, 18",
        "checksum not that of TCP, 1, 1, 1448, 38, 6"
    })
    void segments_that_make_no_sense_are_dropped(
            String what, int flags, int type, int size, int start, int offset) throws Exception {
        NetFixture net = NetFixture.able();
        byte[] frame = Frames.tcp4(0, 1, new byte[5000]);
        TestChain chain = net.transmit(Frames.header(flags, type, 70, size, start, offset), frame);
        assertThat(chain.written()).isZero();
        assertThat(net.network.frames()).isEmpty();
        assertThat(net.statistic(TX, "tx bad segments")).isEqualTo(1);
        assertThat(net.statistic(TX, "tx errors")).isEqualTo(1);
    }

    /** Threat 42. */
    @ParameterizedTest
    @CsvSource({"4, false", "6, false"})
    void segments_that_were_not_negotiated_are_dropped(int version) throws Exception {
        NetFixture net = NetFixture.able().without(version == 4 ? NetFixture.HOST_TSO4 : NetFixture.HOST_TSO6);
        transmitSegments(net, version);
        assertThat(net.network.frames()).isEmpty();
        transmitSegments(net, version == 4 ? 6 : 4);
        assertThat(net.network.frames()).hasSize(1);
    }

    private static void transmitSegments(NetFixture net, int version) {
        if (version == 4) {
            net.transmit(Frames.header(NEEDS_CSUM, TCPV4, 70, 1448, TCP4_START, 16), Frames.tcp4(0, 1, new byte[5000]));
        } else {
            net.transmit(Frames.header(NEEDS_CSUM, TCPV6, 70, 1448, TCP6_START, 16), Frames.tcp6(0, 1, new byte[5000]));
        }
    }

    /** Threat 42: kinds that no device of ours offers. */
    @ParameterizedTest
    @ValueSource(ints = {UDP, 5, ECN, ECN | TCPV6, 0x20 | TCPV4, 0x60, 0xff})
    void no_other_kind_of_segments_is_taken(int type) throws Exception {
        NetFixture net = NetFixture.able();
        net.transmit(Frames.header(NEEDS_CSUM, type, 70, 1448, TCP4_START, 16), Frames.tcp4(0, 1, new byte[5000]));
        assertThat(net.network.frames()).isEmpty();
        assertThat(net.statistic(TX, "tx bad segments")).isEqualTo(1);
    }

    /** Threat 43. */
    @ParameterizedTest
    @CsvSource({"1500, 1518, 1", "1500, 1519, 0", "9000, 9018, 1", "9000, 9019, 0", "1500, 70000, 0"})
    void a_frame_longer_than_the_mtu_is_dropped_unless_it_is_to_be_cut(String mtu, int bytes, int passed)
            throws Exception {
        NetFixture net = NetFixture.able("mtu", mtu);
        TestChain chain = net.transmit(Frames.header(), Frames.frame(Frames.OTHER, bytes));
        assertThat(chain.written()).isZero();
        assertThat(net.network.frames()).hasSize(passed);
        assertThat(net.statistic(TX, "tx too long")).isEqualTo(1 - passed);
    }

    /** Threat 43. */
    @Test
    void no_frame_is_longer_than_a_datagram_can_be_also_if_it_is_to_be_cut() throws Exception {
        NetFixture net = NetFixture.able();
        byte[] header = Frames.header(NEEDS_CSUM, TCPV4, 70, 1448, TCP4_START, 16);
        net.transmit(header, Frames.tcp4(0, 1, new byte[65_550 - TCP4_HEADERS]));
        net.transmit(header, Frames.tcp4(0, 1, new byte[65_551 - TCP4_HEADERS]));
        assertThat(net.network.frames()).hasSize(1);
        assertThat(net.statistic(TX, "tx too long")).isEqualTo(1);
    }

    @Test
    void while_the_link_is_down_frames_are_dropped_and_given_back() throws Exception {
        NetFixture net = NetFixture.able();
        net.model.setLink(false);
        TestChain chain = net.transmit(Frames.header(), FRAME);
        assertThat(chain.written()).isZero();
        net.network.withLink(false);
        net.model.setLink(true);
        net.transmit(Frames.header(), FRAME);
        assertThat(net.network.frames()).isEmpty();
        assertThat(net.statistic(TX, "tx drops")).isEqualTo(2);
    }

    @Test
    void a_frame_that_the_network_has_no_room_for_stays_first_in_its_queue() throws Exception {
        NetFixture net = NetFixture.able();
        TestChainSource source = TestChainSource.of(
                NetFixture.readable(Frames.header(), FRAME),
                NetFixture.readable(Frames.header(), Frames.frame(Frames.OTHER, 61)),
                NetFixture.readable(Frames.header(), Frames.frame(Frames.OTHER, 62)));
        net.network.setRoom(1);
        net.model.service(TX, source);
        assertThat(source.waiting()).isEqualTo(2);
        assertThat(source.open()).isZero();
        assertThat(net.statistic(TX, "tx no room")).isEqualTo(1);
        net.network.setRoom(9);
        net.model.service(TX, source);
        assertThat(net.network.frames()).extracting(frame -> frame.length).containsExactly(60, 61, 62);
        assertThat(net.statistic(TX, "tx packets")).isEqualTo(3);
        assertThat(source.published()).isEqualTo(3);
    }

    /** Threat 12: a part of the frame outside the driver's memory. */
    @Test
    void a_frame_that_lies_outside_the_drivers_memory_is_dropped() throws Exception {
        NetFixture net = NetFixture.able();
        TestChain chain = NetFixture.readable(Frames.header(), FRAME).asFaulted();
        net.model.service(TX, TestChainSource.of(chain));
        assertThat(chain.written()).isZero();
        assertThat(net.network.frames()).isEmpty();
        assertThat(net.statistic(TX, "tx faults")).isEqualTo(1);
    }

    @Test
    void a_frame_whose_memory_is_gone_is_dropped() throws Exception {
        NetFixture net = NetFixture.able();
        TestChain chain = NetFixture.readable(Frames.header(), FRAME);
        chain.readable().vanish();
        net.model.service(TX, TestChainSource.of(chain));
        assertThat(chain.written()).isZero();
        assertThat(net.statistic(TX, "tx faults")).isEqualTo(1);
    }

    /** Threat 22: what is writable of a transmitted frame is nobody's. */
    @Test
    void a_writable_part_of_a_frame_is_left_alone() throws Exception {
        NetFixture net = NetFixture.able();
        TestChain chain = new TestChain(
                TestPayload.of(Frames.join(Frames.header(), FRAME)), TestPayload.ofSizes(100));
        net.model.service(TX, TestChainSource.of(chain));
        assertThat(net.network.frames()).containsExactly(FRAME);
        assertThat(chain.written()).isZero();
        assertThat(chain.writable().bytes()).containsOnly(0xEE);
    }

    @Test
    void frames_to_groups_are_counted() throws Exception {
        NetFixture net = NetFixture.able();
        net.transmit(Frames.header(), Frames.frame(Frames.MULTICAST, 60));
        net.transmit(Frames.header(), Frames.frame(MacAddress.BROADCAST, 60));
        net.transmit(Frames.header(), FRAME);
        assertThat(net.statistic(TX, "tx multicast")).isEqualTo(1);
        assertThat(net.statistic(TX, "tx broadcast")).isEqualTo(1);
        assertThat(net.statistic(TX, "tx packets")).isEqualTo(3);
    }

    @Test
    void a_network_that_fills_in_no_checksums_is_never_asked_to() throws Exception {
        NetFixture net = new NetFixture(new FakeNetwork(new NetInfo(1500, 1, false, false, true)));
        net.transmit(Frames.checksumHeader(34, 16), FRAME);
        net.transmit(Frames.header(NEEDS_CSUM, TCPV4, 70, 1000, TCP4_START, 16), Frames.tcp4(0, 1, new byte[1200]));
        assertThat(net.network.frames()).isEmpty();
        assertThat(net.statistic(TX, "tx errors")).isEqualTo(2);
    }
}
