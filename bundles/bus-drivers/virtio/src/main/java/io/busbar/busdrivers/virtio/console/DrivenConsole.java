package io.busbar.busdrivers.virtio.console;

import static io.busbar.core.virtio.VirtioConfig.bit;

import io.busbar.api.driver.ConsoleDriver;
import io.busbar.api.driver.DriverException;
import io.busbar.api.driver.TerminalSize;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.busdrivers.virtio.life.DeviceConfig;
import io.busbar.busdrivers.virtio.life.DeviceType;
import io.busbar.busdrivers.virtio.life.Lane;
import io.busbar.busdrivers.virtio.life.LiveDevice;
import io.busbar.busdrivers.virtio.life.Offer;
import io.busbar.busdrivers.virtio.life.Plan;
import io.busbar.core.virtio.console.ConsoleConfigLayout;
import io.busbar.core.virtio.console.VirtioConsole;
import io.busbar.core.virtio.ring.RingFault;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A console in use. */
public final class DrivenConsole implements DeviceType, ConsoleDriver, ControlChannel.Listener {

    private static final Logger LOG = LoggerFactory.getLogger(DrivenConsole.class);

    private final String device;
    private final String bus;
    private final Lane lane;
    private final Object lock = new Object();
    /** All that the device may have, also those that it has not told of. Replaced as a whole. */
    private volatile List<DrivenPort> ports = List.of();
    private volatile Optional<TerminalSize> size = Optional.empty();
    private volatile LiveDevice live;
    private volatile boolean up;
    private volatile boolean ended;
    private Offer offer;
    /** Ports that the device may have this time. */
    private int count;
    private ConsoleQueues queues;
    /** Null without MULTIPORT. */
    private ControlChannel control;
    private volatile long malformed;

    /**
     * Makes the driver of a console that is not up yet.
     *
     * @param device its name
     * @param bus    its bus
     * @param lane   its thread
     */
    public DrivenConsole(String device, String bus, Lane lane) {
        this.device = device;
        this.bus = bus;
        this.lane = lane;
    }

    // The console

    @Override
    public String device() {
        return device;
    }

    @Override
    public String bus() {
        return bus;
    }

    @Override
    public boolean isUp() {
        return up;
    }

    @Override
    public List<Port> ports() {
        return ports.stream().filter(DrivenPort::isTold).map(Port.class::cast).toList();
    }

    @Override
    public int maxPorts() {
        return ports.size();
    }

    @Override
    public Optional<Port> port(String name, Duration patience) throws InterruptedIOException {
        long end = System.nanoTime() + patience.toNanos();
        synchronized (lock) {
            Optional<Port> found = find(name);
            long left = patience.toMillis();
            while (found.isEmpty() && !ended && left > 0) {
                await(left);
                found = find(name);
                left = (end - System.nanoTime()) / 1_000_000;
            }
            return found;
        }
    }

    private Optional<Port> find(String name) {
        return ports().stream().filter(port -> port.name().equals(name)).findFirst();
    }

    private void await(long millis) throws InterruptedIOException {
        try {
            lock.wait(millis);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException(device + ": interrupted while a port was waited for");
        }
    }

    @Override
    public Optional<TerminalSize> size() {
        return size;
    }

    @Override
    public boolean canWriteInEmergency() {
        LiveDevice now = live;
        return now != null && now.offer().has(VirtioConsole.VIRTIO_CONSOLE_F_EMERG_WRITE);
    }

    @Override
    public void emergencyWrite(byte value) throws DriverException {
        if (!canWriteInEmergency()) {
            throw new DriverException(DriverException.Kind.UNSUPPORTED, DriverException.NO_STATUS,
                    device + ": takes no byte in an emergency");
        }
        try {
            live.writeConfig(ConsoleConfigLayout.EMERG_WR, new byte[] {value, 0, 0, 0});
        } catch (VdpaException e) {
            throw new DriverException(DriverException.Kind.DEVICE_ERROR, DriverException.NO_STATUS,
                    device + ": byte in an emergency: " + e.getMessage());
        }
    }

    /** Returns how many control messages were none. */
    long malformedMessages() {
        return malformed;
    }

    // What the device says

    @Override
    public void portsChanged() {
        synchronized (lock) {
            lock.notifyAll();
        }
    }

    @Override
    public void resized(int columns, int rows) {
        if (columns > 0 && rows > 0) {
            size = Optional.of(new TerminalSize(columns, rows));
        }
    }

    @Override
    public void malformed() {
        malformed = malformed + 1;
    }

    // The device's life

    @Override
    public long features() {
        return bit(VirtioConsole.VIRTIO_CONSOLE_F_SIZE) | bit(VirtioConsole.VIRTIO_CONSOLE_F_MULTIPORT)
                | bit(VirtioConsole.VIRTIO_CONSOLE_F_EMERG_WRITE);
    }

    @Override
    public Plan plan(Offer newOffer) throws VdpaException {
        count = ConsoleQueues.ports(newOffer);
        offer = newOffer;
        configChanged(newOffer.config());
        List<DrivenPort> all = new ArrayList<>(ports);
        for (int i = all.size(); i < count; i++) {
            all.add(new DrivenPort(device, i, lane));
        }
        ports = List.copyOf(all);
        return ConsoleQueues.plan(newOffer, count);
    }

    @Override
    public void start(LiveDevice started) {
        queues = ConsoleQueues.start(started, count);
        control = queues.control() == null ? null
                : new ControlChannel(ports.subList(0, count), queues.control(), this);
        live = started;
    }

    @Override
    public void run() {
        for (int i = 0; i < count; i++) {
            ports.get(i).run(queues.ports().get(i));
        }
        if (control == null) {
            ports.getFirst().deviceOpen(true);
            ports.getFirst().add();
            portsChanged();
        } else {
            control.run();
        }
        up = true;
    }

    @Override
    public int work() {
        // Without an iterator, which would be garbage for each call of the device.
        List<DrivenPort> all = ports;
        for (int i = 0; i < all.size(); i++) {
            int fault = all.get(i).work();
            if (fault != RingFault.NONE) {
                return fault;
            }
        }
        return control == null ? 0 : control.work();
    }

    /** Without MULTIPORT the size is in the configuration alone; with it messages say it too. */
    @Override
    public void configChanged(DeviceConfig config) {
        if (offer.has(VirtioConsole.VIRTIO_CONSOLE_F_SIZE)) {
            resized(config.u16(ConsoleConfigLayout.COLS), config.u16(ConsoleConfigLayout.ROWS));
        }
    }

    @Override
    public void halt() {
        up = false;
        live = null;
        ports.forEach(DrivenPort::halt);
    }

    @Override
    public void wasReset(String why) {
        LOG.debug("{}: was reset: {}", device, why);
        ports.forEach(port -> port.wasReset(why));
    }

    @Override
    public void end(String why) {
        ended = true;
        ports.forEach(port -> port.end(why));
        portsChanged();
    }
}
