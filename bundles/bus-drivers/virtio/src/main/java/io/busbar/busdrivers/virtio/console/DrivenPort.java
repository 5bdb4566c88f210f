package io.busbar.busdrivers.virtio.console;

import io.busbar.api.driver.ConsoleDriver;
import io.busbar.api.driver.DriverException;
import io.busbar.busdrivers.virtio.life.Lane;
import io.busbar.busdrivers.virtio.life.ReceiveBuffers;
import io.busbar.busdrivers.virtio.life.TransmitBuffers;
import io.busbar.core.virtio.ring.DriverRing;
import io.busbar.core.virtio.ring.RingFault;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;

/** A port in use. All that is not volatile is under the lock, which no queue of the device waits for. */
final class DrivenPort implements ConsoleDriver.Port {

    /** Most bytes that are kept of what came before resets. */
    private static final int MOST_KEPT = 1 << 20;
    private static final long FOREVER = Long.MAX_VALUE / 2;

    private final String device;
    private final int index;
    private final Lane lane;
    private final Object lock = new Object();
    private volatile String name;
    private volatile boolean told;
    private volatile boolean deviceOpen;
    private volatile boolean opened;

    /** Null while the device is not up. */
    private ConsoleQueues.Pair queues;
    /** Those of a device that is about to be reset. */
    private ConsoleQueues.Pair halted;
    /** What is left of the buffer that was taken last, or null. */
    private ByteBuffer begun;
    private int begunNumber;
    /** What came before a reset and was not read. */
    private ByteBuffer kept = ByteBuffer.allocate(0);
    private int waiting;
    /** What was lost by a reset, for who writes next; or null. */
    private String lost;
    /** Why there is no port any more, or null. */
    private String ended;

    DrivenPort(String device, int index, Lane lane) {
        this.device = device;
        this.index = index;
        this.lane = lane;
        name = usualName();
    }

    private String usualName() {
        return index == 0 ? "console" : "port" + index;
    }

    // The port

