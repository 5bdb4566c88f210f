package io.busbar.itests.guest;

import static java.util.concurrent.TimeUnit.MINUTES;
import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.itests.BusbarProcess;
import io.busbar.itests.Eventually;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What every operating system of a card must be able to do with devices of the card's host, over every link. */
@Timeout(value = 10, unit = MINUTES)
abstract class CardOsTests {

    private static final Duration SOON = Duration.ofSeconds(120);
    private static final int MIB = 1 << 20;
    private static final int DISK_BYTES = 32 * MIB;
    private static final int LOAD_BYTES = 4 * MIB;
    private static final int SWAPS = 10;
    private static final String FIRST = "10.9.0.1";
    private static final String SECOND = "10.9.0.2";
    private static final String PREFIX = "/24";

    private final List<AutoCloseable> open = new ArrayList<>();
    Path folder;
    private List<TestCard> cards;
    private BusbarProcess host;

    /**
     * Starts what has two cards.
     *
     * @param names of the cards
     */
    abstract List<TestCard> start(String... names) throws IOException;

    /**
     * Has a card run its system.
     *
     * @param card    the card
     * @param console of it, by its other end
     * @param devices that it has, the console among them
     */
    abstract CardOs boot(TestCard card, ByteChannel console, List<CardDevice> devices) throws IOException;

    /** Has something closed at the end, before what was there before. */
    final <T extends AutoCloseable> T closing(T something) {
        open.addFirst(something);
        return something;
    }

    @BeforeEach
    void begin() throws IOException {
        folder = Files.createTempDirectory("os");
        cards = start("mic0", "mic1");
        host = cards.getFirst().host();
    }

    @AfterEach
    void end() throws Exception {
        for (AutoCloseable something : open) {
            something.close();
        }
        GuestKernel.delete(folder);
    }

    private CardOs boot(CardDevice... devices) throws IOException {
        return boot(cards.getFirst(), devices);
    }

    private record Booted(CardOs os, ByteChannel console) {}

    private Booted bootWithConsole(TestCard card, CardDevice... devices) throws IOException {
        Path socket = folder.resolve(card.name() + ".con");
        List<CardDevice> all = new ArrayList<>(Arrays.asList(devices));
        all.add(card.add("con-" + card.name(), CardDevice.Type.CONSOLE, "socket", "path", socket.toString()));
        ByteChannel console = closing(SocketChannel.open(UnixDomainSocketAddress.of(socket)));
        return new Booted(closing(boot(card, console, all)), console);
    }

    private CardOs boot(TestCard card, CardDevice... devices) throws IOException {
        return bootWithConsole(card, devices).os();
    }

    private TestCard card() {
        return cards.getFirst();
    }

    private Path image(String name) throws IOException {
        byte[] noise = new byte[DISK_BYTES];
        new Random(name.hashCode()).nextBytes(noise);
        return Files.write(folder.resolve(name), noise);
    }

    private CardDevice disk(TestCard card, String name) throws IOException {
        return card.add(name, CardDevice.Type.BLOCK, "file", "path", image(name).toString());
    }

    private String sum(String image, long offset, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        try (FileChannel file = FileChannel.open(folder.resolve(image), StandardOpenOption.READ)) {
            while (bytes.hasRemaining() && file.read(bytes, offset + bytes.position()) > 0) {
                continue;
            }
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes.array()));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void awaitRounds(CardOs os, int disk, int rounds) {
        long before = os.loadRounds(disk);
        Eventually.within(SOON, () -> os.loadRounds(disk) >= before + rounds, () -> "the load goes on");
    }

    @Test
    void aDisksContentIsTheSameOnBothSides() throws IOException {
        CardOs os = boot(disk(card(), "disk0"));
        assertThat(os.capacity(0)).isEqualTo(DISK_BYTES);
        assertThat(os.sum(0, 0, DISK_BYTES)).as("what the host has written").isEqualTo(sum("disk0", 0, DISK_BYTES));
        String before = os.sum(0, MIB, 3 * MIB);
        os.fill(0, MIB, 3 * MIB);
        assertThat(os.sum(0, MIB, 3 * MIB)).isNotEqualTo(before);
        assertThat(sum("disk0", 0, DISK_BYTES)).as("what the card has written").isEqualTo(os.sum(0, 0, DISK_BYTES));
    }

    @Test
    void framesComeBackWholeAndALinkGoesDownAndUp() throws IOException {
        CardOs os = boot(card().add("net0", CardDevice.Type.NET, "loopback"));
        os.frames(0, 2000);
        host.ok("net", "link", "net0", "down");
        Eventually.within(SOON, () -> !os.hasLink(0), () -> "the link is down");
        host.ok("net", "link", "net0", "up");
        Eventually.within(SOON, () -> os.hasLink(0), () -> "the link is up");
        os.frames(0, 2000);
        new NetDevice(host, "net0").assertNothingLost();
    }

