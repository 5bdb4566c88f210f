package io.busbar.drivers.sharedmemory;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.vop.LinkWindow;
import io.busbar.api.vop.OwnMemory;
import io.busbar.api.vop.VopRole;
import io.busbar.core.linux.UnixListener;
import io.busbar.core.linux.UnixStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The card is another process, and dies. */
class OtherProcessTest {

    private static final long SECONDS = 30;
    private static final int HOST_BELL = 3;
    private static final int CARD_BELL = 5;
    private static final int OFFSET = 24;

    @TempDir
    private Path folder;

    /** The card: tells where its memory is, and at each ring adds one to what the host wrote there. */
    public static final class Card {

        private Card() {
        }

        /** Runs until the host has left. */
        public static void main(String[] words) throws Exception {
            CountDownLatch lost = new CountDownLatch(1);
            try (ProcessEnd end = new ProcessEnd("mic7", 8, VopRole.CARD, new Peer(UnixStream.connect(Path.of(words[0]), 0)), lost::countDown)) {
                end.meet(TimeUnit.SECONDS.toNanos(SECONDS));
                OwnMemory memory = end.allocate("counter", 4096);
                LinkWindow page = end.remoteDevicePage().orElseThrow();
                var meter = end.meter("card", 0);
                end.requestInterrupt(CARD_BELL, "card", meter, () -> {
                    MemorySegment counter = memory.segment();
                    counter.set(ValueLayout.JAVA_INT, 0, counter.get(ValueLayout.JAVA_INT, 0) + 1);
                    end.sendInterrupt(HOST_BELL, meter);
                });
                page.putLong(OFFSET, memory.peerAddress());
                end.sendInterrupt(HOST_BELL, meter);
                lost.await();
            }
        }
    }

    @Test
    void memory_and_doorbells_reach_it_and_its_death_is_noticed() throws Exception {
        Path socket = folder.resolve("link.sock");
        CountDownLatch lost = new CountDownLatch(1);
        Semaphore rung = new Semaphore(0);
        try (UnixListener listener = UnixListener.bind(socket)) {
            Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"), Card.class.getName(),
                    socket.toString()).inheritIO().start();
            try (ProcessEnd host = new ProcessEnd("mic7", 8, VopRole.HOST,
                    new Peer(listener.accept(TimeUnit.SECONDS.toNanos(SECONDS)).orElseThrow()), lost::countDown)) {
                var meter = host.meter("host", 0);
                host.requestInterrupt(HOST_BELL, "host", meter, rung::release);
                host.meet(TimeUnit.SECONDS.toNanos(SECONDS));
                assertThat(rung.tryAcquire(SECONDS, TimeUnit.SECONDS)).isTrue();
                long address = host.devicePage().orElseThrow().segment().get(ValueLayout.JAVA_LONG, OFFSET);
                try (LinkWindow counter = host.map(address, 4096, meter)) {
                    counter.putInt(0, 41);
                    host.sendInterrupt(CARD_BELL, meter);
                    assertThat(rung.tryAcquire(SECONDS, TimeUnit.SECONDS)).isTrue();
                    assertThat(counter.getInt(0)).isEqualTo(42);

                    process.destroyForcibly();
                    assertThat(lost.await(SECONDS, TimeUnit.SECONDS)).isTrue();
                    assertThat(counter.getInt(0)).isEqualTo(-1);
                    host.sendInterrupt(CARD_BELL, meter);
                }
            } finally {
                process.destroyForcibly().waitFor();
            }
        }
    }
}
