package io.busbar.backends.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendException.Kind;
import io.busbar.testkit.TestSettings;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TargetTest {

    private static Target of(String... words) throws BackendException {
        return Target.of(TestSettings.of(words));
    }

    @ParameterizedTest
    @CsvSource({
        "nbd://host, host, 10809, ''",
        "nbd://host/, host, 10809, ''",
        "nbd://host:99/data, host, 99, data",
        "nbd://host//data, host, 10809, /data",
        "nbd://host/a%20b, host, 10809, a b",
        "nbd://[::1]:99/, ::1, 99, ''",
        "nbds://host/data, host, 10809, data",
    })
    void a_uri_leads_to_a_host(String uri, String host, int port, String export) throws BackendException {
        Target target = of("uri", uri);

        assertThat(target.host()).isEqualTo(host);
        assertThat(target.port()).isEqualTo(port);
        assertThat(target.export()).isEqualTo(export);
        assertThat(target.tls().isPresent()).isEqualTo(uri.startsWith("nbds"));
    }

    @ParameterizedTest
    @CsvSource({
        "nbd+unix:///?socket=/run/n.sock, /run/n.sock, ''",
        "nbd+unix:///data?socket=/run/n.sock, /run/n.sock, data",
        "nbds+unix:///?socket=/run/a%20b+c, /run/a b+c, ''",
    })
    void a_uri_leads_to_a_socket(String uri, Path path, String export) throws BackendException {
        Target target = of("uri", uri);

        assertThat(target.path()).isEqualTo(path);
        assertThat(target.export()).isEqualTo(export);
        assertThat(target.server()).isEqualTo("NBD server at " + path);
        assertThat(target.tls().isPresent()).isEqualTo(uri.startsWith("nbds"));
    }

    @Test
    void words_that_are_not_given_have_a_value() throws BackendException {
        Target target = of("uri", "nbd://host");

        assertThat(target.connections()).isEqualTo(4);
        assertThat(target.timeoutSeconds()).isEqualTo(30);
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {
        "uri http://host; uri http://host: expected a scheme of nbd, nbds, nbd+unix, nbds+unix",
        "uri /run/n.sock; uri /run/n.sock: expected a scheme of nbd, nbds, nbd+unix, nbds+unix",
        "uri nbd:///data; uri nbd:///data: expected nbd://HOST[:PORT]/EXPORT",
        "uri nbd://me@host/; uri nbd://me@host/: expected nbd://HOST[:PORT]/EXPORT",
        "uri nbd://host:0/; uri nbd://host:0/: expected a port of 1 to 65535",
        "uri nbd://host:65536/; uri nbd://host:65536/: expected a port of 1 to 65535",
        "uri nbd+unix:///data; uri nbd+unix:///data: expected nbd+unix:///EXPORT?socket=PATH",
        "uri nbd+unix://host/?socket=/x; uri nbd+unix://host/?socket=/x: expected nbd+unix:///EXPORT?socket=PATH",
        "uri nbd+unix:///?socket=n.sock; uri n.sock: expected the absolute name of a file",
        "uri nbd://host connections 0; connections 0: expected a number of 1 to 16",
        "uri nbd://host connections many; connections many: expected a number of 1 to 16",
        "uri nbd://host timeout 3601; timeout 3601: expected a number of 1 to 3600",
        "uri nbd://host tls /x; tls: expected with a uri of scheme nbds or nbds+unix",
        "uri nbd://host tls-name x; tls-name: expected with a uri of scheme nbds or nbds+unix",
        "uri nbds://host tls x; tls x: expected the absolute name of a file",
        "uri nbds://host tls /nowhere; tls /nowhere: expected a folder with a readable file ca-cert.pem",
    })
    void what_is_wrong_is_named(String words, String sentence) {
        BackendException refusal = catchThrowableOfType(BackendException.class, () -> of(words.split(" ")));

        assertThat(refusal).hasMessage(sentence);
        assertThat(refusal.kind()).isEqualTo(Kind.CONFIG_INVALID);
    }

    @Test
    void an_export_has_a_name_that_the_protocol_allows() {
        BackendException refusal = catchThrowableOfType(
                BackendException.class, () -> of("uri", "nbd://host/" + "x".repeat(4097)));

        assertThat(refusal).hasMessage("uri: expected an export's name of up to 4096 bytes");
    }
}