    @Test
    void eachLineThatIsTypedIsAnswered() throws IOException {
        Booted booted = bootWithConsole(card());
        booted.os().talk(booted.console(), 200);
    }

    @Test
    void aDiskThatComesWhileAnotherIsInUseIsAnotherOne() throws IOException {
        CardOs os = boot(disk(card(), "disk0"));
        os.beginLoad(0, LOAD_BYTES);
        CardDevice second = disk(card(), "disk1");
        awaitRounds(os, 0, 3);
        os.endLoad(0);
        os.take(second);
        assertThat(os.sum(1, 0, DISK_BYTES)).isEqualTo(sum("disk1", 0, DISK_BYTES));
        assertThat(os.sum(0, 0, DISK_BYTES)).isEqualTo(sum("disk0", 0, DISK_BYTES));
    }

    @Test
    void aDiskThatGoesWhileAnotherIsInUseGoesAlone() throws IOException {
        CardDevice first = disk(card(), "disk0");
        CardDevice second = disk(card(), "disk1");
        CardOs os = boot(first, second);
        os.beginLoad(0, LOAD_BYTES);
        card().remove(second);
        Eventually.within(SOON, () -> !os.hasDisk(1), () -> "the disk is gone");
        awaitRounds(os, 0, 3);
        os.endLoad(0);
    }

    @Test
    void aDiskThatGrowsAndShrinksDoesSoWhileItIsUsed() throws IOException {
        CardOs os = boot(disk(card(), "disk0"));
        os.beginLoad(0, LOAD_BYTES);
        for (long bytes : new long[] {2L * DISK_BYTES, DISK_BYTES / 2}) {
            host.ok("block", "resize", "disk0", Long.toString(bytes));
            Eventually.within(SOON, () -> os.capacity(0) == bytes, () -> bytes + " bytes");
        }
        awaitRounds(os, 0, 2);
        os.endLoad(0);
        os.fill(0, DISK_BYTES / 2 - MIB, MIB);
        assertThat(sum("disk0", DISK_BYTES / 2 - MIB, MIB)).isEqualTo(os.sum(0, DISK_BYTES / 2 - MIB, MIB));
    }

    @Test
    void aDeviceThatWasResetGoesOnWithWhatItHad() throws IOException {
        CardOs os = boot(disk(card(), "disk0"));
        os.fill(0, 0, MIB);
        String written = os.sum(0, 0, DISK_BYTES);
        for (int i = 0; i < 5; i++) {
            os.reset(0);
            assertThat(os.sum(0, 0, DISK_BYTES)).isEqualTo(written);
        }
        os.fill(0, MIB, MIB);
        assertThat(os.sum(0, 0, DISK_BYTES)).isEqualTo(sum("disk0", 0, DISK_BYTES));
    }

    @Test
    void aBackendIsSwappedUnderLoad() throws IOException {
        CardOs os = boot(disk(card(), "disk0"));
        os.beginLoad(0, LOAD_BYTES);
        for (int i = 0; i < SWAPS; i++) {
            awaitRounds(os, 0, 1);
            host.ok("backend", "swap", "disk0", "file", "path", folder.resolve("disk0").toString());
        }
        awaitRounds(os, 0, 2);
        os.endLoad(0);
        assertThat(host.ok("vdpa", "-j", "dev", "vstats", "show", "disk0")).doesNotContain("\"broken\":1");
    }

    @Test
    void twoCardsWorkAtOnceAndReachEachOther() throws IOException {
        TestCard other = cards.getLast();
        CardDevice disk0 = disk(card(), "disk0");
        CardDevice disk1 = disk(other, "disk1");
        CardOs first = boot(card(), disk0, card().add("net0", CardDevice.Type.NET, "switch", "network", "lan0"));
        CardOs second = boot(other, disk1, other.add("net1", CardDevice.Type.NET, "switch", "network", "lan0"));
        first.beginLoad(0, LOAD_BYTES);
        second.beginLoad(0, LOAD_BYTES);
        first.address(0, FIRST + PREFIX);
        second.address(0, SECOND + PREFIX);
        first.ping(SECOND, 5);
        second.ping(FIRST, 5);
        awaitRounds(first, 0, 2);
        awaitRounds(second, 0, 2);
        first.endLoad(0);
        second.endLoad(0);
        assertThat(first.sum(0, 0, DISK_BYTES)).isEqualTo(sum("disk0", 0, DISK_BYTES));
        assertThat(second.sum(0, 0, DISK_BYTES)).isEqualTo(sum("disk1", 0, DISK_BYTES));
    }
}
