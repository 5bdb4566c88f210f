package io.busbar.drivers.vop;

import static io.busbar.drivers.vop.Eventually.eventually;
import static io.busbar.drivers.vop.Rig.CONFIG;
import static io.busbar.drivers.vop.Rig.NET;
import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.core.virtio.ring.Chain;
import io.busbar.core.virtio.vop.DeviceCtrl;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What may happen to a device, in generated order, against a plain model: each buffer that the driver gave to receive is filled once
 * and in its turn, and each request is answered once with its own bytes, whatever is stopped, moved or changed between.
 */
class GeneratedSequencesTest {

    private static final int RECEIVE = 0;
    private static final int SEND = 1;
    private static final int STEPS = 60;
    private static final int MOST_BUFFERS = 100;
    private static final int BUFFER = 64;
    private static final int MOST_REQUESTS = 40;

    private final Rig rig = new Rig();
    /** Buffers that the driver gave and did not get back, by token, oldest first. */
    private final Deque<Integer> given = new ArrayDeque<>();
    private Random random;
    private Host.Entry entry;
    private Driver driver;
    private long buffers;
    private int nextToken;
    private int frames;
    private int seen;
    private int requests;

    @AfterEach
    void end() {
        rig.close();
        if (driver != null) {
            driver.close();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void nothing_is_lost_and_nothing_done_twice(long seed) throws Exception {
        random = new Random(seed);
        rig.start();
        comes();
        for (int step = 0; step < STEPS; step++) {
            switch (random.nextInt(12)) {
                case 0, 1, 2 -> give();
                case 3, 4 -> receive();
                case 5, 6 -> send();
                case 7 -> stopAndStart(random.nextInt(2));
                case 8 -> suspendAndResume();
                case 9 -> moveMemory();
                case 10 -> changeConfiguration();
                default -> resetOrReplace();
            }
        }
        receive();
        send();
        assertThat(rig.device("net0").health().ok()).isTrue();
        assertThat(rig.link.faultsOfHost() + rig.link.faultsOfCard()).isZero();
    }

    private void comes() throws Exception {
        int size = 4 << random.nextInt(5);
        entry = rig.host.add(NET, Host.FEATURES, CONFIG, size, size);
        entry.keeps = 1 << RECEIVE;
        entry.work = this::serve;
        Driver next = new Driver(rig.ops("net0"), 2);
        if (driver != null) {
            driver.close();
        }
        driver = next;
        buffers = driver.buffer(MOST_BUFFERS * BUFFER);
        starts();
    }

    private void starts() throws Exception {
        given.clear();
        nextToken = 0;
        driver.start();
    }

    private long serve(Host.Entry device, int queue, Chain chain) {
        if (queue == SEND) {
            return Host.echo(device, queue, chain);
        }
        return device.write(chain, new byte[] {(byte) ++frames, (byte) (frames >> 8)});
    }

    private void give() {
        int count = Math.min(random.nextInt(30), MOST_BUFFERS - given.size());
        for (int i = 0; i < count; i++) {
            int token = nextToken++ % MOST_BUFFERS;
            assertThat(driver.add(RECEIVE, new long[] {buffers + token * BUFFER}, new int[] {BUFFER}, 0, 1, token)).isZero();
            given.add(token);
        }
        driver.publish(RECEIVE);
    }

    private void receive() {
        for (int count = random.nextInt(20); count > 0 && !given.isEmpty(); count--) {
            eventually("the host has a buffer", () -> entry.kept(RECEIVE) > 0);
            entry.endOldest(RECEIVE);
            int token = driver.await(RECEIVE);
            assertThat(token).isEqualTo(given.remove());
            assertThat(driver.rings[RECEIVE].usedLength()).isEqualTo(2);
            seen++;
            MemorySegment filled = driver.segment().asSlice(buffers + token * BUFFER, 2);
            assertThat(filled.toArray(ValueLayout.JAVA_BYTE)).containsExactly((byte) seen, (byte) (seen >> 8));
        }
    }

    private void send() {
        driver.reuseBuffers();
        driver.buffer(MOST_BUFFERS * BUFFER);
        int count = 1 + random.nextInt(MOST_REQUESTS);
        long[] answers = new long[count];
        int first = requests;
        for (int i = 0; i < count; i++) {
            long at = driver.buffer(2 * BUFFER);
            driver.segment().set(ValueLayout.JAVA_INT, at, requests++);
            answers[i] = at + BUFFER;
            assertThat(driver.add(SEND, new long[] {at, at + BUFFER}, new int[] {4, BUFFER}, 1, 1, i)).isZero();
        }
        driver.publish(SEND);
        for (int i = 0; i < count; i++) {
            int token = driver.await(SEND);
            assertThat(driver.segment().get(ValueLayout.JAVA_INT, answers[token])).isEqualTo(first + token);
        }
    }

    private void stopAndStart(int queue) throws Exception {
        driver.ops.setVqReady(queue, false);
        if (random.nextBoolean()) {
            moveMemory();
        }
        driver.ops.setVqReady(queue, true);
    }

    private void suspendAndResume() throws Exception {
        driver.ops.suspend();
        give();
        driver.ops.resume();
    }

    private void moveMemory() throws Exception {
        driver.move(Driver.IOVA);
        driver.ops.setMap(0, driver.memory());
    }

    private void changeConfiguration() {
        int before = driver.configChanges.get();
        entry.config(new byte[] {(byte) random.nextInt(), 2, 3, 4, 5, 6, 7, 8});
        entry.ask(DeviceCtrl.CONFIG_CHANGED);
        eventually("it is acknowledged", entry::isAcknowledged);
        entry.ctrl(DeviceCtrl.CONFIG_CHANGE, DeviceCtrl.NONE);
        assertThat(driver.configChanges.get()).isGreaterThan(before);
    }

    private void resetOrReplace() throws Exception {
        if (random.nextBoolean()) {
            starts();
            return;
        }
        entry.ask(DeviceCtrl.DEV_REMOVE);
        eventually("it is acknowledged", entry::isAcknowledged);
        entry.ctrl(DeviceCtrl.CONFIG_CHANGE, DeviceCtrl.NONE);
        entry.remove();
        rig.settle();
        comes();
    }
}
