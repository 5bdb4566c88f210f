package io.busbar.backends.log;

import io.busbar.api.backend.BackendContext;
import io.busbar.api.backend.BackendException.Kind;
import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendType;
import io.busbar.api.backend.ConsoleBackend;
import io.busbar.api.backend.ConsoleSize;
import io.busbar.api.backend.YieldingBackend;
import io.busbar.api.memory.Payload;
import java.lang.foreign.MemorySegment;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * Files, one for each port of the console: {@code FILE} is the console's, {@code FILE.NAME} a named port's. A thread of the backend
 * writes them, so that a slow disk holds up nobody but a guest that writes faster; on a full disk the guest goes on, the device
 * says what is lost, and so does the file when it has room again.
 */
@BackendType(type = BackendType.CONSOLE, name = "log", settings = "path FILE [rotate SIZE] [keep N]")
public final class LogBackend implements ConsoleBackend, YieldingBackend {

    private static final int DEFAULT_KEEP = 5;
    private static final int MAX_KEEP = 999;
    private static final long LEAST_ROTATE = 4096;
    private static final long END_MILLIS = 5_000;

    private final BackendContext context;
    private final List<LogPort> ports = new ArrayList<>();
    private final Thread thread;
    private volatile boolean closing;
    private volatile boolean waiting;
    private String trouble = "";

    /**
     * Opens the files.
     *
     * @param context the surroundings
     * @throws BackendException if a word is wrong or a file cannot be written
     */
    public LogBackend(BackendContext context) throws BackendException {
        this.context = context;
        Path path = path(context.settings().required("path"));
        long rotate = context.settings().size("rotate").orElse(Long.MAX_VALUE);
        int keep = keep(context.settings().text("keep"));
        if (rotate < LEAST_ROTATE) {
            throw invalid("rotate of " + rotate + " bytes: expected at least " + LEAST_ROTATE);
        }
        try {
            for (int i = 0; i < context.channels().size(); i++) {
                Path file = i == 0 ? path : path.resolveSibling(path.getFileName() + "." + context.channels().get(i));
                ports.add(new LogPort(LogFile.open(file, rotate, keep)));
            }
        } catch (BackendException e) {
            ports.forEach(LogPort::close);
            throw e;
        }
        thread = Thread.ofPlatform().daemon().name("busbar-" + context.deviceName() + "-log").start(this::run);
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
        throw invalid("path " + text + ": expected the name of a file");
    }

    private static int keep(Optional<String> text) throws BackendException {
        if (text.isEmpty()) {
            return DEFAULT_KEEP;
        }
        try {
            int keep = Integer.parseInt(text.get());
            if (keep >= 0 && keep <= MAX_KEEP) {
                return keep;
            }
        } catch (NumberFormatException e) {
            // Told below.
        }
        throw invalid("keep " + text.get() + ": expected a number from 0 to " + MAX_KEEP);
    }

    private static BackendException invalid(String sentence) {
        return new BackendException(Kind.CONFIG_INVALID, sentence);
    }

    @Override
    public long write(int port, MemorySegment bytes, long offset, long length) {
        long taken = ports.get(port).write(bytes, offset, length);
        // After a volatile store of what was taken; the thread says that it waits before it looks at that.
        if (waiting) {
            LockSupport.unpark(thread);
        }
        return taken;
    }

    /** Two openings of one file both write at its end. */
    @Override
    public void yieldStorage() {
        ports.forEach(LogPort::yieldFile);
    }

    @Override
    public void reclaimStorage() throws BackendException {
        for (LogPort port : ports) {
            port.reclaimFile();
        }
    }

    private void run() {
        while (!closing) {
            waiting = true;
            if (ports.stream().allMatch(LogPort::isEmpty)) {
                LockSupport.park(this);
            }
            waiting = false;
            drain();
        }
        drain();
        ports.forEach(LogPort::close);
    }

    private void drain() {
        for (int i = 0; i < ports.size(); i++) {
            ports.get(i).drain();
            if (ports.get(i).takeHeld()) {
                context.writable(i);
            }
        }
        tellTrouble();
    }

    private void tellTrouble() {
        String now = ports.stream().map(LogPort::trouble).filter(text -> !text.isEmpty()).findFirst().orElse("");
        if (!now.equals(trouble)) {
            trouble = now;
            if (now.isEmpty()) {
                context.recovered();
            } else {
                context.failed(now);
            }
        }
    }

    @Override
    public long read(int port, Payload into) {
        return 0;
    }

    @Override
    public int visitor(int port) {
        return ALWAYS;
    }

    @Override
    public Optional<ConsoleSize> size(int port) {
        return Optional.empty();
    }

    @Override
    public void close() {
        closing = true;
        LockSupport.unpark(thread);
        try {
            thread.join(END_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
