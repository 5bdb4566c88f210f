package io.busbar.core.bus;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.vdpa.BusSnapshot.Kind;
import io.busbar.api.vdpa.BusSnapshot.Part;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.Reason;
import java.util.List;
import org.junit.jupiter.api.Test;

class DeclaredDriversTest {

    private static final Health ABSENT = new Health(Reason.INTERNAL, "absent");

    private static Part part(String type, String name, String origin, Health health) {
        return new Part(Kind.MANAGEMENT_DEVICE, type, name, origin, health);
    }

    @Test
    void what_is_there_gets_the_type_that_its_bundle_names_and_what_is_not_there_is_added() {
        List<Part> there = List.of(part("", "a", "x 1", Health.OK), part("", "unnamed", "x 1", Health.OK));
        List<Part> declared = List.of(part("block", "a", "x 1", ABSENT), part("net", "a", "y 1", ABSENT),
                new Part(Kind.BACKEND, "block", "file", "f 1", Health.OK));

        assertThat(DeclaredDrivers.merge(there, declared)).containsExactly(
                part("block", "a", "x 1", Health.OK), part("", "unnamed", "x 1", Health.OK),
                part("net", "a", "y 1", ABSENT), new Part(Kind.BACKEND, "block", "file", "f 1", Health.OK));
    }

    @Test
    void a_bus_that_is_not_the_hosts_is_told_types_and_not_what_is_elsewhere() {
        List<Part> there = List.of(part("", "a", "x 1", Health.OK));
        List<Part> declared = List.of(part("block", "a", "x 1", ABSENT), part("net", "b", "y 1", ABSENT));

        assertThat(DeclaredDrivers.typed(there, declared)).containsExactly(part("block", "a", "x 1", Health.OK));
    }
}
