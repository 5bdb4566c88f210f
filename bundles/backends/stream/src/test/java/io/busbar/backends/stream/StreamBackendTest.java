package io.busbar.backends.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendException.Kind;
import io.busbar.api.backend.NetInfo;
import io.busbar.api.backend.WaitingFrame;
import io.busbar.core.linux.Epoll;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.UnixListener;
import io.busbar.core.linux.UnixStream;
import io.busbar.testkit.TestBackendContext;
import io.busbar.testkit.TestFrame;
import io.busbar.testkit.TestPayload;
import io.busbar.testkit.machine.Allocation;
import io.busbar.testkit.machine.Eventually;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class StreamBackendTest {

    private static final int HEADER = 12;
    private static final long LONG = TimeUnit.SECONDS.toNanos(20);

    private final List<AutoCloseable> opened = new ArrayList<>();

    @TempDir
    private Path folder;

    private TestBackendContext context;
    private UnixListener listener;

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable one : opened.reversed()) {
            one.close();
        }
    }

    private Path path() {
        return folder.resolve("s");
    }

    private StreamBackend open(String... words) throws BackendException {
        List<String> all = new ArrayList<>(List.of("path", path().toString()));
        all.addAll(List.of(words));
        context = TestBackendContext.of(all.toArray(String[]::new)).withChannels("pair0");
        StreamBackend backend = new StreamBackend(context);
        opened.add(backend);
        return backend;
    }

    private void listen() throws Exception {
        listener = UnixListener.bind(path());
        opened.add(listener);
    }

    private StreamBackend connected() throws Exception {
        listen();
        return open();
    }

    private Peer accept() throws Exception {
        Peer peer = new Peer(listener.accept(LONG).orElseThrow());
        opened.add(peer);
        return peer;
    }

    private static byte[] bytes(WaitingFrame frame) {
        return frame.memory().asSlice(frame.offset(), frame.length()).toArray(ValueLayout.JAVA_BYTE);
    }

    /** Waits for a frame and takes it; without its header, which has to ask for nothing. */
    private static byte[] receive(StreamBackend backend) {
        Eventually.that(() -> backend.peek(0) != null, () -> "no frame");
        ByteBuffer all = ByteBuffer.wrap(bytes(backend.peek(0)));
        backend.taken(0);
        assertThat(all.getLong()).isZero();
        assertThat(all.getInt()).isZero();
        byte[] frame = new byte[all.remaining()];
        all.get(frame);
        return frame;
    }

    private static void awaitLink(StreamBackend backend, boolean up) {
        Eventually.that(() -> backend.info().linkUp() == up, () -> "the link is not " + (up ? "up" : "down"));
    }

    @Test
    void a_frame_crosses_behind_its_length_as_qemu_sends_it() throws Exception {
        StreamBackend backend = connected();
        assertThat(backend.info()).isEqualTo(new NetInfo(65_535, 1500, 1, false, false, true));
        Peer peer = accept();
        byte[] frame = Peer.frame(1, 60);
        byte[] behindHeader = new byte[HEADER + 60];
        System.arraycopy(frame, 0, behindHeader, HEADER, 60);
        assertThat(backend.transmit(0, TestFrame.over(TestPayload.of(behindHeader).position(HEADER)))).isTrue();
        assertThat(peer.receive(64)).isEqualTo(Peer.framed(frame)).startsWith(0, 0, 0, 60);
        peer.send(Peer.framed(Peer.frame(2, 1514)));
        assertThat(receive(backend)).isEqualTo(Peer.frame(2, 1514));
        assertThat(backend.peek(0)).isNull();
    }

    @Test
    void a_frame_waits_as_it_is_until_it_is_taken_whatever_comes_meanwhile() throws Exception {
        StreamBackend backend = connected();
        Peer peer = accept();
        peer.send(Peer.framed(Peer.frame(1, 100)));
        Eventually.that(() -> backend.peek(0) != null, () -> "no frame");
        byte[] first = bytes(backend.peek(0));
        peer.send(Peer.framed(Peer.frame(2, 100)));
        assertThat(bytes(backend.peek(0))).isEqualTo(first);
        listener.close();
        peer.close();
        awaitLink(backend, false);
        assertThat(bytes(backend.peek(0))).as("after its connection").isEqualTo(first);
        backend.taken(0);
        assertThat(backend.peek(0)).as("what nobody had received of it").isNull();
    }

    @Test
    void frames_may_come_in_any_pieces() throws Exception {
        StreamBackend backend = connected();
        Peer peer = accept();
        for (byte one : Peer.framed(Peer.frame(1, 70))) {
            assertThat(backend.peek(0)).isNull();
            peer.send(one);
        }
        assertThat(receive(backend)).isEqualTo(Peer.frame(1, 70));
        byte[] next = Peer.framed(Peer.frame(3, 90));
        ByteBuffer both = ByteBuffer.allocate(84 + 2).put(Peer.framed(Peer.frame(2, 80))).put(next, 0, 2);
        peer.send(both.array());
        assertThat(receive(backend)).isEqualTo(Peer.frame(2, 80));
        assertThat(backend.peek(0)).isNull();
        peer.send(Arrays.copyOfRange(next, 2, next.length));
        assertThat(receive(backend)).isEqualTo(Peer.frame(3, 90));
    }

    @Test
    void frames_of_every_length_come_one_behind_the_other_without_end() throws Exception {
        StreamBackend backend = connected();
        Peer peer = accept();
        int[] lengths = {14, 65_550, 15, 1514, 65_550, 9014, 65_549};
        Thread sender = Thread.ofPlatform().start(() -> {
            for (int i = 0; i < 300; i++) {
                peer.send(Peer.framed(Peer.frame(i, lengths[i % lengths.length])));
            }
        });
        for (int i = 0; i < 300; i++) {
            assertThat(receive(backend)).isEqualTo(Peer.frame(i, lengths[i % lengths.length]));
        }
        sender.join();
    }

    @Test
    void a_worker_that_waits_for_changes_alone_is_woken_for_each_burst_over_every_connection() throws Exception {
        StreamBackend backend = connected();
        try (Epoll worker = Epoll.create(); Fd ours = Fd.duplicateOf(backend.readableDescriptor(0))) {
            worker.add(ours.number(), Epoll.EPOLLIN | Epoll.EPOLLET, 7);
            for (int connection = 0; connection < 3; connection++) {
                Peer peer = accept();
                for (int burst = 0; burst < 50; burst++) {
                    peer.send(Peer.framed(Peer.frame(burst, 60)));
                    byte[] frame = null;
                    while (frame == null) {
                        assertThat(worker.await(20_000)).as("woken").isPositive();
                        WaitingFrame waiting = backend.peek(0);
                        frame = waiting == null ? null : bytes(waiting);
                    }
                    backend.taken(0);
                    assertThat(backend.peek(0)).isNull();
                }
                peer.close();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 13, 65_551, 65_537 * 2, Integer.MAX_VALUE, Integer.MIN_VALUE, -1})
    void a_far_end_that_lies_is_dropped_says_why_and_may_come_back(int length) throws Exception {
        StreamBackend backend = connected();
        Peer liar = accept();
        liar.send(Peer.framed(Peer.frame(1, 60)));
        liar.send(ByteBuffer.allocate(4).putInt(length).array());
        assertThat(receive(backend)).as("what it said before").isEqualTo(Peer.frame(1, 60));
        String sentence = "the far end at " + path() + " says that a frame has " + Integer.toUnsignedLong(length)
                + " bytes, expected 14 to 65550";
        Eventually.that(() -> backend.peek(0) == null && backend.linkDownReason().equals(sentence), backend::linkDownReason);
        assertThat(liar.isEnded()).isTrue();
        Peer honest = accept();
        honest.send(Peer.framed(Peer.frame(2, 60)));
        assertThat(receive(backend)).isEqualTo(Peer.frame(2, 60));
        Eventually.that(() -> context.infoChanges() >= 2, () -> context.infoChanges() + " changes were told");
    }

    @Test
    void a_part_of_a_frame_is_not_completed_by_another_connection() throws Exception {
        StreamBackend backend = connected();
        Peer first = accept();
        first.send(Arrays.copyOf(Peer.framed(Peer.frame(1, 100)), 50));
        Eventually.that(() -> backend.peek(0) == null && backend.info().linkUp(), () -> "no link");
        first.close();
        Peer second = accept();
        second.send(Peer.framed(Peer.frame(2, 200)));
        assertThat(receive(backend)).isEqualTo(Peer.frame(2, 200));
    }

    @Test
    void a_far_end_that_does_not_read_holds_the_driver_back_and_loses_nothing() throws Exception {
        StreamBackend backend = connected();
        Peer peer = accept();
        int sent = fill(backend);
        assertThat(backend.transmit(0, TestFrame.of(Peer.frame(sent, 30_000)))).as("still full").isFalse();
        context.takeWritable();
        for (int i = 0; i < sent; i++) {
            assertThat(peer.receiveFrame()).isEqualTo(Peer.frame(i, 30_000));
        }
        Eventually.that(() -> context.takeWritable().contains(0), () -> "nobody tells that there is room");
        assertThat(backend.transmit(0, TestFrame.of(Peer.frame(sent, 30_000)))).isTrue();
        assertThat(peer.receiveFrame()).isEqualTo(Peer.frame(sent, 30_000));
    }

    /** Sends until there is no room; returns how many frames were taken. */
    private static int fill(StreamBackend backend) {
        int sent = 0;
        while (backend.transmit(0, TestFrame.of(Peer.frame(sent, 30_000)))) {
            sent++;
            assertThat(sent).isLessThan(1000);
        }
        return sent;
    }

    @Test
    void a_connection_begins_with_a_whole_frame_whatever_was_left_of_the_one_before() throws Exception {
        StreamBackend backend = connected();
        Peer first = accept();
        int sent = fill(backend);
        first.close();
        Peer second = accept();
        awaitLink(backend, true);
        assertThat(context.takeWritable()).contains(0);
        assertThat(backend.transmit(0, TestFrame.of(Peer.frame(sent, 500)))).isTrue();
        assertThat(second.receiveFrame()).isEqualTo(Peer.frame(sent, 500));
    }

    @Test
    void a_frame_whose_memory_went_away_is_lost_and_nothing_else() throws Exception {
        StreamBackend backend = connected();
        Peer peer = accept();
        assertThat(backend.transmit(0, TestFrame.over(TestPayload.of(Peer.frame(1, 60)).vanish()))).isTrue();
        assertThat(backend.transmit(0, TestFrame.of(Peer.frame(2, 60)))).isTrue();
        assertThat(peer.receiveFrame()).isEqualTo(Peer.frame(2, 60));
    }

    @Test
    void a_far_end_that_is_not_there_yet_is_found_when_it_comes_and_when_it_comes_again() throws Exception {
        StreamBackend backend = open();
        assertThat(backend.info().linkUp()).isFalse();
        assertThat(backend.linkDownReason()).startsWith("nobody listens at " + path());
        assertThat(backend.transmit(0, TestFrame.of(Peer.frame(1, 60)))).as("dropped").isTrue();
        assertThat(backend.peek(0)).isNull();
        for (int i = 0; i < 3; i++) {
            listen();
            Peer peer = accept();
            awaitLink(backend, true);
            assertThat(backend.transmit(0, TestFrame.of(Peer.frame(i, 60)))).isTrue();
            assertThat(peer.receiveFrame()).isEqualTo(Peer.frame(i, 60));
            listener.close();
            peer.close();
            awaitLink(backend, false);
        }
    }

    /** As passt does with everybody while it has somebody: it closes at once, and each time the device's state changes. */
    @Test
    void a_far_end_that_closes_at_once_is_tried_at_growing_distances() throws Exception {
        listen();
        open();
        int accepted = 0;
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(1500);
        while (System.nanoTime() < end) {
            var stream = listener.accept();
            if (stream.isPresent()) {
                accepted++;
                stream.get().close();
            } else {
                Thread.onSpinWait();
            }
        }
        assertThat(accepted).isBetween(1, 8);
    }

    @Test
    void who_listens_serves_one_after_the_other_and_turns_the_others_away() throws Exception {
        StreamBackend backend = open("listen", "on");
        assertThat(backend.info().linkUp()).isFalse();
        assertThat(backend.linkDownReason()).isEqualTo("nobody has connected to " + path());
        for (int i = 0; i < 3; i++) {
            try (Peer peer = connect()) {
                awaitLink(backend, true);
                try (Peer second = connect()) {
                    assertThat(second.isEnded()).isTrue();
                }
                peer.send(Peer.framed(Peer.frame(i, 60)));
                assertThat(receive(backend)).isEqualTo(Peer.frame(i, 60));
            }
            awaitLink(backend, false);
            assertThat(backend.linkDownReason()).isEqualTo("the far end at " + path() + " has closed the connection");
        }
        backend.close();
        opened.remove(backend);
        assertThat(path()).doesNotExist();
        Eventually.noThreadIsNamed("busbar-" + context.deviceName() + "-stream");
    }

    private Peer connect() throws Exception {
        return new Peer(UnixStream.connect(path(), LONG));
    }

    private static void assertRefused(Kind kind, String sentence, ThrowingCallable open) {
        BackendException refusal = catchThrowableOfType(BackendException.class, open);
        assertThat(refusal).as("refusal").isNotNull().hasMessageContaining(sentence);
        assertThat(refusal.kind()).isEqualTo(kind);
    }

    @Test
    void a_path_that_can_be_none_of_a_socket_is_refused() throws Exception {
        Path file = Files.createFile(folder.resolve("file"));
        assertRefused(Kind.CONFIG_INVALID, "path " + file + ": there is a file, expected a socket",
                () -> new StreamBackend(TestBackendContext.of("path", file.toString())));
        assertRefused(Kind.CONFIG_INVALID, "path " + folder + ": there is a folder, expected a socket",
                () -> new StreamBackend(TestBackendContext.of("path", folder.toString(), "listen", "on")));
        String tooLong = folder.resolve("x".repeat(120)).toString();
        assertRefused(Kind.CONFIG_INVALID, "expected 1 to 107", () -> new StreamBackend(TestBackendContext.of("path", tooLong)));
        assertRefused(Kind.CONFIG_INVALID, "path", () -> new StreamBackend(TestBackendContext.of()));
        assertRefused(Kind.NOT_FOUND, "No such file or directory", () -> new StreamBackend(
                TestBackendContext.of("path", folder.resolve("no/s").toString(), "listen", "on")));
    }

    @Test
    void a_path_at_which_another_listens_is_in_use() throws Exception {
        listen();
        assertRefused(Kind.IN_USE, "another process is listening there", () -> open("listen", "on"));
    }

    @Test
    void a_million_frames_each_way_allocate_nothing() throws Exception {
        StreamBackend backend = connected();
        Peer peer = accept();
        int frames = 40;
        int bytes = frames * (4 + 60);
        TestPayload payload = TestPayload.of(Peer.frame(1, 60));
        TestFrame frame = TestFrame.over(payload);
        long[] received = {0};
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment echo = arena.allocate(bytes);
            long allocated = Allocation.leastOf(() -> {
                for (int turn = 0; turn < 1_000_000 / frames; turn++) {
                    for (int i = 0; i < frames; i++) {
                        payload.rewind();
                        backend.transmit(0, frame);
                    }
                    peer.stream().receiveExactly(echo.address(), bytes, -1);
                    peer.stream().send(echo.address(), bytes);
                    while (backend.peek(0) != null) {
                        backend.taken(0);
                        received[0]++;
                    }
                }
            });
            assertThat(allocated).isZero();
        }
        assertThat(received[0]).isGreaterThanOrEqualTo(1_000_000);
    }
}
