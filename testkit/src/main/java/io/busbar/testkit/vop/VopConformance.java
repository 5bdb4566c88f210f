package io.busbar.testkit.vop;

import io.busbar.api.memory.MemoryRegion;
import io.busbar.api.vop.DmaChannel;
import io.busbar.api.vop.DmaCompletion;
import io.busbar.api.vop.LinkMeter;
import io.busbar.api.vop.LinkWindow;
import io.busbar.api.vop.OwnMemory;
import io.busbar.api.vop.PeerRange;
import io.busbar.api.vop.VopDevice;
import io.busbar.api.vop.VopError;
import io.busbar.api.vop.VopException;
import io.busbar.api.vop.VopHardwareOps;
import io.busbar.api.vop.VopInterrupt;
import io.busbar.api.vop.VopRole;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.Mapping;
import io.busbar.core.linux.MemFd;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * What every link must do, whatever it is made of: checks for a test of the link, each with a rig of its own. A failure is an
 * {@link AssertionError}.
 */
public final class VopConformance {

    private static final long SECONDS = 20;
    private static final int PAGE = 4096;
    private static final byte OWN = 0x11;
    private static final byte OTHERS = 0x22;

    private final VopRig rig;

    private VopConformance(VopRig rig) {
        this.rig = rig;
    }

    /**
     * A check.
     *
     * @param name what it is about
     * @param body throws if the link does not do it
     */
    public record Check(String name, Body body) {}

    /** What a check does. */
    @FunctionalInterface
    public interface Body {
        /** Does it. */
        void run() throws Exception;
    }

    @FunctionalInterface
    private interface Part {
        void check(VopConformance with) throws Exception;
    }

    /**
     * Returns the checks of a kind of link.
     *
     * @param rigs makes a link
     */
    public static List<Check> of(Supplier<VopRig> rigs) {
        return List.of(
                check(rigs, "the ends know who they are", VopConformance::endsKnowWhoTheyAre),
                check(rigs, "the device page is one memory at both ends", VopConformance::devicePage),
                check(rigs, "own memory is zeroed, aligned and reachable", with -> with.fromBothEnds(with::allocated)),
                check(rigs, "memory that is there already is reachable", with -> with.fromBothEnds(with::attached)),
                check(rigs, "addresses that nobody shares are refused", with -> with.fromBothEnds(with::outside)),
                check(rigs, "memory that was taken away is nobody's", with -> with.fromBothEnds(with::takenAway)),
                check(rigs, "each verb of a window is counted and bounded", with -> with.fromBothEnds(with::verbs)),
                check(rigs, "a doorbell calls its handlers", with -> with.fromBothEnds(with::doorbells)),
                check(rigs, "a ring while the handler runs leads to one more call", with -> with.fromBothEnds(with::ringWhileRunning)),
                check(rigs, "doorbells that are not there do nothing", with -> with.fromBothEnds(with::noSuchDoorbell)),
                check(rigs, "nothing crosses a link that is gone", with -> with.gone(with.rig.host(), with.rig.card())));
    }

    /**
     * Returns the checks of the DMA channels of a kind of link that has some.
     *
     * @param rigs makes a link
     */
    public static List<Check> ofDma(Supplier<VopRig> rigs) {
        return List.of(
                check(rigs, "copies of any size arrive and touch nothing else", with -> with.fromBothEnds(with::copies)),
                check(rigs, "transfers of a channel end in order", with -> with.fromBothEnds(with::order)),
                check(rigs, "wrong numbers of a transfer are refused", with -> with.fromBothEnds(with::wrongTransfers)),
                check(rigs, "a transfer to nobody's memory is a fault, and the next is none", with -> with.fromBothEnds(with::faults)),
                check(rigs, "a full channel takes nothing and tells nothing", with -> with.fromBothEnds(with::fullChannel)),
                check(rigs, "transfers over a link that is gone end as such", with -> with.goneTransfers(with.rig.host(), with.rig.card())));
    }

