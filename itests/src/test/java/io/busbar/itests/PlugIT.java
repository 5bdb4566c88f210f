package io.busbar.itests;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.busbar.testkit.machine.NbdKit;
import io.busbar.testkit.machine.TestNetwork;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bundles come, are replaced and go in a Busbar that serves devices, and who does not use them notices nothing. */
class PlugIT {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String RAM = "io.busbar.examples.ram-disk";
    private static final String OTHER_RAM = "io.busbar.examples.other";
    private static final String FILE = "io.busbar.backends.file";
    private static final String SOCKET = "io.busbar.backends.socket";

    @TempDir
    private static Path folder;

    private static BusbarProcess busbar;
    private static DiskDriver bystander;
    private static int written;
    private static List<String> changes;

    @BeforeAll
    static void aDeviceThatHasNothingToDoWithIt() {
        busbar = BusbarProcess.in(folder).start();
        busbar.ok("vdpa", "dev", "add", "name", "bystander", "mgmtdev", "sim_block", "backend", "memory", "size", "1M");
        busbar.ok("vdpa", "dev", "add", "name", "idle", "mgmtdev", "sim_net", "backend", "loopback");
        bystander = DiskDriver.at(busbar.socket("bystander"));
        Eventually.within(SOON, () -> changesOfBystanders().stream().anyMatch(line -> line.endsWith("-> RUNNING"))
                && changesOfBystanders().stream().anyMatch(line -> line.matches(".* idle: .*-> BOUND")), busbar::log);
        changes = changesOfBystanders();
    }

    /** The lines of the log that tell of changes of a device. */
    private static List<String> changesOfBystanders() {
        return busbar.log().lines().filter(line -> line.contains(" bystander: ") || line.contains(" idle: ")).toList();
    }

    @AfterAll
    static void stop() {
        bystander.close();
        busbar.close();
    }

    /** Its driver has never been disconnected, and nobody but that driver has used it. */
    @AfterEach
    void theBystanderHasNoticedNothing() {
        bystander.writeAndReadBack();
        written++;
        JsonObject queue = JsonParser.parseString(busbar.ok("vdpa", "-j", "dev", "vstats", "show", "bystander")).getAsJsonObject()
                .getAsJsonObject("vstats").getAsJsonObject("bystander").getAsJsonArray("queues").get(0).getAsJsonObject();
        assertThat(queue.get("writes").getAsInt()).isEqualTo(written);
        assertThat(queue.get("reads").getAsInt()).isEqualTo(written);
        assertThat(busbar.ok("vdpa", "dev", "show", "bystander", "-d")).contains("state running").doesNotContain("swaps");
        assertThat(changesOfBystanders()).isEqualTo(changes);
    }

