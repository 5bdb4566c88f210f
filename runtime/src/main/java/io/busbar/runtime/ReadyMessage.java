package io.busbar.runtime;

import java.nio.file.Path;
import java.util.Optional;

/** What is printed once Busbar serves: one line for scripts, and how a Linux kernel uses the disk. */
final class ReadyMessage {
    private static final String MEMORY = "256M";

    private ReadyMessage() {}

    /** The one line, which starts with the word {@code ready}. */
    static String ready(String instance, Path socketDir) {
        return "ready: instance " + instance + ", process " + ProcessHandle.current().pid() + ", sockets in "
                + socketDir;
    }

    /**
     * The socket's path and the command lines that use it.
     *
     * @param socket a block device's vhost-user socket
     * @param kernel what starts User Mode Linux
     * @param initrd an initial RAM disk for User Mode Linux, whose virtio-blk driver is a module
     */
    static String use(Path socket, Path kernel, Optional<Path> initrd) {
        return "socket: " + socket + "\n"
                + "uml:    " + uml(socket, kernel, initrd) + "\n"
                + "qemu:   " + qemu(socket);
    }

    private static String uml(Path socket, Path kernel, Optional<Path> initrd) {
        return initrd.map(file -> quoted(kernel.toString()) + " mem=" + MEMORY + " initrd=" + quoted(file.toString())
                        + " quiet con=null con0=fd:0,fd:1 " + quoted("virtio_uml.device=" + kernelWord(socket + ":2")))
                .orElse("not installed (Debian and Ubuntu: apt-get install user-mode-linux busybox-static cpio)");
    }

    private static String qemu(Path socket) {
        return "qemu-system-x86_64 -M q35 -accel kvm -accel tcg -nographic -m " + MEMORY
                + " -object memory-backend-memfd,id=mem,size=" + MEMORY + ",share=on -numa node,memdev=mem"
                // A comma in an option's value is written twice.
                + " -chardev " + quoted("socket,id=disk0,path=" + socket.toString().replace(",", ",,") + ",reconnect=1")
                + " -device vhost-user-blk-pci,chardev=disk0";
    }

    /** As one word of a kernel's command line, which takes double quotes around the value of a parameter. */
    private static String kernelWord(String value) {
        return value.contains(" ") ? '"' + value + '"' : value;
    }

    /** As one word of a shell. */
    private static String quoted(String word) {
        return word.matches("[A-Za-z0-9_./:=,+@%-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
    }
}
