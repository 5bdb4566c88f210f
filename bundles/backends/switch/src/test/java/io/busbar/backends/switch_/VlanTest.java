package io.busbar.backends.switch_;

import static io.busbar.backends.switch_.Frames.ALICE;
import static io.busbar.backends.switch_.Frames.BOB;
import static io.busbar.backends.switch_.Frames.BROADCAST;
import static io.busbar.backends.switch_.Frames.frame;
import static io.busbar.backends.switch_.Frames.tagged;
import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.backends.switch_.Station.Sent;
import io.busbar.core.virtio.net.NetHeaderLayout;
import io.busbar.core.virtio.net.VirtioNet;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class VlanTest {

    private final Networks networks = new Networks();
    private final Station open = Station.plug(networks, "open");
    private final Station ten = Station.plug(networks, "ten", "vlan", "10");
    private final Station alsoTen = Station.plug(networks, "also-ten", "vlan", "10");
    private final Station twenty = Station.plug(networks, "twenty", "vlan", "20");
    private final Station trunk = Station.plug(networks, "trunk", "trunk", "1,10-15");
    private final Station otherTrunk = Station.plug(networks, "other-trunk", "trunk", "10,20");

    @AfterEach
    void unplug() {
        for (Station station : new Station[] {open, ten, alsoTen, twenty, trunk, otherTrunk}) {
            station.close();
        }
    }

    private long count(Station station, Count count) {
        return networks.ports().get(station.deviceName()).count(count);
    }

    private static int u16(byte[] bytes, int at) {
        return Byte.toUnsignedInt(bytes[at]) | Byte.toUnsignedInt(bytes[at + 1]) << 8;
    }

    @Test
    void frames_reach_the_ports_of_their_vlan_alone_and_trunks_with_a_tag() {
        byte[] hello = frame(BROADCAST, ALICE, "hello");
        ten.send(hello);
        assertThat(alsoTen.receive()).isEqualTo(hello);
        assertThat(trunk.receive()).isEqualTo(tagged(10, hello));
        assertThat(otherTrunk.receive()).isEqualTo(tagged(10, hello));
        assertThat(open.receive()).isNull();
        assertThat(twenty.receive()).isNull();
    }

    @Test
    void frames_of_a_trunk_lose_their_tag_and_keep_its_priority_on_another_trunk() {
        byte[] hello = frame(BROADCAST, ALICE, "hello");
        trunk.send(tagged(0xa000 | 10, hello));
        assertThat(ten.receive()).isEqualTo(hello);
        assertThat(otherTrunk.receive()).isEqualTo(tagged(0xa000 | 10, hello));
        assertThat(open.receive()).isNull();
        trunk.send(tagged(1, hello));
        assertThat(open.receive()).isEqualTo(hello);
        assertThat(ten.receive()).isNull();
    }

    @Test
    void a_trunk_accepts_neither_other_vlans_nor_frames_without_a_tag() {
        byte[] hello = frame(BROADCAST, ALICE, "hello");
        trunk.send(tagged(20, hello));
        trunk.send(tagged(0, hello));
        trunk.send(tagged(4095, hello));
        trunk.send(hello);
        assertThat(count(trunk, Count.OTHER_VLAN)).isEqualTo(4);
        assertThat(twenty.receive()).isNull();
        assertThat(otherTrunk.receive()).isNull();
    }

    @Test
    void a_port_of_one_vlan_does_not_let_its_driver_choose_another() {
        byte[] hello = frame(BROADCAST, ALICE, "hello");
        ten.send(tagged(20, hello));
        ten.send(tagged(10, hello));
        assertThat(count(ten, Count.OTHER_VLAN)).isEqualTo(2);
        assertThat(twenty.receive()).isNull();
        assertThat(alsoTen.receive()).isNull();
    }

    @Test
    void a_tag_that_only_gives_a_priority_is_taken_off() {
        byte[] hello = frame(BROADCAST, ALICE, "hello");
        ten.send(tagged(0x6000, hello));
        assertThat(alsoTen.receive()).isEqualTo(hello);
        assertThat(trunk.receive()).isEqualTo(tagged(0x6000 | 10, hello));
    }

    @Test
    void where_nobody_spoke_of_vlans_tags_are_the_stations_own_matter() {
        try (Station alsoOpen = Station.plug(networks, "also-open")) {
            byte[] hello = tagged(10, frame(BROADCAST, ALICE, "hello"));
            open.send(hello);
            assertThat(alsoOpen.receive()).isEqualTo(hello);
            assertThat(ten.receive()).isNull();
            assertThat(trunk.receive()).as("in VLAN 1, with the stations' own tag inside").isEqualTo(tagged(1, hello));
        }
    }

    @Test
    void the_same_address_may_live_in_two_vlans() {
        ten.send(frame(BROADCAST, BOB, ""));
        twenty.send(frame(BROADCAST, BOB, ""));
        for (Station station : new Station[] {open, ten, alsoTen, twenty, trunk, otherTrunk}) {
            station.texts();
        }
        otherTrunk.send(tagged(20, frame(BOB, ALICE, "in twenty")));
        assertThat(twenty.texts()).containsExactly("in twenty");
        assertThat(ten.receive()).isNull();
        otherTrunk.send(tagged(10, frame(BOB, ALICE, "in ten")));
        assertThat(ten.texts()).containsExactly("in ten");
        assertThat(twenty.receive()).isNull();
    }

    @Test
    void a_tag_that_is_cut_off_is_no_frame() {
        trunk.send(Arrays.copyOf(tagged(10, frame(BROADCAST, ALICE, "")), 17));
        assertThat(count(trunk, Count.MALFORMED)).isOne();
    }

    @Test
    void what_the_header_says_of_the_frame_moves_with_the_tag() {
        byte[] content = new byte[2000];
        new Random(1).nextBytes(content);
        ten.send(0, new Sent(frame(BROADCAST, ALICE, content))
                .with(NetHeaderLayout.FLAGS, VirtioNet.VIRTIO_NET_HDR_F_NEEDS_CSUM | VirtioNet.VIRTIO_NET_HDR_GSO_TCPV4 << 8)
                .with(NetHeaderLayout.HDR_LEN, 54)
                .with(NetHeaderLayout.CSUM_START, 34)
                .with(NetHeaderLayout.CSUM_OFFSET, 16)
                .with(NetHeaderLayout.GSO_SIZE, 500));
        byte[] same = alsoTen.receiveWhole(0);
        assertThat(u16(same, NetHeaderLayout.CSUM_START)).isEqualTo(34);
        byte[] grown = trunk.receiveWhole(0);
        assertThat(u16(grown, NetHeaderLayout.CSUM_START)).isEqualTo(38);
        assertThat(u16(grown, NetHeaderLayout.HDR_LEN)).isEqualTo(58);
        assertThat(u16(grown, NetHeaderLayout.CSUM_OFFSET)).isEqualTo(16);
        assertThat(u16(grown, NetHeaderLayout.GSO_SIZE)).isEqualTo(500);
        assertThat(Arrays.copyOfRange(grown, 12, grown.length)).isEqualTo(tagged(10, frame(BROADCAST, ALICE, content)));

        trunk.send(0, new Sent(tagged(10, frame(BROADCAST, BOB, content)))
                .with(NetHeaderLayout.FLAGS, VirtioNet.VIRTIO_NET_HDR_F_NEEDS_CSUM)
                .with(NetHeaderLayout.HDR_LEN, 58)
                .with(NetHeaderLayout.CSUM_START, 38));
        byte[] shrunk = ten.receiveWhole(0);
        assertThat(u16(shrunk, NetHeaderLayout.CSUM_START)).isEqualTo(34);
        assertThat(u16(shrunk, NetHeaderLayout.HDR_LEN)).as("of a frame that is not to be cut it says nothing").isEqualTo(58);
    }

    @Test
    void a_checksum_that_begins_inside_the_tag_or_would_leave_16_bits_stays_on_its_side() {
        trunk.send(0, new Sent(tagged(10, frame(BOB, ALICE, new byte[100])))
                .with(NetHeaderLayout.FLAGS, VirtioNet.VIRTIO_NET_HDR_F_NEEDS_CSUM)
                .with(NetHeaderLayout.CSUM_START, 17));
        assertThat(ten.receive()).isNull();
        assertThat(otherTrunk.receive()).isNotNull();
        ten.send(0, new Sent(frame(BROADCAST, BOB, new byte[65_536]))
                .with(NetHeaderLayout.FLAGS, VirtioNet.VIRTIO_NET_HDR_F_NEEDS_CSUM)
                .with(NetHeaderLayout.CSUM_START, 65_533));
        assertThat(alsoTen.receive()).isNotNull();
        assertThat(otherTrunk.receive()).isNull();
        trunk.texts();
        trunk.send(0, new Sent(tagged(10, frame(BOB, ALICE, new byte[100])))
                .with(NetHeaderLayout.FLAGS, VirtioNet.VIRTIO_NET_HDR_F_NEEDS_CSUM)
                .with(NetHeaderLayout.CSUM_START, 17));
        assertThat(count(trunk, Count.MALFORMED)).as("to the one station that it was for").isOne();
    }
}
