package io.busbar.itests.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import org.junit.jupiter.api.Test;

/** A console of ours under User Mode Linux. */
final class ConsoleIT extends ConsoleTests {

    @Test
    void aMebibyteOfRandomBytesGoesBothWaysByteForByteThroughANamedPort() throws Exception {
        Uml kernel = kernel("ports", "data", "backend", "socket", "path", file("p").toString());
        GuestJob job = GuestJob.of("""
                set -e
                until grep -qx data /sys/class/virtio-ports/vport0p1/name; do sleep 0.1; done
                exec 4<>/dev/vport0p1
                echo "open"
                head -c 1048576 <&4 >/tmp/port
                cat /tmp/port >&4
                head -c 1 <&4 >/dev/null
                """);
        try (SocketChannel port = connect(file("p.data")); Guest guest = kernel.boot(job)) {
            guest.awaitLine("open"::equals);
            assertThat(echoed(port, 2)).isTrue();
            port.write(ByteBuffer.wrap(new byte[1]));
            guest.awaitSuccess();
        }
        assertThat(count(5, "sent bytes")).isEqualTo(MIB);
    }
}