    private static Path image(String name) throws IOException {
        Path image = folder.resolve(name);
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(1 << 20);
        }
        return image;
    }

    private static void remove(String device, String... bundles) {
        busbar.ok("vdpa", "dev", "del", device);
        for (String bundle : bundles) {
            busbar.ok("uninstall", bundle);
        }
    }

    private static String detail(String device, String name) {
        JsonObject shown = JsonParser.parseString(busbar.ok("vdpa", "-j", "-d", "dev", "show", device)).getAsJsonObject()
                .getAsJsonObject("dev").getAsJsonObject(device).getAsJsonObject("details");
        return shown.has(name) ? shown.get(name).getAsString() : "";
    }

    private static List<JsonObject> bundles() {
        return JsonParser.parseString(busbar.ok("bundle", "list", "-j")).getAsJsonObject().getAsJsonArray("bundle").asList().stream()
                .map(row -> row.getAsJsonObject())
                .toList();
    }

    private static List<JsonObject> bundles(String name) {
        return bundles().stream().filter(row -> row.get("name").getAsString().equals(name)).toList();
    }

    private static Set<String> copies() throws IOException {
        Path shelf = busbar.stateDir().resolve("default/bundles");
        if (Files.notExists(shelf)) {
            return Set.of();
        }
        try (var files = Files.list(shelf)) {
            return files.map(file -> file.getFileName().toString()).filter(name -> name.endsWith(".jar")).collect(Collectors.toSet());
        }
    }

    @Test
    void aBundleIsInstalledUsedAndUninstalledAndADeviceHoldsMeanwhile() throws IOException {
        Path jar = BundleFile.ofExample("ram-disk").version("1.0.0").write(folder.resolve("ram.jar"));
        Set<String> copies = copies();
        assertThat(busbar.ok("install", jar.toString())).contains(RAM + " 1.0.0 from " + jar);
        busbar.ok("vdpa", "dev", "add", "name", "ram0", "mgmtdev", "sim_block", "backend", "ram", "size", "1M");
        try (DiskDriver driver = DiskDriver.at(busbar.socket("ram0"))) {
            driver.writeAndReadBack();
            assertThat(bundles(RAM)).singleElement().satisfies(row -> {
                assertThat(row.get("state").getAsString()).isEqualTo("active");
                assertThat(row.get("version").getAsString()).isEqualTo("1.0.0");
                assertThat(row.get("from").getAsString()).isEqualTo(jar.toString());
                assertThat(row.getAsJsonArray("devices").toString()).isEqualTo("[\"ram0\"]");
            });
            assertThat(busbar.command("install", jar.toString()).err())
                    .isEqualTo("install: " + RAM + " 1.0.0 is installed already: update replaces it\n");

            assertThat(busbar.ok("uninstall", RAM)).contains("ram0: holds requests until what it used is there again");
            assertThat(busbar.ok("vdpa", "dev", "show", "ram0")).contains("held", "NO_BACKEND");
            assertThat(copies()).isEqualTo(copies);

            busbar.ok("install", "--volatile", jar.toString());
            Eventually.within(SOON, () -> busbar.ok("vdpa", "dev", "show", "ram0", "-d").contains("state running"),
                    () -> busbar.ok("vdpa", "dev", "show", "ram0"));
            driver.writeAndReadBack();
        }
        remove("ram0", RAM);
        assertThat(busbar.command("uninstall", RAM).err())
                .isEqualTo("uninstall: there is no bundle " + RAM + ": bundle list shows what is there\n");
    }

    @Test
    void aBundleThatAnotherOneReplacesLosesNothingOfADeviceInUse() throws IOException {
        Path image = image("update.img");
        busbar.ok("vdpa", "dev", "add", "name", "disk0", "mgmtdev", "sim_block", "backend", "file", "path", image.toString());
        try (DiskDriver driver = DiskDriver.at(busbar.socket("disk0"))) {
            driver.write(3, 33);
            String before = detail("disk0", "backend_bundle");
            Path newer = BundleFile.ofDistribution(FILE).version("7.0.0").write(folder.resolve("file7.jar"));
            assertThat(busbar.ok("update", newer.toString())).contains(before + " -> " + FILE + " 7.0.0", "disk0: backend swapped, pause ");
            assertThat(detail("disk0", "backend_bundle")).isEqualTo(FILE + " 7.0.0");
            assertThat(bundles(FILE)).hasSize(1);
            assertThat(driver.reads(3, 33)).isTrue();

            // The same version, and then an older one: what counts is which was asked for last.
            busbar.ok("update", newer.toString());
            assertThat(detail("disk0", "swaps")).isEqualTo("2");
            Path older = BundleFile.ofDistribution(FILE).version("0.0.1").write(folder.resolve("file0.jar"));
            busbar.ok("update", older.toString());
            assertThat(detail("disk0", "backend_bundle")).isEqualTo(FILE + " 0.0.1");
            busbar.ok("vdpa", "dev", "add", "name", "disk1", "mgmtdev", "sim_block", "backend", "file", "path",
                    image("more.img").toString());
            assertThat(detail("disk1", "backend_bundle")).isEqualTo(FILE + " 0.0.1");
            assertThat(driver.reads(3, 33)).isTrue();
            driver.writeAndReadBack();
            assertThat(copies()).filteredOn(name -> name.startsWith("file")).hasSize(1);
        }
        remove("disk1");
        remove("disk0");
        busbar.ok("update", "io.busbar:" + FILE + ":" + mavenVersion());
        assertThat(bundles(FILE)).hasSize(1);
    }

    private static String mavenVersion() {
        return Distribution.home().getFileName().toString().substring("busbar-".length());
    }

    @Test
    void aDeviceModelIsReplacedUnderItsDevices() {
        busbar.ok("vdpa", "dev", "add", "name", "ram1", "mgmtdev", "sim_block", "backend", "memory", "size", "1M");
        try (DiskDriver driver = DiskDriver.at(busbar.socket("ram1"))) {
            driver.write(5, 55);
            String model = "io.busbar.devices.block";
            // It serves the bystander, too, which would notice.
            var refused = busbar.command("update", BundleFile.ofDistribution(model).version("0.0.1")
                    .with("Bundle-Activator", "no.such.Activator").write(folder.resolve("block0.jar")).toString());
            assertThat(refused.err()).contains(model + " 0.0.1 does not start", "no.such.Activator");
            assertThat(bundles(model)).hasSize(1);
            assertThat(driver.reads(5, 55)).isTrue();
        }
        remove("ram1");

        String console = "io.busbar.devices.console";
        busbar.ok("vdpa", "dev", "add", "name", "con2", "mgmtdev", "sim_console", "backend", "socket", "port", "0");
        Path newer = BundleFile.ofDistribution(console).version("9.0.0").write(folder.resolve("console9.jar"));
        assertThat(busbar.ok("update", "--volatile", newer.toString())).contains("con2: device model swapped");
        assertThat(detail("con2", "model_bundle")).isEqualTo(console + " 9.0.0");
        assertThat(bundles(console)).hasSize(1);
        remove("con2");
    }

    @Test
    void anUpdateThatCannotBeIsTakenBackWhole() throws IOException {
        Path image = image("kept.img");
        busbar.ok("vdpa", "dev", "add", "name", "disk2", "mgmtdev", "sim_block", "backend", "file", "path", image.toString());
        String before = detail("disk2", "backend_bundle");
        Set<String> copies = copies();
        BundleFile file = BundleFile.ofDistribution(FILE).version("8.0.0");
        try (DiskDriver driver = DiskDriver.at(busbar.socket("disk2"))) {
            driver.write(7, 77);
            assertRefused(file.with("Bundle-Activator", "no.such.Activator"), "8.0.0 does not start: ");
            assertRefused(file.with("Import-Package", "+,io.busbar.nowhere;version=\"[2,3)\""),
                    "does not resolve: it needs package io.busbar.nowhere version 2.0.0 or newer before 3.0.0: "
                            + "nothing of the distribution has it");
            assertRefused(file.with("Import-Package", "+,io.busbar.api.command;version=\"[9,10)\""),
                    "it needs package io.busbar.api.command version 9.0.0 or newer before 10.0.0, and there is 0.");
            assertRefused(file.with("Provide-Capability", "busbar.backend;type=block;name=other;class=\"" + FILE + ".FileBackend\""),
                    "has no backend file, which disk2 uses");
            assertRefused(file.with("Provide-Capability", "busbar.backend;type=block;name=file;class=none.Such"),
                    "has a part that cannot be used, file: class none.Such cannot be loaded");
            assertRefused(BundleFile.ofDistribution("io.busbar.core.bus").version("8.0.0"), "is a part of Busbar itself");
            assertRefused(BundleFile.ofDistribution("io.busbar.drivers.sim").version("8.0.0"), "cannot be replaced under them");
            assertThat(busbar.command("update", "io.busbar:" + FILE + ":8.8").err()).contains("neither in the distribution");

            assertThat(detail("disk2", "backend_bundle")).isEqualTo(before);
            assertThat(detail("disk2", "swaps")).isEmpty();
            assertThat(driver.reads(7, 77)).isTrue();
            assertThat(copies()).isEqualTo(copies);
        }
        remove("disk2");
    }

    private static void assertRefused(BundleFile bundle, String sentence) {
        Path jar = bundle.write(folder.resolve("refused.jar"));
        var result = busbar.command("update", jar.toString());
        assertThat(result.exit()).isEqualTo(1);
        assertThat(result.err()).startsWith("update: ").contains(sentence);
    }

    /** A console's socket cannot be listened at by two, and that of the other console can. */
    @Test
    void oneDeviceThatRefusesTakesTheOthersBack() {
        busbar.ok("vdpa", "dev", "add", "name", "con0", "mgmtdev", "sim_console", "backend", "socket", "port", "0");
        busbar.ok("vdpa", "dev", "add", "name", "con1", "mgmtdev", "sim_console", "backend", "socket", "path",
                folder.resolve("con1.con").toString());
        String before = detail("con0", "backend_bundle");
        assertRefused(BundleFile.ofDistribution(SOCKET).version("8.0.0"), "con1 refuses: ");
        assertThat(detail("con0", "backend_bundle")).isEqualTo(before);
        assertThat(detail("con0", "swaps")).isEqualTo("2");
        assertThat(detail("con1", "backend_bundle")).isEqualTo(before);
        assertThat(bundles(SOCKET)).hasSize(1);

        // It holds for a moment, if it may; and goes on with the old one, if the new one cannot be opened.
        Path newer = BundleFile.ofDistribution(SOCKET).version("8.0.0").write(folder.resolve("socket8.jar"));
        assertThat(busbar.ok("update", "--volatile", "--hold", newer.toString()))
                .contains("con0: backend swapped", "con1: backend opened again, held for up to ");
        assertThat(detail("con0", "backend_bundle")).isEqualTo(SOCKET + " 8.0.0");
        assertThat(detail("con1", "backend_bundle")).isEqualTo(SOCKET + " 8.0.0");
        busbar.ok("driver", "override", "con1", "virtio");
        busbar.ok("con", "con1", "console", "write", "text", "hello");
        assertThat(bundles(SOCKET)).hasSize(1);
        remove("con1");
        remove("con0");
    }

    /** An interface and a listening socket are one backend's alone. */
    @Test
    void aBackendThatKeepsWhatItUsesToItselfIsReplacedWhileItsDeviceHolds() throws IOException {
        Path socket = folder.resolve("held.sock");
        try (TestNetwork network = TestNetwork.create()) {
            replacedWhileItHolds("tap", () -> busbar.ok("net", "held", "ping", "10.8.0.1", "from", "10.8.0.9", "count", "1"),
                    "sim_net", "netns", network.name(), "ifname", "held0", "address", "10.8.0.1/24");
        }
        replacedWhileItHolds("stream", () -> visit(socket), "sim_net", "path", socket.toString(), "listen", "on");
    }

    /** A log lets a second one write it: it is swapped like others, and what the first one had is in front. */
    @Test
    void aLogThatIsReplacedHasAllInOrder() {
        Path log = folder.resolve("con.log");
        String bundle = "io.busbar.backends.log";
        busbar.ok("vdpa", "dev", "add", "name", "con3", "mgmtdev", "sim_console", "driver_override", "virtio", "backend", "log", "path",
                log.toString());
        busbar.ok("con", "con3", "console", "write", "text", "one,");
        Path newer = BundleFile.ofDistribution(bundle).version("9.0.0").write(folder.resolve("log9.jar"));
        assertThat(busbar.ok("update", "--volatile", newer.toString())).contains("con3: backend swapped");
        busbar.ok("con", "con3", "console", "write", "text", "two");
        Eventually.within(SOON, () -> content(log).equals("one,two"), () -> content(log));
        remove("con3");
        busbar.ok("update", "io.busbar:" + bundle + ":" + mavenVersion());
    }

    private static String content(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void visit(Path socket) {
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            assertThat(channel.isConnected()).isTrue();
            Eventually.within(SOON, () -> !busbar.ok("vdpa", "dev", "show", "held").contains("LINK_DOWN"),
                    () -> busbar.ok("vdpa", "dev", "show", "held"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Eventually.within(SOON, () -> busbar.ok("vdpa", "dev", "show", "held").contains("LINK_DOWN"),
                () -> busbar.ok("vdpa", "dev", "show", "held"));
    }

    /** It is used before, after a refusal, and after the update. */
    private static void replacedWhileItHolds(String backend, Runnable use, String maker, String... words) {
        List<String> add = new ArrayList<>(List.of("vdpa", "dev", "add", "name", "held", "mgmtdev", maker, "driver_override", "virtio",
                "backend", backend));
        add.addAll(List.of(words));
        busbar.ok(add.toArray(String[]::new));
        use.run();
        String bundle = "io.busbar.backends." + backend;
        String before = detail("held", "backend_bundle");
        assertRefused(BundleFile.ofDistribution(bundle).version("9.0.0"), "held refuses: ");
        assertThat(detail("held", "backend_bundle")).isEqualTo(before);
        use.run();

        Path newer = BundleFile.ofDistribution(bundle).version("9.0.0").write(folder.resolve(backend + "9.jar"));
        assertThat(busbar.ok("update", "--volatile", "--hold", newer.toString()))
                .contains(before + " -> " + bundle + " 9.0.0", "held: backend opened again, held for up to ");
        assertThat(detail("held", "backend_bundle")).isEqualTo(bundle + " 9.0.0");
        assertThat(bundles(bundle)).hasSize(1);
        use.run();
        remove("held");
        busbar.ok("update", "io.busbar:" + bundle + ":" + mavenVersion());
    }

    @Test
    void aBundleThatLacksWhatTheDistributionHasSaysWhichBundleAndFeature() throws IOException {
        busbar.ok("uninstall", "io.busbar.backends.nbd");
        Path needy = BundleFile.ofExample("ram-disk")
                .with("Require-Capability", "busbar.backend;filter:=\"(&(type=block)(name=nbd))\"").write(folder.resolve("needy.jar"));
        var refused = busbar.command("install", needy.toString());
        assertThat(refused.err()).contains("does not resolve: it needs capability busbar.backend (&(type=block)(name=nbd)): bundle"
                + " io.busbar.backends.nbd", "of the distribution has it, which is in the feature", "busbar-block.json");
        assertThat(bundles(RAM)).isEmpty();

        // A feature is installed as a whole, or not at all.
        Path feature = folder.resolve("set.json");
        String nbd = "{\"bundles\": [{\"id\": \"io.busbar:io.busbar.backends.nbd:" + mavenVersion() + "\"}";
        Files.writeString(feature, nbd + ", {\"id\": \"io.busbar:io.busbar.nowhere:1\"}]}");
        assertThat(busbar.command("install", feature.toString()).err()).contains("\"io.busbar:io.busbar.nowhere:1\" is neither in");
        assertThat(bundles("io.busbar.backends.nbd")).isEmpty();
        Files.writeString(feature, nbd + "]}");
        busbar.ok("install", feature.toString(), needy.toString());
        assertThat(bundles("io.busbar.backends.nbd")).hasSize(1);
        busbar.ok("uninstall", RAM);
    }

    @Test
    void aFileOfTheDirectoryIsPluggedInAsLongAsItIsThere() throws Exception {
        Path deploy = busbar.stateDir().resolve("default/deploy");
        Path first = BundleFile.ofExample("ram-disk").version("1.0.0").write(folder.resolve("ram-1.jar"));
        Path second = BundleFile.ofExample("ram-disk").version("2.0.0").write(folder.resolve("ram-2.jar"));
        Path file = deploy.resolve("ram.jar");
        byte[] bytes = Files.readAllBytes(first);

        // Half of it says nothing yet, when another one that was there as early is there already, and gone again.
        Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
        Path other = BundleFile.ofExample("ram-disk").with("Bundle-SymbolicName", OTHER_RAM).version("1.0.0")
                .write(deploy.resolve("other.jar"));
        awaitVersion(OTHER_RAM, "1.0.0");
        assertThat(bundles(RAM)).isEmpty();
        Files.delete(other);
        Eventually.within(SOON, () -> bundles(OTHER_RAM).isEmpty(), () -> busbar.ok("bundle", "list"));
        assertThat(bundles(RAM)).isEmpty();
        long begin = System.nanoTime();
        Files.write(file, bytes);
        awaitVersion("1.0.0");
        long came = System.nanoTime() - begin;
        busbar.ok("vdpa", "dev", "add", "name", "ram2", "mgmtdev", "sim_block", "backend", "ram", "size", "1M");
        try (DiskDriver driver = DiskDriver.at(busbar.socket("ram2"))) {
            driver.writeAndReadBack();
            assertThat(busbar.command("uninstall", RAM).err())
                    .isEqualTo("uninstall: " + RAM + " 1.0.0 is there as long as " + file + " is: change or remove that file\n");
            begin = System.nanoTime();
            Files.move(second, file, StandardCopyOption.REPLACE_EXISTING);
            awaitVersion("2.0.0");
            long changed = System.nanoTime() - begin;
            assertThat(detail("ram2", "backend_bundle")).isEqualTo(RAM + " 2.0.0");
            driver.writeAndReadBack();

            // What cannot be is told, and what was there goes on.
            BundleFile.ofExample("ram-disk").version("3.0.0").with("Bundle-Activator", "no.such.Activator").write(file);
            Eventually.within(SOON, () -> bundles("ram.jar").size() == 1, () -> busbar.ok("bundle", "list"));
            assertThat(bundles("ram.jar").getFirst().get("reason").getAsString()).contains("3.0.0 does not start");
            assertThat(busbar.log()).contains(file + " is not plugged in: ");
            driver.writeAndReadBack();

            begin = System.nanoTime();
            Files.delete(file);
            Eventually.within(SOON, () -> bundles(RAM).isEmpty(), () -> busbar.ok("bundle", "list"));
            long went = System.nanoTime() - begin;
            assertThat(busbar.ok("vdpa", "dev", "show", "ram2")).contains("held", "NO_BACKEND");
            System.out.printf("deploy: there after %d ms, replaced after %d ms, gone after %d ms%n",
                    came / 1_000_000, changed / 1_000_000, went / 1_000_000);
        }
        remove("ram2");
        assertThat(bundles("ram.jar")).isEmpty();
    }

    /** Whoever replaces a file may take the old one away first. The device is swapped, and does not hold in between. */
    @Test
    void aFileThatIsAwayForAMomentIsReplaced() throws IOException {
        Path file = busbar.stateDir().resolve("default/deploy/moment.jar");
        BundleFile.ofExample("ram-disk").version("1.0.0").write(file);
        awaitVersion("1.0.0");
        busbar.ok("vdpa", "dev", "add", "name", "ram3", "mgmtdev", "sim_block", "backend", "ram", "size", "1M");
        try (DiskDriver driver = DiskDriver.at(busbar.socket("ram3"))) {
            driver.write(9, 99);
            for (int i = 2; i <= 6; i++) {
                Path next = BundleFile.ofExample("ram-disk").version(i + ".0.0").write(folder.resolve("next.jar"));
                Files.delete(file);
                Files.move(next, file);
                awaitVersion(i + ".0.0");
                assertThat(detail("ram3", "backend_bundle")).isEqualTo(RAM + " " + i + ".0.0");
                assertThat(detail("ram3", "swaps")).isEqualTo(Integer.toString(i - 1));
            }
            driver.writeAndReadBack();
        }
        Files.delete(file);
        Eventually.within(SOON, () -> bundles(RAM).isEmpty(), () -> busbar.ok("bundle", "list"));
        remove("ram3");
    }

    /** A file of the directory has time: it takes nothing from a swap that a user has asked for. */
    @Test
    void aFileThatChangesWaitsForASwapThatIsUnderWay() throws Exception {
        Path file = busbar.stateDir().resolve("default/deploy/patient.jar");
        BundleFile.ofExample("ram-disk").version("1.0.0").write(file);
        awaitVersion("1.0.0");
        busbar.ok("vdpa", "dev", "add", "name", "ram4", "mgmtdev", "sim_block", "backend", "ram", "size", "64M");
        try (NbdKit slow = NbdKit.at(folder.resolve("slow.sock"), "--filter=delay", "memory", "64M", "wdelay=1000ms")) {
            CompletableFuture<Command> copy = CompletableFuture.supplyAsync(
                    () -> busbar.command("backend", "swap", "ram4", "nbd", "uri", slow.uri(), "--copy"));
            Eventually.within(SOON, () -> !detail("ram4", "copied").isEmpty(), () -> busbar.ok("vdpa", "-d", "dev", "show", "ram4"));
            BundleFile.ofExample("ram-disk").version("2.0.0").write(file);
            Eventually.within(SOON, () -> bundles("patient.jar").stream()
                            .anyMatch(row -> row.get("reason").getAsString().equals("ram4 refuses: another swap of it is under way")),
                    () -> busbar.ok("bundle", "list"));
            assertThat(detail("ram4", "copied")).isNotEmpty();
            busbar.ok("backend", "swap", "ram4", "--cancel");
            assertThat(copy.get().err()).contains("the copy was cancelled");
            awaitVersion("2.0.0");
            assertThat(bundles("patient.jar")).isEmpty();
            assertThat(detail("ram4", "backend_bundle")).isEqualTo(RAM + " 2.0.0");
            assertThat(detail("ram4", "swaps")).isEqualTo("1");
        }
        Files.delete(file);
        Eventually.within(SOON, () -> bundles(RAM).isEmpty(), () -> busbar.ok("bundle", "list"));
        remove("ram4");
    }

    private static void awaitVersion(String version) {
        awaitVersion(RAM, version);
    }

    private static void awaitVersion(String name, String version) {
        Eventually.within(SOON, () -> {
            List<JsonObject> rows = bundles(name);
            return rows.size() == 1 && rows.getFirst().get("version").getAsString().equals(version)
                    && rows.getFirst().get("state").getAsString().equals("active");
        }, () -> busbar.ok("bundle", "list"));
    }

    /** A process of its own: what was installed is there at the next start, and the gate is shut for what it does not know. */
    @Test
    void whatWasInstalledComesBackAndChecksumsCanBeRequired() throws Exception {
        Path directory = folder.resolve("second");
        Path jar = BundleFile.ofExample("ram-disk").version("1.0.0").write(folder.resolve("kept.jar"));
        Path sums = folder.resolve("sums");
        String sum = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(jar)));
        Files.writeString(sums, sum + "  kept.jar\n");
        String configuration = "{\"io.busbar.tools.plug\": {\"requireChecksum\": \"" + sums + "\"}}";
        try (var second = BusbarProcess.in(directory).configuration(configuration).start()) {
            assertThat(second.command("install", BundleFile.ofExample("zero-disk").jar().toString()).err())
                    .contains("which " + sums + " does not have");
            second.ok("install", jar.toString());
            second.ok("vdpa", "dev", "add", "name", "ram0", "mgmtdev", "sim_block", "backend", "ram", "size", "1M");
            assertThat(second.terminate()).isZero();
        }
        Files.delete(jar);
        try (var second = BusbarProcess.in(directory).configuration(configuration).start()) {
            assertThat(second.ok("vdpa", "dev", "show", "ram0", "-d")).contains(RAM + " 1.0.0", "state bound");
            second.terminate();
        }
        Files.writeString(sums, "");
        try (var second = BusbarProcess.in(directory).configuration(configuration).start()) {
            assertThat(second.ok("bundle", "list")).contains("refused", "the checksum of " + jar);
            assertThat(second.ok("vdpa", "dev", "show", "ram0")).contains("NO_BACKEND");
        }
    }
}
