package io.busbar.backends.file;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;

/** A block device over a file, where the machine lets us have one. */
final class LoopDevice {

    private LoopDevice() {
    }

    static Path over(Path file) throws Exception {
        Process process = new ProcessBuilder("losetup", "--find", "--show", file.toString()).start();
        String name = new String(process.getInputStream().readAllBytes()).strip();
        assumeTrue(process.waitFor() == 0 && name.startsWith("/dev/"), "no loop devices here");
        return Path.of(name);
    }

    static void detach(Path device) throws Exception {
        new ProcessBuilder("losetup", "--detach", device.toString()).start().waitFor();
    }
}
