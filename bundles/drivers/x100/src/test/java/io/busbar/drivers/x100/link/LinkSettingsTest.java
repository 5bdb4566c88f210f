package io.busbar.drivers.x100.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LinkSettingsTest {

    @Test
    void the_name_has_the_number() {
        assertThat(new LinkSettings("mic0", 64, 64, Timing.NONE).node()).isEqualTo(1);
        assertThat(new LinkSettings("mic127", 64, 64, Timing.NONE).node()).isEqualTo(128);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "mic", "mic128", "mic01", "mic-1", "mic1000", "card0", "mic0 "})
    void a_name_that_is_none_is_refused(String name) {
        assertThatThrownBy(() -> new LinkSettings(name, 64, 64, Timing.NONE))
                .hasMessage("name \"" + name + "\": expected mic0 to mic127");
    }

    @Test
    void numbers_out_of_range_are_refused() {
        assertThatThrownBy(() -> new LinkSettings("mic0", 15, 64, Timing.NONE)).hasMessage("memoryMib 15: expected 16 to 16384");
        assertThatThrownBy(() -> new LinkSettings("mic0", 64, 131_069, Timing.NONE)).hasMessage("dmaRing 131069: expected 64 to 131068");
        assertThatThrownBy(() -> new LinkSettings("mic0", 64, 64, new Timing(Timing.Mode.OFF, 0, 256, 24, 900, 1000, 500)))
                .hasMessage("linkMegabytesPerSecond 0: expected 1 to 1000000");
    }
}
