package io.busbar.tools.shell.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class LineChannelTest {

    @TempDir
    private Path directory;

    @Test
    void a_peer_that_does_not_read_is_given_up_after_the_deadline() throws IOException {
        UnixDomainSocketAddress address = UnixDomainSocketAddress.of(directory.resolve("s"));
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(address);
                SocketChannel deaf = SocketChannel.open(address);
                LineChannel lines = new LineChannel(server.accept(), 100, Duration.ofMillis(100))) {
            assertThat(deaf.isConnected()).isTrue();
            assertThatThrownBy(() -> lines.writeLine("x".repeat(16 << 20))).hasMessage("the client does not read");
        }
    }
}
