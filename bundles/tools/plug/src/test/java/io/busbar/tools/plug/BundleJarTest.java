package io.busbar.tools.plug;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.tools.plug.BundleJar.BrokenException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BundleJarTest {

    @TempDir
    private Path folder;

    @Test
    void names_its_parts_and_packages() throws Exception {
        BundleJar jar = BundleJar.read(Jars.write(folder.resolve("a.jar"),
                "Bundle-SymbolicName", "test.ram;singleton:=true", "Bundle-Version", "1.2.3",
                "Export-Package", "test.ram;version=\"2.0\"",
                "Provide-Capability", "busbar.backend;type=block;name=ram;class=X,busbar.device;type=block;name=blk;class=Y"));

        assertThat(jar.origin()).isEqualTo("test.ram 1.2.3");
        assertThat(jar.hasBackend("ram")).isTrue();
        assertThat(jar.hasBackend("rom")).isFalse();
        assertThat(jar.hasModel()).isTrue();
        assertThat(jar.offers()).extracting(BundleJar.Offer::namespace)
                .containsExactly("osgi.wiring.package", "busbar.backend", "busbar.device");
    }

    /** At each length at which somebody may still be writing. */
    @Test
    void a_part_of_a_jar_is_broken_and_may_become_one() throws Exception {
        Path whole = Jars.write(folder.resolve("a.jar"), "Bundle-SymbolicName", "a");
        byte[] bytes = Files.readAllBytes(whole);
        for (int length = 0; length < bytes.length; length++) {
            Path part = Files.write(folder.resolve("part.jar"), Arrays.copyOf(bytes, length));
            assertThatThrownBy(() -> BundleJar.read(part)).as("%d bytes", length).isInstanceOf(BrokenException.class);
        }
    }

    /** As when a jar is written over another one, from its beginning, and the table at the end is that of before. */
    @Test
    void a_jar_with_a_whole_table_and_other_content_is_broken() throws Exception {
        Path file = Jars.write(folder.resolve("a.jar"), "Bundle-SymbolicName", "a");
        byte[] bytes = Files.readAllBytes(file);
        Arrays.fill(bytes, bytes.length / 3, bytes.length / 3 + 8, (byte) 0x55);
        Files.write(file, bytes);

        assertThatThrownBy(() -> BundleJar.read(file)).isInstanceOf(BrokenException.class);
    }

    @Test
    void a_jar_that_is_no_bundle_is_told() throws Exception {
        Path file = Jars.write(folder.resolve("a.jar"));

        assertThatThrownBy(() -> BundleJar.read(file)).isInstanceOf(PlugException.class)
                .hasMessage(file + " is no bundle: its manifest has no Bundle-SymbolicName");
        assertThatThrownBy(() -> BundleJar.read(folder.resolve("nowhere.jar"))).isInstanceOf(PlugException.class)
                .hasMessageContaining("is not there");
    }
}
