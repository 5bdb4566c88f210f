package io.busbar.backends.nbd;

import io.busbar.api.backend.BackendException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/**
 * Certificates from a folder, in files named as nbdkit, libnbd and QEMU name them: {@code ca-cert.pem}, who signed the
 * server's; and, if the server wants to know who we are, {@code client-cert.pem} and {@code client-key.pem}. Without a
 * folder those are trusted whom the JDK trusts.
 */
final class TlsSetup {

    private static final String AUTHORITY = "ca-cert.pem";
    private static final String CERTIFICATE = "client-cert.pem";
    private static final String KEY = "client-key.pem";
    private static final List<String> KEY_KINDS = List.of("RSA", "EC", "EdDSA");
    private static final char[] NO_PASSWORD = {};

    private final SSLContext context;
    private final String name;

    private TlsSetup(SSLContext context, String name) {
        this.context = context;
        this.name = name;
    }

    /**
     * Reads the certificates.
     *
     * @param folder where they are, or null
     * @param name   the name that the server's certificate has to have
     * @throws BackendException that names the file that is missing or of no use
     */
    static TlsSetup of(Path folder, String name) throws BackendException {
        if (folder != null && !Files.isReadable(folder.resolve(AUTHORITY))) {
            throw Target.invalid("tls " + folder + ": expected a folder with a readable file " + AUTHORITY);
        }
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            if (folder == null) {
                context.init(null, null, null);
            } else {
                context.init(keys(folder), trust(folder), null);
            }
            return new TlsSetup(context, name);
        } catch (IOException | GeneralSecurityException e) {
            throw Target.invalid("tls " + folder + ": " + e.getMessage());
        }
    }

    private static TrustManager[] trust(Path folder) throws IOException, GeneralSecurityException {
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(authorities(folder.resolve(AUTHORITY)));
        return trust.getTrustManagers();
    }

    private static KeyStore empty() throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    private static KeyStore authorities(Path file) throws IOException, GeneralSecurityException {
        KeyStore store = empty();
        int number = 0;
        for (Certificate certificate : certificates(file)) {
            store.setCertificateEntry("authority" + number++, certificate);
        }
        return store;
    }

    private static KeyManager[] keys(Path folder) throws IOException, GeneralSecurityException {
        if (!Files.exists(folder.resolve(CERTIFICATE))) {
            return null; // The JDK's way to say that there are none.
        }
        KeyStore store = empty();
        store.setKeyEntry("client", key(folder.resolve(KEY)), NO_PASSWORD,
                certificates(folder.resolve(CERTIFICATE)).toArray(Certificate[]::new));
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, NO_PASSWORD);
        return keys.getKeyManagers();
    }

    private static Collection<? extends Certificate> certificates(Path file) throws IOException, GeneralSecurityException {
        try (InputStream in = Files.newInputStream(file)) {
            Collection<? extends Certificate> found = CertificateFactory.getInstance("X.509").generateCertificates(in);
            if (found.isEmpty()) {
                throw new IOException(file.getFileName() + " has no certificate in it");
            }
            return found;
        }
    }

    private static PrivateKey key(Path file) throws IOException, GeneralSecurityException {
        String text = Files.readString(file);
        int begin = text.indexOf("-----BEGIN PRIVATE KEY-----");
        int end = text.indexOf("-----END PRIVATE KEY-----");
        if (begin < 0 || end < begin) {
            throw new IOException(file.getFileName() + ": expected a key in PKCS #8, which begins with BEGIN PRIVATE KEY");
        }
        String base64 = text.substring(text.indexOf('\n', begin), end);
        PKCS8EncodedKeySpec encoded = new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(base64));
        for (String kind : KEY_KINDS) {
            try {
                return KeyFactory.getInstance(kind).generatePrivate(encoded);
            } catch (InvalidKeySpecException _) {
                // The next kind, then.
            }
        }
        throw new IOException(file.getFileName() + ": expected a key of one of " + KEY_KINDS);
    }

    /** Makes the client's end of a session with the server. */
    SSLEngine engine() {
        SSLEngine engine = context.createSSLEngine(name, -1);
        engine.setUseClientMode(true);
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS"); // The name is compared with the certificate's.
        parameters.setProtocols(new String[] {"TLSv1.3", "TLSv1.2"});
        engine.setSSLParameters(parameters);
        return engine;
    }
}
