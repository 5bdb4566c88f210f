package io.busbar.backends.nbd;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Base64;
import java.util.List;

/** Folders of certificates, made by the JDK's keytool, in files that nbdkit reads as well. */
final class Certificates {

    private static final String PASSWORD = "changeit";

    private Certificates() {}

    /** Makes one who is trusted for being itself, as server of the given name and as client. */
    static Path selfSigned(Path folder, String name) throws Exception {
        Files.createDirectories(folder);
        Path store = folder.resolve("store.p12");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool").toString(), "-genkeypair", "-alias", "one",
                        "-keyalg", "RSA", "-dname", "CN=" + name, "-ext", "san=dns:" + name, "-ext", "bc=ca:true",
                        "-storetype", "PKCS12", "-keystore", store.toString(), "-storepass", PASSWORD)
                .redirectErrorStream(true).redirectOutput(folder.resolve("keytool.log").toFile()).start();
        if (keytool.waitFor() != 0) {
            throw new IllegalStateException("keytool: " + Files.readString(folder.resolve("keytool.log")));
        }
        write(folder, store);
        return folder;
    }

    private static void write(Path folder, Path file) throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            store.load(in, PASSWORD.toCharArray());
        }
        String certificate = pem("CERTIFICATE", store.getCertificate("one").getEncoded());
        String key = pem("PRIVATE KEY", store.getKey("one", PASSWORD.toCharArray()).getEncoded());
        for (String who : List.of("server", "client")) {
            Files.writeString(folder.resolve(who + "-cert.pem"), certificate);
            Files.writeString(folder.resolve(who + "-key.pem"), key);
        }
        Files.writeString(folder.resolve("ca-cert.pem"), certificate);
    }

    private static String pem(String what, byte[] content) {
        return "-----BEGIN %s-----%n%s%n-----END %s-----%n".formatted(
                what, Base64.getMimeEncoder().encodeToString(content), what);
    }
}
