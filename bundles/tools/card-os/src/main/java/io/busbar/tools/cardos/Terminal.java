package io.busbar.tools.cardos;

import io.busbar.api.driver.ConsoleDriver;
import io.busbar.api.driver.DriverException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A console device: its first port, with a shell. Messages of the system come between what is typed and answered, and a line that is
 * begun is shown again after them. One thread reads and does what is typed, another one writes, so that a console whose reader
 * is slow holds back its own shell only; messages that it has no room for are counted.
 */
final class Terminal implements Part {

    private static final int WAITING = 4096;
    private static final int INPUT_BYTES = 256;
    private static final String CONSOLE = "console";
    private static final String BACK_TO_THE_BEGINNING = "\r\u001b[K";

    /** What does the lines that are typed. */
    @FunctionalInterface
    interface Commands {

        /**
         * Does what a line says.
         *
         * @param line   what was typed
         * @param output told of each line that it answers
         */
        void run(String line, Consumer<String> output) throws InterruptedException;
    }

    private final ConsoleDriver device;
    private final Messages messages;
    private final Commands commands;
    private final Duration patience;
    private final String prompt;
    private final Consumer<String> reader = this::message;
    private final LinkedBlockingQueue<String> output = new LinkedBlockingQueue<>(WAITING);
    private final LineEditor editor = new LineEditor(this::put);
    private final List<Watched<?>> watched;
    private final Thread in;
    private final Thread out;
    private boolean prompting;
    private long lost;

    /**
     * Begins.
     *
     * @param bus      of the card
     * @param device   the console
     * @param messages of the system
     * @param commands for what is typed
     * @param patience of the self-check
     */
    Terminal(String bus, ConsoleDriver device, Messages messages, Commands commands, Duration patience) {
        this.device = device;
        this.messages = messages;
        this.commands = commands;
        this.patience = patience;
        prompt = bus + "# ";
        watched = List.of(
                new Watched<>(this::size, size -> "has " + size + " now"),
                new Watched<>(device::isUp, up -> up ? "is up again" : "is down: the device has to be reset"));
        messages.addReader(reader);
        out = Thread.ofPlatform().daemon().name("busbar-" + bus + "-os-" + device.device() + "-out").start(this::write);
        in = Thread.ofPlatform().daemon().name("busbar-" + bus + "-os-" + device.device()).start(this::read);
    }

    private String size() {
        return device.size().map(size -> size.columns() + " columns and " + size.rows() + " rows").orElse("no size");
    }

    @Override
    public ConsoleDriver device() {
        return device;
    }

    @Override
    public String description() {
        return "console, " + size();
    }

    @Override
    public List<Watched<?>> watched() {
        return watched;
    }

    /** What was put last before this has to be with the device. */
    @Override
    public List<Check> check() throws InterruptedException {
        return List.of(Check.passed(description()), new Check("takes what is written", taken()));
    }

    private String taken() throws InterruptedException {
        try {
            boolean taken = drain(patience) && port().flush(patience);
            return taken ? "" : "what was written was not taken in " + patience.toMillis() + " ms";
        } catch (DriverException e) {
            return e.getMessage();
        } catch (InterruptedIOException _) {
            throw new InterruptedException();
        }
    }

    // In

    private void read() {
        ByteBuffer typed = ByteBuffer.allocate(INPUT_BYTES);
        try {
            prompt();
            while (true) {
                port().read(typed.clear());
                typed.flip();
                while (typed.hasRemaining()) {
                    type(typed.get());
                }
            }
        } catch (DriverException | InterruptedIOException | InterruptedException _) {
            // The device has gone, or the system ends.
        }
    }

    /** Waits for the device to tell of it. */
    private ConsoleDriver.Port port() throws InterruptedIOException {
        Optional<ConsoleDriver.Port> first = device.ports().stream().findFirst();
        while (first.isEmpty()) {
            device.port(CONSOLE, patience);
            first = device.ports().stream().findFirst();
        }
        return first.get();
    }

    private void type(byte typed) throws InterruptedException {
        Optional<String> line;
        synchronized (this) {
            line = editor.type(typed);
            prompting = line.isEmpty();
        }
        if (line.isPresent()) {
            commands.run(line.get(), this::line);
            prompt();
        }
    }

    private synchronized void prompt() {
        prompting = true;
        put(prompt + editor.begun());
    }

    // Out

    /** A line of an answer: it waits for room. */
    private void line(String text) {
        try {
            output.put(text + "\r\n");
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /** A message of the system: it does not wait. */
    private synchronized void message(String text) {
        put(prompting ? BACK_TO_THE_BEGINNING + text + "\r\n" + prompt + editor.begun() : text + "\r\n");
    }

    private synchronized void put(String text) {
        if (!output.offer(text)) {
            lost++;
        } else if (lost > 0 && output.offer("(" + lost + " lines found no room)\r\n")) {
            lost = 0;
        }
    }

    private void write() {
        try {
            while (true) {
                ByteBuffer bytes = ByteBuffer.wrap(output.take().getBytes(StandardCharsets.UTF_8));
                while (bytes.hasRemaining()) {
                    give(bytes);
                }
            }
        } catch (DriverException | InterruptedIOException | InterruptedException _) {
            // The device has gone, or the system ends.
        }
    }

    /** A device that was reset may have lost what it was given last; the rest goes on. */
    private void give(ByteBuffer bytes) throws DriverException, InterruptedIOException {
        try {
            port().write(bytes);
        } catch (DriverException e) {
            if (e.kind() != DriverException.Kind.RESET) {
                throw e;
            }
        }
    }

    /** Waits until what was put before was taken from here, for a moment at the most; returns whether it was. */
    boolean drain(Duration moment) throws InterruptedException {
        long end = System.nanoTime() + moment.toNanos();
        while (!output.isEmpty() && System.nanoTime() < end) {
            TimeUnit.MILLISECONDS.sleep(1);
        }
        return output.isEmpty();
    }

    @Override
    public void close() {
        messages.removeReader(reader);
        in.interrupt();
        out.interrupt();
    }
}
