package io.busbar.itests.guest;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.itests.Eventually;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A network device of ours under User Mode Linux, which leaves all of it to us: configuration, link and control queue. */
abstract class UmlNetKernelTests extends NetKernelTests {

    UmlNetKernelTests() {
        super(new Uml(), 1);
    }

    @Override
    String longMtu() {
        return "true";
    }

    @Test
    void theGuestHasTheAddressAndTheMtuThatWereConfigured() throws IOException {
        String device = add("mac", MAC, "mtu", "1400");
        List<String> output = run("cd /sys/class/net/eth0; echo \"$(cat address) $(cat mtu)\"", device);
        assertThat(output).contains(MAC + " 1400");
        assertThat(config(device)).startsWith(device + ": mac " + MAC + " link up link_announce false mtu 1400 ");
    }

    @Test
    void withoutAConfiguredAddressItIsTheSameEachTimeADeviceOfThatNameIsAdded() throws IOException {
        String device = add();
        String address = config(device).split(" ")[2];
        assertThat(run("cat /sys/class/net/eth0/address", device)).contains(address);
        busbar.ok("vdpa", "dev", "del", device);
        add(device, new String[0]);
        assertThat(config(device)).contains(address);
        assertThat(run("cat /sys/class/net/eth0/address", device)).contains(address);
    }

    @Test
    void theGuestSeesItsLinkGoDownAndUp() throws IOException {
        String device = add();
        String script = """
                ifconfig eth0 up
                await() { until [ "$(cat /sys/class/net/eth0/carrier)" = $1 ]; do usleep 20000; done; echo "carrier $1"; }
                await 1
                await 0
                await 1
                /tmp/frames eth0 100
                """;
        try (Guest guest = kernel.boot(job(script, device))) {
            guest.awaitLine("carrier 1"::equals);
            busbar.ok("net", "link", device, "down");
            assertThat(config(device)).contains("link down");
            guest.awaitLine("carrier 0"::equals);
            busbar.ok("net", "link", device, "up");
            assertThat(guest.awaitSuccess()).containsSubsequence("carrier 1", "carrier 0", "carrier 1", "frames whole: 100");
        }
    }

    @Test
    void theGuestChangesItsAddress() throws IOException {
        String device = add("mac", MAC);
        String script = """
                /tmp/frames eth0 100
                ifconfig eth0 down
                ifconfig eth0 hw ether 02:00:00:00:00:07
                /tmp/frames eth0 200
                sleep 1000
                """;
        try (Guest guest = kernel.boot(job(script, device))) {
            guest.awaitLine("frames whole: 200"::equals);
            assertThat(config(device)).startsWith(device + ": mac 02:00:00:00:00:07 ");
        }
        Eventually.within(Duration.ofSeconds(60), () -> config(device).startsWith(device + ": mac " + MAC),
                () -> "the address that was configured, after the guest: " + config(device));
        assertThat(count(device, "cvq requests")).isPositive();
        assertThat(count(device, "cvq errors")).isZero();
        assertNothingLost(device);
    }

    @Test
    void aFrameForSomebodyElseIsNotReceivedButByAnInterfaceThatWantsEverything() throws IOException {
        String device = add("mac", MAC);
        // Its own frames to a neighbour that is not there come back, and are not for it.
        String script = """
                ifconfig eth0 10.9.0.1 netmask 255.255.255.0 up
                arp -s 10.9.0.2 52:54:00:99:99:99
                received() { cat /sys/class/net/eth0/statistics/rx_packets; }
                before=$(received)
                ping -c 5 -i 0.2 -W 1 10.9.0.2
                middle=$(received)
                ifconfig eth0 promisc
                ping -c 5 -i 0.2 -W 1 10.9.0.2
                echo "not promiscuous: $((middle - before > 4)) promiscuous: $(($(received) - middle > 4))"
                """;
        assertThat(run(script, device)).contains("not promiscuous: 0 promiscuous: 1");
        assertThat(count(device, "rx filtered")).isGreaterThanOrEqualTo(5);
    }
}
