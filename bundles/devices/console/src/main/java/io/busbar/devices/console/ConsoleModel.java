package io.busbar.devices.console;

import static io.busbar.core.virtio.VirtioConfig.bit;
import static io.busbar.core.virtio.VirtioConfig.has;
import static io.busbar.core.virtio.console.VirtioConsole.CONTROL_RECEIVE_QUEUE;
import static io.busbar.core.virtio.console.VirtioConsole.CONTROL_TRANSMIT_QUEUE;
import static io.busbar.core.virtio.console.VirtioConsole.VIRTIO_CONSOLE_F_EMERG_WRITE;
import static io.busbar.core.virtio.console.VirtioConsole.VIRTIO_CONSOLE_F_MULTIPORT;
import static io.busbar.core.virtio.console.VirtioConsole.VIRTIO_CONSOLE_F_SIZE;

import io.busbar.api.backend.ConsoleBackend;
import io.busbar.api.backend.ConsoleSize;
import io.busbar.api.backend.PolledBackend;
import io.busbar.api.device.ChainBatch;
import io.busbar.api.device.ChainSource;
import io.busbar.api.device.DeviceModelContext;
import io.busbar.api.device.ModelState;
import io.busbar.api.device.PullingDeviceModel;
import io.busbar.api.device.StatefulDeviceModel;
import io.busbar.api.device.ViewedDeviceModel;
import io.busbar.api.vdpa.ConsolePort;
import io.busbar.api.vdpa.ConsoleViewer;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.virtio.console.ConsoleConfigLayout;
import io.busbar.core.virtio.console.VirtioConsole;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** A virtio console device (virtio 1.2, 5.3). */
final class ConsoleModel implements PullingDeviceModel, StatefulDeviceModel, ViewedDeviceModel {

    private static final int ROW_BITS = 16;
    private static final int ROW_MASK = 0xffff;

    private final DeviceModelContext context;
    private final ConsoleOptions options;
    private final Port[] ports;
    private final Transmit[] transmits;
    private final Receive[] receives;
    private final Control control;
    private final EmergencyLog emergencies;
    private final AtomicInteger sizeTold = new AtomicInteger();
    private volatile ConsoleBackend backend;
    private volatile long driverFeatures;
    /** The driver of a console without named ports was told a size. Set by the queue's thread, cleared while it stands. */
    private volatile boolean sizeSaid;

    ConsoleModel(DeviceModelContext context, ConsoleOptions options) {
        this.context = context;
        this.options = options;
        Queues queues = new Queues();
        ports = new Port[options.ports().size()];
        Arrays.setAll(ports, i -> new Port(i, options.ports().get(i), options.scrollback(), queues));
        transmits = Stream.of(ports).map(port -> new Transmit(port, queues)).toArray(Transmit[]::new);
        receives = Stream.of(ports).map(Receive::new).toArray(Receive[]::new);
        control = new Control(ports, queues);
        emergencies = new EmergencyLog(context.deviceName());
    }

    /** Returns a size as one number; 0 for none. */
    static int packed(ConsoleSize size) {
        return size == null ? 0 : size.columns() << ROW_BITS | size.rows();
    }

    static int columns(int packed) {
        return packed >>> ROW_BITS;
    }

    static int rows(int packed) {
        return packed & ROW_MASK;
    }

    /** What ports and control messages ask of the device. */
    private final class Queues implements Surroundings, Control.State {

        @Override
        public void wakeTransmit(int port) {
            context.wake(VirtioConsole.transmitQueue(port));
        }

        @Override
        public void wakeReceive(int port) {
            context.wake(VirtioConsole.receiveQueue(port));
        }

        @Override
        public void stateChanged(int port) {
            if (port == 0) {
                tellSize();
            }
            wakeTell();
        }

        @Override
        public boolean isOpen(int port) {
            return ports[port].typist() != null || backendIsOpen(port);
        }

        @Override
        public int size() {
            return has(driverFeatures, VIRTIO_CONSOLE_F_SIZE) ? ConsoleModel.this.size() : 0;
        }

        @Override
        public void wakeTell() {
            if (multiport()) {
                context.wake(CONTROL_RECEIVE_QUEUE);
            }
        }

        @Override
        public void opened(int port) {
            wakeReceive(port);
        }

