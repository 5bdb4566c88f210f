package io.busbar.core.virtio.ring;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SpecialisedTest {

    @Test
    void each_queue_has_a_hidden_class_of_its_own() {
        DeviceRing one = device();
        DeviceRing two = device();
        assertThat(one.getClass().isHidden()).isTrue();
        assertThat(one.getClass()).isNotSameAs(two.getClass());
        assertThat(Rings.driver(new DriverRingConfig(new HandRing(8, 0).addresses(), 8, 0)).getClass().isHidden())
                .isTrue();
    }

    @Test
    void the_class_of_a_queue_is_unloaded_when_the_queue_is_gone() throws InterruptedException {
        List<WeakReference<Class<?>>> classes = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            classes.add(useOne(i));
        }
        long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (classes.stream().anyMatch(reference -> reference.get() != null) && System.nanoTime() < deadline) {
            System.gc();
            Thread.sleep(10);
        }
        assertThat(classes).allSatisfy(reference -> assertThat(reference.get()).isNull());
    }

    private static WeakReference<Class<?>> useOne(int rounds) {
        HandRing hand = new HandRing(8, 0).descriptor(0, HandRing.LOW, 1, HandRing.WRITE, 0);
        DeviceRing ring = Rings.device(hand.config(), hand.regions());
        for (int i = 0; i < rounds * 2000; i++) {
            hand.offer(0);
            ring.take(1);
            ring.complete(ring.taken(0), 1);
            ring.publish();
        }
        return new WeakReference<>(ring.getClass());
    }

    private static DeviceRing device() {
        HandRing hand = new HandRing(8, 0);
        return Rings.device(hand.config(), hand.regions());
    }
}
