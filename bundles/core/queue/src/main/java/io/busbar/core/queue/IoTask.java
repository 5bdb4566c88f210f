package io.busbar.core.queue;

import io.busbar.api.device.ChainTask;

/** A piece of work of a chain in the list of {@link IoThreads}, and the list's link. Only under the lock of the list. */
final class IoTask {

    SlotChain chain;
    ChainTask work;
    Object attachment;
    IoTask next;

    void set(SlotChain whose, ChainTask what, Object with) {
        chain = whose;
        work = what;
        attachment = with;
    }

    boolean isWaiting() {
        return work != null;
    }

    void clear() {
        set(null, null, null);
        next = null;
    }
}
