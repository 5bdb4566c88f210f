package io.busbar.tools.shell.commands;

import io.busbar.api.driver.ConsoleDriver;
import io.busbar.api.driver.DriverException;
import io.busbar.api.driver.TerminalSize;
import io.busbar.tools.shell.Command;
import io.busbar.tools.shell.Dialogue;
import io.busbar.tools.shell.Invocation;
import io.busbar.tools.shell.JsonText;
import io.busbar.tools.shell.Sizes;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** What {@code con} does with a console and a port of it. */
final class ConJob {

    private static final int STEP = 64 << 10;
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Duration ROOM = Duration.ofMillis(20);
    /** How long a device that was just taken may need to tell of all its ports. */
    private static final long PORTS_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final Duration LINGER = Duration.ofSeconds(1);

    private final DrivenDevice<ConsoleDriver> console;
    private final Arguments arguments;
    private final Invocation call;

    ConJob(DrivenDevice<ConsoleDriver> console, Arguments arguments, Invocation call) {
        this.console = console;
        this.arguments = arguments;
        this.call = call;
    }

    /** What takes bytes. */
    @FunctionalInterface
    private interface Sink {
        void take(byte[] bytes, int length) throws IOException;
    }

    static List<String> names(ConsoleDriver driver) {
        return driver.ports().stream().map(ConsoleDriver.Port::name).toList();
    }

    /** Prints what the console is. */
    void info() throws Wrong {
        awaitPorts();
        ConsoleDriver driver = console.driver();
        if (arguments.json()) {
            JsonText json = new JsonText(arguments.pretty()).open().open("con").open(console.name());
            driver.size().ifPresent(size -> json.property("columns", size.columns()).property("rows", size.rows()));
            json.property("emergency_write", driver.canWriteInEmergency()).openArray("ports");
            driver.ports().forEach(
                    port -> json.open().property("name", port.name()).property("open", port.isOpen()).close());
            call.output().out(json.closeArray().close().close().close().finish());
            return;
        }
        String size = driver.size().map(ConJob::text).orElse("a terminal of unknown size");
        call.output().out(console.name() + ": " + size + (driver.canWriteInEmergency() ? ", emergency write" : "") + "\n");
        Table table = new Table();
        driver.ports().forEach(port -> table.row(port.name(), port.isOpen() ? "open" : "closed"));
        call.output().out(table.text("  "));
    }

    private static String text(TerminalSize size) {
        return size.columns() + " columns, " + size.rows() + " rows";
    }

