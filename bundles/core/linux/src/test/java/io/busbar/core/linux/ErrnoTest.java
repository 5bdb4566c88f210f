package io.busbar.core.linux;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ErrnoTest {
    @Test
    void a_number_has_the_same_name_and_text_positive_and_negated() {
        assertThat(Errno.name(13)).isEqualTo("EACCES");
        assertThat(Errno.name(-13)).isEqualTo("EACCES");
        assertThat(Errno.text(-13)).isEqualTo("Permission denied");
    }

    @Test
    void an_unknown_number_is_named_by_its_value() {
        assertThat(Errno.name(999)).isEqualTo("errno 999");
        assertThat(Errno.name(Integer.MIN_VALUE)).isEqualTo("errno 2147483648");
        assertThat(Errno.text(999)).isEqualTo("Unknown error");
    }

    @Test
    void an_exception_names_operation_object_and_error() {
        LinuxException e = new LinuxException("open /x/y", -Errno.EACCES);

        assertThat(e).hasMessage("open /x/y: Permission denied (EACCES)");
        assertThat(e.errno()).isEqualTo(Errno.EACCES);
    }
}
