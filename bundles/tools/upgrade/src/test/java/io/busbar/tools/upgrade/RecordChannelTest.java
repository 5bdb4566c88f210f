package io.busbar.tools.upgrade;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.Handover;
import io.busbar.api.vdpa.HandoverBus;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.UnixStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Records, from one process to the other: all of it arrives, and what is not as it should be is refused with a sentence. */
@Timeout(60)
class RecordChannelTest {

    private static final Duration SOON = Duration.ofSeconds(20);
    private static final byte[] EMPTY = {};

    private UnixStream wire;
    private RecordChannel here;
    private RecordChannel there;

    @BeforeEach
    void connect() throws IOException {
        List<UnixStream> ends = UnixStream.pair();
        wire = ends.getFirst();
        here = new RecordChannel(wire);
        there = new RecordChannel(ends.getLast());
    }

    @AfterEach
    void close() {
        here.close();
        there.close();
    }

    private void sendRaw(int magic, int version, int type, int length, int descriptors, int bytes) {
        ByteBuffer header = ByteBuffer.allocate(RecordChannel.HEADER_BYTES).order(ByteOrder.nativeOrder());
        header.putInt(magic).putInt(version).putInt(type).putInt(length).putInt(descriptors);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocateFrom(ValueLayout.JAVA_BYTE, Arrays.copyOf(header.array(), bytes));
            assertThat(wire.send(memory.address(), bytes)).isEqualTo(bytes);
        }
    }

    private void assertRefused(String sentence) {
        assertThatExceptionOfType(VdpaException.class)
                .isThrownBy(() -> there.receive(SOON))
                .withMessage(sentence)
                .matches(refused -> refused.reason() == Reason.STATE_UNKNOWN);
    }

    @Test
    void aRecordOfAnUnknownVersionIsRefused() {
        sendRaw(RecordChannel.MAGIC, 3, 0, 0, 0, RecordChannel.HEADER_BYTES);
        assertRefused("a record has version 3: expected 2");
    }

    @Test
    void whatIsNoRecordIsRefused() {
        sendRaw(0x12345678, 1, 0, 0, 0, RecordChannel.HEADER_BYTES);
        assertRefused("a record begins with 0x12345678: expected 0x42757362");
    }

    @Test
    void aRecordOfAnUnknownTypeIsRefused() {
        sendRaw(RecordChannel.MAGIC, 2, 99, 0, 0, RecordChannel.HEADER_BYTES);
        assertRefused("a record of type 99 and 0 bytes: expected a type below 8 and up to 67108864 bytes");
    }

    @Test
    void aRecordThatIsTooLongIsRefused() {
        sendRaw(RecordChannel.MAGIC, 2, 1, -1, 0, RecordChannel.HEADER_BYTES);
        assertRefused("a record of type 1 and -1 bytes: expected a type below 8 and up to 67108864 bytes");
    }

    @Test
    void descriptorsThatDidNotComeAreMissed() {
        sendRaw(RecordChannel.MAGIC, 2, 2, 0, 3, RecordChannel.HEADER_BYTES);
        assertRefused("0 descriptors came with a record: expected 3");
    }

    @Test
    void aRecordThatIsCutShortIsTheEndOfTheOtherProcess() {
        sendRaw(RecordChannel.MAGIC, 2, 1, 8, 0, 10);
        here.close();
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> there.receive(SOON))
                .withMessage("the other process has ended");
    }

    @Test
    void whatTheOtherProcessRefusesIsThrownHere() throws Exception {
        VdpaException why = new VdpaException(VdpaError.ENODEV, Reason.NO_BACKEND, "disk0: backend nbd is not there", null);
        here.send(RecordType.REFUSED, Records.refusal(why), SOON);
        RecordChannel.Received received = there.receive(SOON);
        assertThatExceptionOfType(VdpaException.class)
                .isThrownBy(() -> received.expect(RecordType.DONE))
                .withMessage(why.getMessage())
                .matches(refused -> refused.reason() == Reason.NO_BACKEND && refused.error() == VdpaError.ENODEV);
    }

    @Test
    void placesArriveAsTheyWere() throws Exception {
        Map<String, String> words = new LinkedHashMap<>(Map.of("path", "/a b"));
        words.put("backend", "file");
        List<HandoverBus.Place> places = List.of(
                new HandoverBus.Place(new AddRequest("disk0", words), "sim_block", Optional.empty(), true,
                        Optional.of(new HandoverBus.Present("vhost-user", Optional.empty()))),
                new HandoverBus.Place(new AddRequest("net0", Map.of()), "sim_net", Optional.of("vhost-user"), false, Optional.empty()));
        here.send(RecordType.OPEN, Records.places(places), SOON);
        RecordChannel.Received received = there.receive(SOON).expect(RecordType.OPEN);
        assertThat(Records.places(received.content(), List.of())).isEqualTo(places);
    }

    @Test
    void whatDevicesHavePreparedArrivesWithItsDescriptorsEachInItsPart() throws Exception {
        try (Fd first = EventFd.create(); Fd second = EventFd.create()) {
            EventFd.signal(second.number());
            List<HandoverBus.Place> places = List.of(
                    place("ram0", new Handover("memory", 1, new byte[] {1}, List.of(first.number()))),
                    place("con0", new Handover("terminal", 2, new byte[] {2}, List.of(first.number(), second.number()))));
            here.send(RecordType.OPEN, Records.places(places), Records.descriptors(places), SOON);
            RecordChannel.Received received = there.receive(SOON).expect(RecordType.OPEN);
            try {
                Handover terminal = Records.places(received.content(), received.numbers()).getLast()
                        .present().orElseThrow().prepared().orElseThrow();
                assertThat(terminal.toString()).isEqualTo("terminal version 2 (1 bytes, 2 descriptors)");
                assertThat(EventFd.drain(terminal.descriptors().getLast())).as("it is the second event").isEqualTo(1);
            } finally {
                received.descriptors().forEach(Fd::close);
            }
        }
    }

    private static HandoverBus.Place place(String name, Handover prepared) {
        return new HandoverBus.Place(new AddRequest(name, Map.of()), "sim", Optional.empty(), false,
                Optional.of(new HandoverBus.Present("vhost-user", Optional.of(prepared))));
    }

    /** More descriptors than one message takes: three parts of them come, in order. */
    @Test
    void aDeviceArrivesWithItsDescriptorsEachInItsPart() throws Exception {
        try (Fd event = EventFd.create(); Fd other = EventFd.create()) {
            EventFd.signal(other.number());
            HandoverBus.Stopped sent = new HandoverBus.Stopped("disk0", "vhost-user",
                    new Handover("a", 3, new byte[] {1, 2}, Collections.nCopies(450, event.number())),
                    new Handover("b", 4, EMPTY, List.of(other.number())));
            here.send(RecordType.DEVICE, Records.stopped(sent), Records.descriptors(sent), SOON);
            RecordChannel.Received received = there.receive(SOON).expect(RecordType.DEVICE);
            try {
                HandoverBus.Stopped device = Records.stopped(
                        received.content(), received.numbers());
                assertThat(device.name()).isEqualTo("disk0");
                assertThat(device.busDriver()).isEqualTo("vhost-user");
                assertThat(device.binding().content()).containsExactly(1, 2);
                assertThat(device.binding().descriptors()).hasSize(450);
                assertThat(device.device().version()).isEqualTo(4);
                assertThat(EventFd.drain(device.device().descriptors().getFirst())).as("it is the other event").isEqualTo(1);
            } finally {
                received.descriptors().forEach(Fd::close);
            }
        }
    }

    @Test
    void aDeviceThatIsCutShortIsRefusedWhereverItIsCut() {
        byte[] whole = Records.stopped(new HandoverBus.Stopped(
                "disk0", "vhost-user", new Handover("a", 1, new byte[] {1, 2}, List.of()), new Handover("b", 1, EMPTY, List.of())));
        for (int length = 0; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThatExceptionOfType(VdpaException.class).as("%d bytes", length)
                    .isThrownBy(() -> Records.stopped(cut, List.of()))
                    .matches(refused -> refused.reason() == Reason.STATE_UNKNOWN);
        }
        assertThatExceptionOfType(VdpaException.class)
                .isThrownBy(() -> Records.stopped(Arrays.copyOf(whole, whole.length + 1), List.of()))
                .withMessage("a record has 1 bytes too many");
    }
}
