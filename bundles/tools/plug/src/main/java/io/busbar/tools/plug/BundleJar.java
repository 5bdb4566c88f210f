package io.busbar.tools.plug;

import io.busbar.api.backend.BackendType;
import io.busbar.api.device.DeviceModelType;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.zip.ZipInputStream;
import org.osgi.framework.Version;
import org.osgi.framework.namespace.PackageNamespace;

/**
 * What the manifest of a bundle in a file says.
 *
 * @param symbolicName Bundle-SymbolicName
 * @param version      Bundle-Version
 * @param offers       what it exports and what else it offers
 */
record BundleJar(String symbolicName, Version version, List<Offer> offers) {

    /**
     * A capability.
     *
     * @param namespace  its namespace
     * @param attributes its attributes
     */
    record Offer(String namespace, Map<String, Object> attributes) {

        /** Returns an attribute that is a text; empty if there is none. */
        String text(String name) {
            return attributes.get(name) instanceof String text ? text.strip() : "";
        }
    }

    /** It is not whole, or not yet. */
    static final class BrokenException extends Exception {

        private static final long serialVersionUID = 1;

        BrokenException(IOException cause) {
            super(cause.toString(), cause);
        }
    }

    /**
     * Reads a file, all of it.
     *
     * @param file the file
     * @throws PlugException   if it is not there, or no bundle
     * @throws BrokenException if it is no jar: it may become one, as long as somebody writes it
     */
    static BundleJar read(Path file) throws PlugException, BrokenException {
        try {
            if (!Files.isRegularFile(file)) {
                throw new PlugException(file + " is not there: a bundle's jar was expected");
            }
            readThrough(file);
            return of(file, manifest(file));
        } catch (NoSuchFileException _) {
            throw new PlugException(file + " is not there: a bundle's jar was expected");
        } catch (IOException e) {
            throw new BrokenException(e);
        }
    }

    /** The table at a jar's end says nothing of what is before it: each entry has a checksum. */
    private static void readThrough(Path file) throws IOException {
        try (InputStream bytes = Files.newInputStream(file); ZipInputStream entries = new ZipInputStream(bytes)) {
            while (entries.getNextEntry() != null) {
                entries.transferTo(OutputStream.nullOutputStream());
            }
        }
    }

    private static Attributes manifest(Path file) throws IOException {
        try (JarFile jar = new JarFile(file.toFile(), false)) {
            Manifest manifest = jar.getManifest();
            return manifest == null ? new Attributes() : manifest.getMainAttributes();
        }
    }

    private static BundleJar of(Path file, Attributes manifest) throws PlugException {
        try {
            List<Clause> names = Clause.parse(manifest.getValue("Bundle-SymbolicName"));
            if (names.size() != 1 || names.getFirst().name().isEmpty()) {
                throw new PlugException(file + " is no bundle: its manifest has no Bundle-SymbolicName");
            }
            return new BundleJar(names.getFirst().name(),
                    Version.parseVersion(manifest.getValue("Bundle-Version")), offers(manifest));
        } catch (IllegalArgumentException wrong) {
            throw new PlugException(file + " is no bundle: " + wrong.getMessage(), wrong);
        }
    }

    private static List<Offer> offers(Attributes manifest) {
        List<Offer> offers = new ArrayList<>();
        for (Clause exported : Clause.parse(manifest.getValue("Export-Package"))) {
            Map<String, Object> attributes = new HashMap<>(exported.attributes());
            attributes.put(PackageNamespace.PACKAGE_NAMESPACE, exported.name());
            attributes.compute(PackageNamespace.CAPABILITY_VERSION_ATTRIBUTE,
                    (_, version) -> version == null ? Version.emptyVersion : Version.parseVersion(version.toString()));
            offers.add(new Offer(PackageNamespace.PACKAGE_NAMESPACE, attributes));
        }
        for (Clause provided : Clause.parse(manifest.getValue("Provide-Capability"))) {
            offers.add(new Offer(provided.name(), provided.attributes()));
        }
        return List.copyOf(offers);
    }

    /** Returns symbolic name and version, as the bus names a bundle. */
    String origin() {
        return symbolicName + " " + version;
    }

    /** Returns whether it has a backend of that name. */
    boolean hasBackend(String name) {
        return offers.stream().anyMatch(offer ->
                offer.namespace().equals(BackendType.NAMESPACE) && offer.text("name").equals(name));
    }

    /** Returns whether it has a device model. */
    boolean hasModel() {
        return offers.stream().anyMatch(offer -> offer.namespace().equals(DeviceModelType.NAMESPACE));
    }
}
