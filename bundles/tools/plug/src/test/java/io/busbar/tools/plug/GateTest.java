package io.busbar.tools.plug;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GateTest {

    private static final String PASSWORD = "changeit";

    @TempDir
    private Path folder;

    private Path bundle() throws IOException {
        return Jars.write(folder.resolve("ram.jar"), "Bundle-SymbolicName", "ram");
    }

    @Test
    void lets_any_in_if_nothing_is_required() throws Exception {
        new Gate(Optional.empty(), Optional.empty(), "").check(bundle(), "ram.jar");
    }

    @Test
    void lets_in_whose_checksum_is_listed_and_nobody_else() throws Exception {
        Path bundle = bundle();
        String sum = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(bundle)));
        Path sums = folder.resolve("sums");
        Gate gate = new Gate(Optional.of(sums), Optional.empty(), "");
        assertThatThrownBy(() -> gate.check(bundle, "ram.jar")).isInstanceOf(PlugException.class).hasMessageContaining("cannot be checked");

        Files.writeString(sums, "0".repeat(64) + "  ram.jar\n");
        assertThatThrownBy(() -> gate.check(bundle, "ram.jar")).isInstanceOf(PlugException.class)
                .hasMessage("the checksum of ram.jar is " + sum + ", which " + sums + " does not have");

        Files.writeString(sums, sum + " *any.jar\n");
        assertThatCode(() -> gate.check(bundle, "ram.jar")).doesNotThrowAnyException();
    }

    @Test
    void lets_in_what_a_certificate_of_the_key_store_has_signed_and_nothing_else() throws Exception {
        Path trusted = keys("trusted");
        Path others = keys("others");
        Path bundle = bundle();
        Gate gate = new Gate(Optional.empty(), Optional.of(trusted), PASSWORD);
        assertThatThrownBy(() -> gate.check(bundle, "ram.jar")).isInstanceOf(PlugException.class)
                .hasMessage("ram.jar is not signed: content has no signature");

        tool("jarsigner", "-keystore", others.toString(), "-storepass", PASSWORD, bundle.toString(), "others");
        assertThatThrownBy(() -> gate.check(bundle, "ram.jar")).isInstanceOf(PlugException.class)
                .hasMessageContaining("is signed by nobody of the key store");

        Path signed = Jars.write(folder.resolve("signed.jar"), "Bundle-SymbolicName", "ram");
        tool("jarsigner", "-keystore", trusted.toString(), "-storepass", PASSWORD, signed.toString(), "trusted");
        assertThatCode(() -> gate.check(signed, "signed.jar")).doesNotThrowAnyException();

        Path added = addEntry(signed);
        assertThatThrownBy(() -> gate.check(added, "added.jar")).isInstanceOf(PlugException.class)
                .hasMessage("added.jar is not signed: META-INF/sub/added has no signature");
    }

    private Path keys(String name) throws Exception {
        Path store = folder.resolve(name + ".p12");
        tool("keytool", "-genkeypair", "-alias", name, "-dname", "CN=" + name, "-keyalg", "EC", "-validity", "30",
                "-keystore", store.toString(), "-storepass", PASSWORD);
        return store;
    }

    private static void tool(String name, String... words) throws Exception {
        List<String> command = new ArrayList<>(List.of(System.getProperty("java.home") + "/bin/" + name));
        command.addAll(List.of(words));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes());
        if (process.waitFor() != 0) {
            throw new AssertionError(command + ": " + output);
        }
    }

    private Path addEntry(Path jar) throws IOException {
        Path added = folder.resolve("added.jar");
        try (ZipInputStream from = new ZipInputStream(Files.newInputStream(jar));
                ZipOutputStream to = new ZipOutputStream(Files.newOutputStream(added))) {
            for (ZipEntry entry = from.getNextEntry(); entry != null; entry = from.getNextEntry()) {
                to.putNextEntry(new ZipEntry(entry.getName()));
                from.transferTo(to);
                to.closeEntry();
            }
            to.putNextEntry(new ZipEntry("META-INF/sub/added"));
            to.closeEntry();
        }
        return added;
    }
}
