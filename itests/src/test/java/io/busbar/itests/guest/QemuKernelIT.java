package io.busbar.itests.guest;

/** A disk of ours under a kernel in QEMU, one queue. */
final class QemuKernelIT extends KernelTests {

    QemuKernelIT() {
        super(new Qemu(1, false), 1);
    }
}