    private static Check check(Supplier<VopRig> rigs, String name, Part part) {
        return new Check(name, () -> {
            try (VopRig rig = rigs.get()) {
                part.check(new VopConformance(rig));
            }
        });
    }

    @FunctionalInterface
    private interface Direction {
        void check(VopDevice here, VopDevice there) throws Exception;
    }

    private void fromBothEnds(Direction direction) throws Exception {
        direction.check(rig.host(), rig.card());
        direction.check(rig.card(), rig.host());
    }

    private static void require(boolean that, String sentence) {
        if (!that) {
            throw new AssertionError(sentence);
        }
    }

    private static void requireError(VopError error, Body body, String what) throws Exception {
        try {
            body.run();
        } catch (VopException e) {
            require(e.error() == error, what + ": " + e.error() + " " + e.getMessage() + ", expected " + error);
            return;
        }
        throw new AssertionError(what + " is not refused, expected " + error);
    }

    private static void requireThrown(Class<? extends Exception> type, Body body, String what) {
        try {
            body.run();
        } catch (Exception e) {
            require(type.isInstance(e), what + ": " + e + ", expected " + type.getSimpleName());
            return;
        }
        throw new AssertionError(what + " is not refused, expected " + type.getSimpleName());
    }

    private static LinkMeter meter(VopDevice end) {
        return end.ops().meter("conformance", 0);
    }

    private void endsKnowWhoTheyAre() {
        VopDevice host = rig.host();
        VopDevice card = rig.card();
        require(host.role() == VopRole.HOST && card.role() == VopRole.CARD, "roles " + host.role() + ", " + card.role());
        require(host.name().equals(card.name()), "names " + host.name() + ", " + card.name());
        require(host.node() == card.node() && host.node() >= 1 && host.node() <= 128, "nodes " + host.node() + ", " + card.node());
        require(host.ops() == host.ops() && card.ops() == card.ops(), "ops are another object each time");
        require(meter(host) == meter(host), "a meter is another object each time");
    }

    private void devicePage() {
        OwnMemory page = rig.host().ops().devicePage().orElseThrow();
        LinkWindow remote = rig.card().ops().remoteDevicePage().orElseThrow();
        require(rig.card().ops().devicePage().isEmpty() && rig.host().ops().remoteDevicePage().isEmpty(), "each end has one page");
        require(page.segment().byteSize() == PAGE && remote.size() == PAGE, "sizes " + page.segment().byteSize() + ", " + remote.size());
        page.segment().set(ValueLayout.JAVA_BYTE, PAGE - 1, OWN);
        require(remote.getByte(PAGE - 1) == OWN, "the card does not see what the host wrote");
        remote.putByte(24, OTHERS);
        require(page.segment().get(ValueLayout.JAVA_BYTE, 24) == OTHERS, "the host does not see what the card wrote");
        remote.putByte(24, 0);
        page.segment().set(ValueLayout.JAVA_BYTE, PAGE - 1, (byte) 0);
    }

    private void allocated(VopDevice here, VopDevice there) throws Exception {
        try (OwnMemory memory = here.ops().allocate("test", 5000)) {
            require(memory.segment().byteSize() >= 5000, "5000 bytes were asked for, " + memory.segment().byteSize() + " are there");
            require(memory.segment().mismatch(MemorySegment.ofArray(new byte[(int) memory.segment().byteSize()])) == -1, "not zeroed");
            require(memory.peerAddress() % PAGE == 0 && memory.segment().address() % PAGE == 0, "not aligned to a page");
            require(memory.region(7).iova() == 7 && memory.region(7).size() == memory.segment().byteSize(), "region " + memory.region(7));
            require(memory.region(7).descriptor() >= 0, "a device in another process cannot map it");
            bothWays(memory.segment(), there.ops().map(memory.peerAddress(), 5000, meter(there)));
        }
        requireError(VopError.EINVAL, () -> here.ops().allocate("test", 0), "0 bytes");
    }

