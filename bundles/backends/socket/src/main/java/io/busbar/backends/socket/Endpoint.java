package io.busbar.backends.socket;

import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendException.Kind;
import io.busbar.core.linux.Errno;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.SocketInUseException;
import io.busbar.core.linux.TcpListener;
import io.busbar.core.linux.UnixListener;
import io.busbar.core.linux.UnixStream;
import java.nio.file.Path;
import java.util.Optional;

/** A socket that listens. */
sealed interface Endpoint extends AutoCloseable {

    /** Returns the listening socket, non-blocking. */
    Fd fd();

    /** Returns a connection that is waiting, if any: non-blocking. */
    Optional<Fd> accept() throws LinuxException;

    /** Returns where it listens. */
    String address();

    @Override
    void close();

    /** Listens at a path, for the owner of this process alone. */
    static Endpoint unix(Path path) throws BackendException {
        try {
            return new Unix(UnixListener.bind(path));
        } catch (LinuxException e) {
            throw refusal("path " + path, e);
        }
    }

    /** Listens at a port of the loopback address, for every user of this machine. */
    static Endpoint tcp(int port) throws BackendException {
        try {
            return new Tcp(TcpListener.bind(port));
        } catch (LinuxException e) {
            throw refusal("port " + port, e);
        }
    }

    /**
     * Takes over a Unix socket of another process.
     *
     * @param fd its, taken over if the call returns
     */
    static Endpoint unix(Path path, Fd fd) throws LinuxException {
        return new Unix(UnixListener.adopt(fd, path));
    }

    /** Takes over a TCP socket of another process. */
    static Endpoint tcp(Fd fd) throws LinuxException {
        return new Tcp(TcpListener.adopt(fd));
    }

    private static BackendException refusal(String what, LinuxException e) {
        if (e instanceof SocketInUseException || e.errno() == Errno.EADDRINUSE) {
            return new BackendException(Kind.IN_USE, what + ": somebody listens there already", e);
        }
        Kind kind = switch (e.errno()) {
            case Errno.EACCES, Errno.EPERM, Errno.EROFS -> Kind.PERMISSION;
            case Errno.ENOENT, Errno.ENOTDIR -> Kind.NOT_FOUND;
            case Errno.ENAMETOOLONG -> Kind.CONFIG_INVALID;
            case Errno.EEXIST -> Kind.IN_USE;
            default -> Kind.FAILED;
        };
        return new BackendException(kind, what + ": " + e.getMessage(), e);
    }

    /** A Unix socket. */
    record Unix(UnixListener listener) implements Endpoint {

        @Override
        public Fd fd() {
            return listener.fd();
        }

        @Override
        public Optional<Fd> accept() throws LinuxException {
            return listener.accept().map(UnixStream::fd);
        }

        @Override
        public String address() {
            return listener.path().toString();
        }

        @Override
        public void close() {
            listener.close();
        }
    }

    /** A TCP socket. */
    record Tcp(TcpListener listener) implements Endpoint {

        @Override
        public Fd fd() {
            return listener.fd();
        }

        @Override
        public Optional<Fd> accept() throws LinuxException {
            return listener.accept();
        }

        @Override
        public String address() {
            return "127.0.0.1:" + listener.port();
        }

        @Override
        public void close() {
            listener.close();
        }
    }
}
