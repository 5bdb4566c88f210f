package io.busbar.busdrivers.virtio.console;

import static io.busbar.core.virtio.console.VirtioConsole.VIRTIO_CONSOLE_CONSOLE_PORT;
import static io.busbar.core.virtio.console.VirtioConsole.VIRTIO_CONSOLE_DEVICE_READY;
import static io.busbar.core.virtio.console.VirtioConsole.VIRTIO_CONSOLE_PORT_ADD;
import static io.busbar.core.virtio.console.VirtioConsole.VIRTIO_CONSOLE_PORT_NAME;
import static io.busbar.core.virtio.console.VirtioConsole.VIRTIO_CONSOLE_PORT_OPEN;
import static io.busbar.core.virtio.console.VirtioConsole.VIRTIO_CONSOLE_PORT_READY;
import static io.busbar.core.virtio.console.VirtioConsole.VIRTIO_CONSOLE_PORT_REMOVE;
import static io.busbar.core.virtio.console.VirtioConsole.VIRTIO_CONSOLE_RESIZE;

import io.busbar.busdrivers.virtio.life.TransmitBuffers;
import io.busbar.core.virtio.console.ConsoleControlLayout;
import io.busbar.core.virtio.ring.DriverRing;
import io.busbar.core.virtio.ring.RingFault;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The control queues from one reset to the next (virtio 1.2, 5.3.6.2). For the lane.
 *
 * <p>What the device was told is compared with what is, and the difference is told as far as there are buffers: so a device that
 * does not read is told what is when it does, and nothing is collected for it.
 */
final class ControlChannel {

    private static final int DEVICE = 0;
    private static final int BATCH = 64;
    private static final Pattern NAME = Pattern.compile("[!-~]{1,63}");

    private final List<DrivenPort> ports;
    private final ConsoleQueues.Pair queues;
    private final Listener listener;
    private final boolean[] added;
    private boolean toldReady;
    private final boolean[] toldPortReady;
    private final boolean[] toldOpen;

    /** Who is told of what concerns all ports. */
    interface Listener {

        /** There is a port more, or one has another name. */
        void portsChanged();

        /** The console's terminal has this size. */
        void resized(int columns, int rows);

        /** A message was none. */
        void malformed();
    }

    ControlChannel(List<DrivenPort> ports, ConsoleQueues.Pair queues, Listener listener) {
        this.ports = ports;
        this.queues = queues;
        this.listener = listener;
        added = new boolean[ports.size()];
        toldPortReady = new boolean[ports.size()];
        toldOpen = new boolean[ports.size()];
    }

    void run() {
        queues.receive().submit();
    }

    /** Hears and tells; returns how much there was, or what broke a queue. */
    int work() {
        int heard = hear();
        if (heard < 0) {
            return heard;
        }
        queues.transmit().reclaim();
        boolean toldAll = tell();
        int fault = queues.transmit().fault();
        if (fault != RingFault.NONE) {
            return fault;
        }
        boolean room = !toldAll && queues.transmit().enableCalls();
        return heard > 0 || room || queues.receive().enableCalls() ? 1 : 0;
    }

    private int hear() {
        int count = 0;
        int number = queues.receive().poll();
        while (number >= 0) {
            hear(queues.receive().filled(number));
            queues.receive().give(number);
            count++;
            number = count == BATCH ? DriverRing.EMPTY : queues.receive().poll();
        }
        if (count > 0) {
            queues.receive().submit();
        }
        return number == DriverRing.EMPTY ? count : number;
    }

    private void hear(ByteBuffer message) {
        int length = message.limit();
        long id = length < ConsoleControlLayout.BYTES ? Long.MAX_VALUE
                : Integer.toUnsignedLong(u32(message, ConsoleControlLayout.ID));
        if (id >= ports.size() || !understood(ports.get((int) id), message)) {
            listener.malformed();
        }
    }

    /** A port that the device has not added, or has taken away, has no messages but the one that adds it. */
    private boolean understood(DrivenPort port, ByteBuffer message) {
        int event = u16(message, ConsoleControlLayout.EVENT);
        if (event == VIRTIO_CONSOLE_PORT_ADD) {
            added[port.index()] = true;
            port.add();
            listener.portsChanged();
            return true;
        }
        if (!added[port.index()]) {
            return false;
        }
        return switch (event) {
            case VIRTIO_CONSOLE_PORT_REMOVE -> remove(port);
            case VIRTIO_CONSOLE_PORT_OPEN -> {
                port.deviceOpen(u16(message, ConsoleControlLayout.VALUE) == 1);
                yield true;
            }
            case VIRTIO_CONSOLE_PORT_NAME -> name(port, message);
            case VIRTIO_CONSOLE_RESIZE -> resized(port, message);
            case VIRTIO_CONSOLE_CONSOLE_PORT -> true;
            default -> false;
        };
    }

    private boolean remove(DrivenPort port) {
        added[port.index()] = false;
        port.remove();
        toldPortReady[port.index()] = false;
        toldOpen[port.index()] = false;
        listener.portsChanged();
        return true;
    }

    private boolean name(DrivenPort port, ByteBuffer message) {
        byte[] bytes = new byte[message.limit() - ConsoleControlLayout.NAME];
        message.get(ConsoleControlLayout.NAME, bytes);
        String name = new String(bytes, StandardCharsets.US_ASCII).replaceAll("\0+$", "");
        if (!NAME.matcher(name).matches()) {
            return false;
        }
        port.name(name);
        listener.portsChanged();
        return true;
    }

    private boolean resized(DrivenPort port, ByteBuffer message) {
        if (message.limit() < ConsoleControlLayout.RESIZE_BYTES) {
            return false;
        }
        if (port.index() == 0) {
            listener.resized(
                    u16(message, ConsoleControlLayout.RESIZE_COLS), u16(message, ConsoleControlLayout.RESIZE_ROWS));
        }
        return true;
    }

    private static int u32(ByteBuffer message, int offset) {
        return u16(message, offset) | u16(message, offset + 2) << 16;
    }

    /** A read-only view of a buffer has an order of its own: bytes have none. */
    private static int u16(ByteBuffer message, int offset) {
        return Byte.toUnsignedInt(message.get(offset)) | Byte.toUnsignedInt(message.get(offset + 1)) << Byte.SIZE;
    }

    /** Returns whether the device was told everything. */
    private boolean tell() {
        toldReady = toldReady || send(DEVICE, VIRTIO_CONSOLE_DEVICE_READY, true);
        boolean all = toldReady;
        for (int i = 0; i < ports.size() && all; i++) {
            all = !added[i] || tell(i, ports.get(i).isOpenHere());
        }
        return all;
    }

    private boolean tell(int port, boolean open) {
        toldPortReady[port] = toldPortReady[port] || send(port, VIRTIO_CONSOLE_PORT_READY, true);
        if (toldPortReady[port] && toldOpen[port] != open && send(port, VIRTIO_CONSOLE_PORT_OPEN, open)) {
            toldOpen[port] = open;
        }
        return toldPortReady[port] && toldOpen[port] == open;
    }

    private boolean send(int id, int event, boolean yes) {
        int number = queues.transmit().take();
        if (number == TransmitBuffers.NONE) {
            return false;
        }
        queues.transmit().view(number)
                .putInt(ConsoleControlLayout.ID, id)
                .putShort(ConsoleControlLayout.EVENT, (short) event)
                .putShort(ConsoleControlLayout.VALUE, (short) (yes ? 1 : 0));
        queues.transmit().send(number, ConsoleControlLayout.BYTES);
        return true;
    }
}
