package io.busbar.tools.bench.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class DialogTest {

    private final ByteArrayOutputStream said = new ByteArrayOutputStream();

    private Dialog dialog(byte[] answer) {
        return new Dialog("test", new ByteArrayInputStream(answer), said);
    }

    @Test
    void bytes_that_are_right_have_a_rate_and_one_that_is_wrong_is_named() throws IOException {
        byte[] mib = Pattern.block(Pattern.MIB);
        assertThat(dialog(mib).take(1)).isPositive();
        assertThat(said.toString(StandardCharsets.US_ASCII)).isEqualTo("send 1\n");
        mib[700_001] ^= 1;
        assertThatThrownBy(() -> dialog(mib).take(1)).isInstanceOf(IOException.class).hasMessageStartingWith("byte 700001 is ");
    }

    @Test
    void an_end_before_the_last_byte_is_named() {
        assertThatThrownBy(() -> dialog(Pattern.block(Pattern.MIB)).take(2)).isInstanceOf(IOException.class)
                .hasMessage("test: ended after 1048576 of 2097152 bytes");
    }

    @Test
    void what_was_sent_is_compared_by_its_checksum() throws IOException {
        assertThat(dialog((Pattern.checksum(1) + "\n").getBytes(StandardCharsets.US_ASCII)).send(1)).isPositive();
        assertThatThrownBy(() -> dialog("0\n".getBytes(StandardCharsets.US_ASCII)).send(1)).isInstanceOf(IOException.class)
                .hasMessage("test: the checksum of what came is \"0\", expected " + Pattern.checksum(1));
    }
}