    private void attached(VopDevice here, VopDevice there) throws Exception {
        try (Fd file = MemFd.create("guest", 4 * PAGE, false); Mapping mapping = Mapping.map(file.number(), PAGE, 2 * PAGE, true)) {
            MemoryRegion region = new MemoryRegion(1L << 40, 2 * PAGE, mapping.segment(), true, file.number(), PAGE);
            try (OwnMemory memory = here.ops().attach(region)) {
                bothWays(mapping.segment(), there.ops().map(memory.peerAddress() + 100, PAGE, meter(there)), 100);
            }
        }
    }

    private static void bothWays(MemorySegment own, LinkWindow window) {
        bothWays(own, window, 0);
    }

    private static void bothWays(MemorySegment own, LinkWindow window, long offset) {
        window.putLong(8, 0x1122334455667788L);
        require(own.get(ValueLayout.JAVA_LONG_UNALIGNED, offset + 8) == 0x1122334455667788L, "a write does not arrive");
        own.set(ValueLayout.JAVA_INT_UNALIGNED, offset + 100, 77);
        require(window.getInt(100) == 77, "a read does not see it");
        require(window.segment().get(ValueLayout.JAVA_INT_UNALIGNED, 100) == 77, "the window's memory is another");
        window.close();
    }

    private void outside(VopDevice here, VopDevice there) throws Exception {
        try (OwnMemory memory = here.ops().allocate("test", PAGE)) {
            long first = memory.peerAddress();
            long before = rig.faults(here.role());
            for (long[] range : new long[][] {{first - 1, 1}, {first - 1, 2}, {first + PAGE, 1}, {first + PAGE - 1, 2}, {first, PAGE + 1},
                {first, 0}, {first, -1}, {first, Long.MAX_VALUE}, {0, 1}, {-1, 1}, {Long.MIN_VALUE, 8}, {Long.MAX_VALUE, 8}}) {
                requireError(VopError.EFAULT, () -> there.ops().map(range[0], range[1], meter(there)), range[1] + " bytes at " + range[0]);
            }
            require(rig.faults(here.role()) == before + 12, "faults of " + here.role() + ": " + (rig.faults(here.role()) - before));
            there.ops().map(first + PAGE - 1, 1, meter(there)).close();
            for (long address : new long[] {first, first + 100, first + PAGE - 1}) {
                PeerRange range = there.ops().peerRange(address).orElseThrow();
                require(range.address() == first && range.bytes() == PAGE, "around " + address + " is " + range);
            }
            for (long address : new long[] {first - 1, first + PAGE, 0, -1, Long.MIN_VALUE}) {
                require(there.ops().peerRange(address).isEmpty(), "around " + address + " is something");
            }
            require(rig.faults(here.role()) == before + 12, "a question is a fault");
        }
    }

    private void takenAway(VopDevice here, VopDevice there) throws Exception {
        OwnMemory memory = here.ops().allocate("test", PAGE);
        long address = memory.peerAddress();
        LinkWindow window = there.ops().map(address, PAGE, meter(there));
        memory.close();
        for (Runnable verb : List.<Runnable>of(() -> window.getByte(0), () -> window.putLong(8, 1), () -> window.putByte(PAGE - 1, 1))) {
            try {
                verb.run();
                throw new AssertionError("a verb reaches memory that was taken away");
            } catch (InternalError expected) {
                // As it should.
            }
        }
        window.close();
        requireError(VopError.EFAULT, () -> there.ops().map(address, PAGE, meter(there)), "memory that was taken away");
    }

