package io.busbar.itests.guest;

import java.nio.file.Path;

/** A network device of ours over VOP, under User Mode Linux as the operating system of an X100 card. */
class VopNetKernelIT extends UmlNetKernelTests {

    @Override
    Home home(Path state) {
        return Home.onCard(state);
    }
}
