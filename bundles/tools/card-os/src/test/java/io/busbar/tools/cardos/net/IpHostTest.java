package io.busbar.tools.cardos.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IpHostTest {

    private static final Duration SOON = Duration.ofSeconds(30);
    private static final Duration NOT_LONG = Duration.ofMillis(50);
    private static final Ipv4Interface FIRST = Ipv4Interface.parse("10.9.0.1/24");
    private static final Ipv4Interface SECOND = Ipv4Interface.parse("10.9.0.2/24");

    private final Cable cable = new Cable();
    private final Cable.Card[] cards = cable.both();
    private final IpHost first = new IpHost(cards[0], FIRST);
    private final IpHost second = new IpHost(cards[1], SECOND);

    @AfterEach
    void end() {
        cable.close();
    }

    @Test
    void an_address_is_found_and_answers() throws InterruptedException {
        byte[] mac = first.resolve(SECOND.address(), SOON).orElseThrow();
        assertThat(mac).isEqualTo(cards[1].mac());
        for (int bytes : new int[] {0, 1, 56, 57, 1472}) {
            assertThat(first.ping(mac, SECOND.address(), bytes, bytes, SOON)).as("%d bytes", bytes).isPresent();
        }
    }

    @Test
    void the_first_question_may_be_lost() throws InterruptedException {
        int[] lost = {1};
        cable.fate = frame -> lost[0]-- > 0 ? null : frame;
        assertThat(first.resolve(SECOND.address(), SOON)).isPresent();
    }

    @Test
    void an_address_that_nobody_has_is_not_found_and_does_not_answer() throws InterruptedException {
        int nobody = Ipv4Interface.parseAddress("10.9.0.3");
        assertThat(first.resolve(nobody, NOT_LONG)).isEmpty();
        assertThat(first.ping(cards[1].mac(), nobody, 1, 56, NOT_LONG)).isEmpty();
    }

    /** In its header, its message, and cut short. */
    @ParameterizedTest
    @ValueSource(ints = {20, 40, -30})
    void a_question_that_is_damaged_is_not_answered(int where) throws InterruptedException {
        cable.fate = frame -> where < 0 ? frame.slice(0, frame.limit() + where) : frame.put(where, (byte) (frame.get(where) + 1));
        assertThat(first.ping(cards[1].mac(), SECOND.address(), 1, 56, NOT_LONG)).isEmpty();
        assertThat(cable.frames).hasSize(1);
    }

    @Test
    void another_address_is_announced_and_answers() throws InterruptedException {
        second.address(Ipv4Interface.parse("10.9.0.77/24"));
        ByteBuffer told = cable.frames.getFirst();
        assertThat(told.getInt(Frames.ARP_SENDER)).isEqualTo(told.getInt(Frames.ARP_TARGET)).isEqualTo(second.address().address());
        assertThat(first.resolve(Ipv4Interface.parseAddress("10.9.0.77"), SOON)).isPresent();
        assertThat(first.resolve(SECOND.address(), NOT_LONG)).isEmpty();
    }

    @Test
    void a_network_that_gives_frames_back_is_not_answered() {
        Cable.Card alone = cable.new Card(3);
        try (IpHost host = new IpHost(alone, FIRST)) {
            host.announce();
            cable.close();
            assertThat(cable.frames).hasSize(1);
        }
    }

    @Test
    void frames_to_itself_come_back_whole() throws Exception {
        assertThat(new FrameExchange(cable.new Card(3)).run(3000, SOON)).isEmpty();
    }

    @Test
    void a_frame_that_is_lost_doubled_or_changed_is_told() throws Exception {
        Cable.Card alone = cable.new Card(3);
        int[] left = {100};
        cable.fate = frame -> left[0]-- == 0 ? null : frame;
        assertThat(new FrameExchange(alone).run(1000, NOT_LONG)).isEqualTo("frame 101 in the place of 100");
        left[0] = 100;
        cable.fate = frame -> left[0]-- == 0 ? frame.put(40, (byte) (frame.get(40) + 1)) : frame;
        assertThat(new FrameExchange(alone).run(1000, NOT_LONG)).isEqualTo("byte 40 of frame 100");
        cable.fate = _ -> null;
        assertThat(new FrameExchange(alone).run(10, NOT_LONG)).isEqualTo("frame 0 does not come back");
    }

    @Test
    void an_interface_reaches_its_network() {
        assertThat(FIRST.reaches(SECOND.address())).isTrue();
        assertThat(FIRST.reaches(Ipv4Interface.parseAddress("10.9.1.1"))).isFalse();
        assertThat(FIRST.plus(1)).isEqualTo(SECOND);
        assertThat(Ipv4Interface.text(Ipv4Interface.parseAddress("255.0.128.1"))).isEqualTo("255.0.128.1");
    }
}
