package io.busbar.core.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.testkit.machine.TestNetwork;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class TapTest {
    private static final int HEADER = 12;
    private static final int ROOM = 2048;

    private TestNetwork network;

    @BeforeEach
    void makeNetwork() {
        network = TestNetwork.create();
    }

    @AfterEach
    void deleteNetwork() {
        network.close();
    }

    private <T> T inside(Callable<T> code) throws Exception {
        return NetworkNamespace.call(network.name(), code);
    }

    private NetworkLink link(String name) throws Exception {
        return inside(() -> {
            try (RouteSocket route = RouteSocket.open()) {
                return route.link(name).orElse(null);
            }
        });
    }

    @Test
    void an_interface_that_is_not_there_is_made_and_goes_with_its_last_queue() throws Exception {
        try (Tap tap = inside(() -> Tap.open("tap7", false))) {
            NetworkLink link = link("tap7");
            assertThat(link.kind()).isEqualTo("tun");
            assertThat(link.tun()).contains(new NetworkLink.Tun(true, false, 0));
            assertThat(link.mtu()).isEqualTo(1500);
            assertThat(link.isUp()).isFalse();
            assertThat(tap.hasInterface()).isTrue();
            assertThat(tap.name()).isEqualTo("tap7");
        }
        assertThat(link("tap7")).isNull();
    }

    @Test
    void an_interface_that_was_made_to_stay_is_used_and_stays() throws Exception {
        network.run("ip", "tuntap", "add", "tap7", "mode", "tap");
        inside(() -> Tap.open("tap7", false)).close();
        assertThat(link("tap7")).isNotNull();
    }

    @Test
    void frames_of_the_host_are_read_with_their_header_in_front() throws Exception {
        try (Tap tap = inside(() -> Tap.open("tap7", false)); RouteSocket route = inside(RouteSocket::open)) {
            tap.setHeader(HEADER);
            tap.setOffloads(Tap.TUN_F_CSUM | Tap.TUN_F_TSO4 | Tap.TUN_F_TSO6);
            tap.setUnboundedSending();
            network.run("ip", "link", "set", "tap7", "addrgenmode", "none");
            NetworkLink link = route.link("tap7").orElseThrow();
            route.addAddress(link, new byte[] {10, 99, 0, 1}, 24);
            route.setUp(link);
            assertThat(route.link(link.index()).orElseThrow().isUp()).isTrue();
            network.run("ip", "neigh", "add", "10.99.0.2", "lladdr", "02:00:00:00:00:02", "dev", "tap7");
            network.run("bash", "-c", "echo hello > /dev/udp/10.99.0.2/7");
            assertThat(Poll.await(tap.fd().number(), Poll.POLLIN, 0)).isEqualTo(Poll.POLLIN);
            byte[] frame = read(tap);
            assertThat(frame).hasSize(HEADER + 14 + 20 + 8 + 6);
            assertThat(frame[0]).as("flags: the checksum is not filled in").isEqualTo((byte) 1);
            assertThat(frame[HEADER + 5]).as("last byte of the destination").isEqualTo((byte) 2);
        }
    }

    private static byte[] read(Tap tap) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(ROOM);
            Iovecs buffers = new Iovecs(1);
            buffers.add(memory.address(), ROOM);
            long got = StreamIo.readv(tap.fd().number(), buffers);
            return memory.asSlice(0, got).toArray(ValueLayout.JAVA_BYTE);
        }
    }

    @Test
    void an_interface_has_several_queues_if_it_was_made_so() throws Exception {
        try (Tap first = inside(() -> Tap.open("tap7", true)); Tap second = inside(() -> Tap.open("tap7", true))) {
            assertThat(link("tap7").tun()).contains(new NetworkLink.Tun(true, true, 2));
            second.setAttached(false);
            assertThat(network.run("ip", "-d", "link", "show", "tap7")).contains("numqueues 1 numdisabled 1");
            assertThat(link("tap7").tun()).contains(new NetworkLink.Tun(true, true, 2));
            second.setAttached(true);
            assertThat(network.run("ip", "-d", "link", "show", "tap7")).contains("numqueues 2");
            assertThat(first.hasInterface()).isTrue();
            assertErrno(Errno.EINVAL, () -> Tap.open("tap7", false));
        }
    }

    @Test
    void what_cannot_be_used_says_why() throws Exception {
        network.run("ip", "tuntap", "add", "tun7", "mode", "tun");
        network.run("ip", "tuntap", "add", "tap7", "mode", "tap");
        assertErrno(Errno.EINVAL, () -> Tap.open("lo", false));
        assertErrno(Errno.EINVAL, () -> Tap.open("tun7", false));
        assertErrno(Errno.EINVAL, () -> Tap.open("tap7", true));
        assertErrno(Errno.EINVAL, () -> Tap.open("a-name-that-is-too-long", false));
        try (Tap first = inside(() -> Tap.open("tap7", false))) {
            assertErrno(Errno.EBUSY, () -> Tap.open("tap7", false));
            assertThat(first.hasInterface()).isTrue();
        }
        assertThatThrownBy(() -> inside(() -> Tap.open("lo", false)))
                .hasMessage("use tap interface lo: Invalid argument (EINVAL)");
    }

    private void assertErrno(int errno, Callable<Tap> code) {
        assertThatThrownBy(() -> inside(code)).isInstanceOfSatisfying(LinuxException.class,
                e -> assertThat(e.errno()).isEqualTo(errno));
    }

    @Test
    void who_has_no_right_is_told_so() {
        assertThatThrownBy(() -> inside(() -> AsNobody.call(() -> Tap.open("tap7", false))))
                .isInstanceOfSatisfying(LinuxException.class, e -> assertThat(e.errno()).isIn(Errno.EPERM, Errno.EACCES));
    }

    @Test
    void a_watch_is_told_of_an_interface_that_changes_and_of_one_that_goes() throws Exception {
        network.run("ip", "tuntap", "add", "tap7", "mode", "tap");
        try (Tap tap = inside(() -> Tap.open("tap7", false));
                RouteSocket watch = inside(RouteSocket::watchLinks);
                RouteSocket route = inside(RouteSocket::open)) {
            NetworkLink link = route.link("tap7").orElseThrow();
            assertThat(Poll.await(watch.fd().number(), Poll.POLLIN, 0)).isZero();
            route.setMtu(link, 9000);
            assertThat(Poll.await(watch.fd().number(), Poll.POLLIN, 0)).isEqualTo(Poll.POLLIN);
            watch.drain();
            assertThat(Poll.await(watch.fd().number(), Poll.POLLIN, 0)).isZero();
            assertThat(route.link(link.index()).orElseThrow().mtu()).isEqualTo(9000);
            network.run("ip", "link", "del", "tap7");
            assertThat(Poll.await(watch.fd().number(), Poll.POLLIN, 0)).isEqualTo(Poll.POLLIN);
            assertThat(route.link(link.index())).isEmpty();
            assertThat(tap.hasInterface()).isFalse();
        }
    }

    @Test
    void the_carrier_is_what_the_host_sees_of_the_cable() throws Exception {
        try (Tap tap = inside(() -> Tap.open("tap7", false))) {
            network.run("ip", "link", "set", "tap7", "up");
            assertThat(network.run("ip", "link", "show", "tap7")).doesNotContain("NO-CARRIER");
            tap.setCarrier(false);
            assertThat(network.run("ip", "link", "show", "tap7")).contains("NO-CARRIER");
            tap.setCarrier(true);
            assertThat(network.run("ip", "link", "show", "tap7")).doesNotContain("NO-CARRIER");
        }
    }

    @Test
    void an_mtu_that_cannot_be_and_a_namespace_that_is_not_there_are_refused() throws Exception {
        try (Tap tap = inside(() -> Tap.open("tap7", false)); RouteSocket route = inside(RouteSocket::open)) {
            NetworkLink link = route.link(tap.name()).orElseThrow();
            assertThatThrownBy(() -> route.setMtu(link, 100_000))
                    .hasMessageStartingWith("set the MTU of tap7 to 100000: Invalid argument");
        }
        assertThatThrownBy(() -> NetworkNamespace.call("no-such-namespace", () -> 1))
                .hasMessageStartingWith("open /run/netns/no-such-namespace: No such file or directory");
        assertThatThrownBy(() -> NetworkNamespace.call("/dev/null", () -> 1))
                .hasMessageStartingWith("enter network namespace /dev/null: Invalid argument");
    }
}
