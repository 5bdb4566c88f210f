package io.busbar.itests;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.testkit.machine.Prerequisite;
import io.busbar.testkit.machine.TestNetwork;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * A Busbar whose user may not do everything: where the tests are root's, one without any capability, by
 * {@code setpriv}; else the tests' own user.
 */
class NoPermissionIT {
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final Duration CLOSED = Duration.ofSeconds(60);
    private static final boolean ROOT = "root".equals(System.getProperty("user.name"));
    private static final String NOBODY = "65534";
    private static final String[] WITHOUT_RIGHTS = ROOT
            ? new String[] {
                "setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--bounding-set", "-all",
                "--inh-caps", "-all"
            }
            : new String[0];

    private static Path directory;
    private static Path mine;
    private static BusbarProcess busbar;
    private static DiskDriver driver;

    @BeforeAll
    static void serveADiskThatIsInUse() throws IOException {
        // Not a directory of JUnit's, which only the tests' user may enter.
        directory = Files.createTempDirectory(
                "busbar", PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
        copy(Distribution.home(), directory.resolve("home"));
        mine = Files.createDirectory(directory.resolve("mine"));
        image("mine/good.img", "rw-------");
        image("mine/other.img", "rw-------");
        if (ROOT) {
            shell("chown -R " + NOBODY + ":" + NOBODY + " " + mine);
        }
        image("secret.img", "---------");
        image("shared.img", "r--r--r--");
        Files.createDirectory(
                directory.resolve("closed"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("r-xr-xr-x")));
        Files.createDirectory(
                directory.resolve("hidden"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("---------")));
        busbar = inMine().start();
        busbar.ok("vdpa", "dev", "add", "name", "good", "mgmtdev", "sim_block", "backend", "file", "path",
                mine.resolve("good.img").toString());
        driver = DiskDriver.at(busbar.socket("good"));
    }

    @AfterAll
    static void stop() {
        try {
            driver.close();
            assertThat(busbar.terminate()).as(busbar.log()).isZero();
        } finally {
            busbar.close();
            shell("chmod -R u+rwx " + directory + " && rm -r " + directory);
        }
    }

    private static BusbarProcess.Builder inMine() {
        return BusbarProcess.in(mine).home(directory.resolve("home")).under(WITHOUT_RIGHTS);
    }

    private static void image(String name, String mode) throws IOException {
        var file = directory.resolve(name);
        try (var image = new RandomAccessFile(file.toFile(), "rw")) {
            image.setLength(1 << 20);
        }
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
    }

    private static void shell(String line) {
        var result = Command.run(DEADLINE, Map.of(), List.of("sh", "-c", line));
        assertThat(result.exit()).as(line + ": " + result.err()).isZero();
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.walkFileTree(from, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes attributes) throws IOException {
                Files.createDirectories(to.resolve(from.relativize(dir)));
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                var copied = to.resolve(from.relativize(file));
                Files.copy(file, copied, StandardCopyOption.COPY_ATTRIBUTES);
                Files.setPosixFilePermissions(copied, PosixFilePermissions.fromString("rwxr-xr-x"));
                return FileVisitResult.CONTINUE;
            }
        });
    }

    private static List<String> add(String words) {
        var all = new ArrayList<>(List.of("vdpa", "dev", "add", "name", "d", "mgmtdev", "sim_block", "backend", "file"));
        all.addAll(List.of(words.replace("DIR", directory.toString()).split(" ")));
        return all;
    }

    private static void assertRefused(String words, String... sentences) {
        assertRefused(add(words), sentences);
    }

    private static void assertRefused(List<String> command, String... sentences) {
        driver.writeAndReadBack();
        var before = World.of(busbar, mine);

        var result = busbar.command(command.toArray(String[]::new));

        for (var sentence : sentences) {
            assertThat(result.err()).contains(sentence.replace("DIR", directory.toString()));
        }
        assertThat(result.out()).isEmpty();
        assertThat(result.exit()).isEqualTo(1);
        driver.writeAndReadBack();
        Eventually.within(CLOSED, () -> World.of(busbar, mine).equals(before),
                () -> "left behind: " + World.of(busbar, mine) + "\nbefore: " + before);
    }

    @Test
    void itServesWithoutAnyRightOfRoots() throws IOException {
        var status = Files.readString(Path.of("/proc/" + busbar.pid() + "/status"));
        assertThat(status).containsPattern("CapEff:\\s+0000000000000000");
        driver.writeAndReadBack();
    }

    @Test
    void aFileThatItMayNotReadIsRefused() {
        assertRefused(
                "path DIR/secret.img", "file DIR/secret.img cannot be opened for reading and writing: Permission denied");
        assertRefused(
                "path DIR/secret.img readonly on", "file DIR/secret.img cannot be opened for reading: Permission denied");
    }

    @Test
    void aFileThatItMayOnlyReadIsADiskThatIsReadOnly() {
        assertRefused(
                "path DIR/shared.img",
                "file DIR/shared.img cannot be opened for reading and writing: Permission denied", "readonly on would do");

        busbar.ok(add("path DIR/shared.img readonly on").toArray(String[]::new));
        try (var other = DiskDriver.at(busbar.socket("d"))) {
            assertThat(other.reads(0, 0)).isTrue();
            assertThat(other.write(0, 1)).isEqualTo(1);
            driver.writeAndReadBack();
        }
        busbar.ok("vdpa", "dev", "del", "d");
    }

    @Test
    void aFileThatItMayNotMakeIsRefused() {
        assertRefused("path DIR/closed/new.img size 1M", "file DIR/closed/new.img", "Permission denied");
        assertThat(directory.resolve("closed/new.img")).doesNotExist();
    }

    private static List<String> addTap(String ifname) {
        return List.of("vdpa", "dev", "add", "name", "net0", "mgmtdev", "sim_net", "backend", "tap", "ifname", ifname);
    }

    @Test
    void aTapInterfaceThatItMayNotMakeIsRefusedWithTheCommandThatGivesTheRight() {
        assertRefused(addTap("busbar-tap"), "ifname busbar-tap: ", "EPERM", "expected CAP_NET_ADMIN",
                "ip tuntap add busbar-tap mode tap user");
    }

    @Test
    void aTapInterfaceThatRootHasMadeForItIsUsed() {
        Prerequisite.requireRoot();
        try (var network = TestNetwork.create();
                var inside = BusbarProcess.in(mine).home(directory.resolve("home")).instance("tap")
                        .socketDir(mine.resolve("taps"))
                        .under(network.command(WITHOUT_RIGHTS).toArray(String[]::new)).start()) {
            network.run("ip", "tuntap", "add", "tap0", "mode", "tap", "user", NOBODY);
            network.run("ip", "link", "set", "tap0", "up");
            inside.ok(addTap("tap0").toArray(String[]::new));
            assertThat(inside.ok("vdpa", "dev", "config", "show", "net0")).contains("link up");
            assertThat(network.run("cat", "/sys/class/net/tap0/carrier")).isEqualTo("1");
            inside.ok("vdpa", "dev", "del", "net0");
            assertThat(network.run("ip", "-d", "link", "show", "tap0")).as("it stays").contains("tap0");
        }
    }

    /** The list of devices cannot be written, so the device would not come back: it is refused as a whole. */
    @Test
    void aDeviceThatCannotBeKeptIsRefused() {
        var state = mine.resolve("state/default");
        shell("chmod 500 " + state);
        try {
            assertRefused(
                    "path DIR/mine/other.img",
                    "the list of devices cannot be written to " + state + "/devices: Permission denied.");
        } finally {
            shell("chmod 700 " + state);
        }
    }

    @Test
    void aSocketDirectoryThatIsClosedLaterRefusesNewDevices() {
        var sockets = busbar.socket("d").getParent();
        shell("chmod 500 " + sockets);
        try {
            assertRefused("path DIR/mine/other.img", sockets + "/d.sock", "Permission denied");
        } finally {
            shell("chmod 700 " + sockets);
        }
    }

    private void assertStartFails(BusbarProcess.Builder start, String sentence) {
        try (var failing = start.launch()) {
            assertThat(failing.awaitEnd()).as(failing.log()).isEqualTo(1);
            assertThat(failing.log().lines().filter(line -> line.startsWith("busbar: ")).toList())
                    .hasSize(1)
                    .first()
                    .asString()
                    .contains(sentence.replace("DIR", directory.toString()));
            assertThat(failing.log()).doesNotContain("ready:", "Exception", "\tat ");
        }
        driver.writeAndReadBack();
    }

    @Test
    void aDiskThatItMayNotReadEndsTheStart() {
        assertStartFails(
                inMine().instance("two").disk(directory.resolve("secret.img")),
                "disk0: file DIR/secret.img cannot be opened for reading and writing: Permission denied");
        // Whether there is such a file it cannot see, and does not say.
        assertStartFails(
                inMine().instance("two").disk(directory.resolve("hidden/disk.img")),
                "disk0: file DIR/hidden/disk.img cannot be opened for reading and writing: Permission denied");
        assertThat(mine.resolve("state/two/control.sock")).doesNotExist();
    }

    @Test
    void aStateDirectoryThatItMayNotMakeEndsTheStart() {
        assertStartFails(
                inMine().instance("three").environment("BUSBAR_STATE_DIR", directory + "/closed/state"),
                "the state directory DIR/closed/state/three cannot be made: DIR/closed/state: Permission denied");
        // As a home without a state of its own, which is where it would be.
        assertStartFails(
                inMine().instance("three").environment("BUSBAR_STATE_DIR", "").environment("XDG_STATE_HOME", "")
                        .environment("HOME", directory + "/closed"),
                "the state directory DIR/closed/.local/state/busbar/three cannot be made: DIR/closed/.local: Permission denied");
    }

    @Test
    void aSocketDirectoryThatItMayNotWriteToEndsTheStart() {
        assertStartFails(
                inMine().instance("four").socketDir(directory.resolve("closed")),
                "the socket directory DIR/closed cannot be written to: Permission denied");
        assertStartFails(
                inMine().instance("four").socketDir(directory.resolve("closed/sockets")),
                "the socket directory DIR/closed/sockets cannot be made: DIR/closed/sockets: Permission denied");
    }

    @Test
    void theScriptSaysWhichStateCannotBeMade() {
        var words = new ArrayList<>(List.of(WITHOUT_RIGHTS));
        words.addAll(List.of(directory.resolve("home/bin/busbar").toString(), "start"));

        var result = Command.run(
                DEADLINE,
                Map.of("BUSBAR_STATE_DIR", directory + "/closed/state", "JAVA_HOME", System.getProperty("java.home")),
                words);

        assertThat(result.exit()).isEqualTo(1);
        assertThat(result.err()).isEqualTo("busbar: the state directory " + directory + "/closed/state/default/log cannot be"
                + " made or written to (Permission denied): choose another by BUSBAR_STATE_DIR\n");
    }
}
