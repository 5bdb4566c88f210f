package io.busbar.tools.plug;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSigner;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.Certificate;
import java.util.Collections;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Collectors;

/**
 * What a file has to show before it is let in.
 *
 * @param checksums a file as sha256sum writes it: the file's checksum has to be in it, under whatever name
 * @param keystore  has the certificates of which one has to have signed each entry of the jar
 * @param password  of the key store
 */
record Gate(Optional<Path> checksums, Optional<Path> keystore, String password) {

    private static final int HEX_OF_SHA_256 = 64;
    private static final String META_INF = "META-INF/";

    /**
     * Checks a file.
     *
     * @param file which nobody else writes to
     * @throws PlugException why it is not let in
     */
    void check(Path file, String from) throws PlugException {
        if (checksums.isPresent()) {
            checkSum(file, from, checksums.get());
        }
        if (keystore.isPresent()) {
            checkSignature(file, from, keystore.get());
        }
    }

    private static void checkSum(Path file, String from, Path sums) throws PlugException {
        try {
            String sum = sha256(file);
            if (!read(sums).contains(sum)) {
                throw new PlugException("the checksum of " + from + " is " + sum + ", which " + sums + " does not have");
            }
        } catch (IOException e) {
            throw new PlugException("the checksum of " + from + " cannot be checked: " + e, e);
        }
    }

    private static Set<String> read(Path sums) throws IOException {
        return Files.readAllLines(sums).stream()
                .filter(line -> line.length() >= HEX_OF_SHA_256)
                .map(line -> line.substring(0, HEX_OF_SHA_256).toLowerCase(Locale.ROOT))
                .collect(Collectors.toSet());
    }

    private static String sha256(Path file) throws IOException {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible); // Each Java platform has it.
        }
    }

    private void checkSignature(Path file, String from, Path store) throws PlugException {
        try {
            Set<Certificate> trusted = certificates(store);
            try (JarFile jar = new JarFile(file.toFile(), true)) {
                for (JarEntry entry : Collections.list(jar.entries())) {
                    if (!entry.isDirectory() && !isOfTheSignature(entry.getName())) {
                        checkEntry(jar, entry, from, trusted);
                    }
                }
            }
        } catch (SecurityException | IOException | GeneralSecurityException e) {
            throw new PlugException("the signature of " + from + " cannot be checked: " + e.getMessage(), e);
        }
    }

    private Set<Certificate> certificates(Path store) throws IOException, GeneralSecurityException {
        KeyStore keys = KeyStore.getInstance(store.toFile(), password.toCharArray());
        Set<Certificate> certificates = new HashSet<>();
        for (String alias : Collections.list(keys.aliases())) {
            certificates.add(keys.getCertificate(alias));
        }
        return certificates;
    }

    private static boolean isOfTheSignature(String name) {
        String upper = name.toUpperCase(Locale.ROOT);
        return upper.startsWith(META_INF)
                && upper.indexOf('/', META_INF.length()) < 0
                && (upper.equals(META_INF + "MANIFEST.MF") || upper.endsWith(".SF") || upper.endsWith(".RSA")
                        || upper.endsWith(".DSA") || upper.endsWith(".EC"));
    }

    /** Who has signed an entry is known when it was read. */
    private static void checkEntry(JarFile jar, JarEntry entry, String from, Set<Certificate> trusted)
            throws IOException, PlugException {
        try (InputStream content = jar.getInputStream(entry)) {
            content.transferTo(OutputStream.nullOutputStream());
        }
        CodeSigner[] signers = entry.getCodeSigners();
        if (signers == null) {
            throw new PlugException(from + " is not signed: " + entry.getName() + " has no signature");
        }
        for (CodeSigner signer : signers) {
            if (signer.getSignerCertPath().getCertificates().stream().anyMatch(trusted::contains)) {
                return;
            }
        }
        throw new PlugException(from + " is signed by nobody of the key store: " + entry.getName());
    }
}
