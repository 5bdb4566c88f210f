package io.busbar.examples.ramdisk;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.jar.Attributes;
import java.util.jar.JarFile;
import org.junit.jupiter.api.Test;

/** The jar is a bundle from which Busbar finds the backend. */
class RamDiskBundleIT {

    @Test
    void its_manifest_offers_the_backend_and_imports_the_api_alone() throws Exception {
        try (JarFile jar = new JarFile(System.getProperty("bundle.file"))) {
            Attributes manifest = jar.getManifest().getMainAttributes();

            assertThat(manifest.getValue("Bundle-SymbolicName")).isEqualTo("io.busbar.examples.ram-disk");
            assertThat(manifest.getValue("Provide-Capability"))
                    .contains("busbar.backend;", "class=\"" + RamDisk.class.getName() + "\"", "name=ram", "type=block");
            assertThat(manifest.getValue("Import-Package").replaceAll(";version=\"[^\"]*\"", ""))
                    .isEqualTo("io.busbar.api.backend,io.busbar.api.memory");
        }
    }
}
