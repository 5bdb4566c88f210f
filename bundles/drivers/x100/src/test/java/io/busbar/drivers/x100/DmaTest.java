package io.busbar.drivers.x100;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.memory.MemoryRegion;
import io.busbar.api.vop.DmaChannel;
import io.busbar.api.vop.DmaCompletion;
import io.busbar.api.vop.LinkWindow;
import io.busbar.api.vop.OwnMemory;
import io.busbar.api.vop.VopError;
import io.busbar.api.vop.VopException;
import io.busbar.drivers.x100.card.CardEnds;
import io.busbar.drivers.x100.host.HostEnds;
import io.busbar.drivers.x100.link.CardSystem;
import io.busbar.drivers.x100.link.LinkEnd;
import io.busbar.drivers.x100.link.LinkSettings;
import io.busbar.drivers.x100.link.PciLink;
import io.busbar.drivers.x100.link.Timing;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The DMA engine and the memory of both sides. */
class DmaTest {

    private static final long SECONDS = 20;
    private static final int UNIT = 64;

    private final PciLink link = new PciLink(new LinkSettings("mic0", 64, 64, Timing.NONE));
    private LinkEnd host;
    private LinkEnd card;

    @BeforeEach
    void start() throws VopException {
        host = HostEnds.start(link);
        card = CardEnds.start(link);
    }

    @AfterEach
    void stop() {
        card.close();
        host.close();
        link.close();
    }

    /** Memory and what should be in it. */
    private record Modelled(LinkEnd owner, OwnMemory memory, byte[] bytes) {

        boolean holds(long address, long length) {
            long offset = address - memory.peerAddress();
            return offset >= 0 && length <= bytes.length - offset;
        }

