package io.busbar.itests.guest;

import java.io.IOException;
import org.junit.jupiter.api.Test;

/** A disk of ours under a kernel with two processors in QEMU, one queue for each. */
final class QemuMultiqueueKernelIT extends KernelTests {

    private static final int KILLS = 2;

    QemuMultiqueueKernelIT() {
        super(new Qemu(2, false), 2);
    }

    @Test
    void aGuestThatIsKilledInTheMiddleOfWritesFindsItsDiskAgain() throws IOException {
        killAndBootAgain(KILLS);
    }
}
