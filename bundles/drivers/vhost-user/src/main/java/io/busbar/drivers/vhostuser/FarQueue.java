package io.busbar.drivers.vhostuser;

import io.busbar.api.memory.DriverMemory;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VqCallback;
import io.busbar.core.linux.CallSignal;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.virtio.ring.SplitLayout;
import java.util.OptionalInt;

/**
 * What the driver said of one queue, and its descriptors. Kept while no far process is there, so that it can be told to
 * the next one. Changed under the device's lock; {@link #kick()} and {@link #called()} are for any thread.
 */
final class FarQueue {

    private final int index;
    int num;
    long descriptorTable;
    long driverArea;
    long deviceArea;
    /** The next entry of the available ring that the device takes, while it does not run. */
    int base;
    /** The driver started it. */
    boolean ready;
    /** The far process runs it. */
    boolean running;
    /** It was stopped, and requests that the far process took may not have ended. */
    boolean draining;
    private volatile VqCallback callback;
    /** Where the far process waits for kicks: the driver's eventfd, or one of ours. Null until it is needed. */
    private volatile CallSignal kick;
    /** The driver's descriptor for calls; null where there is none. */
    private CallSignal call;
    /** Our eventfd in its place, where the driver has a callback; null until it is needed. */
    private Fd callEvent;
    /** Our eventfd for errors; null until it is needed. */
    private Fd error;

    FarQueue(int index, int num) {
        this.index = index;
        this.num = num;
    }

    int index() {
        return index;
    }

    // Addresses

    /** Checks that every part is inside memory. */
    void checkPlace(DriverMemory memory, long features) throws VdpaException {
        check(memory, "descriptor table", descriptorTable, SplitLayout.descriptorTableBytes(num));
        check(memory, "driver area", driverArea, SplitLayout.driverAreaBytes(num, features));
        check(memory, "device area", deviceArea, SplitLayout.deviceAreaBytes(num, features));
    }

    private void check(DriverMemory memory, String part, long iova, long bytes) throws VdpaException {
        if (!FarMemory.contains(memory, iova, bytes)) {
            throw new VdpaException(VdpaError.EINVAL, part + " of queue " + index + " at 0x" + Long.toHexString(iova)
                    + ", " + bytes + " bytes, is not inside one region of the driver's memory");
        }
    }

    /** How far the device is, as the used ring says; empty if that memory is not there. */
    OptionalInt usedIndex(DriverMemory memory) {
        return FarMemory.index(memory, deviceArea);
    }

    OptionalInt availableIndex(DriverMemory memory) {
        return FarMemory.index(memory, driverArea);
    }

    // Kicks

    /** Signals the far process. Any thread; never waits. */
    void kick() {
        CallSignal signal = kick;
        if (signal != null) {
            signal.signal();
        }
    }

    /**
     * Sets where kicks come from.
     *
     * @param descriptor the driver's, or -1 for one of ours
     * @return the old one, to be closed when the far process does not wait for it any more; null if there was none
     */
    CallSignal replaceKick(int descriptor) throws LinuxException {
        CallSignal old = kick;
        kick = descriptor < 0 ? null : signal(Fd.duplicateOf(descriptor));
        return old;
    }

    /** Returns the descriptor that the far process is to wait for. */
    Fd kickDescriptor() throws LinuxException {
        if (kick == null) {
            kick = signal(EventFd.create());
        }
        return kick.fd();
    }

    // Calls

    void callback(VqCallback next) {
        callback = next;
    }

    boolean hasCallback() {
        return callback != null;
    }

    /** The far process has called. On the thread that waits for calls. */
    void called() {
        VqCallback told = callback;
        if (told != null) {
            told.called();
        }
    }

    /** Tells the driver to look at its queue, whichever way it wants to be told. */
    void callOnce() {
        if (call == null) {
            called();
        } else {
            call.signal();
        }
    }

    /** As {@link #replaceKick}, for calls; -1 for the callback. */
    CallSignal replaceCall(int descriptor) throws LinuxException {
        CallSignal old = call;
        call = descriptor < 0 ? null : signal(Fd.duplicateOf(descriptor));
        return old;
    }

    /** Returns the driver's descriptor for calls, or null. */
    Fd callDescriptor() {
        return call == null ? null : call.fd();
    }

    /** Returns our eventfd for calls, or null while there is none. */
    Fd callEvent() {
        return callEvent;
    }

    Fd makeCallEvent() throws LinuxException {
        callEvent = EventFd.create();
        return callEvent;
    }

    // Errors

    /** Returns our eventfd for errors, or null while there is none. */
    Fd error() {
        return error;
    }

    Fd makeError() throws LinuxException {
        error = EventFd.create();
        return error;
    }

    // The end

    /** Forgets what the driver said (vDPA reset). The far process does not run it. */
    void forget(int most) {
        num = most;
        descriptorTable = 0;
        driverArea = 0;
        deviceArea = 0;
        base = 0;
        ready = false;
        draining = false;
        callback = null;
        close(kick);
        kick = null;
        close(call);
        call = null;
    }

    /** Closes everything. Nobody waits for our eventfds any more. */
    void close() {
        forget(num);
        if (callEvent != null) {
            callEvent.close();
        }
        if (error != null) {
            error.close();
        }
    }

    static void close(CallSignal signal) {
        if (signal != null) {
            signal.close();
        }
    }

    private static CallSignal signal(Fd fd) throws LinuxException {
        try {
            return CallSignal.of(fd);
        } catch (LinuxException e) {
            fd.close();
            throw e;
        }
    }
}
