package io.busbar.itests.guest;

/** A network device of ours under QEMU, which serves configuration, link and control queue itself. */
final class QemuNetKernelIT extends NetKernelTests {

    QemuNetKernelIT() {
        super(new Qemu(1, false), 1);
    }

    @Override
    String longMtu() {
        return "ifconfig eth0 mtu 9000";
    }
}
