package io.busbar.devices.console;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_F_VERSION_1;
import static io.busbar.core.virtio.VirtioConfig.bit;

import io.busbar.api.vdpa.ConsoleViewer;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.virtio.console.VirtioConsole;
import io.busbar.testkit.TestChain;
import io.busbar.testkit.TestModelContext;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A console device with a scripted backend, and a driver that writes its queues by hand. */
final class ConsoleFixture {

    static final int TRANSMIT = 1;
    static final int RECEIVE = 0;

    final TestModelContext context;
    final ConsoleModel model;
    final ScriptedConsole backend;
    private final Map<Integer, DriverQueue> sources = new HashMap<>();

    ConsoleFixture(String... words) throws VdpaException {
        context = TestModelContext.of(words);
        model = (ConsoleModel) new ConsoleModelFactory().create(context);
        backend = new ScriptedConsole(model.channels().size());
        model.attach(backend);
    }

    /** The driver accepts everything. */
    ConsoleFixture start() {
        model.setDriverFeatures(model.deviceFeatures() | bit(VIRTIO_F_VERSION_1));
        context.takeWakes();
        return this;
    }

    DriverQueue source(int queue) {
        return sources.computeIfAbsent(queue, _ -> new DriverQueue());
    }

    /** Serves a queue once. */
    void serve(int queue) {
        model.service(queue, source(queue));
        source(queue).putBack();
    }

    /** Serves each queue that was woken, until none is any more. */
    void serveWoken() {
        for (List<Integer> woken = context.takeWakes(); !woken.isEmpty(); woken = context.takeWakes()) {
            woken.stream().distinct().forEach(this::serve);
        }
    }

    TestChain send(String text) {
        return send(TRANSMIT, text);
    }

    TestChain send(int queue, String text) {
        TestChain chain = source(queue).readable(bytes(text));
        serve(queue);
        return chain;
    }

    TestChain receive(long... sizes) {
        TestChain chain = source(RECEIVE).writable(sizes);
        serve(RECEIVE);
        return chain;
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Returns what a completed buffer got. */
    static String content(TestChain chain) {
        return new String(chain.writable().bytes(), 0, (int) chain.written(), StandardCharsets.ISO_8859_1);
    }

    // Control messages

    /** The driver sends a control message. */
    void tell(int id, int event, int value) {
        tell(message(id, event, value));
    }

    void tell(byte[] message) {
        source(VirtioConsole.CONTROL_TRANSMIT_QUEUE).readable(message);
        serve(VirtioConsole.CONTROL_TRANSMIT_QUEUE);
        serveWoken();
    }

    static byte[] message(int id, int event, int value) {
        return ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN)
                .putInt(id).putShort((short) event).putShort((short) value).array();
    }

    /** Offers buffers for control messages. */
    List<TestChain> offerControl(int count) {
        List<TestChain> chains = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            chains.add(source(VirtioConsole.CONTROL_RECEIVE_QUEUE).writable(128));
        }
        return chains;
    }

    /** Returns the messages that were put into buffers: id, event, value, and what follows. */
    static List<String> messages(List<TestChain> chains) {
        return chains.stream().filter(chain -> chain.completions() > 0).map(ConsoleFixture::text).toList();
    }

    private static String text(TestChain chain) {
        ByteBuffer message = ByteBuffer.wrap(Arrays.copyOf(chain.writable().bytes(), (int) chain.written()))
                .order(ByteOrder.LITTLE_ENDIAN);
        int id = message.getInt();
        int event = message.getShort();
        int value = message.getShort();
        if (event == VirtioConsole.VIRTIO_CONSOLE_RESIZE) {
            return id + " RESIZE " + message.getShort() + "x" + message.getShort();
        }
        String rest = StandardCharsets.UTF_8.decode(message).toString();
        return switch (event) {
            case VirtioConsole.VIRTIO_CONSOLE_PORT_ADD -> id + " ADD";
            case VirtioConsole.VIRTIO_CONSOLE_CONSOLE_PORT -> id + " CONSOLE " + value;
            case VirtioConsole.VIRTIO_CONSOLE_PORT_OPEN -> id + " OPEN " + value;
            case VirtioConsole.VIRTIO_CONSOLE_PORT_NAME -> id + " NAME " + rest;
            default -> id + " event " + event;
        };
    }

    // Viewers

    /** Returns all that waits for a viewer. */
    static String read(ConsoleViewer viewer) {
        StringBuilder text = new StringBuilder();
        byte[] some = new byte[1000];
        for (int count = viewer.read(some, 0, some.length); count > 0; count = viewer.read(some, 0, some.length)) {
            text.append(new String(some, 0, count, StandardCharsets.ISO_8859_1));
        }
        return text.toString();
    }
}
