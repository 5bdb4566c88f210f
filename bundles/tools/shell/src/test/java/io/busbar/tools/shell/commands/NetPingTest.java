package io.busbar.tools.shell.commands;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.busbar.tools.shell.CommandTable;
import io.busbar.tools.shell.fake.FakeCard;
import io.busbar.tools.shell.fake.FakeInventory;
import io.busbar.tools.shell.fake.Recorder;
import io.busbar.tools.shell.fake.Recorder.Result;
import io.busbar.tools.shell.osgi.ShellCommands;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NetPingTest {

    private static final byte[] PEER_MAC = {2, 0, 0, 0, 0, 9};
    private static final int PEER = 0x0a000001;

    private final FakeInventory inventory = FakeInventory.linux();
    private final CommandTable table = new ShellCommands(inventory).table();
    private UnaryOperator<ByteBuffer> spoil = frame -> frame;
    private final FakeCard card = new FakeCard(frame -> spoil.apply(answer(frame)));

    @BeforeEach
    void aCardThatIsDriven() {
        inventory.host.drivers.add("virtio");
        inventory.driven.add(card);
        Recorder.run(table.command("vdpa").orElseThrow(), "dev add name net0 mgmtdev vdpasim_net");
        Recorder.run(table.command("driver").orElseThrow(), "override net0 virtio");
    }

    /** A host with address 10.0.0.1, written by hand. */
    private static ByteBuffer answer(ByteBuffer frame) {
        return switch (Short.toUnsignedInt(frame.getShort(12))) {
            case 0x0806 -> frame.getShort(20) == 1 && frame.getInt(38) == PEER ? arpReply(frame) : null;
            case 0x0800 -> frame.get(34) == 8 && frame.getInt(30) == PEER ? echoReply(frame) : null;
            default -> null;
        };
    }

    private static ByteBuffer arpReply(ByteBuffer request) {
        ByteBuffer reply = ByteBuffer.allocate(60);
        byte[] asker = new byte[6];
        request.get(22, asker);
        reply.put(asker).put(PEER_MAC).put(HexFormat.of().parseHex("08060001080006040002"));
        reply.put(PEER_MAC).putInt(PEER).put(asker).putInt(request.getInt(28));
        return reply.clear();
    }

    private static ByteBuffer echoReply(ByteBuffer request) {
        ByteBuffer reply = ByteBuffer.allocate(request.limit()).put(request.duplicate()).clear();
        reply.put(0, request.array(), 6, 6).put(6, PEER_MAC);
        reply.putInt(26, request.getInt(30)).putInt(30, request.getInt(26));
        reply.put(34, (byte) 0);
        // The type went from 8 to 0, so the sum goes up by 0x0800 (RFC 1624).
        int sum = Short.toUnsignedInt(request.getShort(36)) + 0x0800;
        return reply.putShort(36, (short) ((sum & 0xffff) + (sum >>> 16)));
    }

    private Result net(String line) {
        return Recorder.run(table.command("net").orElseThrow(), line);
    }

    @Test
    void an_address_is_asked_for_and_each_echo_is_told_with_its_time() {
        Result result = net("net0 ping 10.0.0.1 from 10.0.0.5 count 2");
        assertThat(result.err()).isEmpty();
        assertThat(result.exit()).isZero();
        assertThat(result.out()).matches("(?s)PING 10\\.0\\.0\\.1 \\(02:00:00:00:00:09\\) from 10\\.0\\.0\\.5"
                + " \\(02:00:00:00:00:07\\): 56 bytes\n"
                + "56 bytes from 10\\.0\\.0\\.1: seq=1 time=\\d+\\.\\d{3} ms\n"
                + "56 bytes from 10\\.0\\.0\\.1: seq=2 time=\\d+\\.\\d{3} ms\n"
                + "2 sent, 2 received, time min/avg/max .* ms\n");
        assertThat(card.listeners()).isZero();
    }

    /** RFC 826, RFC 791 and RFC 792, byte by byte; the checksums were computed by hand. */
    @Test
    void the_frames_are_those_of_the_standards() {
        net("net0 ping 10.0.0.1 from 10.0.0.5 count 1 size 2");
        assertThat(HexFormat.of().formatHex(card.sent.get(0).array(), 0, 42)).isEqualTo(
                "ffffffffffff0200000000070806" + "0001080006040001" + "0200000000070a000005" + "0000000000000a000001");
        byte[] echo = card.sent.get(1).array();
        assertThat(echo).hasSize(60);
        assertThat(HexFormat.of().formatHex(echo, 0, 34)).isEqualTo(
                "0200000000090200000000070800" + "4500001e00000000400166da" + "0a0000050a000001");
        assertThat(echo[34]).isEqualTo((byte) 8);
        assertThat(PingPackets.checksum(ByteBuffer.wrap(echo), 34, 10)).isZero();
    }

    @Test
    void without_an_address_of_its_own_one_is_taken_that_nobody_answers_for() {
        Result result = net("net0 ping 10.0.0.1 count 1");
        assertThat(result.exit()).isZero();
        assertThat(result.out()).contains(" from 10.0.0.254 ");
    }

    @Test
    void who_asks_for_the_address_meanwhile_is_answered() {
        spoil = frame -> {
            if (frame != null && frame.getShort(12) == 0x0800) {
                card.receive(ByteBuffer.wrap(HexFormat.of().parseHex("ffffffffffff0200000000090806"
                        + "0001080006040001" + "0200000000090a000001" + "0000000000000a000005")));
            }
            return frame;
        };
        net("net0 ping 10.0.0.1 from 10.0.0.5 count 1");
        assertThat(card.sent).anySatisfy(frame -> assertThat(HexFormat.of().formatHex(frame.array(), 0, 42)).isEqualTo(
                "0200000000090200000000070806" + "0001080006040002" + "0200000000070a000005" + "0200000000090a000001"));
    }

    @Test
    void a_reply_with_a_wrong_checksum_is_none() {
        spoil = frame -> frame != null && frame.getShort(12) == 0x0800 ? frame.put(44, (byte) 99) : frame;
        Result result = net("net0 ping 10.0.0.1 from 10.0.0.5 count 1");
        assertThat(result.exit()).isOne();
        assertThat(result.out()).contains("no reply: seq=1", "1 sent, 0 received");
    }

    @Test
    void an_address_that_nobody_has_is_named() {
        Result result = net("net0 ping 10.0.0.3 from 10.0.0.5 count 1");
        assertThat(result.exit()).isOne();
        assertThat(result.err()).isEqualTo("net: 10.0.0.3 is not on the network of net0: nobody answers for it\n");
    }

    @Test
    void a_link_that_is_down_is_told() {
        card.linkUp = false;
        assertThat(net("net0 ping 10.0.0.1").err()).isEqualTo("net: net0: its link is down\n");
        assertThat(net("net0 info").out()).isEqualTo("net0: mac 02:00:00:00:00:07 mtu 1500 link down\n");
    }

    @Test
    void results_are_json_on_request() {
        JsonObject json = JsonParser.parseString(net("net0 ping 10.0.0.1 from 10.0.0.5 count 1 -j").out())
                .getAsJsonObject().getAsJsonObject("net").getAsJsonObject("net0");
        assertThat(json.get("received").getAsInt()).isOne();
        assertThat(net("net0 info -j").out()).contains("\"mac\":\"02:00:00:00:00:07\"");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "net0 ping|net: an address is missing: net DEV ping ADDRESS",
        "net0 ping 10.0.0|net: \"10.0.0\" is no address; four numbers up to 255 with dots between were expected",
        "net0 ping 10.0.0.256|net: \"10.0.0.256\" is no address",
        "net0 ping 10.0.0.1 to 1|net: \"to\" is unknown; expected one of: from, count, size",
        "net0 ping 10.0.0.1 count|net: the value of count is missing",
        "net0 ping 10.0.0.1 count 0|net: count \"0\": a number from 1 to 1000 was expected",
        "net0 ping 10.0.0.1 size 9999|net: size \"9999\": a number from 0 to 1472 was expected",
        "net9 ping 10.0.0.1|net: there is no device \"net9\"; expected one of: net0",
        "net0 info now|net: \"now\" is one word too many",
    })
    void a_wrong_word_is_named_with_what_was_expected(String line, String sentence) {
        Result result = net(line);
        assertThat(result.exit()).isOne();
        assertThat(result.err()).startsWith(sentence);
        assertThat(card.sent).isEmpty();
    }

    @Test
    void words_are_completed() {
        assertThat(table.complete("net n")).containsExactly("net0");
        assertThat(table.complete("net net0 ")).containsExactly("info", "ping");
        assertThat(table.complete("net net0 ping 10.0.0.1 ")).containsExactly("count", "from", "size");
    }
}
