package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class IovecsTest {
    @Test
    void it_takes_as_many_buffers_as_it_has_room_for() {
        Iovecs iovecs = new Iovecs(2);

        assertThat(iovecs.add(1000, 10)).isTrue();
        assertThat(iovecs.add(2000, 20)).isTrue();
        assertThat(iovecs.add(3000, 30)).isFalse();

        assertThat(iovecs.count()).isEqualTo(2);
        assertThat(iovecs.bytes()).isEqualTo(30);
    }

    @Test
    void entries_that_were_set_count_once_the_count_is_set() {
        Iovecs iovecs = new Iovecs(4);
        iovecs.set(0, 1000, 10);
        iovecs.set(1, 2000, 20);
        assertThat(iovecs.count()).isZero();

        iovecs.setCount(2);

        assertThat(iovecs.bytes()).isEqualTo(30);
        assertThatThrownBy(() -> iovecs.setCount(5)).hasMessage("Count 5: expected 0 to 4");
    }

    @Test
    void after_a_part_is_done_it_goes_on_behind_it() {
        Iovecs iovecs = new Iovecs(3);
        iovecs.add(1000, 10);
        iovecs.add(2000, 20);
        iovecs.add(3000, 30);

        iovecs.advance(15);

        assertThat(iovecs.count()).isEqualTo(2);
        assertThat(iovecs.bytes()).isEqualTo(45);
        assertThat(Memory.ALL.get(JAVA_LONG, iovecs.address())).isEqualTo(2005);
        assertThat(Memory.ALL.get(JAVA_LONG, iovecs.address() + 8)).isEqualTo(15);

        iovecs.advance(45);
        assertThat(iovecs.count()).isZero();
        iovecs.clear();
        assertThat(iovecs.add(1, 1)).isTrue();
    }

    @Test
    void a_capacity_that_no_system_call_takes_is_refused() {
        assertThatThrownBy(() -> new Iovecs(0)).hasMessage("Capacity 0: expected 1 to 1024");
        assertThatThrownBy(() -> new Iovecs(1025)).hasMessage("Capacity 1025: expected 1 to 1024");
    }
}
