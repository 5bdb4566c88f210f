package io.busbar.itests.baseline;

import static org.assertj.core.api.Assertions.assertThat;

import aQute.bnd.service.diff.Tree;
import aQute.bnd.service.diff.Type;
import io.busbar.itests.Distribution;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The API bundles against the committed baseline in {@code itests/baseline}. After a change that is meant, raise the
 * version of the package in its package-info as the failure says; {@code ./busbar baseline --update} accepts the API as
 * it is, for the first release or a new one.
 */
class ApiBaselineIT {
    private static final Path DIRECTORY = Path.of(System.getProperty("busbar.source"), "itests/baseline");

    static List<Path> bundles() throws Exception {
        try (var files = Files.list(Distribution.home().resolve("bundles"))) {
            return files.filter(file -> file.getFileName().toString().startsWith("io.busbar.api."))
                    .sorted()
                    .toList();
        }
    }

    private static Path baselineOf(Path bundle) {
        return DIRECTORY.resolve(bundle.getFileName().toString().replaceFirst("-[0-9].*", ".txt"));
    }

    @BeforeAll
    static void acceptWhatIsThereIfAsked() throws Exception {
        if (Boolean.getBoolean("busbar.baseline.update")) {
            for (var bundle : bundles()) {
                ApiBaseline.ofBundle(bundle).write(baselineOf(bundle));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("bundles")
    void versionsFitTheChangesSinceTheBaseline(Path bundle) throws Exception {
        assertThat(baselineOf(bundle)).exists();

        assertThat(ApiBaseline.ofBundle(bundle).faultsSince(ApiBaseline.read(baselineOf(bundle)))).isEmpty();
    }

    @Test
    void noBaselineIsLeftOfABundleThatIsGone() throws Exception {
        try (var files = Files.list(DIRECTORY)) {
            assertThat(files).containsExactlyInAnyOrderElementsOf(
                    bundles().stream().map(ApiBaselineIT::baselineOf).toList());
        }
    }

    @ParameterizedTest
    @MethodSource("bundles")
    void whatIsWrittenIsReadAgain(Path bundle) throws Exception {
        var lines = TreeText.write(ApiBaseline.ofBundle(bundle).tree());

        assertThat(TreeText.write(TreeText.read(lines))).isEqualTo(lines);
    }

    private static final List<String> ACCEPTED = List.of(
            "API <api> (+CHANGED -CHANGED)",
            "  PACKAGE some.api",
            "    INTERFACE some.api.Disk",
            "      METHOD read(long)",
            "        RETURN int",
            "    VERSION 0.3.0 (+IGNORED -IGNORED)");

    @Test
    void anApiThatIsAsItWasNeedsNoNewVersion() throws Exception {
        assertThat(faults(ACCEPTED)).isEmpty();
    }

    @Test
    void aRemovedMethodNeedsANewMajorVersion() throws Exception {
        assertThat(faults(without("read", "RETURN")))
                .singleElement().asString()
                .contains("some.api has version 0.3.0", "need 1.0.0", "REMOVED METHOD read(long)");
    }

    @Test
    void aRemovedMethodIsFineInANewMajorVersion() throws Exception {
        assertThat(faults(withVersion("1.0.0", without("read", "RETURN")))).isEmpty();
    }

    @Test
    void anAddedTypeNeedsANewMinorVersion() throws Exception {
        var more = Stream.concat(ACCEPTED.stream(), Stream.of("    INTERFACE some.api.Tape")).toList();

        assertThat(faults(more)).singleElement().asString().contains("need 0.4.0");
        assertThat(faults(withVersion("0.4.0", more))).isEmpty();
    }

    @Test
    void aChangedReturnTypeNeedsANewMajorVersion() throws Exception {
        var changed = ACCEPTED.stream().map(line -> line.replace("RETURN int", "RETURN long")).toList();

        assertThat(faults(changed)).singleElement().asString().contains("need 1.0.0");
    }

    private static List<String> faults(List<String> now) throws Exception {
        return new ApiBaseline(TreeText.read(now)).faultsSince(new ApiBaseline(TreeText.read(ACCEPTED)));
    }

    private static List<String> without(String... words) {
        return ACCEPTED.stream()
                .filter(line -> Arrays.stream(words).noneMatch(line::contains))
                .toList();
    }

    private static List<String> withVersion(String version, List<String> lines) {
        return lines.stream().map(line -> line.replace("0.3.0", version)).toList();
    }

    /** A class's own methods are in the baseline, those that it has from the JDK are not. */
    @Test
    void methodsOfTheJdkAreNoPartOfTheApi() throws Exception {
        var backend = Distribution.home().resolve("bundles");
        try (var files = Files.newDirectoryStream(backend, "io.busbar.api.*.jar")) {
            for (var file : files) {
                assertThat(methods(ApiBaseline.ofBundle(file).tree())).doesNotContain("wait()", "hashCode()", "finalize()");
            }
        }
    }

    private static Stream<String> methods(Tree.Data element) {
        var own = element.type == Type.METHOD ? Stream.of(element.name) : Stream.<String>empty();
        return Stream.concat(own, Arrays.stream(TreeText.children(element)).flatMap(ApiBaselineIT::methods));
    }
}
