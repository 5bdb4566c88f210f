package io.busbar.busdrivers.virtio.net;

import static io.busbar.busdrivers.virtio.Driven.random;
import static io.busbar.core.virtio.VirtioConfig.bit;
import static io.busbar.testkit.vdpa.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.driver.DriverException;
import io.busbar.api.driver.NetCounters;
import io.busbar.api.driver.NetDriver;
import io.busbar.busdrivers.virtio.life.DeviceLife;
import io.busbar.core.virtio.net.NetHeaderLayout;
import io.busbar.core.virtio.net.VirtioNet;
import io.busbar.testkit.vdpa.FakeCard;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A network card (virtio 1.2, 5.1), from its users' side. */
@Timeout(120)
class VirtioCardTest {

    private static final int BUFFERS = 256;

    private FakeCard device = new FakeCard(1500);
    private DeviceLife life;
    private VirtioCard card;
    private final List<byte[]> received = new CopyOnWriteArrayList<>();

    @BeforeEach
    void begin() throws Exception {
        life = new DeviceLife(device);
        card = new VirtioCard("net0", "host", life.lane());
        life.begin(card);
    }

    @AfterEach
    void end() {
        life.end("the test is over");
        device.close();
    }

    private void restart(FakeCard other) throws Exception {
        end();
        device = other;
        begin();
    }

    private void keep(ByteBuffer frame) {
        byte[] bytes = new byte[frame.remaining()];
        frame.get(bytes);
        received.add(bytes);
    }

    private static byte[] withoutHeader(byte[] sent) {
        return Arrays.copyOfRange(sent, NetHeaderLayout.BYTES, sent.length);
    }

    @Test
    void theCardSaysWhatItIs() {
        assertThat(card.mac()).containsExactly(2, 0, 0, 0, 0, 7);
        assertThat(card.mtu()).isEqualTo(1500);
        assertThat(card.maxFrameBytes()).isEqualTo(1518);
        assertThat(card.isLinkUp()).isTrue();
        assertThat(card.isUp()).isTrue();
    }

    @Test
    void aCardThatSaysNothingIsAnEthernetWithAnAddressOfItsOwn() throws Exception {
        FakeCard plain = new FakeCard(9000);
        plain.offer(FakeCard.FEATURES & ~(bit(VirtioNet.VIRTIO_NET_F_MAC) | bit(VirtioNet.VIRTIO_NET_F_STATUS)
                | bit(VirtioNet.VIRTIO_NET_F_MTU)));
        restart(plain);
        byte[] first = card.mac();

        assertThat(first[0] & 3).as("local, and of one card").isEqualTo(2);
        assertThat(card.mtu()).isEqualTo(1500);
        assertThat(card.isLinkUp()).isTrue();
        life.end("again");
        begin();
        assertThat(card.mac()).as("the same for the same name").isEqualTo(first);
    }

