package io.busbar.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a distribution that is not whole says. */
class BusbarFrameworkTest {
    private static final long DEADLINE_MILLIS = 60_000;

    @TempDir
    private Path directory;

    private void bundle(String name, Map<String, String> headers) throws IOException {
        var manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().putValue("Bundle-ManifestVersion", "2");
        manifest.getMainAttributes().putValue("Bundle-SymbolicName", name);
        headers.forEach(manifest.getMainAttributes()::putValue);
        new JarOutputStream(Files.newOutputStream(directory.resolve(name + "-1.jar")), manifest).close();
    }

    private String failureOf(Feature.BundleId... bundles) throws Exception {
        var framework = new BusbarFramework(directory, directory.resolve("cache"));
        try {
            var features = List.of(new Feature("some", List.of(bundles), List.of()));
            return catchThrowableOfType(
                            UsageException.class, () -> framework.start(features, Map.of()))
                    .getMessage();
        } finally {
            assertThat(framework.stop(DEADLINE_MILLIS)).isTrue();
        }
    }

    @Test
    void aMissingFileIsNamed() throws Exception {
        assertThat(failureOf(new Feature.BundleId("gone-1.jar", 1)))
                .contains("gone-1.jar is missing")
                .contains(directory.toString());
    }

    @Test
    void aMissingRequirementIsNamed() throws Exception {
        bundle("needy", Map.of("Import-Package", "no.such.thing;version=\"[1,2)\""));

        assertThat(failureOf(new Feature.BundleId("needy-1.jar", 1)))
                .contains("bundle needy did not start")
                .contains("no.such.thing");
    }

    @Test
    void anActivatorThatFailsIsNamed() throws Exception {
        bundle("faulty", Map.of("Bundle-Activator", "no.such.Activator"));

        assertThat(failureOf(new Feature.BundleId("faulty-1.jar", 1)))
                .contains("bundle faulty did not start")
                .contains("no.such.Activator");
    }

    @Test
    void everyBundleThatFailsIsNamedAtOnce() throws Exception {
        bundle("needy", Map.of("Import-Package", "no.such.thing"));

        assertThat(failureOf(new Feature.BundleId("needy-1.jar", 1), new Feature.BundleId("gone-1.jar", 2)))
                .contains("needy")
                .contains("gone-1.jar");
    }
}
