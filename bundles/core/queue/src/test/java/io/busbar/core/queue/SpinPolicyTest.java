package io.busbar.core.queue;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SpinPolicyTest {

    private static final long SPIN = 25_000;

    private final SpinPolicy policy = new SpinPolicy(SPIN, 2);

    @Test
    void polls_before_every_sleep_while_that_pays() {
        for (int i = 0; i < 1000; i++) {
            assertThat(policy.nextSpinNanos()).isEqualTo(SPIN);
            policy.succeeded();
        }
    }

    @Test
    void some_polls_in_vain_between_others_change_nothing() {
        for (int i = 0; i < 1000; i++) {
            assertThat(policy.nextSpinNanos()).isEqualTo(SPIN);
            if (i % 4 == 3) {
                policy.succeeded();
            } else {
                policy.failed();
            }
        }
    }

    @Test
    void polls_that_never_pay_become_rare() {
        int polls = pollsInVain(10_000);

        assertThat(polls).isBetween(100, 250);
    }

    @Test
    void after_a_pause_it_tries_more_than_once() {
        pollsInVain(10_000);
        while (policy.nextSpinNanos() == 0) {
            continue;
        }
        policy.failed();

        assertThat(policy.nextSpinNanos()).isEqualTo(SPIN);
    }

    @Test
    void one_poll_that_pays_makes_up_for_all_in_vain() {
        pollsInVain(10_000);
        while (policy.nextSpinNanos() == 0) {
            continue;
        }
        policy.succeeded();

        polls_before_every_sleep_while_that_pays();
    }

    @Test
    void one_processor_is_not_spent_on_polling() {
        assertThat(new SpinPolicy(SPIN, 1).nextSpinNanos()).isZero();
    }

    private int pollsInVain(int sleeps) {
        int polls = 0;
        for (int i = 0; i < sleeps; i++) {
            if (policy.nextSpinNanos() > 0) {
                policy.failed();
                polls++;
            }
        }
        return polls;
    }
}
