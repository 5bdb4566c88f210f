package io.busbar.devices.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.backend.NetInfo;
import io.busbar.api.device.ModelState;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.testkit.TestChainSource;
import io.busbar.testkit.TestModelContext;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NetModelTest {

    @Test
    void the_two_queues_of_a_pair_are_a_group() throws Exception {
        NetFixture fixture = NetFixture.able("max_vqp", "2");
        assertThat(fixture.model.queueGroup(0)).isEqualTo(fixture.model.queueGroup(1));
        assertThat(fixture.model.queueGroup(2)).isEqualTo(fixture.model.queueGroup(3)).isNotEqualTo(fixture.model.queueGroup(0));
        assertThat(fixture.model.queueGroup(fixture.model.vqCount() - 1)).as("control queue").isEqualTo(fixture.model.queueGroup(0));
    }

    @Test
    void what_a_backend_cannot_do_is_not_offered() throws Exception {
        long always = NetFixture.MTU | NetFixture.MAC | NetFixture.MRG_RXBUF | NetFixture.STATUS | NetFixture.CTRL_VQ
                | NetFixture.CTRL_RX | NetFixture.CTRL_VLAN | NetFixture.CTRL_RX_EXTRA | NetFixture.GUEST_ANNOUNCE
                | NetFixture.CTRL_MAC_ADDR;
        long checksums = NetFixture.CSUM | NetFixture.GUEST_CSUM | NetFixture.CTRL_GUEST_OFFLOADS;
        long segments = NetFixture.HOST_TSO4 | NetFixture.HOST_TSO6 | NetFixture.GUEST_TSO4 | NetFixture.GUEST_TSO6;
        assertThat(new NetFixture(FakeNetwork.plain()).model.deviceFeatures()).isEqualTo(always);
        assertThat(new NetFixture(new FakeNetwork(new NetInfo(1500, 1, true, false, true))).model.deviceFeatures())
                .isEqualTo(always | checksums);
        assertThat(NetFixture.able().model.deviceFeatures()).isEqualTo(always | checksums | segments);
        assertThat(NetFixture.able("max_vqp", "2").model.deviceFeatures())
                .isEqualTo(always | checksums | segments | NetFixture.MQ);
    }

    @Test
    void the_configuration_is_laid_out_as_in_5_1_4() throws Exception {
        NetFixture net = NetFixture.able("mac", "52:54:00:12:34:56", "mtu", "9000", "max_vqp", "3");
        assertThat(net.model.configSize()).isEqualTo(24);
        assertThat(net.mac()).isEqualTo(Frames.MAC);
        assertThat(net.config().getShort(6)).as("status: link up").isEqualTo((short) 1);
        assertThat(net.config().getShort(8)).as("pairs").isEqualTo((short) 3);
        assertThat(net.config().getShort(10)).as("mtu").isEqualTo((short) 9000);
        assertThat(net.model.vqCount()).isEqualTo(7);
        assertThat(net.model.channels()).hasSize(3);
    }

    @Test
    void a_part_of_the_configuration_can_be_read_and_past_its_end_is_0() throws Exception {
        NetFixture net = NetFixture.able("mac", "52:54:00:12:34:56");
        byte[] part = {9, 9, 9, 9};
        net.model.readConfig(4, part);
        assertThat(part).containsExactly(0x34, 0x56, 1, 0);
        net.model.readConfig(22, part);
        assertThat(part).containsOnly(0);
        net.model.readConfig(1000, part);
        assertThat(part).containsOnly(0);
    }

    @Test
    void the_configuration_cannot_be_written() throws Exception {
        NetFixture net = NetFixture.able();
        assertThatThrownBy(() -> net.model.writeConfig(0, new byte[6]))
                .isInstanceOf(VdpaException.class).hasMessageContaining("by a command");
    }

    @Test
    void without_a_word_the_address_is_always_the_same_for_a_name_and_locally_administered() throws Exception {
        long mac = NetFixture.able().mac();
        assertThat(NetFixture.able().mac()).isEqualTo(mac);
        assertThat(mac).isEqualTo(MacAddress.ofName(TestModelContext.of().deviceName()));
        assertThat(mac >>> 40 & 3).as("local, of one device").isEqualTo(2);
        assertThat(MacAddress.ofName("net0")).isNotEqualTo(MacAddress.ofName("net1"));
    }

    @Test
    void without_a_word_the_mtu_is_that_of_an_ethernet_or_what_the_backend_carries() throws Exception {
        assertThat(NetFixture.able().config().getShort(10)).isEqualTo((short) 1500);
        assertThat(new NetFixture(new FakeNetwork(new NetInfo(1280, 1, false, false, true))).config().getShort(10))
                .isEqualTo((short) 1280);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "zz", "52:54:00:12:34", "52:54:00:12:34:567", "01:00:5e:00:00:01", "00:00:00:00:00:00"})
    void an_address_that_is_none_is_refused(String mac) {
        assertThatThrownBy(() -> NetFixture.able("mac", mac))
                .isInstanceOf(VdpaException.class)
                .hasMessageContaining("mac " + mac).hasMessageContaining("expected an address");
    }

    @ParameterizedTest
    @CsvSource({"mtu,67", "mtu,65536", "mtu,x", "max_vqp,0", "max_vqp,32", "max_vqp,1.5"})
    void a_number_out_of_its_range_is_refused(String word, String value) {
        assertThatThrownBy(() -> NetFixture.able(word, value))
                .isInstanceOf(VdpaException.class)
                .hasMessageContaining(word + " " + value).hasMessageContaining("expected a number from");
    }

    @Test
    void more_than_the_backend_has_is_refused() {
        assertThatThrownBy(() -> new NetFixture(FakeNetwork.plain(), "mtu", "1501"))
                .hasMessageContaining("mtu 1501").hasMessageContaining("up to 1500");
        assertThatThrownBy(() -> new NetFixture(FakeNetwork.plain(), "max_vqp", "2"))
                .hasMessageContaining("max_vqp 2").hasMessageContaining("up to 1");
    }

    @Test
    void a_backend_of_another_kind_is_refused() throws Exception {
        NetModel model = (NetModel) new NetModelFactory().create(TestModelContext.of());
        assertThatThrownBy(() -> model.attach("disk")).hasMessageContaining("expected one for net devices");
        assertThat(model.deviceFeatures()).isZero();
    }

    @Test
    void a_later_backend_must_keep_what_the_driver_was_told() throws Exception {
        NetFixture net = NetFixture.able("max_vqp", "2");
        net.model.detach();
        for (NetInfo less : List.of(
                new NetInfo(9000, 8, false, false, true),
                new NetInfo(9000, 8, true, false, true),
                new NetInfo(1499, 8, true, true, true),
                new NetInfo(9000, 1, true, true, true))) {
            assertThatThrownBy(() -> net.model.checkSuccessor(new FakeNetwork(less))).isInstanceOf(VdpaException.class);
            assertThatThrownBy(() -> net.model.attach(new FakeNetwork(less)))
                    .as("%s", less)
                    .isInstanceOfSatisfying(VdpaException.class,
                            refused -> assertThat(refused.reason()).isEqualTo(Reason.FEATURES_MISMATCH));
        }
        net.model.checkSuccessor(new FakeNetwork(new NetInfo(1500, 2, true, true, true)));
        net.model.attach(new FakeNetwork(new NetInfo(1500, 2, true, true, true)));
        assertThat(net.config().getShort(10)).isEqualTo((short) 1500);
    }

    @Test
    void a_driver_is_asked_to_announce_itself_on_another_network_until_it_did_5_1_6_5_4() throws Exception {
        NetFixture net = NetFixture.able();
        assertThat(net.status()).isEqualTo(1);
        net.model.detach();
        net.model.attach(FakeNetwork.able());
        assertThat(net.status()).as("link up, announce").isEqualTo(3);
        assertThat(net.context.configChanges()).isEqualTo(1);
        assertThat(net.command(3, 0)).isZero();
        assertThat(net.status()).isEqualTo(1);
    }

    @Test
    void a_driver_that_did_not_negotiate_it_is_not_asked() throws Exception {
        NetFixture net = NetFixture.able().without(NetFixture.GUEST_ANNOUNCE);
        net.model.detach();
        net.model.attach(FakeNetwork.able());
        assertThat(net.status()).isEqualTo(1);
    }

    @Test
    void without_a_word_the_mtu_is_what_is_usual_at_the_backend() throws Exception {
        NetFixture net = new NetFixture(new FakeNetwork(new NetInfo(9000, 9000, 1, true, true, true)));
        assertThat(net.config().getShort(10)).isEqualTo((short) 9000);
    }

    @Test
    void the_link_is_up_while_both_the_cable_and_the_network_are() throws Exception {
        NetFixture net = NetFixture.able();
        net.model.setLink(false);
        assertThat(net.status()).isZero();
        assertThat(net.context.configChanges()).isEqualTo(1);
        net.network.withLink(false);
        net.model.setLink(true);
        assertThat(net.status()).isZero();
        net.network.withLink(true);
        net.model.infoChanged();
        assertThat(net.status()).isEqualTo(1);
    }

    @Test
    void the_network_is_told_whether_the_cable_is_plugged_in() throws Exception {
        NetFixture net = NetFixture.able();
        net.model.setLink(false);
        net.model.setLink(true);
        assertThat(net.network.plugs()).containsExactly(false, true);
        net.model.setLink(false);
        net.model.detach();
        FakeNetwork next = FakeNetwork.able();
        net.model.attach(next);
        assertThat(next.plugs()).as("a network that comes while it is out").containsExactly(false);
    }

    @Test
    void when_the_link_changes_every_queue_is_looked_at() throws Exception {
        NetFixture net = NetFixture.able();
        net.model.setLink(false);
        assertThat(net.context.takeWakes()).contains(0, 1);
        net.model.infoChanged();
        assertThat(net.context.takeWakes()).contains(0, 1);
    }

    @Test
    void what_the_backend_says_of_a_pair_wakes_the_queue_of_that_direction() throws Exception {
        NetFixture net = NetFixture.able("max_vqp", "2");
        net.model.readable(1);
        net.model.writable(0);
        assertThat(net.context.takeWakes()).containsExactly(2, 1);
    }

    @Test
    void the_control_queue_comes_after_the_pairs_that_a_driver_could_use_5_1_2() throws Exception {
        NetFixture net = NetFixture.able("max_vqp", "3");
        byte[] promiscuous = {0, 0, 1};
        for (long features : new long[] {0, NetFixture.MQ}) {
            net.accepting(NetFixture.CTRL_VQ | NetFixture.CTRL_RX | features);
            int expected = features == 0 ? 2 : 6;
            for (int queue : new int[] {2, 6}) {
                var chain = new io.busbar.testkit.TestChain(
                        io.busbar.testkit.TestPayload.of(promiscuous), io.busbar.testkit.TestPayload.ofSizes(1));
                net.model.service(queue, TestChainSource.of(chain));
                assertThat(chain.completions()).as("queue %d", queue).isEqualTo(queue == expected ? 1 : 0);
            }
            assertThat(net.model.statistics(expected)).containsKey("cvq requests");
        }
    }

    @Test
    void a_driver_without_a_control_queue_has_pairs_where_another_has_that_queue() throws Exception {
        NetFixture net = NetFixture.able("max_vqp", "2").accepting(NetFixture.MRG_RXBUF);
        net.network.receive(1, Frames.header(), Frames.frame(Frames.MAC, 60));
        var buffer = NetFixture.buffer(2000);
        net.model.service(2, TestChainSource.of(buffer));
        assertThat(buffer.written()).isEqualTo(72);
    }

    @Test
    void a_driver_says_by_command_how_many_pairs_it_uses_and_the_backend_is_told() throws Exception {
        NetFixture net = NetFixture.able("max_vqp", "4");
        assertThat(net.network.pairsTold()).containsExactly(1);
        assertThat(net.command(4, 0, (byte) 3, (byte) 0)).isZero();
        assertThat(net.network.pairsTold()).containsExactly(1, 3);
        net.model.setDriverFeatures(0);
        assertThat(net.network.pairsTold()).as("at a reset").containsExactly(1, 3, 0);
    }

    @Test
    void a_driver_without_a_control_queue_says_it_by_the_queues_that_are_ready() throws Exception {
        NetFixture net = NetFixture.able("max_vqp", "4").accepting(0);
        for (int queue = 0; queue < 6; queue++) {
            net.model.ready(queue, true);
        }
        assertThat(net.network.pairsTold()).containsExactly(1, 2, 3);
        net.model.ready(2, false);
        assertThat(net.network.pairsTold()).containsExactly(1, 2, 3, 1);
    }

    @Test
    void another_backend_is_told_of_the_pairs_too() throws Exception {
        NetFixture net = NetFixture.able("max_vqp", "4");
        net.command(4, 0, (byte) 4, (byte) 0);
        net.model.detach();
        FakeNetwork next = FakeNetwork.able();
        net.model.attach(next);
        assertThat(next.pairsTold()).containsExactly(4);
    }

    @Test
    void the_address_is_the_given_one_again_after_a_reset() throws Exception {
        NetFixture net = NetFixture.able("mac", "52:54:00:12:34:56");
        assertThat(net.command(1, 1, (byte) 2, (byte) 0, (byte) 0, (byte) 0, (byte) 0, (byte) 7)).isZero();
        assertThat(net.config().order(ByteOrder.BIG_ENDIAN).getLong(0) >>> 16).isEqualTo(0x0200_0000_0007L);
        net.model.setDriverFeatures(0);
        assertThat(net.mac()).isEqualTo(Frames.MAC);
    }

    @Test
    void queues_are_counted_in_the_terms_of_a_network_card_with_the_names_of_linux_first() throws Exception {
        NetFixture net = NetFixture.able();
        assertThat(net.model.statistics(0).keySet())
                .startsWith("rx packets", "rx bytes", "rx errors", "rx overruns", "rx drops");
        assertThat(net.model.statistics(1).keySet()).startsWith("tx packets", "tx bytes", "tx errors", "tx drops");
        assertThat(net.model.statistics(2).keySet())
                .containsExactly("cvq requests", "cvq successes", "cvq errors");
    }

    @Test
    void another_model_goes_on_with_what_the_driver_settled() throws Exception {
        NetFixture net = NetFixture.able("max_vqp", "3");
        assertThat(net.command(0, 0, (byte) 0)).as("not promiscuous").isZero();
        assertThat(net.command(1, 1, (byte) 0x52, (byte) 0x54, (byte) 0, (byte) 1, (byte) 2, (byte) 3)).as("address").isZero();
        assertThat(net.command(1, 0, (byte) 0, (byte) 0, (byte) 0, (byte) 0,
                (byte) 1, (byte) 0, (byte) 0, (byte) 0, (byte) 1, (byte) 0, (byte) 0x5e, (byte) 0, (byte) 0, (byte) 9))
                .as("one group").isZero();
        assertThat(net.command(2, 0, (byte) 7, (byte) 0)).as("VLAN 7").isZero();
        assertThat(net.command(4, 0, (byte) 2, (byte) 0)).as("two pairs").isZero();
        ModelState saved = net.model.saveState();

        NetFixture next = NetFixture.able("max_vqp", "3");
        next.model.restoreState(saved);
        assertThat(next.model.saveState()).isEqualTo(saved);
        assertThat(next.mac()).isEqualTo(0x525400010203L);
        assertThat(next.network.pairsTold().getLast()).as("told to the backend").isEqualTo(2);
        assertThat(next.status()).isEqualTo(net.status());
    }

    @Test
    void a_state_that_is_not_known_or_makes_no_sense_is_refused_by_name() throws Exception {
        NetFixture net = NetFixture.able();
        ModelState saved = net.model.saveState();
        byte[] content = saved.content();
        List<ModelState> wrong = List.of(
                new ModelState("virtio-blk", 1, content),
                new ModelState(saved.format(), 2, content),
                new ModelState(saved.format(), 1, Arrays.copyOf(content, content.length - 1)),
                new ModelState(saved.format(), 1, Arrays.copyOf(content, content.length + 1)),
                new ModelState(saved.format(), 1, new byte[content.length]));
        for (ModelState state : wrong) {
            assertThatThrownBy(() -> net.model.restoreState(state)).as(state.toString())
                    .isInstanceOfSatisfying(VdpaException.class, e -> assertThat(e.reason()).isEqualTo(Reason.STATE_UNKNOWN))
                    .hasMessageContaining(state.toString());
        }
        assertThat(net.model.saveState()).as("nothing has changed").isEqualTo(saved);
    }
}
