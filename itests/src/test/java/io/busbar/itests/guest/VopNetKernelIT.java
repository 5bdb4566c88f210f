package io.busbar.itests.guest;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.itests.BusbarProcess;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;

/** A network device of ours over VOP, under User Mode Linux as the operating system of an X100 card. */
final class VopNetKernelIT extends NetKernelTests {

    VopNetKernelIT() {
        super(new Uml(), 1);
    }

    @Override
    BusbarProcess process(Path state) {
        return Placement.startWithCard(state);
    }

    @Override
    Placement placement() {
        return Placement.onCard(busbar);
    }

    @Override
    String longMtu() {
        return "true";
    }

    @AfterEach
    void allOfItHasCrossedTheLink() {
        CardLink link = CardLink.of(busbar, "mic0");
        assertThat(link.all("posted")).isPositive();
        assertThat(link.all("dma_bytes")).isPositive();
    }
}
