package io.busbar.tools.bench.net;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The host's end of a network of two: an interface in the network namespace that the benchmark runs in, which is its own. */
enum Tap {
    /** Served by our backend. */
    OURS(1, "busbar, backend tap"),
    /** Served by QEMU. */
    QEMU(2, "QEMU's own tap");

    private final int number;
    private final String title;

    Tap(int number, String title) {
        this.number = number;
        this.title = title;
    }

    int number() {
        return number;
    }

    String title() {
        return title;
    }

    String device() {
        return "bench" + number;
    }

    /** Returns the host's address. */
    String host() {
        return "10.77." + number + ".1";
    }

    /**
     * Makes the interface, and gives it its address.
     *
     * @throws IOException if the right to do so is missing, or another run has it; the message has what {@code ip} says
     */
    void make() throws IOException, InterruptedException {
        ip("tuntap", "add", "dev", device(), "mode", "tap");
        ip("address", "add", host() + "/24", "dev", device());
        ip("link", "set", device(), "up");
    }

    private static void ip(String... words) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("ip"));
        command.addAll(List.of(words));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        if (process.waitFor() != 0) {
            throw new IOException("\"" + String.join(" ", command) + "\" failed: " + output);
        }
    }
}
