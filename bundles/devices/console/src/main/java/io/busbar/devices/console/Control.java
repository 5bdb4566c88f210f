package io.busbar.devices.console;

import static io.busbar.core.virtio.console.VirtioConsole.VIRTIO_CONSOLE_CONSOLE_PORT;
import static io.busbar.core.virtio.console.VirtioConsole.VIRTIO_CONSOLE_DEVICE_READY;
import static io.busbar.core.virtio.console.VirtioConsole.VIRTIO_CONSOLE_PORT_ADD;
import static io.busbar.core.virtio.console.VirtioConsole.VIRTIO_CONSOLE_PORT_NAME;
import static io.busbar.core.virtio.console.VirtioConsole.VIRTIO_CONSOLE_PORT_OPEN;
import static io.busbar.core.virtio.console.VirtioConsole.VIRTIO_CONSOLE_PORT_READY;
import static io.busbar.core.virtio.console.VirtioConsole.VIRTIO_CONSOLE_RESIZE;

import io.busbar.api.device.Chain;
import io.busbar.api.device.ChainSource;
import io.busbar.core.virtio.console.ConsoleControlLayout;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The control queues (virtio 1.2, 5.3.6.2).
 *
 * <p>There is no list of messages to send: what the driver was told is compared with what is, and the difference is told. So
 * a driver that says things twice, or never reads, fills nothing.
 *
 * <p>Threads: {@link #hear} on the thread of the queue from the driver, {@link #tell} on that of the queue to it; what the one
 * learns and the other needs is volatile.
 */
final class Control {

    private static final ValueLayout.OfInt U32 =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort U16 =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int U16_MASK = 0xffff;

    private final Port[] ports;
    private final State state;
    private final Told[] told;
    private final MemorySegment heard = MemorySegment.ofArray(new byte[ConsoleControlLayout.BYTES]);
    private final MemorySegment message = MemorySegment.ofArray(new byte[128]);
    private final Counter messagesHeard = new Counter();
    private final Counter messagesTold = new Counter();
    private final Counter malformedHeard = new Counter();
    private final Counter tooSmall = new Counter();
    private volatile boolean ready;

    /** What is to be told. Any thread. */
    interface State {

        /** Returns whether somebody is at the other end of a port. */
        boolean isOpen(int port);

        /** Returns the size of the console in the form of {@link ConsoleModel#packed}, or 0. */
        int size();

        /** There may be something to tell. */
        void wakeTell();

        /** A port was opened by the driver. */
        void opened(int port);
    }

    /** What the driver was told of a port. */
    private static final class Told {
        private boolean added;
        private boolean described;
        private boolean open;
        private int size;
    }

    Control(Port[] ports, State state) {
        this.ports = ports;
        this.state = state;
        this.told = new Told[ports.length];
        forget();
    }

    private void forget() {
        for (int i = 0; i < told.length; i++) {
            told[i] = new Told();
        }
    }

    /** The driver starts anew; the queues do not run. */
    void reset() {
        ready = false;
        forget();
    }

    /** Writes what the driver was told and has said; the queues do not run. */
    void save(DataOutput to) throws IOException {
        to.writeBoolean(ready);
        for (Told known : told) {
            to.writeBoolean(known.added);
            to.writeBoolean(known.described);
            to.writeBoolean(known.open);
            to.writeInt(known.size);
        }
    }

    /** Reads what {@link #save} wrote. */
    void restore(DataInput from) throws IOException {
        ready = from.readBoolean();
        for (Told known : told) {
            known.added = from.readBoolean();
            known.described = from.readBoolean();
            known.open = from.readBoolean();
            known.size = from.readInt();
        }
    }

    /** The driver uses a port, and so has it: it told that to a device model that was replaced. Any thread. */
    void inUse(Port port) {
        if (!port.driverReady()) {
            port.driverReady(true);
            port.driverOpen(true);
            ready = true;
            state.wakeTell();
        }
    }

    // From the driver

    void hear(ChainSource source) {
        for (Chain chain = source.next(); chain != null; chain = source.next()) {
            long length = chain.readable().copyTo(heard, 0, ConsoleControlLayout.BYTES);
            if (length == ConsoleControlLayout.BYTES && understood()) {
                messagesHeard.add(1);
            } else {
                malformedHeard.add(1);
            }
            chain.complete(0);
        }
    }

    private boolean understood() {
        int id = heard.get(U32, ConsoleControlLayout.ID);
        boolean yes = heard.get(U16, ConsoleControlLayout.VALUE) == 1;
        int event = heard.get(U16, ConsoleControlLayout.EVENT) & U16_MASK;
        if (event == VIRTIO_CONSOLE_DEVICE_READY) {
            ready = yes;
            state.wakeTell();
            return true;
        }
        if (Integer.compareUnsigned(id, ports.length) >= 0) {
            return false;
        }
        return understood(ports[id], event, yes);
    }

    private boolean understood(Port port, int event, boolean yes) {
        if (event == VIRTIO_CONSOLE_PORT_READY) {
            port.driverReady(yes);
            state.wakeTell();
            return true;
        }
        if (event == VIRTIO_CONSOLE_PORT_OPEN) {
            port.driverOpen(yes);
            state.opened(port.index());
            return true;
        }
        return false;
    }

    // To the driver

    void tell(ChainSource source) {
        if (!ready) {
            return;
        }
        for (int i = 0; i < ports.length; i++) {
            if (!tell(source, ports[i], told[i])) {
                return;
            }
        }
    }

    /** Returns false if the driver has given no buffer: it is told when it gives one. */
    private boolean tell(ChainSource source, Port port, Told known) {
        if (!known.added && !(known.added = send(source, port, VIRTIO_CONSOLE_PORT_ADD, 0))) {
            return false;
        }
        if (!port.driverReady()) {
            return true;
        }
        if (!known.described && !(known.described = describe(source, port))) {
            return false;
        }
        boolean open = state.isOpen(port.index());
        if (open != known.open) {
            if (!send(source, port, VIRTIO_CONSOLE_PORT_OPEN, open ? 1 : 0)) {
                return false;
            }
            known.open = open;
        }
        return !port.isConsole() || tellSize(source, port, known);
    }

    private boolean describe(ChainSource source, Port port) {
        return port.isConsole()
                ? send(source, port, VIRTIO_CONSOLE_CONSOLE_PORT, 1)
                : sendName(source, port);
    }

    private boolean tellSize(ChainSource source, Port port, Told known) {
        int size = state.size();
        if (size == known.size || size == 0) {
            return true;
        }
        head(port, VIRTIO_CONSOLE_RESIZE, 0);
        message.set(U16, ConsoleControlLayout.RESIZE_COLS, (short) ConsoleModel.columns(size));
        message.set(U16, ConsoleControlLayout.RESIZE_ROWS, (short) ConsoleModel.rows(size));
        if (!send(source, ConsoleControlLayout.RESIZE_BYTES)) {
            return false;
        }
        known.size = size;
        return true;
    }

    private boolean sendName(ChainSource source, Port port) {
        head(port, VIRTIO_CONSOLE_PORT_NAME, 0);
        byte[] name = port.name().getBytes(StandardCharsets.UTF_8);
        MemorySegment.copy(name, 0, message, ValueLayout.JAVA_BYTE, ConsoleControlLayout.NAME, name.length);
        return send(source, ConsoleControlLayout.NAME + name.length);
    }

    private boolean send(ChainSource source, Port port, int event, int value) {
        head(port, event, value);
        return send(source, ConsoleControlLayout.BYTES);
    }

    private void head(Port port, int event, int value) {
        message.set(U32, ConsoleControlLayout.ID, port.index());
        message.set(U16, ConsoleControlLayout.EVENT, (short) event);
        message.set(U16, ConsoleControlLayout.VALUE, (short) value);
    }

    /** Sends what is in {@link #message}; buffers that are too small for it go back empty. */
    private boolean send(ChainSource source, int length) {
        for (Chain chain = source.next(); chain != null; chain = source.next()) {
            boolean sent = chain.writable().size() >= length && chain.writable().copyFrom(message, 0, length) == length;
            chain.complete(sent ? length : 0);
            if (sent) {
                messagesTold.add(1);
                return true;
            }
            tooSmall.add(1);
        }
        return false;
    }

    Map<String, Long> heardStatistics() {
        return statistics(messagesHeard, malformedHeard);
    }

    Map<String, Long> toldStatistics() {
        return statistics(messagesTold, tooSmall);
    }

    private static Map<String, Long> statistics(Counter messages, Counter malformed) {
        Map<String, Long> statistics = new LinkedHashMap<>();
        statistics.put("messages", messages.get());
        statistics.put("malformed", malformed.get());
        return statistics;
    }
}
