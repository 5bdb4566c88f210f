package io.busbar.backends.switch_;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendException.Kind;
import java.util.Optional;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PortSettingsTest {

    private final Networks networks = new Networks();

    @AfterEach
    void nothing_stays() {
        assertThat(networks.all()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "network lan/0           | network lan/0: expected a name",
        "network lan0 vlan 0     | vlan 0: expected a number from 1 to 4094",
        "network lan0 vlan 4095  | vlan 4095: expected a number from 1 to 4094",
        "network lan0 vlan x     | vlan x: expected a number from 1 to 4094",
        "network lan0 trunk 5-   | trunk 5-: expected numbers or ranges",
        "network lan0 trunk 9-5  | trunk 9-5: expected numbers or ranges from 1 to 4094, such as 10,20-29; 9-5 ends before",
        "network lan0 trunk 1,,2 | trunk 1,,2: expected numbers or ranges",
        "network lan0 trunk 0    | trunk 0: expected numbers or ranges",
        "network lan0 vlan 1 trunk 2 | vlan 1 and trunk 2: expected one of them",
        "network lan0 dhcp 10.0.5.0 | dhcp 10.0.5.0: expected a subnet such as 10.0.5.0/24",
        "network lan0 dhcp 10.0.5.0/31 | its prefix is 31",
        "network lan0 dhcp 10.0.256.0/24 | 256 is above 255",
        "network lan0 dhcp 10.0.5.7/24 | its first address is 10.0.5.0/24",
        "network lan0 dhcp 127.0.0.0/8 | no host has an address that begins with 127",
        "network lan0 capture /nowhere/at/all | capture /nowhere/at/all: its directory is not there",
        "network lan0 capture /dev/null | capture /dev/null: it is no regular file",
    })
    void a_wrong_value_is_named_with_what_was_expected(String words, String sentence) {
        assertThatThrownBy(() -> Station.tryPlug(networks, "net0", words.split(" ")))
                .isInstanceOf(BackendException.class)
                .hasMessageContaining(sentence);
    }

    @Test
    void the_network_has_to_be_named() {
        assertThatThrownBy(() -> Station.tryPlug(networks, "net0"))
                .asInstanceOf(InstanceOfAssertFactories.type(BackendException.class))
                .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.CONFIG_INVALID));
    }

    @Test
    void one_network_has_one_subnet() throws Exception {
        try (Station _ = Station.tryPlug(networks, "net0", "network", "lan0", "dhcp", "10.0.5.0/24");
                Station _ = Station.tryPlug(networks, "net1", "network", "lan0", "dhcp", "10.0.5.0/24");
                Station _ = Station.tryPlug(networks, "net2", "network", "lan1", "dhcp", "10.0.6.0/24")) {
            assertThatThrownBy(() -> Station.tryPlug(networks, "net3", "network", "lan0", "dhcp", "10.0.6.0/24"))
                    .hasMessage("dhcp 10.0.6.0/24: network lan0 gives addresses of 10.0.5.0/24 already;"
                            + " expected the same, or no dhcp");
        }
    }

    @Test
    void a_network_ends_with_its_last_port() throws Exception {
        Station one = Station.tryPlug(networks, "net0", "network", "lan0", "dhcp", "10.0.5.0/24");
        Station two = Station.tryPlug(networks, "net1", "network", "lan0");
        one.close();
        assertThat(networks.network("lan0")).isPresent();
        two.close();
        assertThat(networks.network("lan0")).isEmpty();
        Station.tryPlug(networks, "net0", "network", "lan0", "dhcp", "10.0.6.0/24").close();
    }

    @Test
    void vlans_are_shown_as_they_were_given() throws Exception {
        assertThat(PortVlans.OPEN).hasToString("1");
        assertThat(PortVlans.parse(Optional.of("7"), Optional.empty())).hasToString("7");
        assertThat(PortVlans.parse(Optional.empty(), Optional.of("10,20-29")))
                .hasToString("trunk 10,20-29");
    }
}
