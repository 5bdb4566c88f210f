package io.busbar.tools.plug;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.osgi.framework.Version;

class ClauseTest {

    @Test
    void what_is_in_quotes_separates_nothing() {
        List<Clause> clauses = Clause.parse(
                "io.a;version=\"1.2.3\";uses:=\"io.b,io.c;x=y\",busbar.backend;type=block;name=ram;settings=\"size SIZE; [a, b=c]\"");

        assertThat(clauses).containsExactly(
                new Clause("io.a", Map.of("version", "1.2.3")),
                new Clause("busbar.backend", Map.of("type", "block", "name", "ram", "settings", "size SIZE; [a, b=c]")));
    }

    @Test
    void attributes_have_the_types_that_they_name() {
        assertThat(Clause.parse("a;v:Version=\"1.2\";n:Long=7;l:List<String>=\"x, y\"").getFirst().attributes())
                .isEqualTo(Map.of("v", new Version(1, 2, 0), "n", 7L, "l", List.of("x", "y")));
    }

    @Test
    void names_share_the_attributes_behind_them() {
        assertThat(Clause.parse("io.a;io.b;version=1")).extracting(Clause::name).containsExactly("io.a", "io.b");
        assertThat(Clause.parse(null)).isEmpty();
    }
}
