package io.busbar.itests.guest;

/** A disk of ours under User Mode Linux. */
final class UmlKernelIT extends KernelTests {

    UmlKernelIT() {
        super(new Uml(), 1);
    }
}
