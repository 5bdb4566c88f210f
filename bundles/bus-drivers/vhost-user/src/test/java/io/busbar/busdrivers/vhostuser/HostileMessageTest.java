package io.busbar.busdrivers.vhostuser;

import static io.busbar.testkit.vhostuser.ScriptedFrontEnd.PLAIN;
import static io.busbar.testkit.vhostuser.ScriptedFrontEnd.address;
import static io.busbar.testkit.vhostuser.ScriptedFrontEnd.config;
import static io.busbar.testkit.vhostuser.ScriptedFrontEnd.inflight;
import static io.busbar.testkit.vhostuser.ScriptedFrontEnd.message;
import static io.busbar.testkit.vhostuser.ScriptedFrontEnd.none;
import static io.busbar.testkit.vhostuser.ScriptedFrontEnd.state;
import static io.busbar.testkit.vhostuser.ScriptedFrontEnd.u64;
import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.core.linux.Epoll;
import io.busbar.core.linux.Errno;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.MemFd;
import io.busbar.core.linux.OpenFlag;
import io.busbar.core.linux.PositionalFile;
import io.busbar.core.linux.UnixListener;
import io.busbar.core.linux.UnixStream;
import io.busbar.testkit.machine.OpenDescriptors;
import io.busbar.testkit.vhostuser.ScriptedFrontEnd;
import io.busbar.testkit.vhostuser.ScriptedGuest;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a front-end must not get away with. Each test ends with a check that nothing was left behind: descriptors and
 * mappings are back where they were, and the device serves the next front-end.
 */
class HostileMessageTest {

    private static final long REFUSED = 1;

    @TempDir
    Path folder;

    private final FakeDevice.Able device = new FakeDevice.Able();
    private Rig rig;
    private OpenDescriptors before;
    private Driver driver;
    private ScriptedFrontEnd wire;

    @BeforeEach
    void connect() throws Exception {
        rig = new Rig(device, Rig.config().maxMappedBytes(1L << 30).unknownMessageBudget(4).messageTimeoutMillis(60_000));
        warmUp();
        before = OpenDescriptors.now();
        driver = Driver.negotiated(rig, ScriptedGuest.qemu());
        wire = driver.wire;
    }

    /** What this side opens when it first serves somebody it opens before the count. */
    private void warmUp() throws LinuxException {
        Driver.running(rig, ScriptedGuest.qemu()).close();
        rig.awaitFree();
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        driver.close();
        rig.awaitFree();
        before.awaitNoMore("after the test");
        Rig.awaitMappings(0);
        Driver.running(rig, ScriptedGuest.qemu()).close();
        rig.close();
    }

    private void expectClosed() {
        wire.expectClosed();
    }

    private void expectAlive() {
        wire.barrier();
    }

    // Framing: 70 to 77

    @ParameterizedTest
    @ValueSource(ints = {4097, 1 << 20, Integer.MAX_VALUE, -1})
    void aPayloadThatIsTooLongEndsTheConnectionBeforeItIsRead(int size) {
        wire.sendRaw(ByteBuffer.allocate(12).order(ByteOrder.nativeOrder()).putInt(2).putInt(1).putInt(size).array());
        expectClosed();
    }

    @Test
    void aPayloadThatIsTooShortForItsMessageIsRefused() {
        int[][] idAndLeast = {{2, 8}, {5, 8}, {8, 8}, {9, 40}, {10, 8}, {11, 8}, {12, 8}, {13, 8}, {14, 8}, {16, 8},
            {18, 8}, {24, 12}, {25, 12}, {31, 20}, {32, 20}, {37, 40}, {38, 40}, {39, 8}};
        for (int[] row : idAndLeast) {
            assertThat(wire.ack(row[0], new byte[row[1] - 1])).as("id %d", row[0]).isEqualTo(REFUSED);
        }
        expectAlive();
    }