    @ParameterizedTest
    @ValueSource(ints = {14, 60, 1518})
    void aFrameIsSentBehindAHeaderOfZeroes(int length) throws Exception {
        byte[] frame = random(length, length);
        ByteBuffer buffer = ByteBuffer.allocate(length + 10).position(5).put(frame).flip().position(5);
        assertThat(card.offer(buffer)).isTrue();
        eventually("it is sent", () -> device.sent().size() == 1);

        assertThat(buffer.hasRemaining()).isFalse();
        assertThat(device.sent().getFirst()).hasSize(NetHeaderLayout.BYTES + length).startsWith(new byte[NetHeaderLayout.BYTES]);
        assertThat(withoutHeader(device.sent().getFirst())).isEqualTo(frame);
        assertThat(card.counters().sent()).isOne();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 13, 1519})
    void whatIsNoFrameIsRefused(int length) {
        assertThatThrownBy(() -> card.offer(ByteBuffer.allocate(length)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("net0: frame of " + length + " bytes: expected 14 to 1518");
    }

    @Test
    void jumboFramesAreAsLargeAsTheMtuAllows() throws Exception {
        restart(new FakeCard(9000));
        card.listen(this::keep);
        byte[] frame = random(9018, 1);
        card.send(ByteBuffer.wrap(frame));
        device.receive(frame);
        eventually("both ways", () -> device.sent().size() == 1 && received.size() == 1);

        assertThat(withoutHeader(device.sent().getFirst())).isEqualTo(frame);
        assertThat(received.getFirst()).isEqualTo(frame);
    }

    @Test
    void framesAreSentAndReceivedInOrderWhateverTheirNumber() throws Exception {
        card.listen(this::keep);
        int count = 5 * BUFFERS;
        for (int i = 0; i < count; i++) {
            card.send(ByteBuffer.wrap(random(60, i)));
            device.receive(random(60, i));
        }
        eventually("all are there", () -> device.sent().size() == count && received.size() == count);

        for (int i = 0; i < count; i++) {
            assertThat(withoutHeader(device.sent().get(i))).isEqualTo(random(60, i));
            assertThat(received.get(i)).isEqualTo(random(60, i));
        }
        assertThat(card.counters()).isEqualTo(new NetCounters(count, count, 0, 0));
    }

    @Test
    void whatComesInWhileNobodyListensIsDroppedAndCounted() {
        device.receive(random(60, 1));
        eventually("it came in", () -> card.counters().received() == 1);
        assertThat(card.counters().dropped()).isOne();
    }

    @Test
    void eachListenerGetsEachFrameUntilItIsClosed() {
        List<Integer> others = new CopyOnWriteArrayList<>();
        NetDriver.Listening first = card.listen(frame -> frame.position(frame.limit()));
        card.listen(frame -> {
            throw new IllegalStateException("of a test");
        });
        card.listen(frame -> others.add(frame.remaining()));
        device.receive(random(60, 1));
        eventually("the last got it", () -> others.size() == 1);
        first.close();
        device.receive(random(70, 1));
        eventually("the last got it", () -> others.size() == 2);

        assertThat(others).containsExactly(60, 70);
        assertThat(card.counters().dropped()).isZero();
    }

    @Test
    void aListenerCannotWriteWhereTheNextFrameComes() {
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        card.listen(frame -> {
            try {
                frame.put(0, (byte) 1);
            } catch (ReadOnlyBufferException e) {
                thrown.set(e);
            }
        });
        device.receive(random(60, 1));
        eventually("it was tried", () -> thrown.get() != null);
    }

    @Test
    void aListenerMayAnswerButNotWait() {
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        card.listen(frame -> {
            byte[] answer = new byte[60];
            try {
                while (card.offer(ByteBuffer.wrap(answer))) {
                    // until there is no room
                }
                card.send(ByteBuffer.wrap(answer));
            } catch (Exception e) {
                thrown.set(e);
            }
        });
        device.hold(true);
        device.receive(random(60, 1));
        device.hold(false);
        eventually("it answered", () -> !device.sent().isEmpty());
        // whether it found no room depends on the device's speed: then it was told so
        assertThat(thrown.get()).satisfiesAnyOf(
                none -> assertThat(none).isNull(),
                told -> assertThat(told).isInstanceOf(IllegalStateException.class));
    }

    /** Virtio 1.2, 5.1.6.4: no checksum and no segmentation was agreed upon. */
    @Test
    void whatIsNoPlainFrameIsCountedAndNotDelivered() {
        card.listen(this::keep);
        byte[] checksum = new byte[NetHeaderLayout.BYTES];
        checksum[NetHeaderLayout.FLAGS] = VirtioNet.VIRTIO_NET_HDR_F_NEEDS_CSUM;
        byte[] segments = new byte[NetHeaderLayout.BYTES];
        segments[NetHeaderLayout.GSO_TYPE] = VirtioNet.VIRTIO_NET_HDR_GSO_TCPV4;
        device.receiveWithHeader(checksum, random(60, 1));
        device.receiveWithHeader(segments, random(60, 1));
        device.receive(random(13, 1));
        device.receiveWithHeader(new byte[3], new byte[0]);
        device.receive(random(60, 2));
        eventually("the good one came in", () -> received.size() == 1);

        assertThat(received.getFirst()).isEqualTo(random(60, 2));
        assertThat(card.counters().malformed()).isEqualTo(4);
    }

    @Test
    void withoutRoomAFrameIsNotTakenAndASenderWaits() throws Exception {
        device.hold(true);
        int taken = 0;
        while (card.offer(ByteBuffer.wrap(random(60, taken)))) {
            taken++;
        }
        assertThat(taken).isEqualTo(BUFFERS);
        ByteBuffer refused = ByteBuffer.allocate(60);
        assertThat(card.offer(refused)).isFalse();
        assertThat(refused.position()).isZero();
        Thread sender = Thread.ofPlatform().start(() -> {
            try {
                card.send(ByteBuffer.wrap(random(60, BUFFERS)));
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        eventually("it waits", () -> sender.getState() == Thread.State.WAITING);
        device.hold(false);
        sender.join();
        eventually("all are sent", () -> device.sent().size() == BUFFERS + 1);
        assertThat(withoutHeader(device.sent().getLast())).isEqualTo(random(60, BUFFERS));
    }

    private Thread waitingSender(List<Throwable> ends) {
        device.hold(true);
        while (card.offer(ByteBuffer.allocate(60))) {
            // until there is no room
        }
        Thread sender = Thread.ofPlatform().start(() -> {
            try {
                card.send(ByteBuffer.allocate(60));
            } catch (Exception e) {
                ends.add(e);
            }
        });
        eventually("it waits", () -> sender.getState() == Thread.State.WAITING);
        return sender;
    }

    @Test
    void aSenderThatWaitsCanBeInterrupted() throws Exception {
        List<Throwable> ends = new ArrayList<>();
        Thread sender = waitingSender(ends);
        sender.interrupt();
        sender.join();
        assertThat(ends).singleElement().isInstanceOf(InterruptedIOException.class);
    }

    @Test
    void aSenderThatWaitsIsToldThatTheDeviceIsGone() throws Exception {
        List<Throwable> ends = new ArrayList<>();
        Thread sender = waitingSender(ends);
        life.end("the device was unbound");
        sender.join();
        assertThat(ends).singleElement().isInstanceOf(DriverException.class);
        assertThat(ends.getFirst()).hasMessage("net0: frame not sent: the device was unbound");
        assertThat(card.offer(ByteBuffer.allocate(60))).isFalse();
        assertThat(card.isUp()).isFalse();
    }

    @Test
    void afterAResetFramesGoBothWaysAgain() throws Exception {
        card.listen(this::keep);
        device.hold(true);
        card.send(ByteBuffer.wrap(random(60, 1)));
        device.needReset();
        eventually("it is down", () -> !card.isUp());
        device.hold(false);
        card.send(ByteBuffer.wrap(random(60, 2)));
        device.receive(random(60, 3));
        eventually("both ways", () -> device.sent().size() == 1 && received.size() == 1);

        assertThat(withoutHeader(device.sent().getFirst())).isEqualTo(random(60, 2));
        assertThat(received.getFirst()).isEqualTo(random(60, 3));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void aQueueThatTheDeviceBreaksIsMadeAnew(int queue) throws Exception {
        card.listen(this::keep);
        device.takeLog();
        device.hold(true);
        device.breakQueue(queue);
        if (queue == 1) {
            // A queue to send is looked at when something is to be sent.
            eventually("all room is used", () -> !card.offer(ByteBuffer.allocate(60)));
        }
        eventually("it was brought up again", () -> device.takeLog().contains("status 15"));
        eventually("it is up", card::isUp);
        device.hold(false);
        card.send(ByteBuffer.wrap(random(60, 2)));
        eventually("it works", () -> device.sent().stream()
                .anyMatch(sent -> Arrays.equals(withoutHeader(sent), random(60, 2))));
    }

    @Test
    void theLinkIsSeenGoingDownAndUp() {
        device.link(false);
        eventually("it is down", () -> !card.isLinkUp());
        device.link(true);
        eventually("it is up", card::isLinkUp);
    }
}
