package io.busbar.busdrivers.vhostuser;

import io.busbar.api.vdpa.VqCallback;
import io.busbar.core.linux.CallSignal;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import java.util.Optional;

/**
 * What a front-end has said about one ring, and whether the device runs it. Outlives stops and resets of the device, as
 * front-ends ask for the base after them. Belongs to the device's lane, except {@link #called()}.
 */
final class Ring implements VqCallback {

    /** A wait for kicks. */
    interface KickWait {

        KickWait NONE = () -> {};

        /** Ends the wait; when the call returns the descriptor is not used any more. */
        void end();
    }

    private final int index;
    /** Entries; 0 until SET_VRING_NUM. */
    int size;
    /** In the front-end's process; null until SET_VRING_ADDR. */
    RingAddresses addresses;
    /** In the guest, as the device has them; only valid while it runs. */
    RingAddresses placed;
    /** The next entry of the available ring, while it does not run. */
    int base;
    /** SET_VRING_KICK came, and nothing has stopped the ring since. */
    boolean kicked;
    /** Null where the front-end wants to be polled, or before SET_VRING_KICK. */
    Fd kick;
    boolean enabled;
    /** It ran and is being set up again: waits for its addresses, a kick descriptor or ENABLE. */
    boolean held;
    /** It cannot go on until it is set up again. */
    boolean broken;
    /** The device runs it. */
    boolean running;
    KickWait kickWait = KickWait.NONE;
    private CallSignal error;
    /** Read by the device's threads: a new one is set before the old one is closed. */
    private volatile CallSignal call;

    Ring(int index) {
        this.index = index;
    }

    int index() {
        return index;
    }

    /** Returns whether all is there that it takes to run, apart from features and memory. */
    boolean complete() {
        return kicked && enabled && !held && !broken && size > 0 && addresses != null;
    }

    /** The device's call, on the thread that owns the queue. A signal to a closed or full descriptor is dropped. */
    @Override
    public void called() {
        CallSignal signal = call;
        if (signal != null) {
            signal.signal();
        }
    }

    /** Returns where calls go, or null if nowhere. */
    CallSignal call() {
        return call;
    }

    /** Replaces the call descriptor; a call that came while there was none is not lost: the new one is signalled. */
    void setCall(CallSignal next) {
        CallSignal old = call;
        call = next;
        called();
        if (old != null) {
            old.close();
        }
    }

    void setError(CallSignal next) {
        if (error != null) {
            error.close();
        }
        error = next;
    }

    void save(SessionWriter to) {
        CallSignal calls = call;
        to.number(size).flag(addresses != null);
        if (addresses != null) {
            to.number(addresses.descriptors()).number(addresses.available()).number(addresses.used());
        }
        to.number(base).flag(kicked).flag(enabled).flag(held).flag(broken).descriptor(kick)
                .descriptor(calls == null ? null : calls.fd()).descriptor(error == null ? null : error.fd());
    }

    /** Goes on from where a ring of another process was; it does not run. */
    void restore(SessionReader from, int most) throws RefusedException {
        size = from.number(0, most);
        addresses = from.flag() ? new RingAddresses(from.number(), from.number(), from.number()) : null;
        base = from.number(0, 0xffff);
        kicked = from.flag();
        enabled = from.flag();
        held = from.flag();
        broken = from.flag();
        kick = from.descriptor().orElse(null);
        call = signal(from);
        error = signal(from);
    }

    private static CallSignal signal(SessionReader from) throws RefusedException {
        Optional<Fd> fd = from.descriptor();
        try {
            return fd.isEmpty() ? null : CallSignal.of(fd.get());
        } catch (LinuxException e) {
            fd.get().close();
            throw new RefusedException(e.getMessage(), e);
        }
    }

    /** Replaces the kick descriptor; nobody waits for the old one any more. */
    void setKick(Fd next) {
        if (kick != null) {
            kick.close();
        }
        kick = next;
    }

    /** Takes note that the ring cannot go on, and tells the front-end. */
    void fail() {
        broken = true;
        if (error != null) {
            error.signal();
        }
    }

    /** Closes the descriptors. Nothing uses the ring any more. */
    void release() {
        setKick(null);
        setError(null);
        CallSignal old = call;
        call = null;
        if (old != null) {
            old.close();
        }
    }
}
