package io.busbar.devices.net;

import static io.busbar.devices.net.NetFixture.RX;
import static io.busbar.devices.net.NetFixture.buffer;
import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.testkit.TestChain;
import io.busbar.testkit.TestChainSource;
import io.busbar.testkit.TestPayload;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NetControlTest {

    private static final int OK = 0;
    private static final int ERR = 1;
    private static final int PROMISC = 0;
    private static final int ALLMULTI = 1;
    private static final int ALLUNI = 2;
    private static final int NOMULTI = 3;
    private static final int NOUNI = 4;
    private static final int NOBCAST = 5;

    private NetFixture net;

    @BeforeEach
    void make() throws Exception {
        net = NetFixture.able("mac", "52:54:00:12:34:56", "max_vqp", "2");
    }

    private int mode(int mode, boolean on) {
        return net.command(0, mode, (byte) (on ? 1 : 0));
    }

    private boolean receives(byte[] frame) {
        TestChain buffer = buffer(2000);
        net.receive(Frames.header(), frame, buffer);
        assertThat(net.network.waiting(0)).as("no frame is left waiting").isZero();
        return buffer.completions() == 1;
    }

    private boolean receives(long destination) {
        return receives(Frames.frame(destination, 60));
    }

    private static byte[] table(long[] unicast, long[] multicast) {
        ByteBuffer table = ByteBuffer.allocate(8 + 6 * (unicast.length + multicast.length))
                .order(ByteOrder.LITTLE_ENDIAN);
        for (long[] list : new long[][] {unicast, multicast}) {
            table.putInt(list.length);
            for (long address : list) {
                byte[] bytes = new byte[6];
                MacAddress.put(address, bytes, 0);
                table.put(bytes);
            }
        }
        return table.array();
    }

    @Test
    void a_driver_that_said_nothing_gets_everything() {
        assertThat(receives(Frames.OTHER)).isTrue();
        assertThat(receives(Frames.MULTICAST)).isTrue();
        assertThat(receives(Frames.tagged(Frames.OTHER, 5, 100))).isTrue();
    }

    @Test
    void without_promiscuous_mode_a_driver_gets_its_own_and_broadcast_5_1_6_5_1() {
        assertThat(mode(PROMISC, false)).isEqualTo(OK);
        assertThat(receives(Frames.MAC)).isTrue();
        assertThat(receives(MacAddress.BROADCAST)).isTrue();
        assertThat(receives(Frames.OTHER)).isFalse();
        assertThat(receives(Frames.MULTICAST)).isFalse();
        assertThat(net.statistic(RX, "rx filtered")).isEqualTo(2);
        assertThat(net.statistic(RX, "rx drops")).isEqualTo(2);
        assertThat(mode(PROMISC, true)).isEqualTo(OK);
        assertThat(receives(Frames.OTHER)).isTrue();
    }

    @Test
    void receive_modes_let_kinds_of_frames_in_and_keep_them_out_5_1_6_5_1() {
        mode(PROMISC, false);
        assertThat(mode(ALLMULTI, true)).isEqualTo(OK);
        assertThat(receives(Frames.MULTICAST)).isTrue();
        assertThat(mode(NOMULTI, true)).isEqualTo(OK);
        assertThat(receives(Frames.MULTICAST)).isFalse();
        assertThat(mode(ALLUNI, true)).isEqualTo(OK);
        assertThat(receives(Frames.OTHER)).isTrue();
        assertThat(mode(NOUNI, true)).isEqualTo(OK);
        assertThat(receives(Frames.MAC)).isFalse();
        assertThat(mode(NOBCAST, true)).isEqualTo(OK);
        assertThat(receives(MacAddress.BROADCAST)).isFalse();
        assertThat(mode(NOBCAST, false)).isEqualTo(OK);
        assertThat(receives(MacAddress.BROADCAST)).isTrue();
    }

    @Test
    void the_table_lets_its_addresses_in_5_1_6_5_2() {
        mode(PROMISC, false);
        assertThat(net.command(1, 0, table(new long[] {Frames.OTHER, 2}, new long[] {Frames.MULTICAST}))).isEqualTo(OK);
        assertThat(receives(Frames.OTHER)).isTrue();
        assertThat(receives(Frames.MULTICAST)).isTrue();
        assertThat(receives(Frames.MAC)).isTrue();
        assertThat(receives(Frames.OTHER + 1)).isFalse();
        assertThat(net.command(1, 0, table(new long[0], new long[0]))).isEqualTo(OK);
        assertThat(receives(Frames.OTHER)).isFalse();
    }

    @Test
    void of_more_addresses_than_are_kept_all_are_let_in() {
        mode(PROMISC, false);
        assertThat(net.command(1, 0, table(new long[0], new long[257]))).isEqualTo(OK);
        assertThat(receives(Frames.MULTICAST)).isTrue();
        assertThat(receives(Frames.OTHER)).isFalse();
        assertThat(net.command(1, 0, table(new long[257], new long[256]))).isEqualTo(OK);
        assertThat(receives(Frames.MULTICAST)).isFalse();
        assertThat(receives(Frames.OTHER)).isTrue();
    }

    @Test
    void the_address_is_in_force_before_the_command_is_acknowledged_5_1_6_5_2() {
        mode(PROMISC, false);
        byte[] address = new byte[6];
        MacAddress.put(Frames.OTHER, address, 0);
        assertThat(net.command(1, 1, address)).isEqualTo(OK);
        assertThat(net.mac()).isEqualTo(Frames.OTHER);
        assertThat(receives(Frames.OTHER)).isTrue();
        assertThat(receives(Frames.MAC)).isFalse();
    }

    @Test
    void vlans_are_let_in_one_by_one_5_1_6_5_3() {
        mode(PROMISC, false);
        assertThat(receives(Frames.tagged(Frames.MAC, 5, 100))).isFalse();
        assertThat(net.statistic(RX, "rx other vlan")).isEqualTo(1);
        assertThat(receives(Frames.tagged(Frames.MAC, 0, 100))).as("only a priority").isTrue();
        assertThat(net.command(2, 0, (byte) 5, (byte) 0)).isEqualTo(OK);
        assertThat(net.command(2, 0, (byte) 0xff, (byte) 0x0f)).isEqualTo(OK);
        assertThat(receives(Frames.tagged(Frames.MAC, 5, 100))).isTrue();
        assertThat(receives(Frames.tagged(Frames.MAC, 4095, 100))).isTrue();
        assertThat(receives(Frames.tagged(Frames.MAC, 69, 100))).isFalse();
        assertThat(net.command(2, 1, (byte) 5, (byte) 0)).isEqualTo(OK);
        assertThat(receives(Frames.tagged(Frames.MAC, 5, 100))).isFalse();
    }

    @Test
    void without_its_feature_vlans_are_not_looked_at() {
        net.without(NetFixture.CTRL_VLAN);
        mode(PROMISC, false);
        assertThat(receives(Frames.tagged(Frames.MAC, 5, 100))).isTrue();
    }

    @Test
    void a_reset_forgets_modes_and_tables() {
        mode(PROMISC, false);
        net.command(2, 0, (byte) 5, (byte) 0);
        net.without(0);
        assertThat(receives(Frames.OTHER)).isTrue();
        mode(PROMISC, false);
        assertThat(receives(Frames.tagged(Frames.MAC, 5, 100))).isFalse();
    }

    @Test
    void offloads_can_be_turned_off_and_on_while_frames_flow_5_1_6_5_8() {
        byte[] frame = Frames.tcp4(0, 1, new byte[100]);
        byte[] none = new byte[8];
        assertThat(net.command(5, 0, none)).isEqualTo(OK);
        TestChain buffer = buffer(2000);
        net.receive(Frames.checksumHeader(Frames.TCP4_START, 16), frame, buffer);
        assertThat(NetFixture.headerOf(buffer).get(0)).isZero();
        assertThat(net.command(5, 0, (byte) 2, (byte) 0, (byte) 0, (byte) 0, (byte) 0, (byte) 0, (byte) 0, (byte) 0))
                .isEqualTo(OK);
        buffer = buffer(2000);
        net.receive(Frames.checksumHeader(Frames.TCP4_START, 16), frame, buffer);
        assertThat(NetFixture.headerOf(buffer).get(0)).isEqualTo((byte) 1);
    }

    /** Threat 47. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "unknown class, 8, 0, 00",
        "unknown class, 255, 255, 00",
        "unknown receive mode, 0, 6, 00",
        "unknown MAC command, 1, 2, 000000000000",
        "unknown VLAN command, 2, 2, 0500",
        "unknown announce command, 3, 1, ",
        "RSS which is not offered, 4, 1, 0000",
        "hash which is not offered, 4, 2, 0000",
        "coalescing which is not offered, 6, 0, 0000000000000000",
        "unknown offload command, 5, 1, 0000000000000000",
        "mode without data, 0, 0, ",
        "mode 2, 0, 0, 02",
        "table without data, 1, 0, ",
        "table with half a count, 1, 0, 0000",
        "table with one list, 1, 0, 00000000",
        "table shorter than its count, 1, 0, 02000000 525400123456 00000000",
        "table of 2^32 - 1 addresses, 1, 0, ffffffff ffffffff",
        "table whose bytes overflow, 1, 0, abaaaa2a 00000000",
        "table with more after it, 1, 0, 00000000 00000000 00",
        "short address, 1, 1, 5254001234",
        "multicast address, 1, 1, 01005e000001",
        "no address, 1, 1, 000000000000",
        "short VLAN, 2, 0, 05",
        "VLAN 4096, 2, 0, 0010",
        "no pairs, 4, 0, 0000",
        "more pairs than there are, 4, 0, 0300",
        "short pairs, 4, 0, 01",
        "offload that was not negotiated, 5, 0, 0100000000000000",
        "short offloads, 5, 0, 02000000"
    })
    void a_command_that_makes_no_sense_is_refused_and_changes_nothing(String what, int type, int code, String data) {
        mode(PROMISC, false);
        byte[] bytes = data == null
                ? new byte[0]
                : java.util.HexFormat.of().parseHex(data.replace(" ", ""));
        assertThat(net.command(type, code, bytes)).isEqualTo(ERR);
        assertThat(net.statistic(net.controlQueue(), "cvq errors")).isEqualTo(1);
        assertThat(net.mac()).isEqualTo(Frames.MAC);
        assertThat(receives(Frames.MAC)).isTrue();
        assertThat(receives(Frames.OTHER)).isFalse();
        assertThat(net.network.pairsTold()).containsExactly(1);
    }

    /** Threat 47. */
    @ParameterizedTest
    @CsvSource({
        "CTRL_RX, 0, 0, 00", "CTRL_RX, 1, 0, 0000000000000000", "CTRL_RX_EXTRA, 0, 5, 01", "CTRL_MAC_ADDR, 1, 1, 020000000001",
        "CTRL_VLAN, 2, 0, 0500", "GUEST_ANNOUNCE, 3, 0, ", "CTRL_GUEST_OFFLOADS, 5, 0, 0000000000000000"
    })
    void a_command_that_was_not_negotiated_is_refused(String feature, int type, int code, String data) throws Exception {
        byte[] bytes = data == null ? new byte[0] : java.util.HexFormat.of().parseHex(data);
        assertThat(net.command(type, code, bytes)).isEqualTo(OK);
        net.without(NetFixture.class.getDeclaredField(feature).getLong(null));
        assertThat(net.command(type, code, bytes)).isEqualTo(ERR);
    }

    /** Threat 47: a command without room for an acknowledgement. */
    @Test
    void a_command_that_cannot_be_acknowledged_is_not_done_and_completed_with_length_0() {
        TestChain mute = new TestChain(TestPayload.of((byte) 0, (byte) 0, (byte) 0), TestPayload.ofSizes(0));
        net.model.service(net.controlQueue(), TestChainSource.of(mute));
        assertThat(mute.written()).isZero();
        assertThat(receives(Frames.OTHER)).as("still promiscuous").isTrue();
        assertThat(net.statistic(net.controlQueue(), "cvq errors")).isEqualTo(1);
    }

    @Test
    void a_command_with_a_part_outside_the_drivers_memory_is_not_done() {
        TestChain outside = new TestChain(TestPayload.of((byte) 0, (byte) 0, (byte) 0), TestPayload.ofSizes(1)).asFaulted();
        net.model.service(net.controlQueue(), TestChainSource.of(outside));
        assertThat(outside.written()).isZero();
        assertThat(receives(Frames.OTHER)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void a_command_that_is_cut_off_in_its_header_is_refused(int bytes) {
        TestChain chain = new TestChain(TestPayload.of(new byte[bytes]), TestPayload.ofSizes(1));
        net.model.service(net.controlQueue(), TestChainSource.of(chain));
        assertThat(chain.status()).isEqualTo(ERR);
    }

    /** The acknowledgement is the first writable byte, whatever follows it. */
    @Test
    void a_long_acknowledgement_gets_one_byte_in_front() {
        TestChain chain = new TestChain(TestPayload.of((byte) 0, (byte) 0, (byte) 0), TestPayload.ofSizes(1, 50));
        net.model.service(net.controlQueue(), TestChainSource.of(chain));
        assertThat(chain.written()).isEqualTo(1);
        assertThat(chain.writable().bytes()[0]).isZero();
        assertThat(chain.writable().bytes()[1]).isEqualTo((byte) 0xEE);
    }

    /** Threat 48: a flood is served in the turns of the source, one command after the other. */
    @Test
    void several_commands_are_done_in_their_order() {
        TestChain off = new TestChain(TestPayload.of((byte) 0, (byte) 0, (byte) 0), TestPayload.ofSizes(1));
        TestChain on = new TestChain(TestPayload.of((byte) 0, (byte) 0, (byte) 1), TestPayload.ofSizes(1));
        net.model.service(net.controlQueue(), TestChainSource.of(on, off));
        assertThat(receives(Frames.OTHER)).isFalse();
        assertThat(net.statistic(net.controlQueue(), "cvq requests")).isEqualTo(2);
        assertThat(net.statistic(net.controlQueue(), "cvq successes")).isEqualTo(2);
    }
}
