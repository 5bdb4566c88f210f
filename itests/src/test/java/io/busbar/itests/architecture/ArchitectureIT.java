package io.busbar.itests.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.itests.Distribution;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The packed bundles against {@link ArchitectureRules}, and the rules against bundles that break them. */
class ArchitectureIT {
    private static final List<BundleFacts> OURS = readOurs();

    static List<BundleFacts> ours() {
        return OURS;
    }

    private static List<BundleFacts> readOurs() {
        var all = new ArrayList<BundleFacts>();
        for (var folder : List.of("bundles", "tools")) {
            try (var files = Files.newDirectoryStream(Distribution.home().resolve(folder), "io.busbar.*.jar")) {
                for (Path file : files) {
                    all.add(BundleFacts.read(file));
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return List.copyOf(all);
    }

    @Test
    void theDistributionHasBundlesOfEachFolder() {
        assertThat(OURS).extracting(BundleFacts::symbolicName).contains(
                "io.busbar.api.vdpa", "io.busbar.core.bus", "io.busbar.drivers.sim", "io.busbar.drivers.vop",
                "io.busbar.drivers.x100",
                "io.busbar.bus-drivers.vhost-user", "io.busbar.bus-drivers.virtio", "io.busbar.bus-drivers.vop",
                "io.busbar.devices.block", "io.busbar.backends.file", "io.busbar.tools.card-os",
                "io.busbar.tools.shell");
    }

    @ParameterizedTest
    @MethodSource("ours")
    void aBundleKeepsTheRulesOfItsFolder(BundleFacts bundle) {
        assertThat(new ArchitectureRules(OURS).violations(bundle)).isEmpty();
    }

    /** The path of a bundle's module is its symbolic name. */
    @ParameterizedTest
    @MethodSource("ours")
    void aBundleIsNamedAfterItsFolder(BundleFacts bundle) {
        var path = bundle.symbolicName().replaceFirst("^io\\.busbar\\.", "").replace('.', '/');

        assertThat(Path.of(System.getProperty("busbar.source"), "bundles", path, "pom.xml")).exists();
    }

    static Stream<BundleFacts> broken() {
        return Stream.of(
                bundle("io.busbar.drivers.x", Set.of(), Set.of("io.busbar.core.queue")),
                bundle("io.busbar.drivers.x", Set.of(), Set.of("io.busbar.backends.y")),
                bundle("io.busbar.drivers.x", Set.of(), Set.of("io.busbar.nowhere")),
                bundle("io.busbar.core.queue", Set.of(), Set.of("io.busbar.core.bus")),
                bundle("io.busbar.core.virtio", Set.of(), Set.of("io.busbar.core.linux")),
                bundle("io.busbar.core.linux", Set.of(), Set.of("io.busbar.api.memory")),
                bundle("io.busbar.api.memory", Set.of(), Set.of("io.busbar.api.vdpa")),
                bundle("io.busbar.api.backend", Set.of(), Set.of("io.busbar.api.device")),
                bundle("io.busbar.api.device", Set.of(), Set.of("io.busbar.api.backend")),
                bundle("io.busbar.tools.x", Set.of(), Set.of("*")),
                bundle("io.busbar.backends.x", Set.of(), Set.of("io.busbar.api.driver")),
                bundle("io.busbar.bus-drivers.vhost-user", Set.of(), Set.of("io.busbar.api.driver")),
                bundle("io.busbar.core.bus", Set.of(), Set.of("io.busbar.api.driver")),
                bundle("io.busbar.api.driver", Set.of(), Set.of("io.busbar.api.vdpa")),
                bundle("io.busbar.devices.x", Set.of("io.busbar.devices.x"), Set.of()),
                new BundleFacts(
                        "io.busbar.bus-drivers.x", Set.of(), Set.of(), Set.of("io.busbar.busdriver.x"), Set.of(), Set.of()),
                new BundleFacts(
                        "io.busbar.drivers.x100", Set.of(), Set.of(), Set.of("io.busbar.drivers.x100.host"),
                        Set.of("io.busbar.drivers.x100.host -> io.busbar.drivers.x100.card"), Set.of()),
                new BundleFacts(
                        "io.busbar.backends.x", Set.of(), Set.of(), Set.of(), Set.of(),
                        Set.of("io.busbar.backends.x.A -> java.lang.foreign.MemorySegment.reinterpret")));
    }

    @ParameterizedTest
    @MethodSource("broken")
    void aBundleThatBreaksOneRuleIsNamed(BundleFacts bundle) {
        assertThat(rulesOfAllThatExport().violations(bundle)).singleElement().asString()
                .startsWith(bundle.symbolicName());
    }

    /** Every package that the broken bundles import is exported by somebody, but one. */
    private static ArchitectureRules rulesOfAllThatExport() {
        var exporters = Stream.of(
                        "io.busbar.api.memory", "io.busbar.api.vdpa", "io.busbar.api.device", "io.busbar.api.backend",
                        "io.busbar.api.driver",
                        "io.busbar.core.linux", "io.busbar.core.virtio", "io.busbar.core.queue", "io.busbar.core.bus",
                        "io.busbar.backends.y")
                .map(name -> bundle(name, Set.of(name), Set.of()))
                .toList();
        return new ArchitectureRules(exporters);
    }

    @Test
    void aRootPackageMayNotHaveTheNameOfAWordOfTheLanguage() {
        var bundle = new BundleFacts("io.busbar.backends.switch", Set.of(), Set.of(),
                Set.of("io.busbar.backends.switch_", "io.busbar.backends.switch_.frame"), Set.of(), Set.of());

        assertThat(rulesOfAllThatExport().violations(bundle)).isEmpty();
    }

    private static BundleFacts bundle(String name, Set<String> exports, Set<String> imports) {
        return new BundleFacts(name, exports, imports, Set.of(name.replace("-", "")), Set.of(), Set.of());
    }

    /** The rule for the card's two sides looks at something. */
    @Test
    void whatABundlesPackagesUseOfEachOtherIsSeen() {
        assertThat(OURS).filteredOn(bundle -> bundle.symbolicName().equals("io.busbar.drivers.x100")).singleElement()
                .extracting(BundleFacts::inside, InstanceOfAssertFactories.collection(String.class))
                .contains("io.busbar.drivers.x100.host -> io.busbar.drivers.x100.link",
                        "io.busbar.drivers.x100.card -> io.busbar.drivers.x100.link",
                        "io.busbar.drivers.x100 -> io.busbar.drivers.x100.link");
    }

    @Test
    void aRestrictedCallIsSeenInAClass() throws IOException {
        assertThat(BundleFacts.nativeAccess(classFileOf(Restricted.class))).singleElement().asString()
                .endsWith("Restricted -> java.lang.foreign.MemorySegment.reinterpret");
    }

    @Test
    void callsThatStayInBoundsAreNotSeen() throws IOException {
        assertThat(BundleFacts.nativeAccess(classFileOf(Bounded.class))).isEmpty();
    }

    private static ClassModel classFileOf(Class<?> type) throws IOException {
        try (var bytes = type.getResourceAsStream("/" + type.getName().replace('.', '/') + ".class")) {
            return ClassFile.of().parse(bytes.readAllBytes());
        }
    }

    private static final class Restricted {
        static MemorySegment grow(MemorySegment segment) {
            return segment.reinterpret(Long.MAX_VALUE);
        }
    }

    private static final class Bounded {
        static MemorySegment part(MemorySegment segment) {
            return segment.asSlice(0, 1);
        }
    }
}
