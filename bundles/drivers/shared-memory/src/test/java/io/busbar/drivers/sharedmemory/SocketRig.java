package io.busbar.drivers.sharedmemory;

import io.busbar.api.vop.VopDevice;
import io.busbar.api.vop.VopRole;
import io.busbar.core.linux.UnixStream;
import io.busbar.testkit.vop.VopRig;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Two ends that are connected by a pair of sockets. */
final class SocketRig implements VopRig {

    private static final long NANOS = TimeUnit.SECONDS.toNanos(20);

    private final CountDownLatch hostLost = new CountDownLatch(1);
    private final Peer cardsPeer;
    private final ProcessEnd host;
    private final ProcessEnd card;

    SocketRig() {
        try {
            List<UnixStream> pair = UnixStream.pair();
            cardsPeer = new Peer(pair.get(1));
            host = new ProcessEnd("mic0", 1, VopRole.HOST, new Peer(pair.get(0)), hostLost::countDown);
            card = new ProcessEnd("mic0", 1, VopRole.CARD, cardsPeer, () -> { });
            CompletableFuture<Void> met = CompletableFuture.runAsync(() -> meet(host));
            meet(card);
            met.get(NANOS, TimeUnit.NANOSECONDS);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static void meet(ProcessEnd end) {
        try {
            end.meet(NANOS);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    void sendAsCard(Message message) throws Peer.GoneException {
        cardsPeer.send(message, List.of());
    }

    void awaitHostLost() throws InterruptedException {
        if (!hostLost.await(NANOS, TimeUnit.NANOSECONDS)) {
            throw new AssertionError("the host does not mind");
        }
    }

    @Override
    public VopDevice host() {
        return host;
    }

    @Override
    public VopDevice card() {
        return card;
    }

    @Override
    public void sever() {
        host.lose();
        card.lose();
    }

    /** Each end counts what the other gave it. */
    @Override
    public long faults(VopRole of) {
        return (of == VopRole.HOST ? card : host).faultsOfPeer();
    }

    @Override
    public void close() {
        card.close();
        host.close();
    }
}
