package io.busbar.features;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.felix.feature.impl.FeatureServiceImpl;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.osgi.service.feature.Feature;
import org.osgi.service.feature.FeatureBundle;

/** The feature files, read by an implementation of the Feature service (OSGi Compendium 8.1, chapter 159). */
class FeaturesTest {
    private static final Path DIRECTORY = Path.of("target/classes/features");
    private static final Pattern BUNDLE_MODULE = Pattern.compile("<module>bundles/([^<]+)</module>");
    /** Runs outside the framework, on the class path of a load generator. */
    private static final String BENCH = "io.busbar.tools.bench";

    static List<Path> files() throws IOException {
        try (var files = Files.list(DIRECTORY)) {
            return files.sorted().toList();
        }
    }

    private static Feature read(Path file) {
        try (var reader = Files.newBufferedReader(file)) {
            return new FeatureServiceImpl().readFeature(reader);
        } catch (IOException e) {
            throw new AssertionError(file + " is not readable", e);
        }
    }

    @ParameterizedTest
    @MethodSource("files")
    void isAValidFeatureWithTheNameOfItsFile(Path file) {
        var feature = read(file);

        assertThat(feature.getName()).hasValue(file.getFileName().toString().replaceFirst("\\.json$", ""));
        assertThat(feature.getDescription()).isPresent();
        assertThat(feature.getBundles()).isNotEmpty();
    }

    /** The service leaves out what it does not understand, such as a bundle that is a plain string. */
    @ParameterizedTest
    @MethodSource("files")
    void everyBundleOfTheFileIsUnderstood(Path file) throws IOException {
        var ids = Files.readString(file).split("\"bundleStartLevel\"", -1).length - 1;

        assertThat(read(file).getBundles()).hasSize(ids);
    }

    @ParameterizedTest
    @MethodSource("files")
    void everyBundleHasAStartLevelAndAVersionWithoutPlaceholder(Path file) {
        assertThat(read(file).getBundles()).allSatisfy(bundle -> {
            assertThat(bundle.getID().getVersion()).doesNotContain("$");
            assertThat(Integer.parseInt(bundle.getMetadata().get("bundleStartLevel").toString())).isBetween(1, 9);
        });
    }

    @Test
    void everyBundleOfTheReactorIsInExactlyOneFeature() throws IOException {
        var modules = BUNDLE_MODULE.matcher(Files.readString(Path.of(System.getProperty("reactor.pom")))).results()
                .map(found -> "io.busbar." + found.group(1).replace('/', '.'))
                .filter(name -> !name.equals(BENCH));

        assertThat(artifacts().filter(name -> name.startsWith("io.busbar.")))
                .containsExactlyInAnyOrderElementsOf(modules.toList());
    }

    @Test
    void noBundleIsInTwoFeatures() throws IOException {
        assertThat(artifacts()).doesNotHaveDuplicates();
    }

    private static Stream<String> artifacts() throws IOException {
        return files().stream()
                .flatMap(file -> read(file).getBundles().stream())
                .map(FeatureBundle::getID)
                .map(id -> id.getArtifactId());
    }
}
