package io.busbar.devices.net;

import static io.busbar.devices.net.Frames.ACK;
import static io.busbar.devices.net.Frames.CWR;
import static io.busbar.devices.net.Frames.FIN;
import static io.busbar.devices.net.Frames.PSH;
import static io.busbar.devices.net.Frames.TCP4_HEADERS;
import static io.busbar.devices.net.Frames.TCP4_START;
import static io.busbar.devices.net.Frames.TCP6_HEADERS;
import static io.busbar.devices.net.Frames.TCP6_START;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TcpSegmenterTest {

    private static final int OFFSET = 21;

    private final TcpSegmenter segmenter = new TcpSegmenter();

    private boolean begin(byte[] frame, int size, boolean ipv6) {
        MemorySegment memory = Arena.ofAuto().allocate(OFFSET + frame.length);
        MemorySegment.copy(frame, 0, memory, ValueLayout.JAVA_BYTE, OFFSET, frame.length);
        return segmenter.begin(memory, OFFSET, frame.length, size, ipv6);
    }

    private List<byte[]> cut(byte[] frame, int size, boolean ipv6) {
        MemorySegment memory = Arena.ofAuto().allocate(OFFSET + frame.length);
        MemorySegment.copy(frame, 0, memory, ValueLayout.JAVA_BYTE, OFFSET, frame.length);
        assertThat(segmenter.begin(memory, OFFSET, frame.length, size, ipv6)).isTrue();
        List<byte[]> segments = new ArrayList<>();
        for (int i = 0; i < segmenter.count(); i++) {
            segmenter.make(i);
            byte[] segment = new byte[segmenter.bytes()];
            MemorySegment to = MemorySegment.ofArray(segment);
            MemorySegment.copy(segmenter.headers(), 0, to, 0, segmenter.headerBytes());
            MemorySegment.copy(memory, segmenter.dataOffset(), to, segmenter.headerBytes(), segmenter.dataBytes());
            segments.add(segment);
        }
        return segments;
    }

    private static byte[] data(List<byte[]> segments, int headerBytes) {
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        segments.forEach(segment -> data.write(segment, headerBytes, segment.length - headerBytes));
        return data.toByteArray();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 999, 1000, 1001, 1447, 1448, 1449, 7000, 65_000})
    void segments_of_ipv4_are_whole_datagrams_of_their_own_with_all_data_in_order(int length) {
        byte[] data = Frames.random(length, length);
        List<byte[]> segments = cut(Frames.tcp4(ACK | PSH | FIN, 0xffff_ff00, data), 1448, false);

        assertThat(segments).hasSize((length + 1447) / 1448);
        assertThat(data(segments, TCP4_HEADERS)).isEqualTo(data);
        for (int i = 0; i < segments.size(); i++) {
            byte[] bytes = segments.get(i);
            ByteBuffer segment = ByteBuffer.wrap(bytes);
            int l4 = bytes.length - TCP4_START;
            assertThat(segment.getShort(16)).as("total length").isEqualTo((short) (bytes.length - 14));
            assertThat(segment.getShort(18)).as("identification").isEqualTo((short) (0xfffe + i));
            assertThat(Frames.naiveSum(bytes, 14, 24, 0)).as("checksum of IP").isEqualTo(0xffff);
            assertThat(segment.getInt(TCP4_START + 4)).as("sequence").isEqualTo(0xffff_ff00 + i * 1448);
            int pseudo = Frames.naiveSum(bytes, 14 + 12, 8, 6 + l4);
            assertThat(Frames.naiveSum(bytes, TCP4_START, l4, pseudo)).as("checksum of TCP").isEqualTo(0xffff);
            boolean last = i == segments.size() - 1;
            assertThat(bytes[TCP4_START + 13]).isEqualTo((byte) (last ? ACK | PSH | FIN : ACK));
        }
    }

    @Test
    void segments_of_ipv6_behind_tags_and_extensions_are_whole_too() {
        byte[] data = Frames.random(5001, 5);
        List<byte[]> segments = cut(Frames.tcp6(ACK | PSH, 1000, data), 1400, true);

        assertThat(segments).hasSize(4);
        assertThat(data(segments, TCP6_HEADERS)).isEqualTo(data);
        for (int i = 0; i < segments.size(); i++) {
            byte[] bytes = segments.get(i);
            ByteBuffer segment = ByteBuffer.wrap(bytes);
            int l4 = bytes.length - TCP6_START;
            assertThat(segment.getShort(14 + 8 + 4)).as("payload length").isEqualTo((short) (bytes.length - 22 - 40));
            assertThat(segment.getInt(TCP6_START + 4)).as("sequence").isEqualTo(1000 + i * 1400);
            int pseudo = Frames.naiveSum(bytes, 22 + 8, 32, 6 + l4);
            assertThat(Frames.naiveSum(bytes, TCP6_START, l4, pseudo)).as("checksum of TCP").isEqualTo(0xffff);
            assertThat(bytes[TCP6_START + 13]).isEqualTo((byte) (i == 3 ? ACK | PSH : ACK));
        }
    }

    @Test
    void a_halved_window_is_announced_once_rfc_3168_6_1_2() {
        List<byte[]> segments = cut(Frames.tcp4(ACK | CWR, 0, new byte[3000]), 1000, false);
        assertThat(segments).extracting(segment -> segment[TCP4_START + 13])
                .containsExactly((byte) (ACK | CWR), (byte) ACK, (byte) ACK);
    }

    @Test
    void a_frame_without_data_is_one_segment() {
        assertThat(cut(Frames.tcp4(ACK, 0, new byte[0]), 1000, false)).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({"0", "-1"})
    void without_a_size_nothing_can_be_cut(int size) {
        assertThat(begin(Frames.tcp4(ACK, 0, new byte[100]), size, false)).isFalse();
    }

    @Test
    void a_frame_of_the_other_kind_of_ip_is_not_cut() {
        assertThat(begin(Frames.tcp4(ACK, 0, new byte[100]), 50, true)).isFalse();
        assertThat(begin(Frames.tcp6(ACK, 0, new byte[100]), 50, false)).isFalse();
    }

    @Test
    void a_fragment_is_not_cut() {
        byte[] frame = Frames.tcp4(ACK, 0, new byte[100]);
        frame[20] = 0x20;
        assertThat(begin(frame, 50, false)).as("more fragments").isFalse();
        frame[20] = 0;
        frame[21] = 1;
        assertThat(begin(frame, 50, false)).as("fragment offset").isFalse();
    }

    /** Behind an IP header of 16 bytes, if there were one, there would be something that looks like TCP. */
    @Test
    void an_ip_header_that_is_too_short_to_be_one_is_not_believed() {
        byte[] frame = Frames.tcp4(ACK, 0x5000_0000, new byte[100]);
        frame[14] = 0x44;
        assertThat(begin(frame, 50, false)).isFalse();
    }

    @Test
    void a_segment_that_would_be_longer_than_ip_can_say_is_not_made() {
        byte[] frame = Frames.tcp4(ACK, 0, new byte[65_480]);
        assertThat(begin(frame, 65_479, false)).isTrue();
        assertThat(begin(frame, 65_480, false)).isFalse();
    }

    /** Every beginning of a frame: headers that end too early are noticed, wherever that is. */
    @Test
    void headers_that_are_cut_off_are_noticed() {
        byte[] four = Frames.tcp4(ACK, 0, new byte[0]);
        byte[] six = Frames.tcp6(ACK, 0, new byte[0]);
        for (int length = 0; length < four.length; length++) {
            assertThat(begin(Arrays.copyOf(four, length), 50, false)).as("%d bytes", length).isFalse();
        }
        for (int length = 0; length < six.length; length++) {
            assertThat(begin(Arrays.copyOf(six, length), 50, true)).as("%d bytes", length).isFalse();
        }
    }

    /** Whatever one byte of the headers says, it is either refused or cut without leaving the frame. */
    @Test
    void headers_that_lie_lead_nowhere() {
        for (boolean ipv6 : new boolean[] {false, true}) {
            byte[] sound = ipv6 ? Frames.tcp6(ACK, 0, new byte[64]) : Frames.tcp4(ACK, 0, new byte[64]);
            int cutAnyway = 0;
            for (int at = 12; at < sound.length - 64; at++) {
                for (int value = 0; value < 256; value++) {
                    byte[] lie = sound.clone();
                    lie[at] = (byte) value;
                    if (begin(lie, 10, ipv6)) {
                        cutAnyway++;
                        cut(lie, 10, ipv6);
                        assertThat(segmenter.headerBytes()).isBetween(54, lie.length);
                    }
                }
            }
            assertThat(cutAnyway).isPositive();
        }
    }
}
