package io.busbar.drivers.sharedmemory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.vop.LinkWindow;
import io.busbar.api.vop.OwnMemory;
import io.busbar.api.vop.VopException;
import io.busbar.api.vop.VopRole;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.MemFd;
import io.busbar.core.linux.UnixStream;
import io.busbar.testkit.vop.VopConformance;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Both ends in this process, over a socket. */
class ConformanceTest {

    @TestFactory
    Stream<DynamicTest> it_does_what_every_link_must_do() {
        return VopConformance.of(SocketRig::new).stream()
                .map(check -> DynamicTest.dynamicTest(check.name(), () -> check.body().run()));
    }

    @Test
    void there_is_no_engine() {
        try (SocketRig rig = new SocketRig()) {
            assertThat(rig.host().ops().dmaChannels()).isEmpty();
        }
    }

    @Test
    void memory_that_is_taken_away_is_cut_under_whoever_has_it() throws Exception {
        try (SocketRig rig = new SocketRig()) {
            OwnMemory memory = rig.card().ops().allocate("lent", 4096);
            var meter = rig.host().ops().meter("lent", 0);
            try (LinkWindow window = rig.host().ops().map(memory.peerAddress(), 4096, meter)) {
                window.putInt(0, 1);
                assertThat(memory.segment().get(ValueLayout.JAVA_INT, 0)).isEqualTo(1);
                memory.close();

                assertThatThrownBy(() -> window.segment().get(ValueLayout.JAVA_INT, 0)).isInstanceOf(InternalError.class);
                assertThatThrownBy(() -> window.getInt(0)).isInstanceOf(InternalError.class);
                rig.sever();
                assertThat(window.getInt(0)).isEqualTo(-1);
                window.putInt(0, 2);
            }
        }
    }

    @Test
    void who_says_what_it_should_not_is_let_go() throws Exception {
        for (Message lie : new Message[] {
            new Message(99, 0, 0, 0, 0, ""), new Message(Message.SHARE, 4096, 4096, 0, 0, ""),
            new Message(Message.HELLO, 1, 16, 0, Message.CARD, "mic0")}) {
            try (SocketRig rig = new SocketRig()) {
                rig.sendAsCard(lie);
                rig.awaitHostLost();
                assertThatThrownBy(() -> rig.host().ops().map(1, 1, rig.host().ops().meter("x", 0)))
                        .isInstanceOf(VopException.class).hasMessage("the link of mic0 is gone");
            }
        }
    }

    @Test
    void a_doorbell_that_is_no_eventfd_is_refused() throws Exception {
        List<UnixStream> pair = UnixStream.pair();
        try (Peer liar = new Peer(pair.get(1));
                Fd file = MemFd.create("no doorbell", 4096, true);
                ProcessEnd host = new ProcessEnd("mic0", 1, VopRole.HOST, new Peer(pair.get(0)), () -> { })) {
            liar.send(new Message(Message.HELLO, 1, 1, 0, Message.CARD, "mic0"), List.of(file));
            assertThatThrownBy(() -> host.meet(TimeUnit.SECONDS.toNanos(20)))
                    .isInstanceOf(VopException.class)
                    .hasMessage("mic0: the other process sent a doorbell that is REGULAR: expected an eventfd");
        }
    }

    @Test
    void a_peer_shares_so_much_and_no_more() throws Exception {
        try (SocketRig rig = new SocketRig()) {
            for (int i = 0; i < 2000; i++) {
                try {
                    rig.card().ops().allocate("piece", 1);
                } catch (VopException gone) {
                    break;
                }
            }
            rig.awaitHostLost();
        }
    }

    @Test
    void a_peer_that_never_stops_talking_keeps_nobody_from_the_doorbells() throws Exception {
        AtomicBoolean enough = new AtomicBoolean();
        try (SocketRig rig = new SocketRig()) {
            Semaphore rung = new Semaphore(0);
            rig.host().ops().requestInterrupt(2, "test", rig.host().ops().meter("test", 0), rung::release);
            Thread talker = Thread.ofPlatform().start(() -> {
                while (!enough.get()) {
                    try {
                        rig.sendAsCard(new Message(Message.UNSHARE, 77, 0, 0, 0, ""));
                    } catch (Peer.GoneException e) {
                        return;
                    }
                }
            });
            for (int i = 0; i < 20; i++) {
                rig.card().ops().sendInterrupt(2, rig.card().ops().meter("test", 0));
                assertThat(rung.tryAcquire(20, TimeUnit.SECONDS)).isTrue();
            }
            enough.set(true);
            talker.join();
        } finally {
            enough.set(true);
        }
    }

    @Test
    void a_page_without_bytes_is_refused_by_the_card() throws Exception {
        List<UnixStream> pair = UnixStream.pair();
        try (Peer liar = new Peer(pair.get(1));
                Fd doorbell = EventFd.create();
                Fd file = MemFd.create("no page", 0, false);
                ProcessEnd card = new ProcessEnd("mic0", 1, VopRole.CARD, new Peer(pair.get(0)), () -> { })) {
            liar.send(new Message(Message.HELLO, 1, 1, 0, Message.HOST, "mic0"), List.of(doorbell));
            liar.send(new Message(Message.SHARE, 4096, 4096, 0, Message.PAGE | Message.WRITABLE, ""), List.of(file));
            assertThatThrownBy(() -> card.meet(TimeUnit.SECONDS.toNanos(20)))
                    .isInstanceOf(VopException.class)
                    .hasMessageContaining("the file has only 0 bytes");
        }
    }
}