        void check() {
            assertThat(memory.segment().mismatch(MemorySegment.ofArray(bytes))).isEqualTo(-1);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void generated_maps_unmaps_and_copies_do_what_they_do_in_a_plain_model(long seed) throws Exception {
        Random random = new Random(seed);
        List<Modelled> live = new ArrayList<>();
        BlockingQueue<Integer> ended = new LinkedBlockingQueue<>();
        int done = 0;
        int faults = 0;
        for (int i = 0; i < 1500; i++) {
            int choice = random.nextInt(10);
            if (live.size() < 4 || choice == 0 && live.size() < 12) {
                live.add(modelled(random));
            } else if (choice == 1) {
                live.remove(random.nextInt(live.size())).memory.close();
            } else if (choice < 4) {
                store(random, live);
                live.forEach(Modelled::check);
            } else {
                int result = copy(random, live, ended);
                done += result == DmaCompletion.DONE ? 1 : 0;
                faults += result == DmaCompletion.FAULT ? 1 : 0;
                live.forEach(Modelled::check);
            }
        }
        assertThat(done).isGreaterThan(100);
        assertThat(faults).isGreaterThan(100);
        live.forEach(one -> one.memory.close());
    }

    /** By the processor: any length at any address, through a window that is made for it. */
    private void store(Random random, List<Modelled> live) throws VopException {
        Modelled near = live.get(random.nextInt(live.size()));
        LinkEnd end = random.nextInt(4) == 0 ? near.owner : near.owner == host ? card : host;
        int bytes = 1 + random.nextInt(near.bytes.length);
        long address = near.memory.peerAddress() + random.nextLong(-200, near.bytes.length + 200L);
        Modelled far = live.stream().filter(one -> one.owner != end && one.holds(address, bytes)).findFirst().orElse(null);
        if (far == null) {
            assertThatThrownBy(() -> end.map(address, bytes, end.meter("model", 0)))
                    .isInstanceOfSatisfying(VopException.class, e -> assertThat(e.error()).isEqualTo(VopError.EFAULT));
            return;
        }
        byte[] data = new byte[bytes];
        random.nextBytes(data);
        int at = (int) (address - far.memory.peerAddress());
        try (LinkWindow window = end.map(address, bytes, end.meter("model", 0))) {
            byte[] read = new byte[bytes];
            window.copyTo(0, MemorySegment.ofArray(read), 0, bytes);
            assertThat(read).isEqualTo(Arrays.copyOfRange(far.bytes, at, at + bytes));
            window.copyFrom(0, MemorySegment.ofArray(data), 0, bytes);
            assertThatThrownBy(() -> window.copyFrom(1, MemorySegment.ofArray(data), 0, bytes)).isInstanceOf(IndexOutOfBoundsException.class);
        }
        System.arraycopy(data, 0, far.bytes, at, bytes);
    }

    private Modelled modelled(Random random) throws VopException {
        LinkEnd owner = random.nextBoolean() ? host : card;
        OwnMemory memory = owner.allocate("model", 1 + random.nextInt(3 * 4096));
        byte[] bytes = new byte[(int) memory.segment().byteSize()];
        random.nextBytes(bytes);
        memory.segment().copyFrom(MemorySegment.ofArray(bytes));
        return new Modelled(owner, memory, bytes);
    }

    private int copy(Random random, List<Modelled> live, BlockingQueue<Integer> ended) throws InterruptedException {
        Modelled own = live.get(random.nextInt(live.size()));
        Modelled near = live.get(random.nextInt(live.size()));
        LinkEnd end = own.owner;
        DmaChannel channel = end.dmaChannels().get(random.nextInt(4));
        int bytes = random.nextInt(10) == 0 ? 1 + random.nextInt(4096) : UNIT * (1 + random.nextInt(own.bytes.length / UNIT));
        int offset = UNIT * random.nextInt((own.bytes.length - Math.min(own.bytes.length, bytes)) / UNIT + 1);
        long peer = near.memory.peerAddress() + UNIT * random.nextLong(-4, near.bytes.length / UNIT + 4);
        boolean write = random.nextBoolean();
        if (bytes % UNIT != 0) {
            assertThatThrownBy(() -> submit(write, channel, own, offset, peer, bytes, ended)).isInstanceOf(IllegalArgumentException.class);
            return 1;
        }
        assertThat(submit(write, channel, own, offset, peer, bytes, ended)).isTrue();
        channel.issue();
        Integer result = ended.poll(SECONDS, TimeUnit.SECONDS);
        Modelled far = live.stream().filter(one -> one.owner != end && one.holds(peer, bytes)).findFirst().orElse(null);
        assertThat(result).isEqualTo(far == null ? DmaCompletion.FAULT : DmaCompletion.DONE);
        if (far != null) {
            int at = (int) (peer - far.memory.peerAddress());
            System.arraycopy(write ? own.bytes : far.bytes, write ? offset : at, write ? far.bytes : own.bytes, write ? at : offset, bytes);
        }
        return result;
    }

    private static boolean submit(boolean write, DmaChannel channel, Modelled own, int offset, long peer, int bytes, BlockingQueue<Integer> ended) {
        var meter = own.owner.meter("model", 0);
        DmaCompletion completion = (_, result) -> ended.add(result);
        return write ? channel.write(own.memory, offset, peer, bytes, meter, completion, 0)
                : channel.read(peer, own.memory, offset, bytes, meter, completion, 0);
    }

    @Test
    void a_card_that_is_reset_in_the_middle_ends_each_transfer_once_and_starts_again() throws Exception {
        OwnMemory own = host.allocate("own", 512 << 10);
        OwnMemory far = card.allocate("far", 512 << 10);
        CountDownLatch first = new CountDownLatch(4);
        CountDownLatch reset = new CountDownLatch(1);
        Map<Long, Integer> results = new ConcurrentHashMap<>();
        AtomicInteger twice = new AtomicInteger();
        DmaCompletion completion = (token, result) -> {
            if (results.put(token, result) != null) {
                twice.incrementAndGet();
            }
            if (token % 40 == 0) {
                first.countDown();
                await(reset); // The channel is in the middle of its transfers for as long.
            }
        };
        int count = 0;
        for (DmaChannel channel : host.dmaChannels()) {
            for (int i = 0; i < 40; i++) {
                assertThat(channel.write(own, 0, far.peerAddress(), 512 << 10, host.meter("dead", 0), completion, count++)).isTrue();
                if (i % 8 == 7) {
                    channel.issue();
                }
            }
        }
        assertThat(first.await(SECONDS, TimeUnit.SECONDS)).isTrue();
        HostEnds.reset(host);
        reset.countDown();

        assertThat(results).hasSize(count);
        assertThat(twice).hasValue(0);
        assertThat(results.values()).contains(DmaCompletion.DONE, DmaCompletion.GONE).containsOnly(DmaCompletion.DONE, DmaCompletion.GONE);
        assertThatThrownBy(() -> host.map(far.peerAddress(), 64, host.meter("dead", 0)))
                .isInstanceOfSatisfying(VopException.class, e -> assertThat(e.error()).isEqualTo(VopError.ENODEV));
        own.close();
        far.close();
        card.close();
        host.close();
        start();
        try (OwnMemory again = card.allocate("again", 4096); LinkWindow window = host.map(again.peerAddress(), 4096, host.meter("again", 0))) {
            window.putInt(0, 42);
            assertThat(again.segment().get(ValueLayout.JAVA_INT, 0)).isEqualTo(42);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(SECONDS, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void what_runs_on_the_card_ends_with_a_reset() {
        AtomicInteger ends = new AtomicInteger();
        link.install(new CardSystem() {
            @Override
            public void boot() {
                // It was started already.
            }

            @Override
            public void end() {
                ends.incrementAndGet();
            }
        });
        HostEnds.reset(host);
        assertThat(ends).hasValue(1);
        assertThat(link.page()).isEmpty();
    }

    @Test
    void who_is_in_the_middle_of_memory_that_is_taken_away_reaches_nothing_any_more() throws Exception {
        OwnMemory memory = card.allocate("lent", 4096);
        try (LinkWindow window = host.map(memory.peerAddress(), 4096, host.meter("lent", 0)); Arena arena = Arena.ofConfined()) {
            MemorySegment segment = window.segment();
            segment.set(ValueLayout.JAVA_INT, 0, 1);
            memory.close();

            assertThatThrownBy(() -> segment.get(ValueLayout.JAVA_INT, 0)).isInstanceOf(InternalError.class);
            assertThatThrownBy(() -> window.getInt(0)).isInstanceOf(InternalError.class);
            assertThatThrownBy(() -> window.copyFrom(0, arena.allocate(4096), 0, 4096)).isInstanceOf(InternalError.class);
            HostEnds.reset(host);
            assertThat(window.getInt(0)).isEqualTo(-1);
            window.putInt(0, 2);
        }
    }

    @Test
    void a_completion_that_throws_does_not_end_its_channel() throws Exception {
        BlockingQueue<Integer> ended = new LinkedBlockingQueue<>();
        try (OwnMemory own = host.allocate("own", 4096); OwnMemory far = card.allocate("far", 4096)) {
            for (DmaChannel channel : host.dmaChannels()) {
                // As of a bundle that is gone.
                assertThat(channel.write(own, 0, far.peerAddress(), 64, host.meter("thrown", 0), (_, _) -> {
                    throw new NoClassDefFoundError("io/busbar/Gone");
                }, 0)).isTrue();
                channel.issue();
                assertThat(channel.write(own, 64, far.peerAddress(), 64, host.meter("thrown", 0), (_, result) -> ended.add(result), 1)).isTrue();
                channel.issue();
                assertThat(ended.poll(SECONDS, TimeUnit.SECONDS)).isEqualTo(DmaCompletion.DONE);
            }
        }
    }

    @Test
    void a_handler_that_throws_does_not_end_the_others() throws Exception {
        BlockingQueue<Integer> called = new LinkedBlockingQueue<>();
        try (var thrower = card.requestInterrupt(3, "gone", card.meter("gone", -1), () -> {
            throw new NoClassDefFoundError("io/busbar/Gone");
        }); var other = card.requestInterrupt(3, "there", card.meter("there", -1), () -> called.add(3))) {
            for (int i = 0; i < 3; i++) {
                host.sendInterrupt(3, host.meter("gone", -1));
                assertThat(called.poll(SECONDS, TimeUnit.SECONDS)).isEqualTo(3);
            }
            assertThat(card.users(other.doorbell())).containsExactly("gone", "there");
            assertThat(thrower.doorbell()).isEqualTo(3);
        }
    }

    @Test
    void a_file_that_is_cut_short_under_a_copy_costs_that_copy() throws Exception {
        BlockingQueue<Integer> ended = new LinkedBlockingQueue<>();
        try (OwnMemory own = host.allocate("own", 4096); OwnMemory far = card.allocate("far", 4096); OwnMemory whole = card.allocate("whole", 4096)) {
            try (RandomAccessFile file = new RandomAccessFile("/proc/self/fd/" + far.region(0).descriptor(), "rw")) {
                file.setLength(0);
            }
            DmaChannel channel = host.dmaChannels().getFirst();
            for (OwnMemory target : List.of(far, whole, far, whole)) {
                assertThat(channel.write(own, 0, target.peerAddress(), 64, host.meter("cut", 0), (_, result) -> ended.add(result), 0)).isTrue();
                channel.issue();
                assertThat(ended.poll(SECONDS, TimeUnit.SECONDS)).isEqualTo(target == far ? DmaCompletion.FAULT : DmaCompletion.DONE);
            }
        }
    }

    @Test
    void descriptors_of_the_engine_are_nobodys_memory() throws Exception {
        BlockingQueue<Integer> ended = new LinkedBlockingQueue<>();
        var ring = link.channel(0).ring();
        assertThatThrownBy(() -> card.map(ring, 16, card.meter("spy", 0))).isInstanceOf(VopException.class);
        try (OwnMemory own = card.allocate("spy", 4096)) {
            DmaChannel channel = card.dmaChannels().getFirst();
            assertThat(channel.write(own, 0, ring, 64, card.meter("spy", 0), (_, result) -> ended.add(result), 0)).isTrue();
            channel.issue();
            assertThat(ended.poll(SECONDS, TimeUnit.SECONDS)).isEqualTo(DmaCompletion.FAULT);
        }
    }

    @Test
    void memory_that_may_not_be_written_is_read_only_over_the_link() throws Exception {
        BlockingQueue<Integer> ended = new LinkedBlockingQueue<>();
        try (OwnMemory base = host.allocate("base", 4096); OwnMemory own = card.allocate("own", 4096)) {
            MemoryRegion region = base.region(0);
            MemoryRegion readOnly = new MemoryRegion(0, 4096, region.segment().asReadOnly(), false, region.descriptor(), 0);
            try (OwnMemory shared = host.attach(readOnly); LinkWindow window = card.map(shared.peerAddress(), 4096, card.meter("ro", 0))) {
                base.segment().set(ValueLayout.JAVA_INT, 0, 7);
                window.putInt(0, 8);
                assertThat(window.getInt(0)).isEqualTo(7);
                DmaChannel channel = card.dmaChannels().getFirst();
                assertThat(channel.write(own, 0, shared.peerAddress(), 64, card.meter("ro", 0), (_, result) -> ended.add(result), 0)).isTrue();
                assertThat(channel.read(shared.peerAddress(), own, 0, 64, card.meter("ro", 0), (_, result) -> ended.add(result), 1)).isTrue();
                channel.issue();
                assertThat(ended.poll(SECONDS, TimeUnit.SECONDS)).isEqualTo(DmaCompletion.FAULT);
                assertThat(ended.poll(SECONDS, TimeUnit.SECONDS)).isEqualTo(DmaCompletion.DONE);
                assertThat(own.segment().get(ValueLayout.JAVA_INT, 0)).isEqualTo(7);
            }
        }
    }

    @Test
    void memory_without_a_file_and_more_than_the_card_has_are_refused() {
        try (Arena arena = Arena.ofShared()) {
            MemoryRegion region = new MemoryRegion(0, 4096, arena.allocate(4096, 4096), true, -1, 0);
            assertThatThrownBy(() -> card.attach(region)).hasMessage("memory of 4096 bytes without a file: expected one with a descriptor");
        }
        assertThatThrownBy(() -> card.allocate("too much", 65L << 20))
                .isInstanceOfSatisfying(VopException.class, e -> assertThat(e.error()).isEqualTo(VopError.ENOMEM))
                .hasMessage("68157440 bytes for too much: expected no more than mic0 has addresses left for");
    }

    @Test
    void the_engine_is_nobody_to_read_from_in_the_steady_state() throws Exception {
        BlockingQueue<Integer> ended = new LinkedBlockingQueue<>();
        try (OwnMemory own = host.allocate("own", 4096); OwnMemory far = card.allocate("far", 4096)) {
            long before = host.meter("link", -1).read().nonPostedReads();
            for (int i = 0; i < 100; i++) {
                DmaChannel channel = host.dmaChannels().get(i % 4);
                assertThat(channel.write(own, 0, far.peerAddress(), 4096, host.meter("disk0", 0), (_, result) -> ended.add(result), i)).isTrue();
                channel.issue();
                assertThat(ended.poll(SECONDS, TimeUnit.SECONDS)).isZero();
                host.sendInterrupt(i % 16, host.meter("disk0", 0));
            }
            assertThat(host.meter("link", -1).read().nonPostedReads()).isEqualTo(before);
            var counts = host.meter("disk0", 0).read();
            assertThat(counts.dmaDescriptors()).isEqualTo(100);
            assertThat(counts.dmaBytes()).isEqualTo(409_600);
            assertThat(counts.doorbells()).isEqualTo(100);
            assertThat(counts.nanos()).isZero();
        }
    }
}
