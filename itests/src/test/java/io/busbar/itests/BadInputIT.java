package io.busbar.itests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Wrong commands to a Busbar whose disk is in use: a sentence names the value and what was expected, the exit status is not
 * 0, nothing is left behind, and the disk goes on.
 */
class BadInputIT {
    private static final Duration CLOSED = Duration.ofSeconds(60);
    private static final String ADD = "vdpa dev add name d mgmtdev sim_block backend file path ";

    @TempDir
    private static Path directory;

    private static Path sockets;
    private static BusbarProcess busbar;
    private static DiskDriver driver;

    @BeforeAll
    static void serveADiskThatIsInUse() throws IOException {
        sockets = directory.resolve("the-sockets-of-the-devices-are-here");
        image("good.img", 1 << 20);
        image("free.img", 1 << 20);
        image("odd.img", 1_000_000);
        image("one-more.img", (1 << 20) + 512);
        image("empty.img", 0);
        busbar = BusbarProcess.in(directory).socketDir(sockets).start();
        busbar.ok("vdpa", "dev", "add", "name", "good", "mgmtdev", "sim_block", "backend", "file", "path",
                directory.resolve("good.img").toString());
        driver = DiskDriver.at(busbar.socket("good"));
    }

    @AfterAll
    static void stop() {
        try {
            driver.close();
            assertThat(busbar.terminate()).as(busbar.log()).isZero();
        } finally {
            busbar.close();
        }
    }

    private static void image(String name, long bytes) throws IOException {
        try (var file = new RandomAccessFile(directory.resolve(name).toFile(), "rw")) {
            file.setLength(bytes);
        }
    }

    /** {@code DIR} is the directory with the images. */
    private static String resolved(String text) {
        return text.replace("DIR", directory.toString());
    }