    @Override
    public int index() {
        return index;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public boolean isOpen() {
        return deviceOpen;
    }

    @Override
    public int poll(ByteBuffer target) throws DriverException {
        open();
        synchronized (lock) {
            int count = take(target);
            if (count == 0) {
                requireThere("read");
            }
            return count;
        }
    }

    @Override
    public int read(ByteBuffer target) throws DriverException, InterruptedIOException {
        open();
        synchronized (lock) {
            int count = take(target);
            while (count == 0 && target.hasRemaining()) {
                requireThere("read");
                awaitInput(FOREVER);
                count = take(target);
            }
            return count;
        }
    }

    @Override
    public boolean awaitReadable(Duration patience) throws InterruptedIOException {
        open();
        long end = System.nanoTime() + patience.toNanos();
        synchronized (lock) {
            long left = patience.toNanos();
            while (ended == null && !readable() && left > 0) {
                awaitInput(left);
                left = end - System.nanoTime();
            }
            return ended != null || readable();
        }
    }

    @Override
    public int offer(ByteBuffer source) throws DriverException {
        open();
        synchronized (lock) {
            requireWritable();
            return give(source);
        }
    }

    @Override
    public void write(ByteBuffer source) throws DriverException, InterruptedIOException {
        open();
        synchronized (lock) {
            requireWritable();
            while (source.hasRemaining()) {
                if (give(source) == 0) {
                    awaitRoom(FOREVER);
                    requireWritable();
                }
            }
        }
    }

    @Override
    public boolean flush(Duration patience) throws DriverException, InterruptedIOException {
        long end = System.nanoTime() + patience.toNanos();
        synchronized (lock) {
            requireWritable();
            while (!isIdle()) {
                long left = end - System.nanoTime();
                if (left <= 0) {
                    return false;
                }
                awaitRoom(left);
                requireWritable();
            }
            return true;
        }
    }

    @Override
    public void close() {
        if (opened) {
            opened = false;
            lane.wake();
        }
    }

    private void open() {
        if (!opened) {
            opened = true;
            lane.wake();
        }
    }

    @Override
    public InputStream input() {
        return new PortInput(this);
    }

    @Override
    public OutputStream output() {
        return new PortOutput(this);
    }

    // In

    private int take(ByteBuffer target) {
        int before = target.position();
        move(kept, target);
        boolean given = false;
        while (target.hasRemaining() && nextBuffer()) {
            move(begun, target);
            if (!begun.hasRemaining()) {
                queues.receive().give(begunNumber);
                begun = null;
                given = true;
            }
        }
        if (given) {
            queues.receive().submit();
        }
        return target.position() - before;
    }

    private static void move(ByteBuffer from, ByteBuffer to) {
        int end = from.limit();
        from.limit(from.position() + Math.min(from.remaining(), to.remaining()));
        to.put(from);
        from.limit(end);
    }

    private boolean readable() {
        return kept.hasRemaining() || nextBuffer();
    }

    /** Sees to it that there is something in {@link #begun}; returns whether that is so. Empty buffers go back. */
    private boolean nextBuffer() {
        if (queues == null || begun != null) {
            return begun != null;
        }
        ReceiveBuffers receive = queues.receive();
        int number = receive.poll();
        if (number < 0) {
            wakeIfBroken(number == DriverRing.EMPTY ? RingFault.NONE : number);
            return false;
        }
        ByteBuffer filled = receive.filled(number);
        if (!filled.hasRemaining()) {
            // One at a time: a device that gives nothing again and again holds nobody in a loop.
            receive.give(number);
            receive.submit();
            return false;
        }
        begun = filled;
        begunNumber = number;
        return true;
    }

    /** The lane sees what is wrong with a queue, and has the device reset. */
    private void wakeIfBroken(int fault) {
        if (fault != RingFault.NONE) {
            lane.wake();
        }
    }

    private void awaitInput(long nanos) throws InterruptedIOException {
        if (queues == null || queues.receive().fault() != RingFault.NONE || !queues.receive().enableCalls()) {
            await(nanos);
        }
    }

    // Out

    private int give(ByteBuffer source) {
        int before = source.position();
        while (queues != null && source.hasRemaining()) {
            TransmitBuffers transmit = queues.transmit();
            int number = transmit.take();
            if (number == TransmitBuffers.NONE) {
                wakeIfBroken(transmit.fault());
                break;
            }
            ByteBuffer buffer = transmit.view(number);
            move(source, buffer);
            transmit.send(number, buffer.position());
        }
        return source.position() - before;
    }

    private boolean isIdle() {
        if (queues == null) {
            return halted == null;
        }
        queues.transmit().reclaim();
        wakeIfBroken(queues.transmit().fault());
        return queues.transmit().isIdle();
    }

    private void awaitRoom(long nanos) throws InterruptedIOException {
        if (queues == null || queues.transmit().fault() != RingFault.NONE || !queues.transmit().enableCalls()) {
            await(nanos);
        }
    }

    private void await(long nanos) throws InterruptedIOException {
        if (lane.isCurrent()) {
            throw new IllegalStateException(device + ": waiting on the driver's own thread");
        }
        waiting++;
        try {
            lock.wait(Math.max(1, nanos / 1_000_000));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException(device + " " + name + ": interrupted while it waited");
        } finally {
            waiting--;
        }
    }

    private void requireThere(String operation) throws DriverException {
        if (ended != null) {
            throw new DriverException(DriverException.Kind.GONE, DriverException.NO_STATUS,
                    device + " " + name + ": " + operation + ": " + ended);
        }
    }

    private void requireWritable() throws DriverException {
        requireThere("write");
        if (lost != null) {
            String why = lost;
            lost = null;
            throw new DriverException(DriverException.Kind.RESET, DriverException.NO_STATUS, device + " " + name
                    + ": what was written last may or may not have arrived: " + why);
        }
    }

    // What the device says, on the lane

    boolean isTold() {
        return told;
    }

    /** Returns whether somebody here has it open; the console always is. */
    boolean isOpenHere() {
        return opened || index == 0;
    }

    /** The device has told of the port. */
    void add() {
        told = true;
        synchronized (lock) {
            ended = null;
            lock.notifyAll();
        }
    }

    /** The device has taken the port away. */
    void remove() {
        told = false;
        deviceOpen = false;
        name = usualName();
        end("the device has taken the port away");
    }

    void name(String given) {
        name = given;
    }

    void deviceOpen(boolean open) {
        deviceOpen = open;
    }

    // The device's life, on the lane or a thread of the bus

    void run(ConsoleQueues.Pair started) {
        started.receive().submit();
        synchronized (lock) {
            queues = started;
            lock.notifyAll();
        }
    }

    /** The device has called; returns what broke a queue, or {@link RingFault#NONE}. */
    int work() {
        synchronized (lock) {
            if (waiting > 0) {
                lock.notifyAll();
            }
            if (queues == null) {
                return RingFault.NONE;
            }
            queues.transmit().reclaim();
            int fault = queues.receive().fault();
            return fault == RingFault.NONE ? queues.transmit().fault() : fault;
        }
    }

    void halt() {
        synchronized (lock) {
            if (queues != null) {
                halted = queues;
                queues = null;
            }
        }
    }

    /** The device was reset: what it had filled is kept, what it had not taken is lost. */
    void wasReset(String why) {
        synchronized (lock) {
            if (halted == null) {
                return;
            }
            keep();
            halted.transmit().reclaim();
            if (!halted.transmit().isIdle()) {
                lost = why;
            }
            halted = null;
            lock.notifyAll();
        }
        deviceOpen = false;
    }

    private void keep() {
        ReceiveBuffers receive = halted.receive();
        ByteBuffer buffer = begun == null ? nextFilled(receive) : begun;
        begun = null;
        while (buffer != null && kept.remaining() + buffer.remaining() <= MOST_KEPT) {
            byte[] bytes = Arrays.copyOfRange(kept.array(), kept.position(), kept.limit() + buffer.remaining());
            buffer.get(bytes, kept.remaining(), buffer.remaining());
            kept = ByteBuffer.wrap(bytes);
            buffer = nextFilled(receive);
        }
    }

    private static ByteBuffer nextFilled(ReceiveBuffers receive) {
        int number = receive.poll();
        return number < 0 ? null : receive.filled(number);
    }

    void end(String why) {
        synchronized (lock) {
            if (halted != null) {
                keep();
                halted = null;
            }
            ended = why;
            lock.notifyAll();
        }
    }
}
