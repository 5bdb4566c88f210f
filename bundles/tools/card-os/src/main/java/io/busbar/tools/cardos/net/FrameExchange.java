package io.busbar.tools.cardos.net;

import io.busbar.api.driver.DriverException;
import io.busbar.api.driver.FrameListener;
import io.busbar.api.driver.NetDriver;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Numbered frames from a device to itself, of every length, over a network that gives them back. Each must come back once, whole and in
 * its turn. For one exchange.
 */
public final class FrameExchange implements FrameListener {

    /** No more are on their way than there are buffers to receive. */
    private static final int WINDOW = 64;
    private static final int NUMBER = Frames.HEADER_BYTES;
    private static final int CONTENT = NUMBER + Long.BYTES;

    private final NetDriver device;
    private final Semaphore room = new Semaphore(WINDOW);
    private volatile long next;
    private volatile String wrong = "";

    /**
     * Makes an exchange.
     *
     * @param device the network device
     */
    public FrameExchange(NetDriver device) {
        this.device = device;
    }

    /**
     * Sends frames and waits until they are back.
     *
     * @param count    how many
     * @param patience how long to wait for the next
     * @return empty if all came back; else what went wrong
     */
    public String run(long count, Duration patience) throws DriverException, InterruptedException, InterruptedIOException {
        try (NetDriver.Listening _ = device.listen(this)) {
            for (long number = 0; number < count && wrong.isEmpty(); number++) {
                if (!room.tryAcquire(patience.toNanos(), TimeUnit.NANOSECONDS)) {
                    return "frame " + next + " does not come back";
                }
                device.send(frame(number));
            }
            boolean all = room.tryAcquire(WINDOW, patience.toNanos(), TimeUnit.NANOSECONDS);
            return !wrong.isEmpty() || all ? wrong : "frame " + next + " does not come back";
        }
    }

    private ByteBuffer frame(long number) {
        int bytes = CONTENT + (int) (number % (device.maxFrameBytes() - CONTENT - Integer.BYTES + 1));
        ByteBuffer frame = ByteBuffer.allocate(bytes);
        frame.put(device.mac()).put(device.mac()).putShort((short) Frames.LOCAL_EXPERIMENT).putLong(number);
        while (frame.hasRemaining()) {
            frame.put((byte) (number + frame.position()));
        }
        return frame.flip();
    }

    @Override
    public void received(ByteBuffer in) {
        ByteBuffer frame = in.slice();
        if (frame.limit() < CONTENT || Frames.type(frame) != Frames.LOCAL_EXPERIMENT) {
            return;
        }
        long number = frame.getLong(NUMBER);
        if (wrong.isEmpty() && number != next) {
            wrong = "frame " + number + " in the place of " + next;
        }
        for (int i = CONTENT; i < frame.limit() && wrong.isEmpty(); i++) {
            if (frame.get(i) != (byte) (number + i)) {
                wrong = "byte " + i + " of frame " + number;
            }
        }
        next++;
        room.release();
    }
}
