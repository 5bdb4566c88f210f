package io.busbar.tools.cardos;

import io.busbar.api.driver.NetDriver;
import io.busbar.tools.cardos.net.IpHost;
import io.busbar.tools.cardos.net.Ipv4Interface;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** A network device, with one address. */
final class NetCard implements Part {

    private static final int LEAST_MTU = 68;
    private static final int GROUP_BIT = 1;

    private final NetDriver device;
    private final Duration patience;
    private final IpHost host;
    private final List<Watched<?>> watched;

    NetCard(NetDriver device, Ipv4Interface address, Duration patience) {
        this.device = device;
        this.patience = patience;
        host = new IpHost(device, address);
        watched = List.of(
                new Watched<>(device::isLinkUp, up -> up ? "has a link" : "has no link"),
                new Watched<>(this::mac, mac -> "has the address " + mac + " now"),
                new Watched<>(device::mtu, mtu -> "has an MTU of " + mtu + " now"),
                new Watched<>(device::isUp, up -> up ? "is up again" : "is down: the device has to be reset"));
    }

    @Override
    public NetDriver device() {
        return device;
    }

    IpHost host() {
        return host;
    }

    private String mac() {
        return HexFormat.ofDelimiter(":").formatHex(device.mac());
    }

    @Override
    public String description() {
        return "network, " + mac() + ", MTU " + device.mtu() + ", " + host.address() + (device.isLinkUp() ? "" : ", no link");
    }

    @Override
    public List<Check> check() throws InterruptedException {
        byte[] mac = device.mac();
        List<Check> checks = new ArrayList<>();
        checks.add(Check.of(description(), (mac[0] & GROUP_BIT) == 0, "the address is that of a group"));
        checks.add(Check.of("MTU " + device.mtu(), device.mtu() >= LEAST_MTU, "expected " + LEAST_MTU + " and more"));
        checks.add(Check.of("announces " + host.address(), announced(), "no frame was taken in " + patience.toMillis() + " ms"));
        return checks;
    }

    private boolean announced() throws InterruptedException {
        long end = System.nanoTime() + patience.toNanos();
        while (!host.announce()) {
            if (System.nanoTime() > end) {
                return false;
            }
            Thread.sleep(1);
        }
        return true;
    }

    @Override
    public List<Watched<?>> watched() {
        return watched;
    }

    @Override
    public void close() {
        host.close();
    }
}
