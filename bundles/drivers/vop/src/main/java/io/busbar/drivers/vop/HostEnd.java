package io.busbar.drivers.vop;

import io.busbar.api.vop.LinkMeter;
import io.busbar.api.vop.VopException;
import io.busbar.api.vop.VopHardwareOps;
import io.busbar.api.vop.VopInterrupt;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;

/**
 * What one device asks of the host: status, features, the hand-over of used rings, the reset, each of which the host has a time
 * for. On control threads, one at a time; {@link #ring} is for any thread.
 */
final class HostEnd implements AutoCloseable {

    /** How often an answer is looked for in case that it comes without a doorbell. */
    private static final long LOOK_MILLIS = 2;
    /** The host's byte is 0 or 1; a link that is gone answers with ones in all bits. */
    private static final int MAX_FLAG = 1;
    private static final int ALL_ONES = 0xff;

    private final PageEntry entry;
    private final VopHardwareOps link;
    private final LinkMeter meter;
    private final Duration answer;
    private final BooleanSupplier linkGone;
    private final VopInterrupt interrupt;
    private final Object rung = new Object();
    private volatile boolean waiting;
    private int status;
    private long accepted;
    /** The driver has asked for something since the last reset. */
    private boolean touched = true;
    /** A reset was asked for, and the host has not said that it is done. */
    private boolean unanswered;

    /**
     * Tells the host that somebody is there for the device.
     *
     * @param entry    the device
     * @param link     the link
     * @param meter    for what is no queue's
     * @param answer   how long the host may take for one answer
     * @param linkGone whether there is nobody to ask any more
     * @param user     for listings
     * @param woken    told of each doorbell; does not block
     */
    HostEnd(PageEntry entry, VopHardwareOps link, LinkMeter meter, Duration answer, BooleanSupplier linkGone, String user,
            Runnable woken) throws VopException {
        this.entry = entry;
        this.link = link;
        this.meter = meter;
        this.answer = answer;
        this.linkGone = linkGone;
        int doorbell = link.nextDoorbell();
        interrupt = link.requestInterrupt(doorbell, user, meter, () -> {
            link.acknowledgeInterrupt(doorbell);
            woken.run();
            wakeWaiter();
        });
        entry.cardDb(doorbell);
    }

    private void wakeWaiter() {
        if (waiting) {
            synchronized (rung) {
                rung.notifyAll();
            }
        }
    }

    /** Rings the device's doorbell. */
    void ring(LinkMeter counted) {
        link.sendInterrupt(entry.hostDb(), counted);
    }

    /** Shows the host a status, unless it has been shown. */
    void status(int next) {
        if (next != status) {
            status = next;
            touched = true;
            entry.status(next);
            ring(meter);
        }
    }

    /** Shows the host which features are accepted; before FEATURES_OK. */
    void accept(long features) {
        if (features != accepted) {
            accepted = features;
            touched = true;
            entry.accepted(features);
        }
    }

    /** Returns the status as the host left it, or -1 if the link is gone. */
    int statusOfHost() {
        int now = entry.status();
        return now == ALL_ONES || linkGone.getAsBoolean() ? -1 : now;
    }

    /**
     * Gives the host the used rings.
     *
     * @param addresses one for each queue, as the host sees it
     * @return whether it has taken them in time
     */
    boolean handOver(long[] addresses) {
        touched = true;
        for (int i = 0; i < addresses.length; i++) {
            entry.usedAddress(i, addresses[i]);
        }
        entry.usedAddressUpdated();
        ring(meter);
        return await(entry::usedAddressPending, 0);
    }

    /**
     * Asks for a reset, unless nothing was asked for since the last one. A host that has not answered the last one is not
     * waited for once more.
     *
     * @return whether it is done
     */
    boolean reset() {
        status = 0;
        accepted = 0;
        try {
            return askReset();
        } catch (InternalError pageGone) {
            unanswered = true;
            return false;
        }
    }

    private boolean askReset() {
        if (unanswered) {
            return isAnswered();
        }
        if (!touched) {
            return true;
        }
        // What was not taken is not to be taken any more.
        entry.withdrawUsedRings();
        entry.askReset();
        ring(meter);
        unanswered = true;
        return awaitReset();
    }

    /** Waits for a reset that was not answered in time, if there is one; returns whether it is done. */
    boolean awaitReset() {
        try {
            if (unanswered && await(entry::hostAck, 1)) {
                done();
            }
        } catch (InternalError pageGone) {
            return false;
        }
        return !unanswered;
    }

    private boolean isAnswered() {
        if (entry.hostAck() == 1) {
            done();
        }
        return !unanswered;
    }

    private void done() {
        unanswered = false;
        touched = false;
        entry.accepted(0);
    }

    private boolean await(IntSupplier flag, int wanted) {
        long end = System.nanoTime() + answer.toNanos();
        waiting = true;
        try {
            while (true) {
                int now = flag.getAsInt();
                if (now == wanted) {
                    return true;
                }
                long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
                if (now > MAX_FLAG || left <= 0 || linkGone.getAsBoolean()) {
                    return false;
                }
                synchronized (rung) {
                    rung.wait(Math.min(left, LOOK_MILLIS));
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            waiting = false;
        }
    }

    /** Tells the host that nobody is there any more. */
    @Override
    public void close() {
        try {
            entry.cardDb(-1);
        } catch (InternalError pageGone) {
            // Then nobody rings.
        } finally {
            interrupt.close();
        }
    }
}
