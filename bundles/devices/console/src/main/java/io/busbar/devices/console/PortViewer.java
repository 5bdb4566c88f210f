package io.busbar.devices.console;

import io.busbar.api.backend.ConsoleSize;
import io.busbar.api.device.ViewedDeviceModel;
import io.busbar.api.device.ViewedDeviceModel.Looking;
import io.busbar.api.vdpa.ConsoleViewer;
import java.util.concurrent.locks.LockSupport;

/** Somebody who looks at a port. */
final class PortViewer implements ViewedDeviceModel.Viewer {

    private final Port port;
    private final boolean wantsToType;
    private final String who;
    private volatile long position;
    private volatile ConsoleSize size;
    private volatile Thread waiter;
    private volatile boolean signalled;
    private volatile boolean ended;
    private long missed;

    PortViewer(Port port, boolean wantsToType, String who, long position) {
        this.port = port;
        this.wantsToType = wantsToType;
        this.who = who;
        this.position = position;
    }

    /** Goes on for one who looked at another model, at what is still kept. */
    PortViewer(Port port, Looking before, long kept) {
        this(port, before.mode() != ConsoleViewer.Mode.WATCH, before.who(), Math.max(before.position(), kept));
        missed = position - before.position();
        size = before.columns() == 0 ? null : new ConsoleSize(before.columns(), before.rows());
    }

    String who() {
        return who;
    }

    boolean wantsToType() {
        return wantsToType;
    }

    /** Returns up to where it has read. */
    long position() {
        return position;
    }

    /** Returns the size of its terminal, or null. */
    ConsoleSize size() {
        return size;
    }

    @Override
    public Looking looking() {
        ConsoleSize now = size;
        ConsoleViewer.Mode mode = wantsToType ? ConsoleViewer.Mode.TYPE : ConsoleViewer.Mode.WATCH;
        return new Looking(port.index(), types() ? ConsoleViewer.Mode.TAKE_OVER : mode, who, position,
                now == null ? 0 : now.columns(), now == null ? 0 : now.rows());
    }

    void end() {
        ended = true;
        signal();
    }

    /**
     * Something changed; any thread, wait-free. The flag is set before the waiting thread is looked for; {@link #await} says
     * that it waits before it looks at the flag.
     */
    void signal() {
        signalled = true;
        Thread waiting = waiter;
        if (waiting != null) {
            LockSupport.unpark(waiting);
        }
    }

    @Override
    public void await(long nanos) throws InterruptedException {
        waiter = Thread.currentThread();
        try {
            if (!signalled) {
                LockSupport.parkNanos(this, nanos);
            }
        } finally {
            waiter = null;
        }
        signalled = false;
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
    }

    @Override
    public int read(byte[] target, int offset, int length) {
        boolean last = ended;
        int count = port.output().read(position, target, offset, length);
        while (count < 0) {
            long next = port.output().catchUpStart();
            missed += next - position;
            position = next;
            count = port.output().read(next, target, offset, length);
        }
        if (count > 0) {
            position += count;
            port.hasRead();
        }
        return count == 0 && last ? ENDED : count;
    }

    @Override
    public long missed() {
        long count = missed;
        missed = 0;
        return count;
    }

    @Override
    public int type(byte[] source, int offset, int length) {
        return port.type(this, source, offset, length);
    }

    @Override
    public boolean types() {
        return port.typist() == this;
    }

    @Override
    public String typist() {
        PortViewer typing = port.typist();
        return typing == null ? "" : typing.who();
    }

    @Override
    public void resize(int columns, int rows) {
        size = new ConsoleSize(columns, rows);
        port.resized(this);
    }

    @Override
    public void close() {
        end();
        port.leave(this);
    }
}
