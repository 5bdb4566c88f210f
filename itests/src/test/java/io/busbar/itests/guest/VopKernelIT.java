package io.busbar.itests.guest;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.itests.BusbarProcess;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;

/** A disk of ours over VOP: the host publishes it to an X100 card, whose operating system is Linux in User Mode Linux. */
final class VopKernelIT extends KernelTests {

    private BusbarProcess busbar;

    VopKernelIT() {
        super(new Uml(), 1);
    }

    @Override
    BlockServer server(Path state) {
        busbar = Placement.startWithCard(state);
        return new BusbarServer(busbar, Placement.onCard(busbar));
    }

    @AfterEach
    void allOfItHasCrossedTheLink() {
        CardLink link = CardLink.of(busbar, "mic0");
        assertThat(link.all("posted")).isPositive();
        assertThat(link.all("dma_bytes")).isPositive();
    }
}
