package io.busbar.itests.guest;

import java.io.IOException;
import org.junit.jupiter.api.Test;

/** A disk of ours under a kernel in QEMU, one queue. */
final class QemuKernelIT extends WholeKernelTests {

    private static final int KILLS = 3;

    QemuKernelIT() {
        super(new Qemu(1, false), 1);
    }

    @Test
    void aGuestThatIsKilledInTheMiddleOfWritesFindsItsDiskAgain() throws IOException {
        killAndBootAgain(KILLS);
    }
}
