package io.busbar.core.queue;

import io.busbar.core.linux.Epoll;

/** The asynchronous transfers of one worker: so far there are none, and every transfer takes the other way. */
final class AsyncIo {
    static AsyncIo open(Epoll epoll, long token) { return null; }
    boolean start(SlotChain s, ChainPayload p, int d, long o, int f) { return false; }
    int turn() { return 0; }
    boolean hasCompletions() { return false; }
    void close() { }
}
