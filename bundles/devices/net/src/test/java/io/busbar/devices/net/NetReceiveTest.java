package io.busbar.devices.net;

import static io.busbar.devices.net.Frames.ACK;
import static io.busbar.devices.net.Frames.DATA_VALID;
import static io.busbar.devices.net.Frames.ECN;
import static io.busbar.devices.net.Frames.NEEDS_CSUM;
import static io.busbar.devices.net.Frames.TCP4_HEADERS;
import static io.busbar.devices.net.Frames.TCP4_START;
import static io.busbar.devices.net.Frames.TCP6_HEADERS;
import static io.busbar.devices.net.Frames.TCP6_START;
import static io.busbar.devices.net.Frames.TCPV4;
import static io.busbar.devices.net.Frames.TCPV6;
import static io.busbar.devices.net.NetFixture.RX;
import static io.busbar.devices.net.NetFixture.buffer;
import static io.busbar.devices.net.NetFixture.buffers;
import static io.busbar.devices.net.NetFixture.frameOf;
import static io.busbar.devices.net.NetFixture.headerOf;
import static io.busbar.devices.net.NetFixture.written;
import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.testkit.TestChain;
import io.busbar.testkit.TestChainSource;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NetReceiveTest {

    private static final byte[] FRAME = Frames.frame(Frames.MAC, 100);
    private static final long OFFLOADS =
            NetFixture.GUEST_CSUM | NetFixture.GUEST_TSO4 | NetFixture.GUEST_TSO6 | NetFixture.CTRL_GUEST_OFFLOADS;

    private static byte[] all(TestChain... chains) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (TestChain chain : chains) {
            all.writeBytes(written(chain));
        }
        return all.toByteArray();
    }

    @Test
    void a_frame_fills_one_buffer_with_its_header_and_says_so_5_1_6_4() throws Exception {
        for (long mergeable : new long[] {0, NetFixture.MRG_RXBUF}) {
            NetFixture net = NetFixture.able().accepting(mergeable);
            TestChain buffer = buffer(1530);
            net.receive(Frames.header(), FRAME, buffer);
            assertThat(buffer.written()).isEqualTo(112);
            assertThat(frameOf(buffer)).isEqualTo(FRAME);
            assertThat(headerOf(buffer).getShort(10)).as("num_buffers").isEqualTo((short) 1);
            assertThat(net.network.waiting(0)).isZero();
            assertThat(net.statistic(RX, "rx packets")).isEqualTo(1);
            assertThat(net.statistic(RX, "rx bytes")).isEqualTo(100);
        }
    }

    @Test
    void a_buffer_may_be_split_over_any_descriptors() throws Exception {
        NetFixture net = NetFixture.able();
        TestChain buffer = buffer(1, 5, 7, 3, 200);
        net.receive(Frames.header(), FRAME, buffer);
        assertThat(frameOf(buffer)).isEqualTo(FRAME);
    }

    @Test
    void a_frame_fills_as_many_merged_buffers_as_it_takes_all_but_the_last_wholly_5_1_6_4() throws Exception {
        NetFixture net = NetFixture.able();
        TestChain[] buffers = {buffer(40), buffer(30, 10), buffer(12), buffer(40), buffer(40)};
        TestChainSource source = net.receive(Frames.header(), FRAME, buffers);
        assertThat(source.published()).isEqualTo(4);
        assertThat(buffers[0].written()).isEqualTo(40);
        assertThat(buffers[1].written()).isEqualTo(40);
        assertThat(buffers[2].written()).isEqualTo(12);
        assertThat(buffers[3].written()).isEqualTo(20);
        assertThat(headerOf(buffers[0]).getShort(10)).as("num_buffers").isEqualTo((short) 4);
        assertThat(Arrays.copyOfRange(all(buffers[0], buffers[1], buffers[2], buffers[3]), 12, 112)).isEqualTo(FRAME);
    }

    /** Threat 45: nothing of a frame appears before all of it can. */
    @Test
    void a_frame_that_needs_more_buffers_than_there_are_waits_and_nothing_of_it_is_published() throws Exception {
        NetFixture net = NetFixture.able();
        TestChain[] buffers = {buffer(40), buffer(40)};
        TestChainSource source = net.receive(Frames.header(), FRAME, buffers);
        assertThat(source.published()).isZero();
        assertThat(source.open()).isZero();
        assertThat(net.network.waiting(0)).isEqualTo(1);
        assertThat(net.statistic(RX, "rx no buffer")).isEqualTo(1);
        TestChain third = buffer(40);
        source.add(third);
        net.model.service(RX, source);
        assertThat(source.published()).isEqualTo(3);
        assertThat(Arrays.copyOfRange(all(buffers[0], buffers[1], third), 12, 112)).isEqualTo(FRAME);
        assertThat(net.statistic(RX, "rx drops")).isZero();
    }

    /** Threat 45: a frame for which the driver can never have enough buffers keeps no other waiting. */
    @Test
    void a_frame_that_no_number_of_buffers_can_hold_is_dropped() throws Exception {
        NetFixture net = NetFixture.able();
        net.network.receive(0, Frames.header(), Frames.frame(Frames.MAC, 400));
        net.network.receive(0, Frames.header(), FRAME);
        TestChain[] all = buffers(8, 40);
        TestChainSource source = TestChainSource.of(all).ofSize(8);
        net.model.service(RX, source);
        assertThat(net.statistic(RX, "rx overruns")).isEqualTo(1);
        assertThat(source.published()).as("the next frame").isEqualTo(3);
        assertThat(net.network.waiting(0)).isZero();
    }

    /** Threat 45. */
    @Test
    void a_frame_that_would_take_more_than_64_buffers_is_dropped_and_its_buffers_are_put_back() throws Exception {
        NetFixture net = NetFixture.able();
        TestChainSource source = net.receive(Frames.header(), Frames.frame(Frames.MAC, 1500), buffers(200, 20));
        assertThat(net.statistic(RX, "rx overruns")).isEqualTo(1);
        assertThat(source.waiting()).isEqualTo(200);
        assertThat(source.open()).isZero();
    }

    /** Threat 44. */
    @Test
    void without_merging_a_frame_that_does_not_fit_is_dropped_not_cut_off_and_the_buffer_stays() throws Exception {
        NetFixture net = NetFixture.able().without(NetFixture.MRG_RXBUF);
        TestChain buffer = buffer(111);
        TestChainSource source = net.receive(Frames.header(), FRAME, buffer, buffer(2000));
        assertThat(buffer.completions()).isZero();
        assertThat(source.waiting()).isEqualTo(2);
        assertThat(net.statistic(RX, "rx overruns")).isEqualTo(1);
        TestChain tiny = buffer(5);
        net.receive(Frames.header(), FRAME, tiny, buffer(2000));
        assertThat(tiny.completions()).as("too short for a header even").isZero();
        byte[] shorter = Frames.frame(Frames.MAC, 99);
        net.network.receive(0, Frames.header(), shorter);
        net.model.service(RX, source);
        assertThat(frameOf(buffer)).isEqualTo(shorter);
    }

    /** Threat 44. */
    @Test
    void a_merged_buffer_too_short_for_a_header_is_given_back_and_the_next_one_used() throws Exception {
        NetFixture net = NetFixture.able();
        TestChain[] buffers = {buffer(1), buffer(11), buffer(0), buffer(500)};
        net.receive(Frames.header(), FRAME, buffers);
        assertThat(buffers).extracting(TestChain::written).containsExactly(0L, 0L, 0L, 112L);
        assertThat(net.statistic(RX, "rx bad buffers")).isEqualTo(3);
    }

    /** Threat 46: whatever goes wrong, a buffer is either back with the driver or in its queue. */
    @Test
    void buffers_outside_the_drivers_memory_are_given_back() throws Exception {
        for (long mergeable : new long[] {0, NetFixture.MRG_RXBUF}) {
            NetFixture net = NetFixture.able().accepting(mergeable);
            TestChain outside = buffer(500).asFaulted();
            TestChain sound = buffer(500);
            net.receive(Frames.header(), FRAME, outside, sound);
            assertThat(outside.written()).isZero();
            assertThat(sound.written()).isEqualTo(112);
            assertThat(net.statistic(RX, "rx bad buffers")).isEqualTo(1);
        }
    }

    /** Threat 46. */
    @Test
    void buffers_whose_memory_is_gone_are_put_back_and_the_frame_is_dropped() throws Exception {
        NetFixture net = NetFixture.able();
        TestChain second = buffer(100);
        second.writable().vanish();
        TestChainSource source = net.receive(Frames.header(), FRAME, buffer(100), second);
        assertThat(source.waiting()).isEqualTo(2);
        assertThat(source.open()).isZero();
        assertThat(net.network.waiting(0)).isZero();
        assertThat(net.statistic(RX, "rx errors")).isEqualTo(1);
    }

    /** Threats 6 and 49: a network that always has frames has its turn, and others have theirs. */
    @Test
    void one_call_is_bounded_however_many_frames_wait() throws Exception {
        NetFixture net = NetFixture.able();
        for (int i = 0; i < 500; i++) {
            net.network.receive(0, Frames.header(), FRAME);
        }
        TestChainSource source = TestChainSource.of(buffers(500, 200));
        net.model.service(RX, source);
        assertThat(source.published()).isBetween(16, 64);
        assertThat(net.context.takeWakes()).as("asked for another turn").containsExactly(RX);
        net.model.setLink(false);
        int before = net.network.waiting(0);
        net.model.service(RX, source);
        assertThat(before - net.network.waiting(0)).as("frames that are dropped").isBetween(16, 64);
    }

    @Test
    void while_the_link_is_down_what_the_network_has_is_dropped() throws Exception {
        NetFixture net = NetFixture.able();
        net.model.setLink(false);
        TestChain buffer = buffer(200);
        net.receive(Frames.header(), FRAME, buffer);
        assertThat(buffer.completions()).isZero();
        assertThat(net.network.waiting(0)).isZero();
        assertThat(net.statistic(RX, "rx link down")).isEqualTo(1);
        assertThat(net.statistic(RX, "rx drops")).isEqualTo(1);
    }

    @Test
    void a_driver_that_knows_the_mtu_gets_nothing_longer_5_1_4_1() throws Exception {
        NetFixture net = NetFixture.able();
        net.receive(Frames.header(), Frames.frame(Frames.MAC, 1519), buffer(3000));
        assertThat(net.statistic(RX, "rx too long")).isEqualTo(1);
        net.without(NetFixture.MTU);
        TestChain buffer = buffer(3000);
        net.receive(Frames.header(), Frames.frame(Frames.MAC, 1519), buffer);
        assertThat(buffer.written()).isEqualTo(1531);
    }

    @Test
    void a_checksum_is_left_to_the_driver_that_takes_it_5_1_6_4() throws Exception {
        NetFixture net = NetFixture.able();
        TestChain buffer = buffer(2000);
        byte[] frame = Frames.tcp4(ACK, 1, new byte[100]);
        net.receive(Frames.header(NEEDS_CSUM | DATA_VALID, 0, 5, 5, TCP4_START, 16), frame, buffer);
        assertThat(frameOf(buffer)).isEqualTo(frame);
        byte[] expected = Frames.checksumHeader(TCP4_START, 16);
        expected[10] = 1;
        assertThat(Arrays.copyOf(written(buffer), 12)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 99, 100, 1441})
    void a_checksum_is_filled_in_for_the_driver_that_does_not_take_it(int length) throws Exception {
        NetFixture net = NetFixture.able().without(OFFLOADS);
        TestChain[] buffers = buffers(60, 27);
        byte[] frame = Frames.tcp4(ACK, 1, Frames.random(length, 5));
        net.receive(Frames.checksumHeader(TCP4_START, 16), frame, buffers);
        byte[] got = all(Arrays.stream(buffers).filter(buffer -> buffer.written() > 0).toArray(TestChain[]::new));
        assertThat(got[0]).as("flags").isZero();
        assertThat(Arrays.copyOfRange(got, 2, 10)).as("the rest of the header").containsOnly(0);
        byte[] bytes = Arrays.copyOfRange(got, 12, got.length);
        int tcp = bytes.length - TCP4_START;
        int pseudo = Frames.naiveSum(bytes, 14 + 12, 8, 6 + tcp);
        assertThat(Frames.naiveSum(bytes, TCP4_START, tcp, pseudo)).isEqualTo(0xffff);
        bytes[TCP4_START + 16] = frame[TCP4_START + 16];
        bytes[TCP4_START + 17] = frame[TCP4_START + 17];
        assertThat(bytes).as("all else").isEqualTo(frame);
        assertThat(net.statistic(RX, "rx checksums")).isEqualTo(1);
    }

    @Test
    void checksums_that_were_found_right_are_told_to_a_driver_that_listens() throws Exception {
        NetFixture net = NetFixture.able();
        TestChain buffer = buffer(2000);
        net.receive(Frames.header(DATA_VALID, 0, 0, 0, 9, 9), FRAME, buffer);
        assertThat(headerOf(buffer).get(0)).isEqualTo((byte) DATA_VALID);
        assertThat(headerOf(buffer).getShort(6)).isZero();
        net.without(OFFLOADS);
        buffer = buffer(2000);
        net.receive(Frames.header(DATA_VALID, 0, 0, 0, 9, 9), FRAME, buffer);
        assertThat(headerOf(buffer).get(0)).isZero();
    }

    @Test
    void tcp_to_be_cut_goes_whole_to_the_driver_that_takes_it() throws Exception {
        NetFixture net = NetFixture.able();
        TestChain[] buffers = buffers(10, 1500);
        byte[] frame = Frames.tcp4(ACK, 1, Frames.random(9000, 1));
        net.receive(Frames.header(NEEDS_CSUM, TCPV4, 1, 1448, TCP4_START, 16), frame, buffers);
        assertThat(Arrays.copyOfRange(all(Arrays.copyOf(buffers, 7)), 12, 12 + frame.length)).isEqualTo(frame);
        byte[] expected = Frames.header(NEEDS_CSUM, TCPV4, TCP4_HEADERS, 1448, TCP4_START, 16);
        expected[10] = 7;
        assertThat(Arrays.copyOf(written(buffers[0]), 12)).isEqualTo(expected);
        assertThat(net.statistic(RX, "rx packets")).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void tcp_is_cut_for_the_driver_that_does_not_take_it_whole(boolean ipv6) throws Exception {
        NetFixture net = NetFixture.able().without(ipv6 ? NetFixture.GUEST_TSO6 : NetFixture.GUEST_TSO4);
        byte[] data = Frames.random(3000, 1);
        byte[] frame = ipv6 ? Frames.tcp6(ACK, 7, data) : Frames.tcp4(ACK, 7, data);
        int start = ipv6 ? TCP6_START : TCP4_START;
        int headers = ipv6 ? TCP6_HEADERS : TCP4_HEADERS;
        TestChain[] buffers = buffers(4, 2000);
        net.receive(Frames.header(NEEDS_CSUM, ipv6 ? TCPV6 : TCPV4, 1, 1000, start, 16), frame, buffers);
        ByteArrayOutputStream got = new ByteArrayOutputStream();
        for (int i = 0; i < 3; i++) {
            byte[] segment = frameOf(buffers[i]);
            got.write(segment, headers, segment.length - headers);
            assertThat(headerOf(buffers[i]).get(0)).isEqualTo((byte) DATA_VALID);
            assertThat(headerOf(buffers[i]).get(1)).as("gso_type").isZero();
            assertThat(headerOf(buffers[i]).getShort(10)).as("num_buffers").isEqualTo((short) 1);
        }
        assertThat(got.toByteArray()).isEqualTo(data);
        assertThat(buffers[3].completions()).isZero();
        assertThat(net.statistic(RX, "rx cut")).isEqualTo(1);
        assertThat(net.statistic(RX, "rx packets")).isEqualTo(3);
        assertThat(net.network.waiting(0)).isZero();
    }

    @Test
    void segments_with_ecn_are_cut_also_for_a_driver_that_takes_others_whole() throws Exception {
        NetFixture net = NetFixture.able();
        TestChain[] buffers = buffers(4, 2000);
        net.receive(Frames.header(NEEDS_CSUM, TCPV4 | ECN, 1, 1000, TCP4_START, 16),
                Frames.tcp4(ACK, 7, new byte[2000]), buffers);
        assertThat(net.statistic(RX, "rx packets")).isEqualTo(2);
    }

    @Test
    void a_frame_that_is_cut_goes_on_where_the_buffers_ended() throws Exception {
        NetFixture net = NetFixture.able().without(OFFLOADS);
        byte[] data = Frames.random(5000, 1);
        TestChain[] first = buffers(2, 2000);
        TestChainSource source = net.receive(
                Frames.header(NEEDS_CSUM, TCPV4, 1, 1000, TCP4_START, 16), Frames.tcp4(ACK, 7, data), first);
        assertThat(net.network.waiting(0)).isEqualTo(1);
        TestChain[] more = buffers(4, 2000);
        source.add(more);
        net.model.service(RX, source);
        ByteArrayOutputStream got = new ByteArrayOutputStream();
        for (TestChain chain : new TestChain[] {first[0], first[1], more[0], more[1], more[2]}) {
            got.writeBytes(Arrays.copyOfRange(frameOf(chain), TCP4_HEADERS, frameOf(chain).length));
        }
        assertThat(got.toByteArray()).isEqualTo(data);
        assertThat(net.statistic(RX, "rx cut")).isEqualTo(1);
        assertThat(net.network.waiting(0)).isZero();
    }

    @Test
    void after_a_frame_that_was_cut_the_next_one_is_delivered_once() throws Exception {
        NetFixture net = NetFixture.able().without(OFFLOADS);
        net.network.receive(0, Frames.header(NEEDS_CSUM, TCPV4, 1, 1000, TCP4_START, 16), Frames.tcp4(ACK, 7, new byte[3000]));
        net.network.receive(0, Frames.header(), FRAME);
        net.model.service(RX, TestChainSource.of(buffers(10, 2000)));
        assertThat(net.statistic(RX, "rx packets")).isEqualTo(4);
        assertThat(net.network.waiting(0)).isZero();
    }

    @Test
    void another_driver_gets_a_frame_from_its_first_segment_on() throws Exception {
        NetFixture net = NetFixture.able().without(OFFLOADS);
        byte[] data = Frames.random(3000, 1);
        net.receive(Frames.header(NEEDS_CSUM, TCPV4, 1, 1000, TCP4_START, 16), Frames.tcp4(ACK, 7, data), buffers(2, 2000));
        net.model.setDriverFeatures(0);
        net.without(OFFLOADS);
        TestChain[] theirs = buffers(4, 2000);
        net.model.service(RX, TestChainSource.of(theirs));
        assertThat(Arrays.copyOfRange(frameOf(theirs[0]), TCP4_HEADERS, TCP4_HEADERS + 1000))
                .isEqualTo(Arrays.copyOf(data, 1000));
        assertThat(theirs[2].completions()).isEqualTo(1);
        assertThat(theirs[3].completions()).isZero();
    }

    @Test
    void a_segment_longer_than_the_mtu_that_the_driver_knows_is_dropped_with_those_after_it() throws Exception {
        NetFixture net = NetFixture.able().without(OFFLOADS);
        TestChainSource source = net.receive(Frames.header(NEEDS_CSUM, TCPV4, 1, 2000, TCP4_START, 16),
                Frames.tcp4(ACK, 7, new byte[5000]), buffers(4, 4000));
        assertThat(source.published()).isZero();
        assertThat(net.statistic(RX, "rx too long")).isEqualTo(1);
        assertThat(net.network.waiting(0)).isZero();
    }

    /** A frame of very many segments has its turn like many frames. */
    @Test
    void the_segments_of_a_frame_are_bounded_in_one_call_too() throws Exception {
        NetFixture net = NetFixture.able().without(OFFLOADS);
        TestChainSource source = net.receive(Frames.header(NEEDS_CSUM, TCPV4, 1, 1, TCP4_START, 16),
                Frames.tcp4(ACK, 7, new byte[2000]), buffers(2000, 200));
        assertThat(source.published()).isBetween(16, 64);
        for (int i = 0; i < 200; i++) {
            net.model.service(RX, source);
        }
        assertThat(net.statistic(RX, "rx packets")).isEqualTo(2000);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "UDP to be fragmented, 1, 3, 1000, 38, 16",
        "unknown kind, 1, 9, 1000, 38, 16",
        "no checksum, 0, 1, 1000, 38, 16",
        "no size, 1, 1, 0, 38, 16",
        "not IPv6, 1, 4, 1000, 38, 16",
        "checksum beyond the end, 1, 1, 1000, 65000, 16"
    })
    void segments_that_cannot_be_cut_are_dropped_and_counted(
            String what, int flags, int type, int size, int start, int offset) throws Exception {
        NetFixture net = NetFixture.able().without(OFFLOADS);
        TestChainSource source = net.receive(
                Frames.header(flags, type, 1, size, start, offset), Frames.tcp4(ACK, 7, new byte[3000]), buffers(4, 4000));
        assertThat(source.waiting()).isEqualTo(4);
        assertThat(net.statistic(RX, "rx errors")).isEqualTo(1);
        assertThat(net.network.waiting(0)).isZero();
    }

    @Test
    void a_checksum_beyond_the_end_of_a_frame_from_the_network_is_dropped_and_counted() throws Exception {
        NetFixture net = NetFixture.able();
        net.receive(Frames.checksumHeader(99, 0), FRAME, buffer(500));
        net.receive(Frames.header(), new byte[13], buffer(500));
        assertThat(net.statistic(RX, "rx errors")).isEqualTo(2);
    }

    @Test
    void frames_to_groups_are_counted() throws Exception {
        NetFixture net = NetFixture.able();
        net.receive(Frames.header(), Frames.frame(Frames.MULTICAST, 60), buffer(500));
        net.receive(Frames.header(), Frames.frame(MacAddress.BROADCAST, 60), buffer(500));
        assertThat(net.statistic(RX, "rx multicast")).isEqualTo(1);
        assertThat(net.statistic(RX, "rx broadcast")).isEqualTo(1);
    }
}
