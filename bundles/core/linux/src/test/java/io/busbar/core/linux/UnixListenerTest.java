package io.busbar.core.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.testkit.machine.OpenDescriptors;
import io.busbar.testkit.machine.Prerequisite;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class UnixListenerTest {
    private static final long SECOND = 1_000_000_000L;
    private static final int UMASK = NativeAccess.X86_64 ? 95 : 166;

    @TempDir
    private Path directory;
    private Path path;

    @BeforeEach
    void choosePath() {
        path = directory.resolve("disk0.sock");
    }

    @Test
    void a_client_connects_and_is_accepted() throws Exception {
        try (UnixListener listener = UnixListener.bind(path)) {
            assertThat(listener.accept()).isEmpty();
            try (UnixStream client = UnixStream.connect(path, 0);
                    UnixStream server = listener.accept(SECOND).orElseThrow()) {
                assertThat(server.peer().pid()).isEqualTo((int) ProcessHandle.current().pid());
                assertThat(client.peer()).isEqualTo(server.peer());
            }
        }
    }

    @Test
    void waiting_for_a_client_ends_when_its_time_is_over() throws Exception {
        try (UnixListener listener = UnixListener.bind(path)) {
            assertThat(listener.accept(1_000_000)).isEmpty();
        }
    }

    @Test
    void the_socket_file_is_the_owners_only_unless_told_otherwise() throws Exception {
        try (UnixListener listener = UnixListener.bind(path)) {
            assertThat(permissions(listener.path())).isEqualTo("rw-------");
        }
    }

    @Test
    void the_mode_is_exactly_the_one_asked_for_whatever_the_umask() throws Exception {
        long before = Syscall.call(UMASK, 0077);
        try (UnixListener listener = UnixListener.bind(path, 0666, UnixListener.UNCHANGED, UnixListener.UNCHANGED)) {
            assertThat(permissions(listener.path())).isEqualTo("rw-rw-rw-");
        } finally {
            Syscall.call(UMASK, before);
        }
    }

    @Test
    void the_owner_and_group_are_the_ones_asked_for() throws Exception {
        Prerequisite.requireRoot();
        try (UnixListener listener = UnixListener.bind(path, 0660, 65534, 65533)) {
            assertThat(Files.getAttribute(listener.path(), "unix:uid")).isEqualTo(65534);
            assertThat(Files.getAttribute(listener.path(), "unix:gid")).isEqualTo(65533);
            assertThat(permissions(path)).isEqualTo("rw-rw----");
        }
    }

    @Test
    void another_user_cannot_connect_to_an_owner_only_socket() throws Exception {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        try (UnixListener listener = UnixListener.bind(path)) {
            assertThatThrownBy(() -> AsNobody.call(() -> UnixStream.connect(path, 0)))
                    .hasMessage("connect to " + listener.path() + ": Permission denied (EACCES)");
        }
    }

    @Test
    void no_permission_in_the_directory_is_an_error_that_names_the_path() {
        assertThatThrownBy(() -> AsNobody.call(() -> UnixListener.bind(path)))
                .isInstanceOf(LinuxException.class)
                .hasMessage("bind a socket to " + path + ": Permission denied (EACCES)");
    }

    @Test
    void a_missing_directory_is_an_error_that_names_the_path() {
        Path missing = directory.resolve("no such directory").resolve("x.sock");

        assertThatThrownBy(() -> UnixListener.bind(missing))
                .hasMessage("bind a socket to " + missing + ": No such file or directory (ENOENT)");
    }

    @Test
    void a_path_of_107_bytes_works_and_one_of_108_is_an_error_that_says_so() throws Exception {
        String prefix = directory + "/";
        Path longest = Path.of(prefix + "x".repeat(107 - prefix.length()));
        Path tooLong = Path.of(longest + "x");

        try (UnixListener listener = UnixListener.bind(longest); UnixStream client = UnixStream.connect(longest, 0)) {
            assertThat(listener.accept(SECOND)).isPresent();
            assertThat(client.fd().isOpen()).isTrue();
        }
        assertThatThrownBy(() -> UnixListener.bind(tooLong)).isInstanceOf(LinuxException.class)
                .hasMessage("use socket path " + tooLong + ": it has 108 bytes, expected 1 to 107 (ENAMETOOLONG)");
    }

    @Test
    void a_path_with_a_listener_is_refused_and_the_listener_goes_on() throws Exception {
        try (UnixListener listener = UnixListener.bind(path)) {
            assertThatThrownBy(() -> UnixListener.bind(path)).isInstanceOf(SocketInUseException.class)
                    .hasMessage("listen at " + path + ": another process is listening there (EADDRINUSE)");

            listener.accept().ifPresent(UnixStream::close); // the question that was asked
            try (UnixStream client = UnixStream.connect(path, 0)) {
                assertThat(listener.accept(SECOND)).isPresent();
                assertThat(client.fd().isOpen()).isTrue();
            }
        }
    }

    @Test
    void a_listener_whose_backlog_is_full_is_in_use_too() throws Exception {
        List<UnixStream> clients = new ArrayList<>();
        try (UnixListener listener = UnixListener.bind(path)) {
            fillBacklog(clients);
            assertThatThrownBy(() -> UnixListener.bind(path)).isInstanceOf(SocketInUseException.class);
            assertThatThrownBy(() -> UnixStream.connect(listener.path(), 1_000_000)).hasMessageContaining("EAGAIN");
        } finally {
            clients.forEach(UnixStream::close);
        }
    }

    @Test
    void a_stale_socket_file_is_replaced() throws Exception {
        leaveStaleSocket();

        try (UnixListener listener = UnixListener.bind(path); UnixStream client = UnixStream.connect(path, 0)) {
            assertThat(listener.accept(SECOND)).isPresent();
            assertThat(client.fd().isOpen()).isTrue();
        }
    }

    @Test
    void of_many_that_find_a_stale_file_at_once_exactly_one_listens() throws Exception {
        leaveStaleSocket();
        AtomicInteger listening = new AtomicInteger();
        AtomicInteger refused = new AtomicInteger();
        CountDownLatch start = new CountDownLatch(1);
        List<UnixListener> listeners = Collections.synchronizedList(new ArrayList<>());
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            threads.add(Thread.ofPlatform().start(() -> {
                try {
                    start.await();
                    listeners.add(UnixListener.bind(path));
                    listening.incrementAndGet();
                } catch (SocketInUseException inUse) {
                    refused.incrementAndGet();
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
            }));
        }
        start.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(listening).hasValue(1);
        assertThat(refused).hasValue(7);
        UnixStream.connect(path, 0).close();
        listeners.forEach(UnixListener::close);
    }

    @Test
    void a_file_that_is_not_a_socket_is_left_alone() throws Exception {
        Files.writeString(path, "precious");

        assertThatThrownBy(() -> UnixListener.bind(path)).isInstanceOf(LinuxException.class)
                .isNotInstanceOf(SocketInUseException.class)
                .hasMessage("listen at " + path + ": a file that is not a socket is there (EEXIST)");
        assertThat(path).hasContent("precious");
    }

    @Test
    void a_symbolic_link_is_left_alone() throws Exception {
        Path target = directory.resolve("target");
        Files.createSymbolicLink(path, target);

        assertThatThrownBy(() -> UnixListener.bind(path)).hasMessageContaining("EEXIST");
        assertThat(path).isSymbolicLink();
        assertThat(target).doesNotExist();
    }

    @Test
    void closing_removes_the_socket_file() throws Exception {
        UnixListener listener = UnixListener.bind(path);
        listener.close();
        listener.close();

        assertThat(path).doesNotExist();
    }

    @Test
    void closing_leaves_the_socket_of_a_successor() throws Exception {
        UnixListener first = UnixListener.bind(path);
        Files.delete(path);
        try (UnixListener second = UnixListener.bind(path)) {
            first.close();

            assertThat(second.path()).exists();
        }
    }

    @Test
    void failures_and_successes_leave_no_descriptor_open() throws Exception {
        OpenDescriptors before = OpenDescriptors.now();
        for (int i = 0; i < 20; i++) {
            try (UnixListener listener = UnixListener.bind(path)) {
                assertThatThrownBy(() -> UnixListener.bind(path)).isInstanceOf(SocketInUseException.class);
                assertThatThrownBy(() -> UnixStream.connect(directory.resolve("nobody"), 0))
                        .hasMessageContaining("ENOENT");
                listener.accept().ifPresent(UnixStream::close);
            }
        }
        before.awaitNoMore("in the end");
    }

    private void leaveStaleSocket() throws Exception {
        UnixListener dead = UnixListener.bind(path);
        dead.fd().close();
        assertThat(path).exists();
    }

    private void fillBacklog(List<UnixStream> clients) throws Exception {
        while (true) {
            try {
                clients.add(UnixStream.connect(path, 0));
            } catch (LinuxException e) {
                assertThat(e.errno()).isEqualTo(Errno.EAGAIN);
                return;
            }
        }
    }

    private static String permissions(Path path) throws Exception {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }
}
