package io.busbar.tools.bench.console;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** What is said with the program at the other end: {@code send MIB}, {@code take BYTES}, {@code exit}. */
final class Dialog {

    private static final int CHUNK = 1 << 16;
    private static final double NANOS = 1e9;
    private static final int LONGEST_LINE = 200;

    private final String name;
    private final InputStream in;
    private final OutputStream out;
    private final Pattern pattern = new Pattern();

    Dialog(String name, InputStream in, OutputStream out) {
        this.name = name;
        this.in = in;
        this.out = out;
    }

    void awaitReady() throws IOException {
        String line = line();
        if (!line.equals("ready")) {
            throw new IOException(name + ": the other end says \"" + line + "\", expected \"ready\"");
        }
    }

    double take(int mib) throws IOException {
        byte[] bytes = new byte[CHUNK];
        long begun = System.nanoTime();
        say("send " + mib);
        long all = (long) mib * Pattern.MIB;
        for (long done = 0; done < all;) {
            int count = in.read(bytes, 0, (int) Math.min(CHUNK, all - done));
            if (count < 0) {
                throw new IOException(name + ": ended after " + done + " of " + all + " bytes");
            }
            pattern.require(bytes, count, done);
            done += count;
        }
        return all * NANOS / (System.nanoTime() - begun);
    }

    double send(int mib) throws IOException {
        byte[] block = Pattern.block(CHUNK);
        String expected = Pattern.checksum(mib);
        long begun = System.nanoTime();
        long all = (long) mib * Pattern.MIB;
        say("take " + all);
        for (long done = 0; done < all; done += CHUNK) {
            out.write(block);
        }
        out.flush();
        String sum = line();
        double rate = all * NANOS / (System.nanoTime() - begun);
        if (!sum.equals(expected)) {
            throw new IOException(name + ": the checksum of what came is \"" + sum + "\", expected " + expected);
        }
        return rate;
    }

    void exit() throws IOException {
        say("exit");
    }

    private void say(String line) throws IOException {
        out.write((line + "\n").getBytes(StandardCharsets.US_ASCII));
        out.flush();
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.read(); c != '\n' && line.length() < LONGEST_LINE; c = in.read()) {
            if (c < 0) {
                throw new IOException(name + ": has ended; the last it said was \"" + line + "\"");
            }
            line.append((char) c);
        }
        return line.toString();
    }
}
