package io.busbar.itests.guest;

import java.io.IOException;
import org.junit.jupiter.api.Test;

/** A disk of ours under User Mode Linux. */
final class UmlKernelIT extends WholeKernelTests {

    private static final int KILLS = 20;

    UmlKernelIT() {
        super(new Uml(), 1);
    }

    @Test
    void aGuestThatIsKilledInTheMiddleOfWritesFindsItsDiskAgain() throws IOException {
        killAndBootAgain(KILLS);
    }
}
