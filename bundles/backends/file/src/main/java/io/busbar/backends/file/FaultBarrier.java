package io.busbar.backends.file;

/**
 * Makes a fault in mapped memory show before what follows.
 *
 * <p>An access to a mapped page that is gone (the file was cut short, its disk failed) is a SIGBUS. HotSpot goes on behind the
 * access, with garbage, and notes an {@link InternalError} for the thread, which is thrown where the thread next looks for
 * such things: at a safepoint poll of a loop or of a return, or at the end of native code. Code of the second compiler
 * may have no such place between a copy and a store behind it: without this barrier, compiled reads of a file that was cut
 * were seen to be published before the error showed, each of them.
 */
final class FaultBarrier {

    private static final Object UNLOCKED = new Object();

    private FaultBarrier() {
    }

    /**
     * Throws the error of an access before it, if there was one.
     *
     * <p>A native method that is no intrinsic returns through a transition that looks for it, whatever calls it:
     * interpreter or compiled code. This one has nothing else to do, and costs some tens of nanoseconds.
     *
     * @throws InternalError if an access of this thread was a fault
     */
    static void surface() {
        if (Thread.holdsLock(UNLOCKED)) {
            throw new IllegalStateException("nobody locks this");
        }
    }
}
