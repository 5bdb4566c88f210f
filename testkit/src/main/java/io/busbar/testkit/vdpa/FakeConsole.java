package io.busbar.testkit.vdpa;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_F_VERSION_1;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_RING_F_EVENT_IDX;
import static io.busbar.core.virtio.VirtioConfig.bit;

import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.virtio.VirtioIds;
import io.busbar.core.virtio.console.VirtioConsole;
import io.busbar.core.virtio.ring.Chain;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;

/** A console at whose other end a test is; its control messages are written by hand. */
public final class FakeConsole extends FakeDevice {

    /** Of a console alone. */
    public static final long PLAIN = bit(VIRTIO_F_VERSION_1) | bit(VIRTIO_RING_F_EVENT_IDX)
            | bit(VirtioConsole.VIRTIO_CONSOLE_F_SIZE) | bit(VirtioConsole.VIRTIO_CONSOLE_F_EMERG_WRITE);

    private static final int CONTROL_RECEIVE = 2;
    private static final int CONTROL_TRANSMIT = 3;

    /** What the driver said: {@code id event value}. */
    public final List<String> heard = new CopyOnWriteArrayList<>();
    /** What was written to the configuration. */
    public final List<String> written = new CopyOnWriteArrayList<>();
    /** Added to the length that the device says it has written. */
    public volatile long lie;
    /** Whether the device tells of its ports by itself. */
    public volatile boolean silent;

    private final int ports;
    private final List<Queue<byte[]>> waiting = new ArrayList<>();
    private final List<ByteArrayOutputStream> sent = new ArrayList<>();

    /** A console of so many ports; with more than one it has control queues. */
    public FakeConsole(int ports) {
        this(ports, ports == 1 ? PLAIN : PLAIN | bit(VirtioConsole.VIRTIO_CONSOLE_F_MULTIPORT),
                VirtioConsole.queueCount(ports), ports);
    }

    /** A console that need not be right. */
    public FakeConsole(int ports, long features, int queues, int said) {
        super("con0", VirtioIds.VIRTIO_ID_CONSOLE, queues, config(said), features);
        this.ports = ports;
        for (int i = 0; i < queues; i++) {
            waiting.add(new ConcurrentLinkedQueue<>());
            sent.add(new ByteArrayOutputStream());
        }
    }

    private static byte[] config(int ports) {
        return ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN)
                .putShort((short) 80).putShort((short) 24).putInt(ports).array();
    }

    /** Its terminal has another size. */
    public void resize(int columns, int rows) {
        configure(config -> config.putShort(0, (short) columns).putShort(2, (short) rows));
        configChanged();
    }

    /** Sends a control message. */
    public void say(int id, int event, int value, byte... more) {
        sayRaw(ByteBuffer.allocate(8 + more.length).order(ByteOrder.LITTLE_ENDIAN)
                .putInt(id).putShort((short) event).putShort((short) value).put(more).array());
    }

    /** Sends bytes in place of a control message. */
    public void sayRaw(byte... message) {
        waiting.get(CONTROL_RECEIVE).add(message);
        kickVq(CONTROL_RECEIVE);
    }

    /** Sends bytes to the driver, in one buffer each time. */
    public void receive(int port, byte[] bytes) {
        waiting.get(queue(port)).add(bytes);
        kickVq(queue(port));
    }

    /** Returns how many buffers' worth waits for the driver. */
    public int waiting(int port) {
        return waiting.get(queue(port)).size();
    }

    /** Returns what the driver has sent. */
    public byte[] sent(int port) {
        ByteArrayOutputStream bytes = sent.get(queue(port) + 1);
        synchronized (bytes) {
            return bytes.toByteArray();
        }
    }

    private static int queue(int port) {
        return port == 0 ? 0 : 2 * port + 2;
    }

    private boolean isControl(int index) {
        return ports > 1 && (index == CONTROL_RECEIVE || index == CONTROL_TRANSMIT);
    }

    @Override
    protected boolean servesAll(int index) {
        return (index & 1) == 1;
    }

    @Override
    protected void serve(int index) {
        if ((index & 1) == 0) {
            give(index);
            return;
        }
        for (Chain chain = take(index); chain != null; chain = take(index)) {
            ByteBuffer bytes = readable(chain);
            if (isControl(index)) {
                hear(bytes);
            } else {
                synchronized (sent.get(index)) {
                    sent.get(index).writeBytes(Arrays.copyOf(bytes.array(), bytes.limit()));
                }
            }
            complete(index, chain, 0);
        }
    }

    private void give(int index) {
        Queue<byte[]> bytes = waiting.get(index);
        while (!bytes.isEmpty()) {
            Chain chain = take(index);
            if (chain == null) {
                if (askForKick(index)) {
                    continue;
                }
                return;
            }
            byte[] next = bytes.remove();
            write(chain, next);
            complete(index, chain, next.length + (isControl(index) ? 0 : lie));
        }
    }

    private void hear(ByteBuffer message) {
        int id = message.getInt(0);
        int event = message.getShort(4);
        int value = message.getShort(6);
        heard.add(id + " " + event + " " + value);
        if (silent) {
            return;
        }
        if (event == VirtioConsole.VIRTIO_CONSOLE_DEVICE_READY) {
            for (int port = 0; port < ports; port++) {
                say(port, VirtioConsole.VIRTIO_CONSOLE_PORT_ADD, 0);
            }
        } else if (event == VirtioConsole.VIRTIO_CONSOLE_PORT_READY) {
            if (id == 0) {
                say(id, VirtioConsole.VIRTIO_CONSOLE_CONSOLE_PORT, 1);
            } else {
                say(id, VirtioConsole.VIRTIO_CONSOLE_PORT_NAME, 0, ("data" + id).getBytes());
            }
            say(id, VirtioConsole.VIRTIO_CONSOLE_PORT_OPEN, 1);
        }
    }

    @Override
    public void setConfig(int offset, byte[] source) throws VdpaException {
        super.setConfig(offset, source);
        written.add(offset + " " + Arrays.toString(source));
    }
}
