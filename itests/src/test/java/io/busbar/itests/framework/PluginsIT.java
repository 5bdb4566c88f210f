package io.busbar.itests.framework;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.BusSnapshot;
import io.busbar.api.vdpa.BusSnapshot.Kind;
import io.busbar.api.vdpa.BusSnapshot.State;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.itests.Eventually;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.zip.ZipException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;

/** A bundle with a backend in a capability is all that it takes, and what is wrong with one is told. */
@ExtendWith(InFramework.class)
class PluginsIT {
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final String OUTER = BackendsToPlug.class.getName();

    private final List<Bundle> installed = new ArrayList<>();
    private BundleContext context;

    @BeforeEach
    void begin(BundleContext inside) {
        context = inside;
    }

    @AfterEach
    void end() throws Exception {
        for (var device : bus().snapshot().devices()) {
            bus().devDel(device.name());
        }
        for (Bundle bundle : installed) {
            if (bundle.getState() != Bundle.UNINSTALLED) {
                bundle.uninstall();
            }
        }
    }

    private VdpaBus bus() {
        return context.getService(context.getServiceReference(VdpaBus.class));
    }

    /** Installs and starts a bundle that claims that a class is a backend. */
    private Bundle plug(String className, String version, String capability) throws Exception {
        var manifest = new Manifest();
        var main = manifest.getMainAttributes();
        main.put(Attributes.Name.MANIFEST_VERSION, "1.0");
        main.putValue("Bundle-ManifestVersion", "2");
        main.putValue("Bundle-SymbolicName", "test.backend");
        main.putValue("Bundle-Version", version);
        main.putValue("Import-Package", "io.busbar.api.backend;version=\"[0.1,1)\"");
        main.putValue("Provide-Capability", capability);
        var bytes = new ByteArrayOutputStream();
        try (var jar = new JarOutputStream(bytes, manifest)) {
            for (String one : List.of(className, OUTER + "$Null")) {
                addClass(jar, one);
            }
        }
        var bundle = context.installBundle(
                "test:" + capability + version, new ByteArrayInputStream(bytes.toByteArray()));
        installed.add(bundle);
        bundle.start();
        return bundle;
    }

    private static void addClass(JarOutputStream jar, String className) throws Exception {
        String path = className.replace('.', '/') + ".class";
        try (InputStream content = PluginsIT.class.getClassLoader().getResourceAsStream(path)) {
            if (content != null) {
                try {
                    jar.putNextEntry(new JarEntry(path));
                } catch (ZipException _) {
                    return; // It is in there already.
                }
                content.transferTo(jar);
                jar.closeEntry();
            }
        }
    }

    private static String capability(String name, String type, String className) {
        return "busbar.backend;type=" + type + ";name=" + name + ";class=\"" + className + "\"";
    }

    private BusSnapshot.Part part(String name) {
        return bus().snapshot().parts().stream()
                .filter(part -> part.kind() == Kind.BACKEND && part.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private void add(String device, String backend, Map<String, String> words) throws VdpaException {
        var all = new LinkedHashMap<String, String>(words);
        all.put("backend", backend);
        all.put(VdpaBus.DRIVER_OVERRIDE, "none");
        bus().devAdd("sim_block", new AddRequest(device, all), false);
    }

    private BusSnapshot.Device shown(String name) {
        return bus().snapshot().devices().stream()
                .filter(device -> device.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aBackendIsThereWhileItsBundleIsActive(BundleContext inside) throws Exception {
        var bundle = plug(OUTER + "$Null", "1", capability("null", "block", OUTER + "$Null"));
        assertThat(part("null").health().ok()).isTrue();
        assertThat(part("null").origin()).isEqualTo("test.backend 1.0.0");
        add("disk0", "null", Map.of());
        assertThat(shown("disk0").details()).containsEntry("backend_bundle", "test.backend 1.0.0");

        bundle.stop();
        assertThat(bus().snapshot().parts()).extracting(BusSnapshot.Part::name).doesNotContain("null");
        assertThat(shown("disk0").state()).isEqualTo(State.HELD);
    }

    @Test
    void aNewerBundleBesideTheOldOneTakesOverWhenThatGoes(BundleContext inside) throws Exception {
        var old = plug(OUTER + "$Null", "1", capability("null", "block", OUTER + "$Null"));
        add("disk0", "null", Map.of());
        plug(OUTER + "$Null", "2", capability("null", "block", OUTER + "$Null"));
        assertThat(shown("disk0").details()).containsEntry("backend_bundle", "test.backend 1.0.0");
        old.uninstall();
        Eventually.within(
                DEADLINE,
                () -> shown("disk0").details().get("backend_bundle").equals("test.backend 2.0.0"),
                () -> "the device still has " + shown("disk0").details());
        assertThat(shown("disk0").state()).isEqualTo(State.UNBOUND);
    }

    @Test
    void whatABackendSaysReachesTheUser(BundleContext inside) throws Exception {
        plug(OUTER + "$Null", "1", capability("null", "block", OUTER + "$Null"));
        var refusal = catchThrowableOfType(VdpaException.class, () -> add("disk0", "null", Map.of("fail", "yes")));
        assertThat(refusal.error()).isEqualTo(VdpaError.ENOENT);
        assertThat(refusal).hasMessage("fail was asked for");
        var unknown = catchThrowableOfType(VdpaException.class, () -> add("disk0", "null", Map.of("sise", "1G")));
        assertThat(unknown).hasMessageStartingWith("unknown word sise: backend null knows fail");
        assertThat(bus().snapshot().devices()).isEmpty();
    }

    @Test
    void aBackendThatThrowsHarmsNobody(BundleContext inside) throws Exception {
        plug(OUTER + "$Throwing", "1", capability("throwing", "block", OUTER + "$Throwing"));
        var refusal = catchThrowableOfType(VdpaException.class, () -> add("disk0", "throwing", Map.of()));
        assertThat(refusal.reason()).isEqualTo(Reason.BACKEND_FAILED);
        assertThat(refusal).hasMessageContaining("throwing").hasMessageContaining("oops");
        assertThat(bus().snapshot().devices()).isEmpty();
    }

    @Test
    void aClassThatCannotBeOneIsShownWithTheReason(BundleContext inside) throws Exception {
        plug(OUTER + "$NoBackend", "1", capability("b1", "block", OUTER + "$NoBackend"));
        plug(OUTER + "$WithoutConstructor", "2", capability("b2", "block", OUTER + "$WithoutConstructor"));
        plug(OUTER + "$Null", "3", capability("b3", "block", "test.Missing"));
        plug(OUTER + "$Null", "4", capability("b4", "teapot", OUTER + "$Null"));
        plug(OUTER + "$Null", "5", "busbar.backend;type=block;name=b5");

        assertThat(List.of("b1", "b2", "b3", "b4", "b5"))
                .allSatisfy(name -> assertThat(part(name).health().reason()).isEqualTo(Reason.CONFIG_INVALID));
        assertThat(part("b1").health().sentence()).contains("has to implement io.busbar.api.backend.BlockBackend");
        assertThat(part("b2").health().sentence()).contains("needs a public constructor with one BackendContext");
        assertThat(part("b3").health().sentence()).contains("class test.Missing cannot be loaded");
        assertThat(part("b4").health().sentence()).contains("type teapot: expected one of [block, console, net]");
        assertThat(part("b5").health().sentence()).contains("needs type, name and class");
        assertThat(catchThrowableOfType(VdpaException.class, () -> add("disk0", "b1", Map.of())).reason())
                .isEqualTo(Reason.NO_BACKEND);
    }
}
