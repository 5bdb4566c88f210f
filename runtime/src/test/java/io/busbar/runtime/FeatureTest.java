package io.busbar.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Features as OSGi Compendium 8.1, chapter 159 writes them. */
class FeatureTest {
    @TempDir
    private Path directory;

    private Feature read(String json) throws UsageException, IOException {
        return Feature.read(Files.writeString(directory.resolve("some.json"), json));
    }

    @Test
    void bundlesHaveFilesAndStartLevels() throws Exception {
        var feature = read("""
                {"bundles": [{"id": "g:a:1.0", "bundleStartLevel": 4}, {"id": "g:b:2.0-SNAPSHOT"}],
                 "configurations": {"some.pid": {"key": "value"}}}""");

        assertThat(feature.name()).isEqualTo("some");
        assertThat(feature.bundles())
                .containsExactly(new Feature.BundleId("a-1.0.jar", 4), new Feature.BundleId("b-2.0-SNAPSHOT.jar", 1));
        assertThat(feature.configurations()).extracting(PidProperties::pid).containsExactly("some.pid");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
        "{'bundles': [{'id': 'g:a'}]}           | group:artifact:version",
        "{'bundles': [{'name': 'a'}]}           | has no",
        "{'bundles': ['g:a:1']}                 | some.json",
        "{'bundles': {}}                        | some.json",
        "{'bundles': [{'id': 'g:a:1', 'bundleStartLevel': 10}]} | start level 10",
        "{'bundles': [{'id': 'g:a:1', 'bundleStartLevel': 0}]}  | start level 0",
        "{'configurations': 3}                  | some.json",
        "not json                               | some.json"
    })
    void whatIsNoFeatureIsRefused(String json, String named) {
        assertThatExceptionOfType(UsageException.class)
                .isThrownBy(() -> read(json))
                .withMessageContaining("some.json is not an OSGi feature")
                .withMessageContaining(named);
    }

    @Test
    void aDirectoryWithoutFeaturesIsNoDistribution() {
        assertThatExceptionOfType(UsageException.class)
                .isThrownBy(() -> Feature.readAll(directory))
                .withMessage("no features in " + directory + ", a distribution of Busbar was expected");
    }
}
