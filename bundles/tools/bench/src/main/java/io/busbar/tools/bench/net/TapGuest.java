package io.busbar.tools.bench.net;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A Linux guest in QEMU with two network cards: ours over vhost-user, and one that QEMU serves itself, from a tap. */
final class TapGuest implements AutoCloseable {

    private static final Pattern RATE = Pattern.compile("rate ([1-9]\\d*)");

    /** A guest that is translated boots in 15 s where nobody else works. */
    private static final Duration BOOT = Duration.ofMinutes(3);
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private final PolledProgram machine;

    private TapGuest(PolledProgram machine) {
        this.machine = machine;
    }

    /**
     * Boots it.
     *
     * @param files   folder with {@code kernel} and {@code initrd}
     * @param kvm     whether the host's processors run it; else QEMU translates
     * @param socket  of our device
     * @param tap     of QEMU's own card
     */
    static TapGuest boot(Path files, boolean kvm, Path socket, Tap tap) throws IOException {
        List<String> command = new ArrayList<>(List.of("qemu-system-x86_64", "-accel", kvm ? "kvm" : "tcg", "-cpu", "max", "-M", "q35",
                "-m", "512", "-object", "memory-backend-memfd,id=memory,size=512M,share=on", "-numa", "node,memdev=memory",
                "-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot",
                "-kernel", files.resolve("kernel").toString(), "-initrd", files.resolve("initrd").toString(),
                // A translated processor's timer is late where the machine is busy, which is no reason to take it for broken.
                "-append", "console=ttyS0 quiet loglevel=0 panic=-1 no_timer_check"));
        command.addAll(List.of("-chardev", "socket,id=ours,path=" + socket, "-netdev", "vhost-user,id=ours,chardev=ours"));
        card(command, "ours", Tap.OURS);
        command.addAll(List.of("-netdev", "tap,id=own,script=no,downscript=no,vhost=off,ifname=" + tap.device()));
        card(command, "own", tap);
        return new TapGuest(PolledProgram.start("the guest", command, BOOT));
    }

    /** Both without MSI-X: with it QEMU 7.2 ends at a card over vhost-user when it translates. */
    private static void card(List<String> command, String id, Tap tap) {
        command.add("-device");
        command.add(String.format(Locale.ROOT, "virtio-net-pci,netdev=%s,vectors=0,romfile=,mac=52:54:00:00:00:%02x", id, tap.number()));
    }

    /**
     * Sends TCP to the host for some seconds.
     *
     * @param tap at which the host is
     * @return bits that arrived in a second
     * @throws IOException if nothing did; the message has the reason
     */
    double send(Tap tap, int seconds) throws IOException {
        machine.say("send " + tap.host() + " " + seconds);
        String line = machine.await(PATIENCE.plusSeconds(seconds), "rate", "failed");
        Matcher rate = RATE.matcher(line);
        if (!rate.matches()) {
            throw new IOException("the guest could not send to " + tap.host() + ": \"" + line + "\"");
        }
        return Double.parseDouble(rate.group(1));
    }

    @Override
    public void close() {
        machine.say("exit");
        machine.close();
    }
}
