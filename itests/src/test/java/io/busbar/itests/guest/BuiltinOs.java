package io.busbar.itests.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** The operating system of a card that comes with Busbar, by its console. */
final class BuiltinOs implements CardOs {

    private static final Duration SOON = Duration.ofSeconds(60);
    private static final String CLEARED = "\u001b[K";

    private final ByteChannel console;
    private final List<CardDevice> devices;
    private final List<String> lines = new ArrayList<>();
    private boolean ended;
    private int seeds;

    /**
     * Waits until it has checked itself.
     *
     * @param card    that it runs on
     * @param console the other end of its console, which is closed with this
     * @param devices that it has beside the console
     */
    BuiltinOs(String card, ByteChannel console, List<CardDevice> devices) {
        this.console = console;
        this.devices = new ArrayList<>(devices);
        Thread.ofPlatform().daemon().name("console of " + card).start(this::listen);
        devices.forEach(this::awaitChecked);
    }

    /** Since the device has come a self-check has looked at it, and found nothing wrong. */
    private void awaitChecked(CardDevice device) {
        awaitChecked(device, 0);
    }

    /** As above, of one that has come since so many lines were there. */
    private void awaitChecked(CardDevice device, int from) {
        await(all -> {
            int come = indexOf(all, all.size(), line -> line.startsWith(device.card() + " has come: "));
            int checked = indexOf(all, all.size(), line -> line.startsWith("self-check: " + device.card() + ": "));
            int summed = indexOf(all, all.size(), line -> line.matches("self-check: [1-9][0-9]* passed, 0 failed"));
            return come >= from && checked > come && summed > checked;
        });
    }

    /** Returns the index of the last line before another that is wanted; -1 if there is none. */
    private static int indexOf(List<String> all, int before, Predicate<String> wanted) {
        int at = before - 1;
        while (at >= 0 && !wanted.test(all.get(at))) {
            at--;
        }
        return at;
    }

    private void listen() {
        ByteBuffer bytes = ByteBuffer.allocate(4096);
        StringBuilder text = new StringBuilder();
        try {
            while (console.read(bytes.clear()) > 0) {
                for (char one : StandardCharsets.ISO_8859_1.decode(bytes.flip()).toString().toCharArray()) {
                    if (one == '\n') {
                        line(text.toString());
                        text.setLength(0);
                    } else {
                        text.append(one);
                    }
                }
            }
        } catch (IOException _) {
            // The console was closed.
        }
        synchronized (lines) {
            ended = true;
            lines.notifyAll();
        }
    }

    /** What was begun at the prompt before a message is not part of the line. */
    private void line(String text) {
        int cleared = text.lastIndexOf(CLEARED);
        String line = text.substring(cleared < 0 ? 0 : cleared + CLEARED.length()).replace("\r", "");
        synchronized (lines) {
            lines.add(line);
            lines.notifyAll();
        }
    }

    /** Waits for what is seen so far to be as wanted. */
    private void await(Predicate<List<String>> wanted) {
        long end = System.nanoTime() + SOON.toNanos();
        synchronized (lines) {
            while (!wanted.test(lines)) {
                long left = (end - System.nanoTime()) / 1_000_000;
                if (ended || left <= 0) {
                    throw new AssertionError("what was expected does not come; the console says:\n" + String.join("\n", lines));
                }
                try {
                    lines.wait(left);
                } catch (InterruptedException e) {
                    throw new AssertionError("interrupted", e);
                }
            }
        }
    }

    /**
     * Types a command.
     *
     * @param answer the beginning of the line that is wanted
     * @return the rest of that line
     */
    private String ask(String command, String answer) {
        String refusal = command.split(" ")[0] + ": ";
        int from;
        synchronized (lines) {
            from = lines.size();
        }
        type(command);
        await(all -> {
            List<String> since = all.subList(from, all.size());
            assertThat(since).as("answer to %s", command).noneMatch(line -> line.startsWith(refusal));
            return since.stream().anyMatch(line -> line.startsWith(answer));
        });
        synchronized (lines) {
            return lines.subList(from, lines.size()).stream().filter(line -> line.startsWith(answer)).findFirst().orElseThrow()
                    .substring(answer.length());
        }
    }

    private void type(String line) {
        try {
            ByteBuffer bytes = StandardCharsets.ISO_8859_1.encode(line + "\r");
            while (bytes.hasRemaining()) {
                console.write(bytes);
            }
        } catch (IOException e) {
            throw new AssertionError("the console does not take " + line, e);
        }
    }

    @Override
    public void take(CardDevice device) {
        devices.add(device);
        awaitChecked(device);
    }

    private CardDevice device(CardDevice.Type type, int number) {
        return devices.stream().filter(device -> device.type() == type).skip(number).findFirst().orElseThrow();
    }

    private String disk(int disk) {
        return device(CardDevice.Type.BLOCK, disk).card();
    }

    private String net(int net) {
        return device(CardDevice.Type.NET, net).card();
    }

    private boolean lists(String what) {
        int from;
        synchronized (lines) {
            from = lines.size();
        }
        type("devices");
        String mark = "listed " + seeds++;
        ask("echo " + mark, mark);
        synchronized (lines) {
            return lines.subList(from, lines.size()).stream().anyMatch(line -> line.matches(what));
        }
    }

    @Override
    public boolean hasDisk(int disk) {
        return lists(disk(disk) + ": disk, .*");
    }

    @Override
    public long capacity(int disk) {
        return Long.parseLong(ask("devices", disk(disk) + ": disk, ").split(" ")[0]);
    }

    @Override
    public String sum(int disk, long offset, long length) {
        return ask("sum " + disk(disk) + " " + offset + " " + length, "sum ");
    }

    @Override
    public void fill(int disk, long offset, long length) {
        int seed = seeds++;
        ask("fill " + disk(disk) + " " + offset + " " + length + " " + seed, "filled ");
        ask("verify " + disk(disk) + " " + offset + " " + length + " " + seed, "verified ");
    }

    @Override
    public void beginLoad(int disk, long bytes) {
        ask("load " + disk(disk) + " start " + bytes, "load of " + disk(disk) + " has begun");
    }

    @Override
    public long loadRounds(int disk) {
        return rounds(ask("load " + disk(disk), "load of " + disk(disk) + ": "));
    }

    private static long rounds(String status) {
        assertThat(status).endsWith("nothing wrong");
        return Long.parseLong(status.split(" ")[0]);
    }

    @Override
    public void endLoad(int disk) {
        rounds(ask("load " + disk(disk) + " stop", "load of " + disk(disk) + ": "));
    }

    @Override
    public void reset(int disk) {
        int from;
        synchronized (lines) {
            from = lines.size();
        }
        ask("reset " + disk(disk), disk(disk) + " was reset");
        awaitChecked(device(CardDevice.Type.BLOCK, disk), from);
    }

    @Override
    public boolean hasLink(int net) {
        return !lists(net(net) + ": .*, no link");
    }

    @Override
    public void address(int net, String address) {
        ask("address " + net(net) + " " + address, net(net) + ": " + address);
    }

    @Override
    public void ping(String address, int count) {
        ask("ping " + address + " " + count, count + " of " + count + " came back");
    }

    @Override
    public void frames(int net, int count) {
        ask("frames " + net(net) + " " + count, "frames whole: " + count);
    }

    @Override
    public void talk(ByteChannel typed, int count) {
        assertThat(typed).as("its only console").isSameAs(console);
        for (int i = 0; i < count; i++) {
            ask("echo line " + i + " of many", "line " + i + " of many");
        }
    }

    @Override
    public void close() {
        try {
            console.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