    private void awaitPorts() throws Wrong {
        long end = System.nanoTime() + PORTS_NANOS;
        try {
            while (!allTold(console.driver()) && System.nanoTime() < end) {
                TimeUnit.MILLISECONDS.sleep(1);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Wrong("interrupted", e);
        }
    }

    /** All there can be are there, and have names of their own. */
    private static boolean allTold(ConsoleDriver driver) {
        List<ConsoleDriver.Port> ports = driver.ports();
        return ports.size() == driver.maxPorts() && ports.stream().noneMatch(port -> port.name().equals("port" + port.index()));
    }

    /** Reads so many bytes, to a file or as text. */
    int read(ConsoleDriver.Port port, List<String> words) throws Wrong {
        if (words.isEmpty()) {
            throw new Wrong("a length is missing: con DEV PORT read LENGTH [FILE]");
        }
        long length = Sizes.parse(words.getFirst())
                .orElseThrow(() -> new Wrong("\"" + words.getFirst() + "\" is no size; " + Sizes.EXPECTED));
        OwnCommand.end(words.subList(Math.min(2, words.size()), words.size()));
        if (words.size() == 1) {
            VisibleBytes visible = new VisibleBytes();
            return read(port, length, (bytes, count) ->
                    call.output().out(new String(visible.show(bytes, count), StandardCharsets.UTF_8)));
        }
        Path file = call.cwd().resolve(words.get(1));
        int[] status = new int[1];
        FileWork.on(file, () -> {
            try (OutputStream out = Files.newOutputStream(file)) {
                status[0] = read(port, length, (bytes, count) -> out.write(bytes, 0, count));
            }
        });
        return status[0];
    }

    private int read(ConsoleDriver.Port port, long length, Sink sink) throws Wrong {
        byte[] bytes = new byte[STEP];
        long done = 0;
        try {
            while (done < length && port.awaitReadable(PATIENCE)) {
                int count = port.poll(ByteBuffer.wrap(bytes, 0, (int) Math.min(bytes.length, length - done)));
                sink.take(bytes, count);
                done += count;
            }
        } catch (DriverException | InterruptedIOException e) {
            throw new Wrong(e.getMessage(), e);
        } catch (IOException e) {
            throw new Wrong("what was read cannot be written: " + e.getMessage(), e);
        }
        if (done < length) {
            call.output().err("con: " + console.name() + " " + port.name() + ": " + done + " bytes have come, and for "
                    + PATIENCE.toSeconds() + " s none more; " + length + " were expected\n");
            return Command.FAILED;
        }
        return Command.OK;
    }

    /** Writes a file, or text. */
    int write(ConsoleDriver.Port port, List<String> words) throws Wrong {
        boolean text = !words.isEmpty() && words.getFirst().equals(BlkWords.TEXT);
        if (words.size() < (text ? 2 : 1)) {
            throw new Wrong("a file, or text and the text, is missing: con DEV PORT write FILE");
        }
        OwnCommand.end(words.subList(text ? 2 : 1, words.size()));
        if (text) {
            byte[] bytes = words.get(1).getBytes(StandardCharsets.UTF_8);
            write(port, bytes, bytes.length);
        } else {
            Path file = call.cwd().resolve(words.getFirst());
            FileWork.on(file, () -> {
                try (InputStream in = Files.newInputStream(file)) {
                    byte[] bytes = new byte[STEP];
                    for (int count = in.read(bytes); count > 0; count = in.read(bytes)) {
                        write(port, bytes, count);
                    }
                }
            });
        }
        flush(port);
        return Command.OK;
    }

    private void write(ConsoleDriver.Port port, byte[] bytes, int length) throws Wrong {
        ByteBuffer source = ByteBuffer.wrap(bytes, 0, length);
        long end = System.nanoTime() + PATIENCE.toNanos();
        try {
            while (source.hasRemaining()) {
                if (port.offer(source) > 0) {
                    end = System.nanoTime() + PATIENCE.toNanos();
                } else if (System.nanoTime() > end) {
                    throw notTaken(port);
                } else {
                    port.flush(ROOM);
                }
            }
        } catch (DriverException | InterruptedIOException e) {
            throw new Wrong(e.getMessage(), e);
        }
    }

    private void flush(ConsoleDriver.Port port) throws Wrong {
        try {
            if (!port.flush(PATIENCE)) {
                throw notTaken(port);
            }
        } catch (DriverException | InterruptedIOException e) {
            throw new Wrong(e.getMessage(), e);
        }
    }

    private Wrong notTaken(ConsoleDriver.Port port) throws Wrong {
        return new Wrong(console.name() + " " + port.name() + ": the device has not taken all of it within "
                + PATIENCE.toSeconds() + " s" + (port.isOpen() ? "" : ", nobody is at the port's other end")
                + "; its state is " + console.state());
    }

    /** Gives the caller's terminal to the port. */
    int attach(ConsoleDriver.Port port) throws Wrong {
        Dialogue client = ConsoleCommand.client(call, "con DEV PORT attach");
        int status = new Attachment("con", console.name() + " " + port.name(), new DrivenPortViewer(port), client,
                new Attachment.Options(false, false, LINGER)).run();
        if (status == Command.OK) {
            flush(port);
        }
        return status;
    }
}
