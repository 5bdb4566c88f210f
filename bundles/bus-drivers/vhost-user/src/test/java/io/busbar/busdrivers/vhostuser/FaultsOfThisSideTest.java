package io.busbar.busdrivers.vhostuser;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.vdpa.ConfigCallback;
import io.busbar.api.vdpa.VdpaBusDriver;
import io.busbar.testkit.vhostuser.ScriptedFrontEnd;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a device's code throws, and settings that come at a bad time, keep nobody from being served. */
class FaultsOfThisSideTest {

    @TempDir
    Path directory;

    /** A device in which one call fails as code does whose bundle lacks a class. */
    private static final class Broken extends FakeDevice {
        volatile boolean queues;
        volatile boolean callback;

        @Override
        public int getVqNumMax() {
            if (queues) {
                throw new NoClassDefFoundError("vendor/Sizes");
            }
            return super.getVqNumMax();
        }

        @Override
        public void setConfigCallback(ConfigCallback changed) {
            if (callback && changed != null) {
                throw new IllegalStateException("no callbacks today");
            }
            super.setConfigCallback(changed);
        }
    }

    private static void expectServed(Rig rig) throws Exception {
        rig.awaitFree();
        try (ScriptedFrontEnd next = rig.connect()) {
            next.barrier();
        }
    }

    @Test
    void aDeviceThatFailsWhenAFrontEndComesServesTheNextOne() throws Exception {
        Broken device = new Broken();
        try (Rig rig = new Rig(device)) {
            device.queues = true;
            try (ScriptedFrontEnd refused = rig.connect()) {
                refused.expectClosed();
            }
            device.queues = false;
            expectServed(rig);

            device.callback = true;
            try (ScriptedFrontEnd refused = rig.connect()) {
                refused.expectClosed();
            }
            device.callback = false;
            expectServed(rig);
        }
    }

    @Test
    void aFrontEndThatSaysNothingMakesRoomForTheNextOne() throws Exception {
        try (Rig rig = new Rig(new FakeDevice(), Rig.config().messageTimeoutMillis(50));
                ScriptedFrontEnd silent = rig.connect()) {
            silent.expectClosed();
            rig.driver.modified(Rig.config().socketDir(rig.directory.toString()));
            expectServed(rig);
        }
    }

    @Test
    void aFrontEndMayBeSilentAfterItsFirstMessage() throws Exception {
        try (Rig rig = new Rig(new FakeDevice(), Rig.config().messageTimeoutMillis(4_000));
                ScriptedFrontEnd quiet = rig.connect()) {
            quiet.barrier();
            CompletableFuture<Void> later = new CompletableFuture<>();
            try (Reactor clock = Reactor.start()) {
                clock.schedule(TimeUnit.MILLISECONDS.toNanos(4_500), () -> later.complete(null));
                later.get(60, TimeUnit.SECONDS);
            }
            quiet.barrier();
        }
    }

    @Test
    void theThreadOfTheSocketsSurvivesAnErrorOfATask() throws Exception {
        try (Reactor reactor = Reactor.start()) {
            reactor.execute(() -> {
                throw new NoClassDefFoundError("vendor/Kick");
            });
            CompletableFuture<String> next = new CompletableFuture<>();
            reactor.execute(() -> next.complete("served"));
            assertThat(next.get(60, TimeUnit.SECONDS)).isEqualTo("served");
        }
    }

    @Test
    void settingsThatComeWhileADeviceIsBoundAreNotMissed() throws Exception {
        for (int round = 0; round < 300; round++) {
            VhostUserBusDriver driver = new VhostUserBusDriver(Rig.config());
            CyclicBarrier start = new CyclicBarrier(2);
            CompletableFuture<Void> configured = CompletableFuture.runAsync(() -> {
                await(start);
                driver.modified(Rig.config().socketDir(directory.toString()));
            });
            await(start);
            try (VdpaBusDriver.Binding binding = driver.probe(new FakeDevice())) {
                configured.get(60, TimeUnit.SECONDS);
                assertThat(binding.endpoint()).as("round %d: %s", round, binding.health()).isNotEmpty();
            } finally {
                driver.deactivate();
            }
        }
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await(60, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}
