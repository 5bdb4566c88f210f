package io.busbar.backends.pty;

import io.busbar.api.backend.BackendContext;
import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendException.Kind;
import io.busbar.api.backend.BackendState;
import io.busbar.api.backend.BackendType;
import io.busbar.api.backend.ConsoleBackend;
import io.busbar.api.backend.ConsoleSize;
import io.busbar.api.backend.DetailedBackend;
import io.busbar.api.backend.HandoverBackend;
import io.busbar.api.backend.PolledBackend;
import io.busbar.api.memory.Payload;
import io.busbar.core.linux.DescriptorThread;
import io.busbar.core.linux.Errno;
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
 * Pseudo-terminals, one for each port of the console: raw, and there whether or not somebody has them open. With {@code link FILE}
 * the console's is also at {@code FILE}, and a named port's at {@code FILE.NAME}.
 */
@BackendType(type = BackendType.CONSOLE, name = "pty", settings = "[link FILE]")
public final class PtyBackend implements ConsoleBackend, PolledBackend, DetailedBackend, HandoverBackend {

    private final List<PtyPort> ports = new ArrayList<>();
    private final List<Link> links = new ArrayList<>();
    private final Map<String, String> details = new LinkedHashMap<>();
    private final DescriptorThread thread;
    /** No other process has the terminals: the links are this one's. */
    private volatile boolean alone;

    /**
     * Makes the terminals, or takes over those of another process.
     *
     * @param context the surroundings
     * @throws BackendException if they, or the links, cannot be made, or what was handed over is not known
     */
    public PtyBackend(BackendContext context) throws BackendException {
        Optional<String> link = context.settings().text("link");
        alone = context.predecessor().isEmpty();
        List<PortState> before = alone ? List.of() : PortState.read(context.predecessor().get(), context.channels().size());
        try {
            thread = DescriptorThread.start("busbar-" + context.deviceName() + "-pty");
        } catch (LinuxException e) {
            throw refusal(e);
        }
        try {
            for (int i = 0; i < context.channels().size(); i++) {
                open(context, i, link, before);
            }
        } catch (BackendException e) {
            close();
            throw e;
        } catch (LinuxException e) {
            close();
            throw refusal(e);
        }
    }

    private void open(BackendContext context, int index, Optional<String> link, List<PortState> before)
            throws BackendException, LinuxException {
        String suffix = index == 0 ? "" : "." + context.channels().get(index);
        PtyPort port = before.isEmpty()
                ? PtyPort.open(index, context, thread)
                : PtyPort.adopt(index, context, thread, before.get(index));
        ports.add(port);
        details.put("pty" + suffix, port.path().toString());
        if (link.isPresent()) {
            links.add(Link.make(path(link.get() + suffix), port.path()));
        }
    }

    private static Path path(String text) throws BackendException {
        try {
            Path path = Path.of(text);
            if (path.getFileName() != null) {
                return path;
            }
        } catch (InvalidPathException e) {
            // Told below.
        }
        throw new BackendException(Kind.CONFIG_INVALID, "link " + text + ": expected the name of a file");
    }

    private static BackendException refusal(LinuxException e) {
        Kind kind = switch (e.errno()) {
            case Errno.ENOENT -> Kind.NOT_FOUND;
            case Errno.EACCES, Errno.EPERM -> Kind.PERMISSION;
            case Errno.ENOSPC -> Kind.NO_SPACE;
            default -> Kind.FAILED;
        };
        return new BackendException(kind, "no terminal can be made: " + e.getMessage(), e);
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
        return ports.get(port).size();
    }

    @Override
    public int readableDescriptor(int channel) {
        return ports.get(channel).descriptor();
    }

    @Override
    public int writableDescriptor(int channel) {
        return ports.get(channel).descriptor();
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
        alone = true;
        thread.execute(() -> ports.forEach(PtyPort::goOn));
    }

    @Override
    public Map<String, String> details() {
        return Collections.unmodifiableMap(details);
    }

    @Override
    public void close() {
        thread.close();
        if (alone) {
            links.forEach(Link::remove);
        }
        ports.forEach(PtyPort::close);
    }
}
