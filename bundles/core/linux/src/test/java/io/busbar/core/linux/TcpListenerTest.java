package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.Socket;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class TcpListenerTest {

    private static Fd accept(TcpListener listener) throws LinuxException {
        Poll.await(listener.fd().number(), Poll.POLLIN, TimeUnit.SECONDS.toNanos(30));
        return listener.accept().orElseThrow();
    }

    @Test
    void who_connects_to_the_loopback_address_is_accepted_and_bytes_go_both_ways() throws Exception {
        try (TcpListener listener = TcpListener.bind(0); Arena arena = Arena.ofConfined()) {
            assertThat(listener.port()).isPositive();
            assertThat(listener.accept()).isEqualTo(Optional.empty());
            try (Socket client = new Socket(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), listener.port());
                    Fd server = accept(listener)) {
                MemorySegment bytes = arena.allocateFrom("xhellox");
                assertThat(StreamIo.read(server.number(), bytes, 0, 1)).isEqualTo(-Errno.EAGAIN);
                assertThat(StreamIo.write(server.number(), bytes, 1, 5)).isEqualTo(5);
                assertThat(client.getInputStream().readNBytes(5)).asString().isEqualTo("hello");
                client.getOutputStream().write('y');
                Poll.await(server.number(), Poll.POLLIN, TimeUnit.SECONDS.toNanos(30));
                assertThat(StreamIo.read(server.number(), bytes, 6, 1)).isEqualTo(1);
                assertThat((char) bytes.get(JAVA_BYTE, 6)).isEqualTo('y');
                assertThat(StreamIo.endOutput(server.number())).isZero();
                assertThat(client.getInputStream().read()).as("the end").isEqualTo(-1);
            }
        }
    }

    @Test
    void a_port_that_is_taken_or_none_is_refused() throws Exception {
        try (TcpListener listener = TcpListener.bind(0)) {
            assertThatThrownBy(() -> TcpListener.bind(listener.port()))
                    .isInstanceOf(LinuxException.class).hasMessageContaining("EADDRINUSE");
        }
        assertThatThrownBy(() -> TcpListener.bind(65_536)).hasMessageContaining("expected 0 to 65535");
    }

    @Test
    void a_range_outside_the_memory_is_refused() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(4);
            assertThatThrownBy(() -> StreamIo.write(1, bytes, 3, 2)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> StreamIo.read(0, bytes, -1, 2)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }
}
