package io.busbar.busdrivers.virtio.block;

/** Operations in order, linked through themselves. Under the disk's lock. */
final class TransferList {

    private Transfer first;
    private Transfer last;

    boolean isEmpty() {
        return first == null;
    }

    /** Returns the first, or null. */
    Transfer first() {
        return first;
    }

    void add(Transfer transfer) {
        transfer.next = null;
        if (first == null) {
            first = transfer;
        } else {
            last.next = transfer;
        }
        last = transfer;
    }

    /** Takes the first out; there is one. */
    Transfer remove() {
        Transfer removed = first;
        first = removed.next;
        removed.next = null;
        return removed;
    }

    /** Takes one out, wherever it is; returns whether it was there. */
    boolean remove(Transfer transfer) {
        Transfer before = null;
        for (Transfer at = first; at != null; before = at, at = at.next) {
            if (at == transfer) {
                unlink(before, at);
                return true;
            }
        }
        return false;
    }

    private void unlink(Transfer before, Transfer transfer) {
        if (before == null) {
            first = transfer.next;
        } else {
            before.next = transfer.next;
        }
        if (last == transfer) {
            last = before;
        }
        transfer.next = null;
    }
}
