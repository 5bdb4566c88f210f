package io.busbar.itests.guest;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;

/** A disk of ours over VOP: the host publishes it to an X100 card, whose operating system is Linux in User Mode Linux. */
class VopKernelIT extends KernelTests {

    private Home home;

    VopKernelIT() {
        super(new Uml(), 1);
    }

    /** Starts what has the disks. */
    Home home(Path state) {
        return Home.onCard(state);
    }

    @Override
    final BlockServer server(Path state) {
        home = home(state);
        return new BusbarServer(home);
    }

    @AfterEach
    final void allOfItHasCrossedTheLink() {
        home.placement().check();
    }
}
