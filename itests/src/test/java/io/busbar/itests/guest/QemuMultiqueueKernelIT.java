package io.busbar.itests.guest;

/** A disk of ours under a kernel with two processors in QEMU, one queue for each. */
final class QemuMultiqueueKernelIT extends KernelTests {

    QemuMultiqueueKernelIT() {
        super(new Qemu(2, false), 2);
    }
}
