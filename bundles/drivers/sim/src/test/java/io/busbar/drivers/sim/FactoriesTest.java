package io.busbar.drivers.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Which of several of one name is used. */
class FactoriesTest {

    private final Factories factories = new Factories();
    private final FakeBackends old = new FakeBackends("file");
    private final FakeBackends next = new FakeBackends("file");

    @Test
    void the_highest_version_is_used_until_another_one_is_preferred() {
        AtomicInteger rank = new AtomicInteger();
        factories.add(next, FakeBundle.newer());
        factories.add(old, null, rank::get);
        assertThat(factories.backend("block", "file")).containsSame(next);

        rank.set(1);
        assertThat(factories.backend("block", "file")).containsSame(old);

        factories.remove(old);
        assertThat(factories.backend("block", "file")).containsSame(next);
    }
}