    private void verbs(VopDevice here, VopDevice there) throws Exception {
        LinkMeter meter = there.ops().meter("verbs", 1);
        try (OwnMemory memory = here.ops().allocate("test", PAGE); LinkWindow window = there.ops().map(memory.peerAddress(), 64, meter);
                Arena arena = Arena.ofConfined()) {
            window.putByte(63, 0xfe);
            window.putShort(61, 0xfedc);
            window.putInt(3, 0xfedcba98);
            window.putLong(13, 0xfedcba9876543210L);
            require(window.getByte(62) == 0xfe && window.getShort(61) == 0xfedc, "a byte or 16 bits");
            require(window.getInt(3) == 0xfedcba98 && window.getLong(13) == 0xfedcba9876543210L, "32 or 64 bits");
            require(memory.segment().get(ValueLayout.JAVA_BYTE, 3) == (byte) 0x98, "not little-endian");
            MemorySegment bytes = arena.allocate(64);
            window.copyTo(1, bytes, 2, 62);
            require(bytes.get(ValueLayout.JAVA_INT_UNALIGNED, 4) == 0xfedcba98, "copyTo");
            bytes.fill((byte) 9);
            window.copyFrom(20, bytes, 0, 40);
            require(memory.segment().get(ValueLayout.JAVA_BYTE, 59) == 9 && memory.segment().get(ValueLayout.JAVA_BYTE, 60) == 0, "copyFrom");
            var counts = meter.read();
            require(counts.postedWrites() == 5 && counts.postedBytes() == 1 + 2 + 4 + 8 + 40, "writes " + counts);
            require(counts.nonPostedReads() == 5 && counts.nonPostedBytes() == 1 + 2 + 4 + 8 + 62, "reads " + counts);
            for (Body body : List.<Body>of(() -> window.getByte(64), () -> window.putByte(-1, 0), () -> window.getShort(63),
                    () -> window.putInt(61, 0), () -> window.getLong(57), () -> window.copyTo(60, bytes, 0, 5),
                    () -> window.copyFrom(64, bytes, 0, 1))) {
                requireThrown(IndexOutOfBoundsException.class, body, "an offset outside");
            }
        }
    }

    private void doorbells(VopDevice here, VopDevice there) throws Exception {
        VopHardwareOps ops = here.ops();
        Semaphore one = new Semaphore(0);
        Semaphore other = new Semaphore(0);
        int doorbell = ops.nextDoorbell();
        require(doorbell >= 0 && doorbell < ops.doorbells(), "doorbell " + doorbell + " of " + ops.doorbells());
        LinkMeter meter = ops.meter("doorbells", 0);
        LinkMeter ringer = there.ops().meter("doorbells", 0);
        long before = ringer.read().doorbells();
        try (VopInterrupt second = ops.requestInterrupt(doorbell, "second", meter, acknowledged(ops, doorbell, other))) {
            try (VopInterrupt first = ops.requestInterrupt(doorbell, "first", meter, acknowledged(ops, doorbell, one))) {
                require(first.doorbell() == doorbell, "doorbell " + first.doorbell() + ", expected " + doorbell);
                there.ops().sendInterrupt(doorbell, ringer);
                take(one, "the first handler is not called");
                take(other, "the second handler is not called");
            }
            there.ops().sendInterrupt(doorbell, ringer);
            take(other, "a handler is not called any more when another one was closed");
            require(one.availablePermits() == 0, "a handler is called after it was closed");
            require(second.doorbell() == doorbell, "doorbell");
        }
        require(ringer.read().doorbells() == before + 2, "doorbells counted: " + ringer.read());
        require(meter.read().interrupts() == 3, "interrupts counted: " + meter.read());
    }

    private static Runnable acknowledged(VopHardwareOps ops, int doorbell, Semaphore called) {
        return () -> {
            ops.acknowledgeInterrupt(doorbell);
            called.release();
        };
    }

    private static void take(Semaphore semaphore, String otherwise) throws InterruptedException {
        require(semaphore.tryAcquire(SECONDS, TimeUnit.SECONDS), otherwise);
    }

