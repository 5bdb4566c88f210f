package io.busbar.itests.guest;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.itests.Eventually;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Linux in User Mode Linux as the operating system of a card. It takes devices that come when it is booted again, not before. */
final class LinuxOs implements CardOs {

    private static final Duration SOON = Duration.ofSeconds(120);
    private static final int PIECE = 64 << 10;
    private static final String FRAMES = "frames";

    private static final String LOAD = """
            {
                round=0
                while [ -e /tmp/box/loadDISK.on ]; do
                    if fio --name=verify --thread --filename=/dev/DISK --rw=randwrite --bsrange=4k-64k --size=BYTES --iodepth=16 --ioengine=libaio \\
                        --direct=1 --verify=crc32c --verify_fatal=1 --do_verify=1 --randseed=$RANDOM >/tmp/fioDISK 2>&1; then
                        round=$((round + 1))
                        echo $round >/tmp/box/loadDISK.part
                    else
                        { echo wrong; cat /tmp/fioDISK; } >/tmp/box/loadDISK.part
                        rm /tmp/box/loadDISK.on
                    fi
                    mv /tmp/box/loadDISK.part /tmp/box/loadDISK
                done
                touch /tmp/box/loadDISK.ended
            } </dev/null >/dev/null 2>&1 &
            """;

    private final Path folder;
    private final List<CardDevice> devices;
    private final Set<String> talking = new HashSet<>();
    private GuestShell shell;
    private int boots;

    /**
     * Boots it.
     *
     * @param folder  for its files; short
     * @param devices that it has
     */
    LinuxOs(Path folder, List<CardDevice> devices) {
        this.folder = folder;
        this.devices = new ArrayList<>(devices);
        boot();
    }

    private void boot() {
        try {
            shell = GuestShell.boot(folder.resolve("box" + boots++), sockets(CardDevice.Type.BLOCK), sockets(CardDevice.Type.NET),
                    sockets(CardDevice.Type.CONSOLE));
            CProgram.compile(FRAMES, shell.box());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private List<Path> sockets(CardDevice.Type type) {
        return devices.stream().filter(device -> device.type() == type).map(CardDevice::socket).toList();
    }

    /** User Mode Linux has no way to be given a device while it runs: it is booted again. */
    @Override
    public void take(CardDevice device) {
        close();
        devices.add(device);
        boot();
    }

    private static String name(int disk) {
        return "vd" + (char) ('a' + disk);
    }

    @Override
    public boolean hasDisk(int disk) {
        return shell.run("if [ -b /dev/DISK ]; then echo yes; else echo no; fi".replace("DISK", name(disk))).strip().equals("yes");
    }

    @Override
    public long capacity(int disk) {
        return Long.parseLong(shell.run("blockdev --getsize64 /dev/" + name(disk)).strip());
    }

    @Override
    public String sum(int disk, long offset, long length) {
        return shell.run("set -o pipefail; dd if=/dev/%s bs=%d skip=%d count=%d iflag=direct status=none | sha256sum"
                .formatted(name(disk), PIECE, offset / PIECE, length / PIECE)).split(" ")[0];
    }

    @Override
    public void fill(int disk, long offset, long length) {
        shell.run("set -e; head -c %d /dev/urandom >/tmp/noise; dd if=/tmp/noise of=/dev/%s bs=%d seek=%d oflag=direct conv=fsync,notrunc status=none"
                .formatted(length, name(disk), PIECE, offset / PIECE));
    }

    @Override
    public void beginLoad(int disk, long bytes) {
        shell.run("rm -f /tmp/box/loadDISK*; touch /tmp/box/loadDISK.on\n".replace("DISK", name(disk))
                + LOAD.replace("DISK", name(disk)).replace("BYTES", Long.toString(bytes)));
    }

    @Override
    public long loadRounds(int disk) {
        try {
            Path told = shell.box().resolve("load" + name(disk));
            String rounds = Files.exists(told) ? Files.readString(told).strip() : "0";
            assertThat(rounds).as("rounds of %s", name(disk)).matches("[0-9]+");
            return Long.parseLong(rounds);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void endLoad(int disk) {
        Path on = shell.box().resolve("load" + name(disk) + ".on");
        Path ended = shell.box().resolve("load" + name(disk) + ".ended");
        try {
            Files.deleteIfExists(on);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Eventually.within(SOON, () -> Files.exists(ended), () -> "the load of " + name(disk) + " does not end");
        loadRounds(disk);
    }

    @Override
    public void reset(int disk) {
        shell.run("""
                set -e
                device=$(basename $(readlink -f /sys/block/DISK/device))
                echo $device >/sys/bus/virtio/drivers/virtio_blk/unbind
                [ ! -b /dev/DISK ]
                echo $device >/sys/bus/virtio/drivers/virtio_blk/bind
                [ -b /dev/DISK ]
                """.replace("DISK", name(disk)));
    }

    @Override
    public boolean hasLink(int net) {
        return shell.run("ip link set eth%d up 2>/dev/null || ifconfig eth%d up; cat /sys/class/net/eth%d/carrier".formatted(net, net, net))
                .strip().equals("1");
    }

    @Override
    public void address(int net, String address) {
        shell.run("busybox ip addr flush dev eth%d; busybox ip addr add %s dev eth%d && busybox ip link set eth%d up"
                .formatted(net, address, net, net));
    }

    @Override
    public void ping(String address, int count) {
        assertThat(shell.run("busybox ping -c %d -W 5 %s".formatted(count, address))).contains(count + " packets received");
    }

    @Override
    public void frames(int net, int count) {
        assertThat(shell.run("busybox ip link set eth%d up; /tmp/box/frames eth%d %d".formatted(net, net, count)))
                .contains("frames whole: " + count);
    }

    @Override
    public void talk(ByteChannel console, int lines) {
        if (talking.add("hvc0")) {
            shell.run(ConsoleTalk.GUEST + "talk /dev/hvc0 >/dev/null 2>&1 </dev/null &");
        }
        ConsoleTalk talk = ConsoleTalk.begin("hvc0", console);
        Eventually.within(SOON, () -> {
            talk.check();
            return talk.answered() >= lines;
        }, () -> "no " + lines + " lines were answered");
        talk.end();
    }

    @Override
    public void close() {
        try {
            shell.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