        @Override
        public void inUse(int port) {
            if (multiport()) {
                control.inUse(ports[port]);
            } else if (!sizeSaid) {
                saySizeFirst();
            }
        }
    }

    private boolean backendIsOpen(int port) {
        ConsoleBackend now = backend;
        return now != null && now.visitor(port) != ConsoleBackend.NOBODY;
    }

    private boolean multiport() {
        return has(driverFeatures, VIRTIO_CONSOLE_F_MULTIPORT);
    }

    /** Returns the size of the typist's terminal, else of the backend's, else what it was. */
    private int size() {
        PortViewer typist = ports[0].typist();
        int size = typist == null ? 0 : packed(typist.size());
        ConsoleBackend now = backend;
        if (size == 0 && now != null) {
            size = now.size(0).map(ConsoleModel::packed).orElse(0);
        }
        return size == 0 ? sizeTold.get() : size;
    }

    /**
     * The size that was there before the driver is told when that sends something: Linux's reads it on a change alone, and does not
     * survive one before its console is there (drivers/char/virtio_console.c, config_work_handler).
     */
    private void saySizeFirst() {
        sizeSaid = true;
        if (has(driverFeatures, VIRTIO_CONSOLE_F_SIZE) && size() != 0) {
            context.configChanged();
        }
    }

    private void tellSize() {
        int size = size();
        if (sizeTold.getAndSet(size) != size) {
            context.configChanged();
        }
    }

    // Life

    @Override
    public void attach(Object candidate) throws VdpaException {
        backend = terminal(candidate);
        Stream.of(ports).map(Port::typed).forEach(Typed::goOn);
        tellSize();
    }

    private static ConsoleBackend terminal(Object candidate) throws VdpaException {
        if (candidate instanceof ConsoleBackend console) {
            return console;
        }
        throw new VdpaException(VdpaError.EINVAL,
                "backend " + candidate.getClass().getName() + ": expected one for consoles");
    }

    @Override
    public void checkSuccessor(Object candidate) throws VdpaException {
        terminal(candidate);
    }

    @Override
    public void detach() {
        backend = null;
    }

    @Override
    public void close() {
        backend = null;
        for (Port port : ports) {
            port.end();
        }
    }

    @Override
    public long deviceFeatures() {
        return bit(VIRTIO_CONSOLE_F_SIZE)
                | bit(VIRTIO_CONSOLE_F_EMERG_WRITE)
                | (ports.length > 1 ? bit(VIRTIO_CONSOLE_F_MULTIPORT) : 0);
    }

    @Override
    public int vqCount() {
        return VirtioConsole.queueCount(ports.length);
    }

    @Override
    public List<String> channels() {
        return options.ports();
    }

    @Override
    public void setDriverFeatures(long features) {
        driverFeatures = features;
        if (features == 0) {
            sizeSaid = false;
            control.reset();
            Stream.of(ports).forEach(Port::reset);
            Stream.of(transmits).forEach(Transmit::reset);
        }
    }

    // What is handed over

    /** What the driver was told and has said, and of each port what was sent and typed and is not where it belongs yet. */
    @Override
    public ModelState saveState() {
        return StateRecord.of(to -> {
            to.writeInt(ports.length);
            to.writeBoolean(sizeSaid);
            to.writeInt(sizeTold.get());
            control.save(to);
            for (int i = 0; i < ports.length; i++) {
                ports[i].save(to);
                transmits[i].save(to);
            }
        });
    }

    @Override
    public void restoreState(ModelState saved) throws VdpaException {
        StateRecord.read(saved, from -> {
            int count = from.readInt();
            if (count != ports.length) {
                throw new IOException(count + " ports where this console has " + ports.length);
            }
            sizeSaid = from.readBoolean();
            sizeTold.set(from.readInt());
            control.restore(from);
            for (int i = 0; i < ports.length; i++) {
                ports[i].restore(from);
                transmits[i].restore(from);
            }
        });
    }

    // Configuration

    @Override
    public int configSize() {
        return ConsoleConfigLayout.BYTES;
    }