    private void ringWhileRunning(VopDevice here, VopDevice there) throws Exception {
        int doorbell = here.ops().nextDoorbell();
        Semaphore entered = new Semaphore(0);
        Semaphore leave = new Semaphore(0);
        try (VopInterrupt _ = here.ops().requestInterrupt(doorbell, "slow", meter(here), () -> {
            here.ops().acknowledgeInterrupt(doorbell);
            entered.release();
            leave.acquireUninterruptibly();
        })) {
            there.ops().sendInterrupt(doorbell, meter(there));
            take(entered, "the handler is not called");
            there.ops().sendInterrupt(doorbell, meter(there));
            there.ops().sendInterrupt(doorbell, meter(there));
            leave.release(3);
            take(entered, "a ring while the handler ran is lost");
            leave.acquireUninterruptibly(1);
        } finally {
            leave.release(3);
        }
        require(entered.availablePermits() == 0, "rings while a handler ran are not one call");
    }

    private void noSuchDoorbell(VopDevice here, VopDevice there) throws Exception {
        int count = here.ops().doorbells();
        for (int doorbell : new int[] {-1, count, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            requireError(VopError.EINVAL, () -> here.ops().requestInterrupt(doorbell, "none", meter(here), () -> { }), "doorbell " + doorbell);
            long before = rig.faults(here.role());
            there.ops().sendInterrupt(doorbell, meter(there));
            require(rig.faults(here.role()) == before + 1, "doorbell " + doorbell + " is no fault of who gave it");
        }
    }

    /** The ends of transfers, in order. */
    private static final class Ends implements DmaCompletion {

        private final BlockingQueue<long[]> ended = new LinkedBlockingQueue<>();

        @Override
        public void ended(long token, int result) {
            ended.add(new long[] {token, result});
        }

        long[] next() throws InterruptedException {
            long[] end = ended.poll(SECONDS, TimeUnit.SECONDS);
            require(end != null, "a transfer does not end");
            return end;
        }

        void require1(long token, int result) throws InterruptedException {
            long[] end = next();
            require(end[0] == token && end[1] == result, "transfer " + end[0] + " ends with " + end[1] + ", expected " + token + " with " + result);
        }
    }

    private void copies(VopDevice here, VopDevice there) throws Exception {
        Random random = new Random(20_26);
        int size = 1 << 20;
        Ends ends = new Ends();
        LinkMeter meter = here.ops().meter("copies", 0);
        long before = meter.read().dmaBytes();
        long moved = 0;
        try (OwnMemory own = here.ops().allocate("own", size); OwnMemory far = there.ops().allocate("far", size)) {
            byte[] ours = new byte[size];
            byte[] theirs = new byte[size];
            random.nextBytes(ours);
            random.nextBytes(theirs);
            own.segment().copyFrom(MemorySegment.ofArray(ours));
            far.segment().copyFrom(MemorySegment.ofArray(theirs));
            List<DmaChannel> channels = here.ops().dmaChannels();
            require(!channels.isEmpty(), "no DMA channels");
            for (int i = 0; i < 200; i++) {
                DmaChannel channel = channels.get(i % channels.size());
                int unit = channel.alignment();
                int most = (int) Math.min(channel.maxBytes(), size) / unit;
                int bytes = unit * (1 + (i % 10 == 0 ? most - 1 : random.nextInt(Math.min(most, 64))));
                int from = unit * random.nextInt((size - bytes) / unit + 1);
                int to = unit * random.nextInt((size - bytes) / unit + 1);
                boolean write = random.nextBoolean();
                require(write ? channel.write(own, from, far.peerAddress() + to, bytes, meter, ends, i)
                        : channel.read(far.peerAddress() + from, own, to, bytes, meter, ends, i), "a channel that has nothing to do is full");
                channel.issue();
                ends.require1(i, DmaCompletion.DONE);
                System.arraycopy(write ? ours : theirs, from, write ? theirs : ours, to, bytes);
                moved += bytes;
            }
            require(Arrays.equals(own.segment().asSlice(0, size).toArray(ValueLayout.JAVA_BYTE), ours), "own memory differs from the model");
            require(Arrays.equals(far.segment().asSlice(0, size).toArray(ValueLayout.JAVA_BYTE), theirs), "the peer's memory differs from the model");
        }
        require(meter.read().dmaBytes() - before == moved && meter.read().dmaDescriptors() >= 200, "counted: " + meter.read());
    }

    private void order(VopDevice here, VopDevice there) throws Exception {
        Ends ends = new Ends();
        try (OwnMemory own = here.ops().allocate("own", 2 * PAGE); OwnMemory far = there.ops().allocate("far", 2 * PAGE)) {
            DmaChannel channel = here.ops().dmaChannels().getFirst();
            for (int i = 0; i < 10; i++) {
                own.segment().fill((byte) i);
                require(channel.write(own, 0, far.peerAddress(), PAGE, meter(here), ends, 2 * i), "full");
                require(channel.read(far.peerAddress(), own, PAGE, PAGE, meter(here), ends, 2 * i + 1), "full");
                channel.issue();
                channel.issue();
                ends.require1(2 * i, DmaCompletion.DONE);
                ends.require1(2 * i + 1, DmaCompletion.DONE);
                require(own.segment().get(ValueLayout.JAVA_BYTE, PAGE + i) == i, "the second transfer did not see the first");
            }
        }
    }

    private void wrongTransfers(VopDevice here, VopDevice there) throws Exception {
        Ends ends = new Ends();
        try (OwnMemory own = here.ops().allocate("own", PAGE); OwnMemory far = there.ops().allocate("far", PAGE)) {
            DmaChannel channel = here.ops().dmaChannels().getFirst();
            long at = far.peerAddress();
            LinkMeter meter = meter(here);
            int unit = channel.alignment();
            List<Body> wrong = new ArrayList<>(List.of(
                    () -> channel.write(own, 0, at, 0, meter, ends, 0),
                    () -> channel.write(own, 0, at, -unit, meter, ends, 0),
                    () -> channel.write(own, 0, at, channel.maxBytes() + unit, meter, ends, 0),
                    () -> channel.read(at, own, PAGE, unit, meter, ends, 0),
                    () -> channel.read(at, own, -unit, unit, meter, ends, 0),
                    () -> channel.write(own, PAGE - unit, at, 2L * unit, meter, ends, 0)));
            if (unit > 1) {
                wrong.add(() -> channel.write(own, 1, at, unit, meter, ends, 0));
                wrong.add(() -> channel.write(own, 0, at + 1, unit, meter, ends, 0));
                wrong.add(() -> channel.read(at, own, 0, unit + 1, meter, ends, 0));
            }
            wrong.forEach(body -> requireThrown(IllegalArgumentException.class, body, "a wrong number"));
            channel.issue();
            require(channel.write(own, 0, at, unit, meter, ends, 9), "full");
            channel.issue();
            ends.require1(9, DmaCompletion.DONE);
        }
    }

    private void faults(VopDevice here, VopDevice there) throws Exception {
        Ends ends = new Ends();
        try (OwnMemory own = here.ops().allocate("own", 4 * PAGE); OwnMemory far = there.ops().allocate("far", PAGE)) {
            OwnMemory away = there.ops().allocate("away", PAGE);
            long taken = away.peerAddress();
            away.close();
            own.segment().fill(OWN);
            far.segment().fill(OTHERS);
            DmaChannel channel = here.ops().dmaChannels().getLast();
            int unit = channel.alignment();
            long first = far.peerAddress();
            long[][] ranges = {{first - unit, unit}, {first - unit, 2L * unit}, {first + PAGE, unit}, {first + PAGE - unit, 2L * unit},
                {taken, unit}, {0, unit}, {-unit, unit}, {Long.MAX_VALUE & -unit, unit}, {own.peerAddress(), unit}};
            for (long[] range : ranges) {
                require(channel.write(own, 0, range[0], range[1], meter(here), ends, 1), "full");
                require(channel.read(range[0], own, 0, range[1], meter(here), ends, 2), "full");
                channel.issue();
                ends.require1(1, DmaCompletion.FAULT);
                ends.require1(2, DmaCompletion.FAULT);
            }
            require(all(far.segment().asSlice(0, PAGE), OTHERS), "a part of a transfer that is a fault has arrived");
            require(all(own.segment().asSlice(0, 4 * PAGE), OWN), "a part of a transfer that is a fault was read");
            require(channel.write(own, 0, first, PAGE, meter(here), ends, 3), "full");
            channel.issue();
            ends.require1(3, DmaCompletion.DONE);
            require(all(far.segment().asSlice(0, PAGE), OWN), "a transfer after a fault does not arrive");
        }
    }

    private static boolean all(MemorySegment memory, byte value) {
        byte[] expected = new byte[(int) memory.byteSize()];
        Arrays.fill(expected, value);
        return memory.mismatch(MemorySegment.ofArray(expected)) == -1;
    }

    private void fullChannel(VopDevice here, VopDevice there) throws Exception {
        Ends ends = new Ends();
        try (OwnMemory own = here.ops().allocate("own", PAGE); OwnMemory far = there.ops().allocate("far", PAGE)) {
            DmaChannel channel = here.ops().dmaChannels().getFirst();
            int unit = channel.alignment();
            long taken = 0;
            while (channel.write(own, 0, far.peerAddress(), unit, meter(here), ends, taken)) {
                taken++;
                require(taken < 1 << 20, "a channel without an end");
            }
            require(taken >= 4, "a channel that is full with " + taken);
            channel.issue();
            for (long i = 0; i < taken; i++) {
                ends.require1(i, DmaCompletion.DONE);
            }
            require(channel.write(own, 0, far.peerAddress(), unit, meter(here), ends, taken), "a channel that stays full");
            channel.issue();
            ends.require1(taken, DmaCompletion.DONE);
        }
    }

    private void gone(VopDevice here, VopDevice there) throws Exception {
        CountDownLatch rung = new CountDownLatch(1);
        try (OwnMemory own = here.ops().allocate("own", PAGE); OwnMemory far = there.ops().allocate("far", PAGE);
                LinkWindow window = here.ops().map(far.peerAddress(), PAGE, meter(here));
                LinkWindow back = there.ops().map(own.peerAddress(), PAGE, meter(there));
                VopInterrupt _ = there.ops().requestInterrupt(0, "gone", meter(there), rung::countDown);
                Arena arena = Arena.ofConfined()) {
            rig.sever();
            for (LinkWindow each : List.of(window, back)) {
                each.putInt(0, 42);
                each.putLong(8, 42);
                require(each.getByte(0) == 0xff && each.getShort(0) == 0xffff && each.getInt(0) == -1 && each.getLong(0) == -1,
                        "a read over a link that is gone");
                MemorySegment bytes = arena.allocate(16);
                each.copyTo(0, bytes, 0, 16);
                require(all(bytes, (byte) 0xff), "a copy over a link that is gone");
                each.copyFrom(0, arena.allocate(16), 0, 16);
            }
            require(all(far.segment().asSlice(0, PAGE), (byte) 0) && all(own.segment().asSlice(0, PAGE), (byte) 0), "a write has crossed");
            here.ops().sendInterrupt(0, meter(here));
            require(!rung.await(100, TimeUnit.MILLISECONDS), "a doorbell was rung over a link that is gone");
        }
    }

    private void goneTransfers(VopDevice here, VopDevice there) throws Exception {
        Ends ends = new Ends();
        try (OwnMemory own = here.ops().allocate("own", PAGE); OwnMemory far = there.ops().allocate("far", PAGE)) {
            DmaChannel channel = here.ops().dmaChannels().getFirst();
            require(channel.write(own, 0, far.peerAddress(), PAGE, meter(here), ends, 4), "full");
            rig.sever();
            channel.issue();
            ends.require1(4, DmaCompletion.GONE);
            require(channel.write(own, 0, far.peerAddress(), PAGE, meter(here), ends, 5), "full");
            channel.issue();
            ends.require1(5, DmaCompletion.GONE);
        }
    }
}
