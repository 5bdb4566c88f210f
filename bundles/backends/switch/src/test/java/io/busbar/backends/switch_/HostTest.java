package io.busbar.backends.switch_;

import static io.busbar.backends.switch_.Frames.ALICE;
import static io.busbar.backends.switch_.Frames.BROADCAST;
import static io.busbar.backends.switch_.Frames.frame;
import static io.busbar.backends.switch_.Frames.number;
import static io.busbar.backends.switch_.Frames.tagged;
import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.backends.switch_.Station.Sent;
import io.busbar.backends.switch_.frame.Ethernet;
import io.busbar.backends.switch_.host.Dhcp;
import io.busbar.backends.switch_.host.Host;
import io.busbar.testkit.machine.Eventually;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The network's own host among its ports. */
class HostTest {

    private static final long SERVER = 0x0a00_0501L;

    private final Networks networks = new Networks();
    private final Station alice = Station.plug(networks, "net0", "dhcp", "10.0.5.0/24");
    private final Station bob = Station.plug(networks, "net1");
    private final Station ten = Station.plug(networks, "net2", "vlan", "10");
    private final Station trunk = Station.plug(networks, "net3", "trunk", "10,20");

    @AfterEach
    void unplug() {
        alice.close();
        bob.close();
        ten.close();
        trunk.close();
        Eventually.noThreadIsNamed("busbar-switch-lan0");
    }

    private static byte[] await(Station station) {
        AtomicReference<byte[]> got = new AtomicReference<>();
        Eventually.that(() -> {
            got.set(station.receive());
            return got.get() != null;
        }, () -> "no answer");
        return got.get();
    }

    private Host host() {
        return networks.network("lan0").orElseThrow().host();
    }

    @Test
    void whoever_is_on_the_network_gets_an_address_and_nobody_else_sees_the_answer() {
        bob.send(Dhcp.of(number(Frames.BOB), 1).broadcast().frame());
        alice.receive();
        Dhcp.Answer offer = Dhcp.read(await(bob));
        assertThat(offer.type()).isEqualTo(2);
        bob.send(Dhcp.of(number(Frames.BOB), 3).option(54, SERVER).option(50, offer.address()).frame());
        alice.receive();
        assertThat(Dhcp.read(await(bob)).type()).isEqualTo(5);
        assertThat(alice.receive()).isNull();
        assertThat(host().leases()).singleElement().satisfies(lease -> {
            assertThat(lease.address()).isEqualTo(offer.address());
            assertThat(lease.client().address()).isEqualTo(number(Frames.BOB));
        });
    }

    @Test
    void the_host_is_in_every_vlan_and_answers_in_the_same() {
        ten.send(Dhcp.of(number(ALICE), 1).frame());
        assertThat(Dhcp.read(await(ten)).type()).isEqualTo(2);
        trunk.receive();
        trunk.send(tagged(20, Dhcp.of(number(ALICE) + 1, 1).frame()));
        byte[] tagged = await(trunk);
        assertThat(tagged[12]).isEqualTo((byte) 0x81);
        assertThat(tagged[15]).isEqualTo((byte) 20);
        byte[] untagged = Arrays.copyOf(tagged, tagged.length - 4);
        System.arraycopy(tagged, 16, untagged, 12, tagged.length - 16);
        assertThat(Dhcp.read(untagged).type()).isEqualTo(2);
    }

    @Test
    void a_driver_that_calls_itself_the_host_is_not_heard() {
        alice.send(frame(BROADCAST, Ethernet.text(host().address()), "I give addresses"));
        assertThat(bob.receive()).isNull();
        assertThat(networks.ports().get("net0").count(Count.BAD_SOURCE)).isOne();
    }

    @Test
    void a_driver_that_floods_the_host_fills_its_queue_and_waits_for_nothing() {
        Sent question = new Sent(Dhcp.of(number(ALICE), 1).frame());
        for (int i = 0; i < 20_000; i++) {
            assertThat(alice.send(0, question)).isTrue();
        }
        assertThat(host().drops()).isPositive();
        bob.texts();
        Eventually.that(() -> {
            bob.send(Dhcp.of(number(Frames.BOB), 1).frame());
            return bob.receive() != null;
        }, () -> "the host does not recover");
    }
}
