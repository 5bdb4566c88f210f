package io.busbar.tools.shell.fake;

import io.busbar.api.vdpa.ConsoleAccess;
import io.busbar.api.vdpa.ConsolePort;
import io.busbar.api.vdpa.ConsoleViewer;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.List;

/** A console with a port "data", at which one looks whose bytes a test sends, and sees. */
public final class FakeConsoleOps extends FakeOps implements ConsoleAccess {

    /** Who looks, once somebody does. */
    public volatile Viewer viewer;
    /** Whether nobody more may look. */
    public volatile boolean full;
    /** Who types already. */
    public volatile String typist = "";

    /** A console. */
    public FakeConsoleOps() {
        super(3);
    }

    @Override
    public List<ConsolePort> consolePorts() {
        return List.of(new ConsolePort(0, "console", true, false, typist, List.of()),
                new ConsolePort(1, "data", false, true, "", List.of("ann", "ben")));
    }

    @Override
    public ConsoleViewer view(int port, ConsoleViewer.Mode mode, String who) throws VdpaException {
        if (full) {
            throw new VdpaException(VdpaError.ENOSPC, "port console has 16 viewers");
        }
        viewer = new Viewer(port, mode, who);
        return viewer;
    }

    /** The one who looks. */
    public final class Viewer implements ConsoleViewer {

        /** The port that was asked for. */
        public final int port;
        /** The mode that was asked for. */
        public final Mode mode;
        /** Who it is. */
        public final String who;
        /** Its terminal, {@code 80x24}. */
        public volatile String size = "";
        /** Whether it was closed. */
        public volatile boolean closed;
        private final ByteArrayOutputStream typed = new ByteArrayOutputStream();
        private int room = Integer.MAX_VALUE;
        private byte[] sent = {};
        private long missed;
        private boolean ended;

        Viewer(int port, Mode mode, String who) {
            this.port = port;
            this.mode = mode;
            this.who = who;
        }

        /** The driver sends bytes. */
        public synchronized void send(byte[] bytes) {
            byte[] all = Arrays.copyOf(sent, sent.length + bytes.length);
            System.arraycopy(bytes, 0, all, sent.length, bytes.length);
            sent = all;
            notifyAll();
        }

        /** It may type so many bytes from now on. */
        public synchronized void room(int bytes) {
            room = bytes;
        }

        /** So many were missed. */
        public synchronized void miss(long count) {
            missed = count;
            notifyAll();
        }

        /** The device goes. */
        public synchronized void end() {
            ended = true;
            notifyAll();
        }

        /** What was typed so far. */
        public synchronized byte[] typed() {
            return typed.toByteArray();
        }

        /** What was not read yet. */
        public synchronized int unread() {
            return sent.length;
        }

        @Override
        public synchronized void await(long nanos) throws InterruptedException {
            if (sent.length == 0 && !ended) {
                wait(Math.max(1, nanos / 1_000_000));
            }
        }

        @Override
        public synchronized int read(byte[] target, int offset, int length) {
            if (sent.length == 0) {
                return ended || closed ? ENDED : 0;
            }
            int count = Math.min(length, sent.length);
            System.arraycopy(sent, 0, target, offset, count);
            sent = Arrays.copyOfRange(sent, count, sent.length);
            return count;
        }

        @Override
        public synchronized long missed() {
            long count = missed;
            missed = 0;
            return count;
        }

        @Override
        public synchronized int type(byte[] source, int offset, int length) {
            int count = types() ? Math.min(length, room) : 0;
            room -= count;
            typed.write(source, offset, count);
            return count;
        }

        @Override
        public boolean types() {
            return mode != Mode.WATCH && typist.isEmpty();
        }

        @Override
        public String typist() {
            return types() ? who : typist;
        }

        @Override
        public void resize(int columns, int rows) {
            size = columns + "x" + rows;
        }

        @Override
        public synchronized void close() {
            closed = true;
            notifyAll();
        }
    }
}