    private static void assertRefused(String line, String sentence) {
        var words = Arrays.stream(resolved(line).split(" ")).map(word -> word.equals("''") ? "" : word).toArray(String[]::new);
        driver.writeAndReadBack();
        var before = World.of(busbar, directory);

        var result = busbar.command(words);

        assertThat(result.err()).contains(resolved(sentence));
        assertThat(result.err().lines().toList()).as("lines").hasSizeBetween(1, 5);
        assertThat(result.out()).isEmpty();
        assertThat(result.exit()).isEqualTo(1);
        driver.writeAndReadBack();
        Eventually.within(CLOSED, () -> World.of(busbar, directory).equals(before),
                () -> "left behind: " + World.of(busbar, directory) + "\nbefore: " + before);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "vdpa bogus|Object \"bogus\" not found",
        "vdpa dev bogus|Command \"bogus\" not found",
        "vdpa dev show nosuch|device not found",
        "vdpa dev del|String parameter expected",
        "vdpa dev del nosuch|device not found",
        "vdpa dev del good good|Unknown option \"good\"",
        "vdpa dev vstats show good qidx x|\"x\" is no number: 0 to 4294967295 was expected",
        "vdpa dev vstats show nosuch qidx 0|device not found",
        "vdpa dev config show nosuch|device not found",
        "vdpa mgmtdev show nosuch|Fail to find the specified mgmt device",
        "block|a word is missing; expected one of: resize",
        "block bogus|\"bogus\" is unknown; expected one of: resize",
        "block resize|resize needs a device and a size: block resize DEV SIZE",
        "block resize good|resize needs a device and a size: block resize DEV SIZE",
        "block resize nosuch 1G|there is no device \"nosuch\"",
        "block resize good 1X|\"1X\" is no size; a size was expected: digits and an optional K, M, G or T",
        "block resize good 0|\"0\" is no size",
        "block resize good -1|\"-1\" is no option",
        "block resize good 1000|\"1000\" is 1000 bytes; a multiple of 512 was expected",
        "block resize good 9999999999T|\"9999999999T\" is no size",
        "block resize good 8388607T|file DIR/good.img cannot have 9223370937343148032 bytes",
        "block resize good 2M 3M|\"3M\" is one word too many",
        "backend bogus|\"bogus\" is unknown; expected one of: list, swap",
        "backend swap good|swap needs a device and a backend",
        "backend swap nosuch memory|there is no device \"nosuch\"; expected one of: good",
        "backend swap good nosuch|good keeps its backend: backend nosuch is not there: expected one of file, memory",
        "backend swap good memory size 4K|good keeps its backend: the backend has 4096 bytes, but the driver was told",
        "backend swap good file path DIR/nosuch.img|good keeps its backend: file DIR/nosuch.img is not there",
        "backend swap good memory --timeout never|--timeout \"never\": expected milliseconds",
    })
    void aWrongCommandIsNamed(String line, String sentence) {
        assertRefused(line, sentence);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "vdpa dev add|management device handle not set",
        "vdpa dev add name d|management device handle not set",
        "vdpa dev add name d mgmtdev|expected",
        "vdpa dev add mgmtdev sim_block backend file path DIR/free.img|device name is not set",
        "vdpa dev add name d mgmtdev sim_block|backend is missing: expected backend NAME, one of file, memory",
        "vdpa dev add name d mgmtdev sim_block backend|\"backend\" needs a value",
        "vdpa dev add name d mgmtdev sim_block backend file|path is missing: backend file needs it, expected path FILE",
        "vdpa dev add name d mgmtdev sim_block backend file path|\"path\"",
        "vdpa dev add name d mgmtdev sim_block backend file path ''|\"\" after \"path\" is no file name",
        "vdpa dev add name d mgmtdev sim_block backend memory|size: expected a size such as 512M",
        "vdpa dev add name d mgmtdev sim_block backend memory size 1000|size of 1000 bytes: expected a multiple of 512",
        "vdpa dev add name d mgmtdev sim_block backend memory size 8388607T|expected a multiple of 512, up to 16T",
        "vdpa dev add name d mgmtdev sim_block backend memory size 1M path x|unknown word path: backend memory knows size",
        "vdpa dev add name d mgmtdev sim_block backend nbd|uri is missing: backend nbd needs it, expected uri URI",
        "vdpa dev add name d mgmtdev sim_block backend nbd uri DIR/nbd.sock|uri DIR/nbd.sock: expected a scheme of nbd, nbds",
        "vdpa dev add name d mgmtdev sim_block backend nbd uri nbd+unix:///?socket=DIR/nosuch.sock"
                + "|NBD server at DIR/nosuch.sock cannot be reached: ",
        "vdpa dev add name d mgmtdev sim_block backend nosuch path DIR/free.img"
                + "|backend nosuch is not there: expected one of file, memory",
        "vdpa dev add name d mgmtdev sim_net backend loopback mac zz|\"zz\" is invalid lladdr",
        "vdpa dev add name d mgmtdev sim_net backend loopback mac 01:00:5e:00:00:01|mac 01:00:5e:00:00:01: expected an address",
        "vdpa dev add name d mgmtdev sim_net backend loopback mtu 67|integer out of range",
        "vdpa dev add name d mgmtdev sim_net backend loopback max_vqp 0|At least one pair of VQs is required",
        "vdpa dev add name d mgmtdev sim_net backend loopback max_vqp 32|max_vqp 32: expected a number from 1 to 31",
        "vdpa dev add name d mgmtdev sim_net backend loopback buffer 1K|buffer of 1024 bytes: expected 256K to 1G",
        "vdpa dev add name d mgmtdev sim_net backend file path DIR/free.img|backend file is not there: expected one of loopback",
        "net link good down|\"good\" has no link; a network device was expected",
        "net link nosuch down|there is no device \"nosuch\"",
        "vdpa dev add name d mgmtdev sim_blok backend file path DIR/free.img"
                + "|Fail to find the specified management device, \"sim_blok\": expected one of: sim_block",
        "vdpa dev add name d mgmtdev nosuch|Fail to find the specified management device.",
        "vdpa dev add name good mgmtdev sim_block backend file path DIR/free.img"
                + "|device name \"good\": expected one that no device on bus host has",
    })
    void aDeviceThatIsNotWhollyNamedIsRefused(String line, String sentence) {
        assertRefused(line, sentence);
    }

    @ParameterizedTest
    @CsvSource({"a/b", "..", ".", ".hidden", "_x", "''", "a\\b", "é", "a:b",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"})
    void aNameThatNoDeviceCanHaveIsRefused(String name) {
        var word = name.isEmpty() ? "''" : name;
        assertRefused(
                "vdpa dev add name " + word + " mgmtdev sim_block backend file path DIR/free.img",
                "device name \"" + name + "\": expected 1 to 64 letters, digits, '.', '_' and '-'");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "DIR/no.img|file DIR/no.img is not there: expected a disk, or size SIZE to make one",
        "DIR/no/no.img|file DIR/no/no.img is not there, nor is the directory DIR/no",
        "DIR/no.img readonly on size 1M|file DIR/no.img is not there",
        "DIR|path DIR is a directory: expected a regular file or a block device",
        "/dev/null|path /dev/null is no disk: expected a regular file or a block device",
        "DIR/free.img/x|DIR/free.img/x is not there",
        "DIR/empty.img|file DIR/empty.img is empty: expected a disk, or size SIZE to make it one",
        "DIR/odd.img|file DIR/odd.img has 1000000 bytes: expected a multiple of 512",
        "DIR/one-more.img blocksize 4096|1049088 bytes: expected a multiple of the block size, 4096 bytes",
        "DIR/free.img size 2M|file DIR/free.img has 1048576 bytes, but size says 2097152",
        "DIR/new.img size 1X|size 1X: expected a size above 0 such as 4096, 512K, 64M, 1G or 2T",
        "DIR/new.img size 0|size 0: expected a size above 0",
        "DIR/new.img size -5|invalid option -- '5'",
        "DIR/new.img size 1000|size of 1000 bytes: expected a multiple of 512",
        "DIR/new.img size 9999999999T|size 9999999999T: expected a size above 0",
        "DIR/new.img size 8388607T|file DIR/new.img cannot have 9223370937343148032 bytes",
        "DIR/new.img size 1536 blocksize 4096|1536 bytes: expected a multiple of the block size, 4096 bytes",
        "DIR/new.img size 1M bogus 5|unknown word bogus: backend file knows io, path, size",
        "DIR/empty.img size 1536 blocksize 4096|1536 bytes: expected a multiple of the block size, 4096 bytes",
    })
    void aFileThatIsNoDiskIsRefused(String words, String sentence) {
        assertRefused(ADD + words, sentence);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "queues 0|queues 0: expected a number from 1 to 64",
        "queues 65|queues 65: expected a number from 1 to 64",
        "queues abc|queues abc: expected a number from 1 to 64",
        "queues 99999999999|queues 99999999999: expected a number from 1 to 64",
        "blocksize 333|blocksize 333: expected 512, 1024, 2048 or 4096",
        "blocksize 8192|blocksize 8192: expected 512, 1024, 2048 or 4096",
        "blocksize 4k|blocksize 4k: expected 512, 1024, 2048 or 4096",
        "serial 123456789012345678901|serial 123456789012345678901: expected up to 20 printable ASCII characters",
        "serial ü|serial ü: expected up to 20 printable ASCII characters",
        "cache foo|cache foo: expected writeback or writethrough",
        "readonly maybe|readonly maybe: expected on or off",
        "io fast|io fast: expected one of buffered, direct, mapped",
        "dma fast|dma fast: expected device, platform or incremental",
        "bogus 5|unknown word bogus: backend file knows io, path, size",
        "bogus|Unknown option \"bogus\"",
        "path DIR/other.img|\"path\" is given twice",
        "bus mic0|There is no bus \"mic0\"; expected one of: host",
        "max_vqp 2|Some provided attributes are not supported: 0x1000",
        "mac 1:x|\"x\" is invalid lladdr",
        "mac 00:11:22:33:44:55|Some provided attributes are not supported: 0x400",
    })
    void aValueThatCannotBeIsRefused(String words, String sentence) {
        assertRefused(ADD + "DIR/free.img " + words, sentence);
    }

    @Test
    void oneFileForTwoDevicesIsRefused() {
        assertRefused(ADD + "DIR/good.img", "file DIR/good.img is in use: it is locked by ");
        assertRefused(ADD + "DIR/good.img readonly on", "file DIR/good.img is in use: it is locked by ");
    }

    @Test
    void aSocketPathWithAListenerIsRefusedAndTheListenerGoesOn() throws IOException {
        var address = UnixDomainSocketAddress.of(sockets.resolve("d.sock"));
        try (var listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(address);

            assertRefused(ADD + "DIR/free.img", "listen at " + address + ": another process is listening there");

            // Whatever asked who listens is taken first.
            listener.configureBlocking(false);
            for (var asked = listener.accept(); asked != null; asked = listener.accept()) {
                asked.close();
            }
            try (var caller = SocketChannel.open(address);
                    var called = listener.accept()) {
                assertThat(called).isNotNull();
                assertThat(caller.isConnected()).isTrue();
            }
        } finally {
            Files.deleteIfExists(address.getPath());
        }
    }

    @Test
    void aSocketPathWithAnotherFileIsRefusedAndTheFileStays() throws IOException {
        var file = Files.writeString(sockets.resolve("d.sock"), "mine");
        try {
            assertRefused(ADD + "DIR/free.img", "listen at " + file + ": a file that is not a socket is there");
            // What the backend made is taken back, although it was open when the bus driver refused the device.
            assertRefused(ADD + "DIR/new.img size 1M", "listen at " + file);
            assertRefused(ADD + "DIR/empty.img size 1M", "listen at " + file);
            assertThat(file).hasContent("mine");
        } finally {
            Files.delete(file);
        }
    }

    @Test
    void aSocketPathThatIsTooLongIsRefused() {
        var name = "a".repeat(64);
        var path = sockets.resolve(name + ".sock").toString();
        assertThat(path.length()).isGreaterThan(107);

        assertRefused("vdpa dev add name " + name + " mgmtdev sim_block backend file path DIR/free.img",
                "the socket path " + path + " has " + path.length() + " bytes: expected up to 107");
    }

    /** After all that was refused, what is right is done: neither the name nor the file is held. */
    @Test
    void theSameWordsWithoutTheMistakeAreTaken() {
        assertRefused(ADD + "DIR/free.img queues 65", "queues 65");

        busbar.ok(resolved(ADD + "DIR/free.img queues 64").split(" "));
        try (var other = DiskDriver.at(busbar.socket("d"))) {
            other.writeAndReadBack();
            driver.writeAndReadBack();
        }
        busbar.ok("vdpa", "dev", "del", "d");
        assertThat(busbar.socket("d")).doesNotExist();
    }

    // Starts that fail

    private void assertStartFails(BusbarProcess.Builder start, int status, String sentence) {
        driver.writeAndReadBack();
        var devices = busbar.ok("vdpa", "-jp", "dev", "show");
        try (var failing = start.launch()) {
            assertThat(failing.awaitEnd()).as(failing.log()).isEqualTo(status);
            assertThat(failing.log().lines().filter(line -> line.startsWith("busbar: ")).toList())
                    .hasSize(1)
                    .first()
                    .asString()
                    .contains(sentence);
            assertThat(failing.log()).doesNotContain("ready:", "Exception", "\tat ");
        }
        driver.writeAndReadBack();
        assertThat(busbar.ok("vdpa", "-jp", "dev", "show")).isEqualTo(devices);
    }

    private static BusbarProcess.Builder anotherOne(Path where) {
        return BusbarProcess.in(where).socketDir(where.resolve("s"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "no.img|--disk DIR/no.img: there is no such file: expected the image of a disk",
        ".|--disk DIR is a directory: expected a regular file or a block device",
        "empty.img|disk0: file DIR/empty.img is empty: expected a disk",
        "odd.img|disk0: file DIR/odd.img has 1000000 bytes: expected a multiple of 512",
        "good.img|disk0: file DIR/good.img is in use: it is locked by ",
    })
    void aDiskThatIsNoneEndsTheStart(String disk, String sentence, @TempDir Path other) {
        assertStartFails(anotherOne(other).disk(directory.resolve(disk).normalize()), 1, resolved(sentence));

        assertThat(other.resolve("state/default/busbar.pid")).doesNotExist();
        assertThat(other.resolve("state/default/control.sock")).doesNotExist();
        assertThat(other.resolve("s/disk0.sock")).doesNotExist();
        assertThat(directory.resolve("no.img")).doesNotExist();
    }

    @ParameterizedTest
    @CsvSource({"a/b", "..", "-x", "a b", "''", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"})
    void anInstanceNameThatIsNoneEndsTheStart(String name, @TempDir Path other) {
        assertStartFails(
                anotherOne(other).option("--instance", name), 2,
                "\"" + name + "\" is no name for an instance: letters, digits, '_', '.' and '-' were expected");
        assertThat(other.resolve("state")).doesNotExist();
    }

    @Test
    void aSocketDirectoryThatIsTooLongEndsTheStart(@TempDir Path other) {
        var sockets = other.resolve("x".repeat(101 - other.toString().length()));

        assertStartFails(BusbarProcess.in(other).socketDir(sockets), 1,
                "the socket directory " + sockets + " has 102 bytes: expected up to 100");
        assertThat(sockets).doesNotExist();
    }

    @Test
    void aFileInPlaceOfTheSocketDirectoryEndsTheStart(@TempDir Path other) throws IOException {
        var file = Files.createFile(other.resolve("file"));

        assertStartFails(BusbarProcess.in(other).socketDir(file), 1, "the socket directory " + file + " cannot be made: ");
        assertStartFails(BusbarProcess.in(other).socketDir(file.resolve("below")), 1,
                "the socket directory " + file + "/below cannot be made: ");
    }

    @Test
    void aFileInPlaceOfTheStateDirectoryEndsTheStart(@TempDir Path other) throws IOException {
        var file = Files.createFile(other.resolve("file"));

        assertStartFails(anotherOne(other).environment("BUSBAR_STATE_DIR", file.toString()), 1,
                "the state directory " + file + "/default cannot be made: ");
    }

    @Test
    void anInstanceThatRunsAlreadyEndsTheStart(@TempDir Path other) {
        assertStartFails(
                anotherOne(other).environment("BUSBAR_STATE_DIR", directory.resolve("state").toString()), 1,
                "instance \"default\" is already running (process " + busbar.pid() + ")");
    }
}