    @Override
    public void readConfig(int offset, byte[] target) {
        Arrays.fill(target, (byte) 0);
        if (offset < 0 || offset >= ConsoleConfigLayout.BYTES) {
            return;
        }
        int size = size();
        ByteBuffer config = ByteBuffer.allocate(ConsoleConfigLayout.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        config.putShort(ConsoleConfigLayout.COLS, (short) columns(size));
        config.putShort(ConsoleConfigLayout.ROWS, (short) rows(size));
        config.putInt(ConsoleConfigLayout.MAX_NR_PORTS, ports.length);
        System.arraycopy(config.array(), offset, target, 0, Math.min(target.length, config.capacity() - offset));
    }

    /** Takes a character in an emergency: also before the driver has accepted features (virtio 1.2, 5.3.4). */
    @Override
    public void writeConfig(int offset, byte[] source) throws VdpaException {
        if (offset != ConsoleConfigLayout.EMERG_WR || source.length > ConsoleConfigLayout.EMERG_WR_BYTES) {
            throw new VdpaException(VdpaError.EINVAL, "config write of " + source.length + " bytes at " + offset
                    + ": expected up to " + ConsoleConfigLayout.EMERG_WR_BYTES + " bytes at "
                    + ConsoleConfigLayout.EMERG_WR + ", a character in an emergency");
        }
        emergencies.add(source[0]);
        transmits[0].emergency(source[0]);
    }

    // Queues

    @Override
    public boolean pulls(int queue) {
        return true;
    }

    @Override
    public void process(int queue, ChainBatch batch) {
        throw new IllegalStateException("queue " + queue + " is pulled");
    }

    @Override
    public void service(int queue, ChainSource source) {
        ConsoleBackend now = backend;
        if (queue == CONTROL_RECEIVE_QUEUE) {
            control.tell(source);
        } else if (queue == CONTROL_TRANSMIT_QUEUE) {
            control.hear(source);
        } else if (receives(queue)) {
            int port = VirtioConsole.portOf(queue);
            receives[port].service(now, source, port == 0 || ports[port].driverOpen());
        } else {
            int port = VirtioConsole.portOf(queue);
            transmits[port].service(now, source);
        }
    }

    @Override
    public boolean receives(int queue) {
        return (queue & 1) == 0;
    }

    @Override
    public int wakeDescriptor(int queue) {
        if (queue == CONTROL_RECEIVE_QUEUE || queue == CONTROL_TRANSMIT_QUEUE
                || !(backend instanceof PolledBackend polled)) {
            return -1;
        }
        int port = VirtioConsole.portOf(queue);
        return receives(queue) ? polled.readableDescriptor(port) : polled.writableDescriptor(port);
    }

    @Override
    public void infoChanged() {
        tellSize();
        context.wake(VirtioConsole.transmitQueue(0));
        if (multiport()) {
            context.wake(CONTROL_RECEIVE_QUEUE);
            for (int port = 1; port < ports.length; port++) {
                context.wake(VirtioConsole.transmitQueue(port));
            }
        }
    }

    @Override
    public void readable(int channel) {
        context.wake(VirtioConsole.receiveQueue(channel));
    }

    @Override
    public void writable(int channel) {
        context.wake(VirtioConsole.transmitQueue(channel));
    }

    @Override
    public Map<String, Long> statistics(int queue) {
        return switch (queue) {
            case CONTROL_RECEIVE_QUEUE -> control.toldStatistics();
            case CONTROL_TRANSMIT_QUEUE -> control.heardStatistics();
            default -> receives(queue)
                    ? receives[VirtioConsole.portOf(queue)].statistics()
                    : transmits[VirtioConsole.portOf(queue)].statistics();
        };
    }

    // Viewers

    @Override
    public List<ConsolePort> consolePorts() {
        return Stream.of(ports)
                .map(port -> port.snapshot(
                        multiport() ? port.driverOpen() : port.isConsole() && driverFeatures != 0,
                        backendIsOpen(port.index())))
                .toList();
    }

    @Override
    public Viewer view(int port, ConsoleViewer.Mode mode, String who) throws VdpaException {
        return port(port).view(mode, who);
    }

    @Override
    public Viewer resume(Looking from) throws VdpaException {
        return port(from.port()).resume(from);
    }

    private Port port(int number) throws VdpaException {
        if (number < 0 || number >= ports.length) {
            throw new VdpaException(VdpaError.EINVAL, "port " + number + ": expected 0 to " + (ports.length - 1));
        }
        return ports[number];
    }
}
