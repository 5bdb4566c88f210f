package io.busbar.busdrivers.vop;

import static io.busbar.testkit.vdpa.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.vdpa.VdpaBusDriver.Binding;
import io.busbar.api.vop.DmaChannel;
import io.busbar.api.vop.LinkCounters;
import io.busbar.core.virtio.ring.DriverRing;
import io.busbar.busdrivers.vop.ScriptedChannel.Fate;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Links with other DMA engines: none, one that is full, one that does not end. */
@Timeout(120)
class EngineTest {

    /** Everything by DMA that can be; and a number that is no multiple of anything. */
    private static final VopSettings SETTINGS = new VopSettings(Rig.ACK_MILLIS, 0, Rig.QUEUE_BYTES + 77);

    private final EchoDevice echo = new EchoDevice("echo0", 1, 0);
    private final AtomicReference<Fate> fate = new AtomicReference<>(Fate.DONE);
    private final AtomicInteger transfers = new AtomicInteger();
    private Rig rig;
    private Binding binding;
    private ScriptedDriver driver;

    private void begin(UnaryOperator<List<DmaChannel>> engine) throws Exception {
        rig = new Rig(SETTINGS, engine);
        rig.card.comeUp();
        binding = rig.publish(echo);
        driver = rig.card.driver().bringUp();
    }

    private UnaryOperator<List<DmaChannel>> scripted() {
        return channels -> channels.stream().<DmaChannel>map(real -> new ScriptedChannel(real, () -> {
            transfers.incrementAndGet();
            return fate.get();
        })).toList();
    }

    @AfterEach
    void end() {
        rig.close();
        echo.close();
    }

    private LinkCounters counters() {
        return rig.link.host().ops().meter("echo0", 0).read();
    }

    private void exchange(int count) {
        RandomChains chains = new RandomChains(driver, echo, count);
        for (int i = 0; i < count; i++) {
            chains.exchange();
        }
    }

    @Test
    void withoutAnEngineTheProcessorCopiesAndItsReadsAreCounted() throws Exception {
        begin(_ -> List.of());
        long before = counters().nonPostedReads();
        exchange(200);

        assertThat(counters().dmaDescriptors()).isZero();
        assertThat(counters().nonPostedReads()).isGreaterThan(before + 100);
    }

    @Test
    void whatFindsNoRoomInTheEngineIsTriedAgain() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        begin(channels -> channels.stream().limit(1).<DmaChannel>map(real -> new ScriptedChannel(
                real, () -> asked.incrementAndGet() % 3 == 0 ? Fate.DONE : Fate.FULL)).toList());
        exchange(100);

        assertThat(asked.get()).isGreaterThan((int) counters().dmaDescriptors());
    }

    @Test
    void transfersAreSpreadOverAllChannels() throws Exception {
        AtomicInteger[] counts = {new AtomicInteger(), new AtomicInteger(), new AtomicInteger(), new AtomicInteger()};
        AtomicInteger next = new AtomicInteger();
        begin(channels -> channels.stream().<DmaChannel>map(real -> {
            AtomicInteger count = counts[next.getAndIncrement()];
            return new ScriptedChannel(real, () -> {
                count.incrementAndGet();
                return Fate.DONE;
            });
        }).toList());
        exchange(100);

        int most = Math.max(Math.max(counts[0].get(), counts[1].get()), Math.max(counts[2].get(), counts[3].get()));
        assertThat(counts).allSatisfy(count -> assertThat(count.get()).isBetween(most - 1, most));
    }

    /** Makes a chain available, and waits until the engine has what is to be read of it. */
    private void send() {
        int before = transfers.get();
        echo.write(0);
        driver.rings[0].add(new long[] {driver.address(rig.card.allocate(512, 0))}, new int[] {512}, 1, 0, 0);
        driver.kick(0);
        eventually("the engine has it", () -> transfers.get() > before);
    }

    /** As the buffers of one frame: a driver that finds some of them alone drops the frame. */
    @Test
    void whatTheDeviceHasPublishedTogetherReachesTheCardTogether() throws Exception {
        AtomicInteger written = new AtomicInteger();
        begin(channels -> channels.stream().<DmaChannel>map(real -> new ScriptedChannel(
                real, () -> written.incrementAndGet() == 1 ? Fate.DONE : Fate.NEVER_ENDS)).toList());
        echo.keep(true);
        receive(0);
        receive(1);
        eventually("the device has both", () -> echo.writableBytes().size() == 2);
        echo.write(512);
        echo.keep(false);
        eventually("one is copied", () -> counters().dmaDescriptors() == 1);
        echo.keep(true);
        receive(2);
        eventually("the lane goes on", () -> echo.writableBytes().size() == 3);

        assertThat(driver.rings[0].poll()).isEqualTo(DriverRing.EMPTY);
    }

    private void receive(int token) {
        driver.rings[0].add(new long[] {driver.address(rig.card.allocate(512, 0))}, new int[] {512}, 0, 1, token);
        driver.kick(0);
    }

    @Test
    void aLinkThatEndsUnderARequestIsSaid() throws Exception {
        begin(scripted());
        fate.set(Fate.GONE);
        send();
        driver.awaitNeedsReset();

        assertThat(Rig.sentence(binding)).isEqualTo("queue 0: the link to mic0 is gone");
        assertThat(echo.received()).isEmpty();
    }

    @Test
    void anEngineThatDoesNotEndDelaysAResetByItsDeadlineOnly() throws Exception {
        begin(scripted());
        fate.set(Fate.NEVER_ENDS);
        send();
        driver.askForReset();
        long start = System.nanoTime();
        eventually("acknowledged", driver::resetDone);

        assertThat(System.nanoTime() - start).isBetween(Rig.ACK_MILLIS * 500_000L, Rig.ACK_MILLIS * 5_000_000L);
        fate.set(Fate.DONE);
        driver.bringUpAgain();
        exchange(3);
    }

    @Test
    void anEngineThatDoesNotEndDelaysARemovalByItsDeadlineOnly() throws Exception {
        begin(scripted());
        fate.set(Fate.NEVER_ENDS);
        send();
        long start = System.nanoTime();
        binding.close();

        assertThat(System.nanoTime() - start).isLessThan(Rig.ACK_MILLIS * 10_000_000L);
        assertThat(rig.card.live()).isEmpty();
        assertThat(echo.memory().regions()).isEmpty();
    }

    @Test
    void memoryThatTheEngineMayStillWriteToStaysUntilTheLinkIsGone() throws Exception {
        begin(scripted());
        int before = rig.link.sharedByHost();
        fate.set(Fate.NEVER_ENDS);
        send();
        driver.askForReset();
        eventually("acknowledged", driver::resetDone);
        assertThat(rig.link.sharedByHost()).isEqualTo(before);
        rig.link.sever();
        rig.driver.linkGone();

        assertThat(rig.link.sharedByHost()).isEqualTo(before - 1);
    }
}
