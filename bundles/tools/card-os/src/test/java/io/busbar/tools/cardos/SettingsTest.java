package io.busbar.tools.cardos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.annotation.Annotation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsTest {

    private record Config(String bus, String address, int checkMillis) implements CardOsConfig {

        @Override
        public Class<? extends Annotation> annotationType() {
            return CardOsConfig.class;
        }
    }

    @ParameterizedTest
    @CsvSource({"mic0,172.31.1.1/24", "mic9,172.31.10.1/24", "mic127,172.31.128.1/24", "mic128,172.31.1.1/24", "other,172.31.1.1/24"})
    void the_address_follows_from_the_card(String bus, String address) {
        assertThat(Settings.of(new Config(bus, "", 1000)).address()).hasToString(address);
    }

    @Test
    void an_address_can_be_set() {
        assertThat(Settings.of(new Config("mic0", "10.9.0.2/16", 1000)).address()).hasToString("10.9.0.2/16");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "mic 0|''|1000|bus \"mic 0\": expected the name of a card's bus, such as mic0",
        "mic0|10.9.0.2|1000|address \"10.9.0.2\": expected one with a prefix of 1 to 30, such as 172.31.1.1/24",
        "mic0|10.9.0.2/31|1000|address \"10.9.0.2/31\": expected one with a prefix of 1 to 30, such as 172.31.1.1/24",
        "mic0|10.9.0.256/24|1000|address \"10.9.0.256\": expected four numbers of 0 to 255, such as 172.31.1.1",
        "mic0|''|0|checkMillis 0: expected 1 to 600000"})
    void a_wrong_setting_is_named(String bus, String address, int millis, String sentence) {
        assertThatThrownBy(() -> Settings.of(new Config(bus, address, millis))).hasMessage(sentence);
    }
}