    @Test
    void aShortRequestForAReplyThatCannotBeRefusedEndsTheConnection() {
        wire.send(11, PLAIN, new byte[4]);
        expectClosed();
    }

    @Test
    void bytesMayComeOneByOneAndDescriptorsWithTheFirst() {
        byte[] bytes = message(13, ScriptedFrontEnd.NEED_REPLY, u64(0));
        for (int i = 0; i < bytes.length; i++) {
            if (i == 0) {
                wire.sendRaw(new byte[] {bytes[0]}, driver.event);
            } else {
                wire.sendRaw(new byte[] {bytes[i]});
            }
        }
        assertThat(wire.receive().u64()).isZero();
    }

    @Test
    void aHeaderThatIsCutOffReleasesEverything() {
        wire.sendRaw(new byte[] {13, 0, 0}, driver.event);
        wire.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2, 3, 5, 13})
    void anotherVersionOrAReplyEndsTheConnection(int flags) {
        wire.send(1, flags, none());
        expectClosed();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 6, 19, 20, 22, 23, 26, 27, 28, 29, 30, 33, 35, 41, 42, 43, 44, 1000, Integer.MAX_VALUE, -1})
    void messagesThatAreNotKnownOrOfFeaturesThatAreNotOfferedAreRefused(int id) {
        assertThat(wire.ack(id, new byte[64], driver.event)).isEqualTo(REFUSED);
        expectAlive();
    }

    @Test
    void unknownMessagesThatNobodyWaitsForAreIgnoredWithinABudget() {
        for (int i = 0; i < 4; i++) {
            wire.send(99, PLAIN, none(), driver.event);
        }
        expectAlive();
        wire.send(99, PLAIN, none());
        expectClosed();
    }

    @Test
    void descriptorsOnAMessageThatTakesNoneAreClosedAndItIsRefused() {
        for (int id : new int[] {1, 2, 3, 8, 9, 10, 11, 15, 16, 17, 18, 24, 25, 31, 34, 36, 39, 40}) {
            assertThat(wire.ack(id, new byte[64], driver.event, driver.event)).as("id %d", id).isEqualTo(REFUSED);
        }
        expectAlive();
    }

    @Test
    void tooManyOrMissingDescriptorsAreClosedAndTheMessageIsRefused() {
        for (int id : new int[] {12, 13, 14}) {
            assertThat(wire.ack(id, u64(0))).isEqualTo(REFUSED);
            assertThat(wire.ack(id, u64(0), driver.event, driver.event)).isEqualTo(REFUSED);
            assertThat(wire.ack(id, u64(0x100), driver.event)).isEqualTo(REFUSED);
        }
        assertThat(wire.ack(21, none())).isEqualTo(REFUSED);
        assertThat(wire.ack(32, inflight(64, 0, 1, 1))).isEqualTo(REFUSED);
        assertThat(wire.ack(37, driver.guest.region())).isEqualTo(REFUSED);
        assertThat(wire.ack(5, driver.guest.table())).isEqualTo(REFUSED);
        assertThat(wire.ack(5, driver.guest.table(), driver.guest.file(), driver.guest.file())).isEqualTo(REFUSED);
        Fd[] many = Collections.nCopies(200, driver.event).toArray(Fd[]::new);
        assertThat(wire.ack(5, driver.guest.table(), many)).isEqualTo(REFUSED);
        assertThat(wire.ack(13, u64(0), many)).isEqualTo(REFUSED);
        expectAlive();
    }

    @Test
    void descriptorsThatFindNoRoomInThisProcessEndTheConnectionAndTheRestIsClosed() throws Exception {
        Fd[] many = Collections.nCopies(250, driver.event).toArray(Fd[]::new);
        String pid = Long.toString(ProcessHandle.current().pid());
        String before = output("prlimit", "--pid", pid, "--nofile", "--noheadings", "--raw", "--output", "SOFT");
        // Started while there is room: a process without room for descriptors can start none to lift its limit.
        Process lift = new ProcessBuilder("sh", "-c", "read go; exec prlimit --pid " + pid + " --nofile=" + before + ":")
                .redirectErrorStream(true)
                .start();
        try {
            output("prlimit", "--pid", pid, "--nofile=" + (openDescriptors() + 100) + ":");
            wire.send(13, ScriptedFrontEnd.NEED_REPLY, u64(0), many);
            expectClosed();
        } finally {
            lift.getOutputStream().write('\n');
            lift.getOutputStream().close();
            assertThat(lift.waitFor()).isZero();
        }
    }

    private static int openDescriptors() {
        return OpenDescriptors.now().byKind().values().stream().mapToInt(Integer::intValue).sum();
    }

    private static String output(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        assertThat(process.waitFor()).as("%s: %s", List.of(command), text).isZero();
        return text;
    }

    // Kinds of descriptors: 78, 79

    @Test
    void aKickDescriptorHasToBeAnEventfd() throws Exception {
        List<UnixStream> pair = UnixStream.pair();
        try (Epoll epoll = Epoll.create(); UnixListener listener = UnixListener.bind(folder.resolve("l"));
                Fd zero = open(Path.of("/dev/zero")); Fd directory = open(folder)) {
            for (Fd fd : List.of(
                    epoll.fd(), listener.fd(), pair.get(0).fd(), zero, directory, driver.guest.file())) {
                assertThat(wire.ack(12, u64(0), fd)).isEqualTo(REFUSED);
            }
        } finally {
            pair.forEach(UnixStream::close);
        }
        expectAlive();
    }

    @Test
    void aCallDescriptorHasToCarryAStreamOfBytes() throws Exception {
        try (Epoll epoll = Epoll.create(); Fd directory = open(folder)) {
            for (Fd fd : List.of(epoll.fd(), directory, driver.guest.file())) {
                assertThat(wire.ack(13, u64(0), fd)).isEqualTo(REFUSED);
                assertThat(wire.ack(14, u64(0), fd)).isEqualTo(REFUSED);
            }
        }
        expectAlive();
    }

    @Test
    void memoryHasToBeAFile() throws Exception {
        List<UnixStream> pair = UnixStream.pair();
        try (Epoll epoll = Epoll.create(); Fd zero = open(Path.of("/dev/zero")); Fd directory = open(folder)) {
            for (Fd fd : List.of(epoll.fd(), zero, directory, pair.get(0).fd(), driver.event)) {
                assertThat(wire.ack(5, driver.guest.table(), fd)).isEqualTo(REFUSED);
                assertThat(wire.ack(37, driver.guest.region(), fd)).isEqualTo(REFUSED);
            }
        } finally {
            pair.forEach(UnixStream::close);
        }
        expectAlive();
    }

    @Test
    void theChannelOfTheBackEndHasToBeASocket() {
        assertThat(wire.ack(21, none(), driver.event)).isEqualTo(REFUSED);
        expectAlive();
    }

    /** A descriptor of anything that has a path. */
    private static Fd open(Path path) throws IOException {
        try (Closeable opened = Files.isDirectory(path) ? Files.newDirectoryStream(path) : FileChannel.open(path)) {
            return duplicate(path, opened);
        }
    }

    private static Fd duplicate(Path path, Closeable opened) throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            Path link = open.filter(fd -> path.toString().equals(target(fd))).findFirst()
                    .orElseThrow(() -> new AssertionError(opened + " has no descriptor"));
            return Fd.own(Integer.parseInt(link.getFileName().toString())).duplicate();
        }
    }

    private static String target(Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException goneMeanwhile) {
            return "";
        }
    }

    // 80

    @Test
    void descriptorsThatAreSetAgainAndAgainAreReplacedNotCollected() throws Exception {
        List<UnixStream> pair = UnixStream.pair();
        OpenDescriptors first = null;
        for (int i = 0; i < 40; i++) {
            assertThat(wire.ack(12, u64(1), driver.event)).isZero();
            assertThat(wire.ack(13, u64(1), driver.event)).isZero();
            assertThat(wire.ack(14, u64(1), driver.event)).isZero();
            assertThat(wire.ack(21, none(), pair.get(0).fd())).isZero();
            assertThat(wire.ack(7, none(), driver.event)).isZero();
            assertThat(wire.ack(5, driver.guest.table(), driver.guest.file())).isZero();
            ScriptedFrontEnd.Reply record = wire.ask(31, inflight(0, 0, 2, 128));
            assertThat(wire.ack(32, record.payload(), record.descriptors().getFirst())).isZero();
            record.descriptors().forEach(Fd::close);
            if (i == 0) {
                first = OpenDescriptors.now();
            }
        }
        first.awaitNoMore("after 40 times");
        Rig.awaitMappings(1);
        pair.forEach(UnixStream::close);
    }

    // Memory: 81 to 83

    @ParameterizedTest
    @ValueSource(ints = {0, 2, 9, Integer.MAX_VALUE, -1})
    void aTableWithAnotherNumberOfRegionsThanItHasIsRefused(int regions) {
        assertThat(wire.ack(5, driver.guest.table(regions, 4096), driver.guest.file())).isEqualTo(REFUSED);
        expectAlive();
    }

    @Test
    void aTableThatEndsBeforeItsRegionsIsRefused() {
        assertThat(wire.ack(5, Arrays.copyOf(driver.guest.table(), 39), driver.guest.file()))
                .isEqualTo(REFUSED);
    }

    @Test
    void regionsThatAreEmptyWrapOverlapOrPassTheEndOfTheirFileAreRefused() {
        ScriptedGuest good = driver.guest;
        long size = good.size();
        long[][] guestSizeUserOffset = {
            {good.guest(), 0, good.user(), 0},
            {-4096, 8192, good.user(), 0},
            {good.guest(), 8192, -4096, 0},
            {good.guest(), size, good.user(), -4096},
            {good.guest(), size, good.user(), Long.MAX_VALUE - 4096},
            {good.guest(), Long.MAX_VALUE, good.user(), 4096},
            {good.guest(), -1, good.user(), 0},
            {good.guest(), size + 1, good.user(), good.offset()},
            {good.guest(), 4096, good.user(), good.offset() + size},
        };
        for (long[] region : guestSizeUserOffset) {
            assertThat(wire.ack(5, table(region), good.file())).isEqualTo(REFUSED);
            assertThat(wire.ack(37, addition(region), good.file())).isEqualTo(REFUSED);
        }
        long[] first = {0x1000, 0x2000, 0x10_0000, 0};
        for (long[] second : new long[][] {
            {0x2000, 0x1000, 0x20_0000, 0}, {0x1000, 0x2000, 0x20_0000, 0}, {0x8000, 0x1000, 0x10_1000, 0},
            {0, 0x10_0000, 0x20_0000, 0}
        }) {
            assertThat(wire.ack(5, table(first, second), good.file(), good.file())).isEqualTo(REFUSED);
        }
        assertThat(wire.ack(5, table(first, new long[] {0x3000, 0x1000, 0x10_2000, 0}), good.file(), good.file()))
                .isZero();
        expectAlive();
    }

    @Test
    void moreMemoryThanMayBeMappedIsRefused() throws Exception {
        try (Fd sparse = MemFd.create("busbar-test-guest", 1L << 40, true)) {
            assertThat(wire.ack(5, table(new long[] {0, 1L << 40, 0, 0}), sparse)).isEqualTo(REFUSED);
            assertThat(wire.ack(37, addition(0, 1L << 29, 0, 0), sparse)).isZero();
            assertThat(wire.ack(37, addition(1L << 30, (1L << 29) + 4096, 1L << 30, 0), sparse)).isEqualTo(REFUSED);
            assertThat(wire.ack(37, addition(1L << 30, 1L << 29, 1L << 30, 0), sparse)).isZero();
        }
    }

    @Test
    void slotsAreLimitedAndARegionComesOnceAndGoesOnce() throws Exception {
        for (int i = 0; i < 32; i++) {
            assertThat(wire.ack(37, addition(i * 8192L, 4096, i * 4096L, 0), driver.guest.file())).isZero();
        }
        assertThat(wire.ack(37, addition(32 * 8192L, 4096, 32 * 4096L, 0), driver.guest.file())).isEqualTo(REFUSED);
        try (Fd another = MemFd.create("busbar-test-guest", 1 << 20, true)) {
            assertThat(wire.ack(37, addition(0, 4096, 0, 0), another)).as("another file at its place").isEqualTo(REFUSED);
        }
        assertThat(wire.ack(37, addition(0, 4096, 0, 4096), driver.guest.file())).as("another part").isEqualTo(REFUSED);
        assertThat(wire.ack(38, addition(0, 8192, 0, 0))).isEqualTo(REFUSED);
        assertThat(wire.ack(38, addition(0, 4096, 4096, 0))).isEqualTo(REFUSED);
        assertThat(wire.ack(38, addition(0, 4096, 0, 77), driver.guest.file())).as("with a descriptor").isZero();
        assertThat(wire.ack(38, addition(0, 4096, 0, 0))).isEqualTo(REFUSED);
        assertThat(wire.ack(37, addition(0, 4096, 0, 0), driver.guest.file())).isZero();
        assertThat(device.memory.regions()).hasSize(32);
    }

    @Test
    void aFileThatCanShrinkIsRefusedWhereThePolicySaysSoAndSealedWhereItCanBe() throws Exception {
        rig.driver.modified(Rig.config().socketDir(rig.directory.toString()).memoryPolicy("sealed-only"));
        Path plain = Files.write(folder.resolve("memory"), new byte[8192]);
        try (Fd file = PositionalFile.open(plain, OpenFlag.READ_WRITE).fd();
                Fd unsealable = MemFd.create("busbar-test-guest", 8192, false)) {
            assertThat(wire.ack(5, table(new long[] {0, 4096, 0, 0}), file)).isEqualTo(REFUSED);
            assertThat(wire.ack(5, table(new long[] {0, 4096, 0, 0}), unsealable)).isEqualTo(REFUSED);
        }
        assertThat(wire.ack(5, driver.guest.table(), driver.guest.file())).isZero();
        assertThat(MemFd.seals(driver.guest.file().number())).isEqualTo(MemFd.F_SEAL_SHRINK);
        rig.driver.modified(Rig.config().socketDir(rig.directory.toString()));
    }

    private static byte[] table(long[]... regions) {
        ByteBuffer bytes = ByteBuffer.allocate(8 + 32 * regions.length).order(ByteOrder.nativeOrder());
        bytes.putInt(regions.length).putInt(0);
        for (long[] region : regions) {
            for (long value : region) {
                bytes.putLong(value);
            }
        }
        return bytes.array();
    }

    private static byte[] addition(long... region) {
        return u64(0, region[0], region[1], region[2], region[3]);
    }

    // Rings: 84 to 87

    @Test
    void aRingThatIsNotThereIsRefusedWhateverItsNumberIsCutTo() {
        wire.ack(5, driver.guest.table(), driver.guest.file());
        for (int index : new int[] {2, 256, 257, 0x1_0000, 0x8000_0000, -1}) {
            assertThat(wire.ack(8, state(index, 128))).isEqualTo(REFUSED);
            assertThat(wire.ack(10, state(index, 0))).isEqualTo(REFUSED);
            assertThat(wire.ack(11, state(index, 0))).isEqualTo(REFUSED);
            assertThat(wire.ack(18, state(index, 1))).isEqualTo(REFUSED);
            assertThat(wire.ack(9, address(index, 0, 0, 0))).isEqualTo(REFUSED);
        }
        for (long index : new long[] {2, 0x200, 0x1_0000, 1L << 32, 1L << 63}) {
            for (int id : new int[] {12, 13, 14}) {
                assertThat(wire.ack(id, u64(index), driver.event)).isEqualTo(REFUSED);
            }
        }
        expectAlive();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 300, 512, 65536, -1, Integer.MIN_VALUE})
    void aSizeThatNoRingHasIsRefused(int size) {
        assertThat(wire.ack(8, state(0, size))).isEqualTo(REFUSED);
        assertThat(wire.ack(8, state(0, 256))).isZero();
    }

    @Test
    void aBaseThatNoRingHasIsRefused() {
        assertThat(wire.ack(10, state(0, 65536))).isEqualTo(REFUSED);
        assertThat(wire.ack(10, state(0, -1))).isEqualTo(REFUSED);
        assertThat(wire.ack(10, state(0, 65535))).isZero();
    }

    @Test
    void misalignedRingPartsAreRefused() {
        assertThat(wire.ack(9, address(0, 8, 0, 0))).isEqualTo(REFUSED);
        assertThat(wire.ack(9, address(0, 0, 2, 0))).isEqualTo(REFUSED);
        assertThat(wire.ack(9, address(0, 0, 0, 1))).isEqualTo(REFUSED);
        assertThat(wire.ack(9, address(0, 16, 4, 2))).isZero();
    }

    @Test
    void aRingOutsideMemoryIsBrokenWhenItShouldStart() throws Exception {
        wire.ack(5, driver.guest.table(), driver.guest.file());
        try (Fd error = EventFd.create()) {
            ScriptedGuest guest = driver.guest;
            long end = guest.user() + guest.size();
            long[][] parts = {
                {end - 4096 + 16, guest.user(), guest.user()}, {guest.user(), end - 2048, guest.user()},
                {guest.user(), guest.user(), end - 512}, {guest.guest(), guest.guest(), guest.guest()},
                {-16, guest.user(), guest.user()}
            };
            assertThat(wire.ack(14, u64(0), error)).isZero();
            for (long[] part : parts) {
                assertThat(wire.ack(8, state(0, 256))).isZero();
                assertThat(wire.ack(9, address(0, part[0], part[1], part[2]))).isZero();
                assertThat(wire.ack(18, state(0, 1))).isZero();
                assertThat(wire.ack(12, u64(0), driver.event)).isEqualTo(REFUSED);
                assertThat(EventFd.drain(error.number())).isEqualTo(1);
                assertThat(device.ready[0]).isFalse();
            }
            driver.start(0, 0);
            assertThat(device.ready[0]).isTrue();
        }
    }

    @Test
    void addressesMayComeBeforeMemory() {
        driver.wire.ack(8, state(0, 256));
        assertThat(wire.ack(9, driver.guest.ring(0))).isZero();
        assertThat(wire.ack(12, u64(0), driver.event)).isZero();
        assertThat(wire.ack(18, state(0, 1))).isZero();
        assertThat(device.ready[0]).isFalse();
        assertThat(wire.ack(5, driver.guest.table(), driver.guest.file())).isZero();
        assertThat(device.ready[0]).isTrue();
    }

    @Test
    void aTableThatTakesAwayARunningRingBreaksThatRing() throws Exception {
        wire.ack(5, driver.guest.table(), driver.guest.file());
        try (Fd error = EventFd.create()) {
            wire.ack(14, u64(0), error);
            driver.start(0, 0);
            device.takeLog();
            assertThat(wire.ack(5, table(new long[] {0, 4096, 0, 0}), driver.guest.file())).isZero();
            assertThat(device.takeLog()).containsExactly("ready 0 false", "kickfd 0 none", "map 0x0+1000");
            assertThat(EventFd.drain(error.number())).isEqualTo(1);
        }
    }

    // In-flight records: 88

    @Test
    void anInflightRecordWithWrongNumbersIsRefused() throws Exception {
        int[][] queuesAndSize = {{0, 128}, {3, 128}, {65535, 128}, {1, 0}, {1, 257}, {1, 65535}};
        for (int[] numbers : queuesAndSize) {
            ScriptedFrontEnd.Reply none = wire.ask(31, inflight(0, 0, numbers[0], numbers[1]));
            assertThat(none.bytes().getLong()).isZero();
            assertThat(none.descriptors()).isEmpty();
        }
        try (Fd file = MemFd.create("record", 8192, true)) {
            for (int[] numbers : queuesAndSize) {
                assertThat(wire.ack(32, inflight(8192, 0, numbers[0], numbers[1]), file)).isEqualTo(REFUSED);
            }
            assertThat(wire.ack(32, inflight(8193, 0, 1, 128), file)).isEqualTo(REFUSED);
            assertThat(wire.ack(32, inflight(8192, 1, 1, 128), file)).isEqualTo(REFUSED);
            assertThat(wire.ack(32, inflight(-1, 0, 1, 128), file)).isEqualTo(REFUSED);
            assertThat(wire.ack(32, inflight(4096, Long.MAX_VALUE, 1, 128), file)).isEqualTo(REFUSED);
            assertThat(wire.ack(32, inflight(4096, -1, 1, 128), file)).isEqualTo(REFUSED);
            assertThat(wire.ack(32, inflight(8192, 0, 1, 128), driver.event)).isEqualTo(REFUSED);
            assertThat(wire.ack(32, inflight(8192, 0, 1, 128), file)).isZero();
        }
    }

    // Configuration: 89, 90

    @Test
    void aConfigurationPastItsEndReadsAsZeroAndOnePastTheMessageAsNothing() {
        byte[] all = wire.ask(24, config(0, 256, 0, new byte[256])).payload();
        assertThat(all).hasSize(268);
        assertThat(all[12 + 59]).isEqualTo((byte) 60);
        assertThat(all[12 + 60]).isZero();
        assertThat(all[12 + 255]).isZero();
        assertThat(wire.ask(24, config(0, 257, 0)).payload()).isEmpty();
        assertThat(wire.ask(24, config(1, 256, 0)).payload()).isEmpty();
        assertThat(wire.ask(24, config(-1, 2, 0)).payload()).isEmpty();
        assertThat(wire.ask(24, config(-1, -1, 0)).payload()).isEmpty();
        for (int size = 1; size <= 256; size++) {
            assertThat(wire.ask(24, config(0, size, 0, new byte[size])).payload()).hasSize(12 + size);
        }
    }

    @Test
    void onlyWhatCanBeWrittenIsWritten() {
        assertThat(wire.ack(25, config(32, 1, 0, (byte) 0))).isZero();
        assertThat(device.config[32]).isZero();
        assertThat(wire.ack(25, config(0, 8, 0, new byte[8]))).isEqualTo(REFUSED);
        assertThat(wire.ack(25, config(32, 1, 2, (byte) 1))).isEqualTo(REFUSED);
        assertThat(wire.ack(25, config(32, 8, 0, (byte) 1))).isEqualTo(REFUSED);
        assertThat(wire.ack(25, config(-1, 1, 0, (byte) 1))).isEqualTo(REFUSED);
        assertThat(wire.ack(25, config(250, 7, 0, new byte[7]))).isEqualTo(REFUSED);
        assertThat(wire.ack(25, config(0, 60, 1, new byte[60]))).as("a migrated device writes all").isZero();
        assertThat(device.config[32]).isZero();
    }

    // Floods: 93 to 95

    @Test
    void aFrontEndThatDoesNotReadItsRepliesIsLetGo() {
        byte[] question = message(1, PLAIN, none());
        int sent = question.length;
        for (int i = 0; i < 100_000 && sent == question.length; i++) {
            sent = wire.trySendRaw(question);
        }
        assertThat(sent).as("the connection was closed").isIn(-Errno.EPIPE, -Errno.ECONNRESET);
    }

    @Test
    void aChannelThatIsNotReadHoldsUpNothing() throws Exception {
        List<UnixStream> pair = UnixStream.pair();
        assertThat(wire.ack(21, none(), pair.get(1).fd())).isZero();
        for (int i = 0; i < 5_000; i++) {
            device.configCallback.configChanged();
            if (i % 100 == 0) {
                expectAlive();
            }
        }
        expectAlive();
        pair.forEach(UnixStream::close);
        device.configCallback.configChanged();
        expectAlive();
    }

    // 96

    @Test
    void aMessageThatStallsDoesNotHoldUpTheDevice() throws Exception {
        wire.sendRaw(new byte[] {1, 0, 0, 0, 1});
        device.configCallback.configChanged();
        assertThat(rig.binding.connected()).isTrue();
        try (ScriptedFrontEnd second = rig.connect()) {
            second.expectClosed();
        }
    }

    @Test
    void aMessageThatIsNotFinishedInTimeEndsTheConnection() {
        Rig.Config patient = Rig.config().socketDir(rig.directory.toString());
        rig.driver.modified(patient.messageTimeoutMillis(50));
        wire.sendRaw(new byte[] {1, 0, 0, 0, 1}, driver.event);
        expectClosed();
        rig.driver.modified(patient);
    }

    // 98, 99

    @Test
    void obsoleteMessagesAreIgnoredAndTheirDescriptorsClosed() {
        assertThat(wire.ack(4, none(), driver.event)).isZero();
        assertThat(wire.ack(7, none(), driver.event)).isZero();
        expectAlive();
    }

    // Features

    @Test
    void featuresThatWereNotOfferedAreRefusedAndThoseThatWereAreStillTaken() {
        assertThat(wire.ack(2, u64(Driver.FEATURES | 1L << 26))).isEqualTo(REFUSED);
        assertThat(wire.ack(2, u64(-1))).isEqualTo(REFUSED);
        assertThat(wire.ack(2, u64(Driver.FEATURES))).isZero();
        assertThat(wire.ack(16, u64(-1))).isEqualTo(REFUSED);
        assertThat(wire.ack(16, u64(1L << 6 | 8))).isEqualTo(REFUSED);
        expectAlive();
    }

    @Test
    void otherFeaturesWhileARingRunsAreRefused() {
        wire.ack(5, driver.guest.table(), driver.guest.file());
        driver.start(0, 0);
        assertThat(wire.ack(2, u64(Driver.FEATURES & ~(1L << 6)))).isEqualTo(REFUSED);
        assertThat(device.ready[0]).isTrue();
        assertThat(wire.ack(2, u64(Driver.FEATURES))).isZero();
        assertThat(device.ready[0]).isTrue();
    }

    @Test
    void messagesOfProtocolFeaturesThatWereNotAgreedOnAreRefused() {
        assertThat(wire.ack(16, u64(8))).isZero();
        List<Long> answers = new ArrayList<>();
        for (int id : new int[] {17, 24, 25, 31, 34, 36, 38, 39, 40}) {
            answers.add(wire.ack(id, new byte[64]));
        }
        for (int id : new int[] {21, 32, 37}) {
            answers.add(wire.ack(id, new byte[64], driver.event));
        }
        assertThat(answers).containsOnly(REFUSED);
    }

    @Test
    void withoutReplyAckNothingIsAcknowledged() {
        assertThat(wire.ack(16, u64(8))).isZero();
        wire.send(16, ScriptedFrontEnd.NEED_REPLY, u64(0));
        wire.send(3, ScriptedFrontEnd.NEED_REPLY, none());
        wire.send(8, ScriptedFrontEnd.NEED_REPLY, state(9, 9));
        expectAlive();
    }
}
