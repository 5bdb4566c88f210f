package io.busbar.backends.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendException.Kind;
import io.busbar.api.backend.BlockStatus;
import io.busbar.testkit.TestBackendContext;
import io.busbar.testkit.TestRequest;
import io.busbar.testkit.machine.Eventually;
import io.busbar.testkit.machine.NbdKit;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Encryption, against nbdkit. */
@Timeout(120)
class TlsTest {

    private static final int MIB = 1 << 20;

    @TempDir
    static Path certificates;

    private static Path ours;
    private static Path strangers;

    @TempDir
    Path folder;

    private NbdKit server;

    @BeforeAll
    static void makeCertificates() throws Exception {
        ours = Certificates.selfSigned(certificates.resolve("ours"), "localhost");
        strangers = Certificates.selfSigned(certificates.resolve("strangers"), "localhost");
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private String serve(String... arguments) {
        server = NbdKit.at(folder.resolve("nbd.sock"), arguments);
        return server.uri().replace("nbd+", "nbds+");
    }

    private String serveEncrypted() {
        return serve("--tls=require", "--tls-certificates=" + ours, "--tls-verify-peer", "memory", "64M");
    }

    private static BackendException refused(String... words) {
        return catchThrowableOfType(BackendException.class, () -> new NbdBackend(TestBackendContext.of(words)).close());
    }

    private static byte[] random(int bytes) {
        byte[] content = new byte[bytes];
        new Random(bytes).nextBytes(content);
        return content;
    }

    @Test
    void what_goes_either_way_is_encrypted_and_both_show_who_they_are() throws BackendException {
        try (NbdBackend disk = new NbdBackend(TestBackendContext.of("uri", serveEncrypted(), "tls", ours.toString()))) {
            byte[] content = random(5 * MIB + 512);
            assertThat(TestRequest.write(512, content).on(disk)).isEqualTo(BlockStatus.OK);

            TestRequest read = TestRequest.read(512, content.length);
            assertThat(read.on(disk)).isEqualTo(BlockStatus.OK);
            assertThat(Arrays.equals(read.payload().bytes(), content)).isTrue();
            Eventually.that(() -> disk.details().get("connected").equals("4"), () -> "connections: " + disk.details());
        }
    }

    @Test
    void a_connection_that_breaks_is_encrypted_again() throws Exception {
        Path image = folder.resolve("disk.img");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(MIB);
        }
        String[] plugin = {"--tls=require", "--tls-certificates=" + ours, "file", image.toString()};
        try (NbdBackend disk = new NbdBackend(TestBackendContext.of("uri", serve(plugin), "tls", ours.toString()))) {
            server.close();
            TestRequest write = TestRequest.write(0, random(4096));
            TestRequest.submit(disk, write);
            serve(plugin);

            assertThat(write.await()).isEqualTo(BlockStatus.OK);
            assertThat(Arrays.copyOf(Files.readAllBytes(image), 4096)).isEqualTo(random(4096));
        }
    }

    @Test
    void a_server_that_nobody_vouches_for_is_not_talked_to() {
        String uri = serve("--tls=require", "--tls-certificates=" + ours, "memory", "1M");

        BackendException refusal = refused("uri", uri, "tls", strangers.toString());
        assertThat(refusal.kind()).isEqualTo(Kind.PERMISSION);
        assertThat(refusal).hasMessageContaining("and we do not trust each other");
        assertThat(refused("uri", uri).kind()).isEqualTo(Kind.PERMISSION);
    }

    @Test
    void a_server_of_another_name_is_not_talked_to() {
        BackendException refusal = refused("uri", serveEncrypted(), "tls", ours.toString(), "tls-name", "elsewhere");

        assertThat(refusal.kind()).isEqualTo(Kind.PERMISSION);
        assertThat(refusal).hasMessageContaining("and we do not trust each other").hasMessageContaining("elsewhere");
    }

    @Test
    void a_server_that_encrypts_is_not_talked_to_without() {
        BackendException refusal = refused("uri", serveEncrypted().replace("nbds", "nbd"));

        assertThat(refusal.kind()).isEqualTo(Kind.PERMISSION);
        assertThat(refusal).hasMessageContaining("wants encryption");
    }

    @Test
    void a_server_that_does_not_encrypt_is_not_talked_to_if_that_is_wanted() {
        BackendException refusal = refused("uri", serve("memory", "1M"), "tls", ours.toString());

        assertThat(refusal.kind()).isEqualTo(Kind.PERMISSION);
        assertThat(refusal).hasMessageContaining("does not encrypt");
    }

    @Test
    void files_that_are_no_certificates_are_named() throws Exception {
        String uri = serveEncrypted();
        Path odd = Files.createDirectories(folder.resolve("odd"));
        Files.writeString(odd.resolve("ca-cert.pem"), "");
        assertThat(refused("uri", uri, "tls", odd.toString())).hasMessageStartingWith("tls " + odd + ": ");

        Files.copy(ours.resolve("ca-cert.pem"), odd.resolve("client-cert.pem"));
        Files.writeString(odd.resolve("ca-cert.pem"), Files.readString(ours.resolve("ca-cert.pem")));
        Files.writeString(odd.resolve("client-key.pem"), "no key");
        assertThat(refused("uri", uri, "tls", odd.toString())).hasMessage("tls " + odd
                + ": client-key.pem: expected a key in PKCS #8, which begins with BEGIN PRIVATE KEY");
    }
}
