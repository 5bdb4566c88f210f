package io.busbar.drivers.sim;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class NotificationsTest {

    private int told;
    private final Notifications notifications = new Notifications("disk0", Runnable::run);

    @BeforeEach
    void somebodyListens() {
        notifications.callback(() -> told++);
    }

    @Test
    void a_change_is_told() {
        notifications.configChanged();
        assertThat(told).isEqualTo(1);
        assertThat(notifications.generation()).isEqualTo(1);
    }

    @Test
    void what_is_held_is_seen_at_once_and_told_once_when_it_is_released() {
        notifications.hold();
        notifications.configChanged();
        notifications.configChanged();
        assertThat(told).isZero();
        assertThat(notifications.generation()).isEqualTo(2);
        notifications.release();
        assertThat(told).isEqualTo(1);
        notifications.configChanged();
        assertThat(told).isEqualTo(2);
    }

    @Test
    void where_nothing_changed_nothing_is_told() {
        notifications.hold();
        notifications.release();
        assertThat(told).isZero();
    }
}
