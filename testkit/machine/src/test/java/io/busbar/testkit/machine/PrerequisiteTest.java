package io.busbar.testkit.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import org.junit.jupiter.api.Test;
import org.opentest4j.TestAbortedException;

class PrerequisiteTest {

    @Test
    void what_is_missing_skips_a_test_and_fails_it_where_every_test_must_run() {
        assertThat(Prerequisite.missing("a loop device", false))
                .isInstanceOf(TestAbortedException.class).hasMessage("a prerequisite is missing: a loop device");
        assertThat(Prerequisite.missing("a loop device", true))
                .isNotInstanceOf(TestAbortedException.class).hasMessage("a prerequisite is missing: a loop device");
    }

    @Test
    void what_is_there_ends_no_test() {
        assertThatCode(() -> Prerequisite.require(true, "nothing")).doesNotThrowAnyException();
    }
}
