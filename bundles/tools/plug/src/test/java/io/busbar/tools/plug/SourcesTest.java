package io.busbar.tools.plug;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.tools.plug.Sources.Source;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SourcesTest {

    @TempDir
    private Path folder;

    private Sources sources;

    @BeforeEach
    void aDistributionAndARepository() throws IOException {
        sources = new Sources(folder.resolve("bundles"), folder.resolve("m2"));
        file("bundles/ram-1.0.jar");
        file("m2/org/example/rom/2.0/rom-2.0.jar");
        file("here/own.jar");
    }

    private Path file(String name) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, "");
    }

    @Test
    void finds_files_and_coordinates() throws Exception {
        assertThat(sources.find("own.jar", folder.resolve("here")))
                .containsExactly(new Source(folder.resolve("here/own.jar"), folder.resolve("here/own.jar").toString()));
        assertThat(sources.find("g:ram:1.0", folder)).containsExactly(new Source(folder.resolve("bundles/ram-1.0.jar"), "g:ram:1.0"));
        assertThat(sources.find("org.example:rom:2.0", folder))
                .containsExactly(new Source(folder.resolve("m2/org/example/rom/2.0/rom-2.0.jar"), "org.example:rom:2.0"));
    }

    @Test
    void a_feature_lists_several() throws Exception {
        Files.writeString(folder.resolve("f.json"),
                "{\"bundles\": [{\"id\": \"g:ram:1.0\", \"bundleStartLevel\": 4}, \"org.example:rom:2.0\"]}");

        assertThat(sources.find("f.json", folder)).extracting(Source::from).containsExactly("g:ram:1.0", "org.example:rom:2.0");
    }

    @Test
    void what_is_nowhere_is_told_with_the_places() throws Exception {
        assertThatThrownBy(() -> sources.find("g:ram:1.1", folder)).isInstanceOf(PlugException.class)
                .hasMessageContaining("neither in the distribution nor in the local Maven repository")
                .hasMessageContaining(folder.resolve("bundles/ram-1.1.jar").toString())
                .hasMessageContaining(folder.resolve("m2/g/ram/1.1/ram-1.1.jar").toString());
        assertThatThrownBy(() -> sources.find("nowhere.jar", folder)).isInstanceOf(PlugException.class)
                .hasMessageContaining("\"nowhere.jar\" is not there");
        Files.writeString(folder.resolve("bad.json"), "[]");
        assertThatThrownBy(() -> sources.find("bad.json", folder)).isInstanceOf(PlugException.class)
                .hasMessageContaining("is no OSGi feature");
        Files.writeString(folder.resolve("ids.json"), "{\"bundles\": [\"ram\"]}");
        assertThatThrownBy(() -> sources.find("ids.json", folder)).isInstanceOf(PlugException.class)
                .hasMessageContaining("lists \"ram\": GROUP:ARTIFACT:VERSION was expected");
    }
}
