package io.busbar.core.linux;

/** What {@link IoUringTest} says of every ring, of one that belongs to a thread. */
class OwnedIoUringTest extends IoUringTest {

    @Override
    IoUring make(int entries) throws LinuxException {
        return IoUring.createForThisThread(entries);
    }
}
