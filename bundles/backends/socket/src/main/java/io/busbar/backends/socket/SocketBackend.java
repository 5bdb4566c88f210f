package io.busbar.backends.socket;

import io.busbar.api.backend.BackendContext;
import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendException.Kind;
import io.busbar.api.backend.BackendState;
import io.busbar.api.backend.BackendType;
import io.busbar.api.backend.ConsoleBackend;
import io.busbar.api.backend.ConsoleSize;
import io.busbar.api.backend.DetailedBackend;
import io.busbar.api.backend.HandoverBackend;
import io.busbar.api.memory.Payload;
import io.busbar.core.linux.DescriptorThread;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import java.lang.foreign.MemorySegment;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Sockets, one for each port of the console: {@code path FILE} is the console's, {@code FILE.NAME} a named port's;
 * {@code port N} is the console's, the next numbers are the named ports', in their order. One connection at a time reads and
 * types; one that reads slowly holds the guest back.
 */
@BackendType(type = BackendType.CONSOLE, name = "socket", settings = "[path FILE] [port N]")
public final class SocketBackend implements ConsoleBackend, DetailedBackend, HandoverBackend {

    private static final String PATH = "path";
    private static final String PORT = "port";
    private static final int MAX_PORT = 65_535;

    private final List<SocketPort> ports = new ArrayList<>();
    private final Map<String, String> details = new LinkedHashMap<>();
    private final DescriptorThread thread;

    /**
     * Listens, or takes over the sockets of another process.
     *
     * @param context the surroundings
     * @throws BackendException if it cannot, or what was handed over is not known
     */
    public SocketBackend(BackendContext context) throws BackendException {
        Optional<String> path = context.settings().text(PATH);
        Optional<String> port = context.settings().text(PORT);
        if (path.isPresent() == port.isPresent()) {
            throw invalid(path.isPresent() ? "path and port: expected one of them" : "path is missing: expected path FILE"
                    + " for a Unix socket, or port N for a TCP port of the loopback address");
        }
        List<PortState> before = context.predecessor().isEmpty()
                ? List.of()
                : PortState.read(context.predecessor().get(), context.channels().size());
        thread = start(context.deviceName());
        try {
            for (int i = 0; i < context.channels().size(); i++) {
                String name = context.channels().get(i);
                if (before.isEmpty()) {
                    open(context, i, path.isPresent() ? unix(path.get(), i, name) : tcp(port.orElseThrow(), i)).start();
                } else {
                    Fd listener = before.get(i).listener();
                    open(context, i, path.isPresent() ? Endpoint.unix(path(path.get(), i, name), listener) : Endpoint.tcp(listener))
                            .start(before.get(i));
                }
            }
        } catch (BackendException e) {
            close();
            throw e;
        } catch (LinuxException e) {
            close();
            throw new BackendException(Kind.FAILED, e.getMessage(), e);
        }
    }

    private SocketPort open(BackendContext context, int index, Endpoint endpoint) {
        SocketPort opened = new SocketPort(index, endpoint, context, thread);
        ports.add(opened);
        details.put(index == 0 ? "address" : "address." + context.channels().get(index), opened.address());
        return opened;
    }

    private static DescriptorThread start(String device) throws BackendException {
        try {
            return DescriptorThread.start("busbar-" + device + "-socket");
        } catch (LinuxException e) {
            throw new BackendException(Kind.FAILED, e.getMessage(), e);
        }
    }

    private static Endpoint unix(String path, int index, String name) throws BackendException {
        return Endpoint.unix(path(path, index, name));
    }

    private static Path path(String path, int index, String name) throws BackendException {
        try {
            return Path.of(index == 0 ? path : path + "." + name);
        } catch (InvalidPathException e) {
            throw invalid("path " + path + ": expected the name of a file");
        }
    }

    private static Endpoint tcp(String text, int index) throws BackendException {
        int first = number(text);
        if (first < 0 || first > MAX_PORT) {
            throw invalid("port " + text + ": expected a number from 0 to " + MAX_PORT + ", 0 for one that is free");
        }
        if (first + index > MAX_PORT) {
            throw invalid("port " + text + ": expected room up to " + MAX_PORT + " for the named ports");
        }
        return Endpoint.tcp(first == 0 ? 0 : first + index);
    }

    private static int number(String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    private static BackendException invalid(String sentence) {
        return new BackendException(Kind.CONFIG_INVALID, sentence);
    }

    @Override
    public long write(int port, MemorySegment bytes, long offset, long length) {
        return ports.get(port).write(bytes, offset, length);
    }

    @Override
    public long read(int port, Payload into) {
        return ports.get(port).read(into);
    }

    @Override
    public int visitor(int port) {
        return ports.get(port).visitor();
    }

    @Override
    public Optional<ConsoleSize> size(int port) {
        return Optional.empty();
    }

    @Override
    public BackendState handOver() throws BackendException {
        List<PortState> states = new ArrayList<>();
        try {
            thread.call(() -> ports.forEach(port -> states.add(port.handOver())));
        } catch (LinuxException e) {
            throw new BackendException(Kind.FAILED, e.getMessage(), e);
        }
        return PortState.write(states);
    }

    @Override
    public void goOn() {
        thread.execute(() -> ports.forEach(SocketPort::goOn));
    }

    @Override
    public Map<String, String> details() {
        return Collections.unmodifiableMap(details);
    }

    @Override
    public void close() {
        thread.close();
        ports.forEach(SocketPort::close);
    }
}
