package io.busbar.tools.upgrade;

import io.busbar.api.vdpa.HandoverBus;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.linux.UnixListener;
import io.busbar.core.linux.UnixStream;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The old process's side: the process that takes over, from its start, and how it is spoken to. One thread. */
final class NewProcess implements HandoverBus.Successor, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(NewProcess.class);
    private static final Duration START = Duration.ofSeconds(60);
    private static final Duration OPENING = Duration.ofSeconds(30);
    private static final Duration ADOPTING = Duration.ofSeconds(10);
    private static final Duration SEND = Duration.ofSeconds(5);
    /** Of a process that does not hear us any more: what it said is here, or comes no more. */
    private static final Duration LAST_WORDS = Duration.ofMillis(100);
    /** From SIGKILL to the end. */
    private static final Duration KILLED = Duration.ofSeconds(2);
    private static final long LOOK_NANOS = 100_000_000;

    private final Process process;
    private final RecordChannel channel;
    private final String version;
    /** Past the point of no return. */
    private boolean committed;
    private long stoppedAt;
    private Pause pause = Pause.NONE;

    private NewProcess(Process process, RecordChannel channel, String version) {
        this.process = process;
        this.channel = channel;
        this.version = version;
    }

    /**
     * Starts it, and waits until it is up.
     *
     * @param command   starts it; the option with the socket is added
     * @param directory where the socket is made, and what it prints kept
     * @param quiet     whether what it prints goes to a file there, and not to where this process's output goes
     * @throws VdpaException why it is not up; it has ended then
     */
    static NewProcess start(List<String> command, Path directory, boolean quiet) throws VdpaException {
        Path socket = directory.resolve("upgrade.sock");
        File output = directory.resolve("log/upgrade.log").toFile();
        try (UnixListener listener = UnixListener.bind(socket)) {
            List<String> words = new ArrayList<>(command);
            words.addAll(List.of("--take-over", socket.toString()));
            ProcessBuilder builder = new ProcessBuilder(words)
                    .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                    .redirectOutput(quiet ? ProcessBuilder.Redirect.to(output) : ProcessBuilder.Redirect.INHERIT)
                    .redirectError(quiet ? ProcessBuilder.Redirect.appendTo(output) : ProcessBuilder.Redirect.INHERIT);
            Process process = builder.start();
            try {
                RecordRehearsal.run();
                return greet(process, listener);
            } catch (VdpaException | IOException refused) {
                end(process);
                throw refused;
            }
        } catch (IOException e) {
            throw new VdpaException(VdpaError.EIO, Reason.INTERNAL, "the new process does not come up: " + e.getMessage()
                    + (quiet ? "; what it printed is in " + output : ""), e);
        }
    }

    private static NewProcess greet(Process process, UnixListener listener) throws VdpaException, IOException {
        UnixStream stream = accept(process, listener);
        int peer = stream.peer().pid();
        if (peer != process.pid()) {
            stream.close();
            throw new IOException("process " + peer + " has connected: expected " + process.pid() + ", which was started");
        }
        RecordChannel channel = new RecordChannel(stream);
        return new NewProcess(process, channel, Records.text(channel.receive(SEND).expect(RecordType.HELLO).content()));
    }

    private static UnixStream accept(Process process, UnixListener listener) throws IOException {
        long begin = System.nanoTime();
        while (System.nanoTime() - begin < START.toNanos()) {
            Optional<UnixStream> stream = listener.accept(LOOK_NANOS);
            if (stream.isPresent()) {
                return stream.get();
            }
            if (!process.isAlive()) {
                throw new IOException("it ended with status " + process.exitValue());
            }
        }
        throw new IOException("it has not connected after " + START.toSeconds() + " s");
    }

    @Override
    public void open(List<HandoverBus.Place> places) throws VdpaException {
        step(() -> channel.send(RecordType.OPEN, Records.places(places), Records.descriptors(places), SEND), OPENING);
        stoppedAt = System.nanoTime();
    }

    @Override
    public void take(HandoverBus.Stopped device) throws VdpaException {
        telling(() -> channel.send(RecordType.DEVICE, Records.stopped(device), Records.descriptors(device), SEND));
    }

    @Override
    public void serve() throws VdpaException {
        long taken = System.nanoTime();
        step(() -> channel.send(RecordType.ADOPT, new byte[0], SEND), ADOPTING);
        long adopted = System.nanoTime();
        commit();
        pause = new Pause(Duration.ofNanos(taken - stoppedAt), Duration.ofNanos(adopted - taken),
                Duration.ofNanos(System.nanoTime() - adopted));
    }

    private interface Talk {
        void run() throws IOException, VdpaException;
    }

    private void step(Talk sending, Duration deadline) throws VdpaException {
        telling(sending);
        telling(() -> channel.receive(deadline).expect(RecordType.DONE));
    }

    /** Says something, or hears it; whatever is in the way ends the process. */
    private void telling(Talk talk) throws VdpaException {
        try {
            talk.run();
        } catch (VdpaException refused) {
            end(process);
            throw refused;
        } catch (IOException e) {
            VdpaException why = lastWords(e);
            end(process);
            throw why;
        }
    }

    /** One that refused a device says so, and may have ended before it was told of the next one. */
    private VdpaException lastWords(IOException lost) {
        try {
            channel.receive(LAST_WORDS).expect(RecordType.REFUSED);
        } catch (VdpaException refused) {
            return refused;
        } catch (IOException _) {
            // It has said nothing.
        }
        return new VdpaException(VdpaError.EIO, Reason.INTERNAL, lost.getMessage(), lost);
    }

    /** A record that was sent cannot be called back: from here on the devices are the other process's. */
    private void commit() throws VdpaException {
        try {
            channel.send(RecordType.COMMIT, new byte[0], SEND);
        } catch (IOException e) {
            end(process);
            throw new VdpaException(VdpaError.EIO, Reason.INTERNAL, e.getMessage(), e);
        }
        committed = true;
        try {
            channel.receive(ADOPTING).expect(RecordType.DONE);
        } catch (VdpaException | IOException e) {
            LOG.error("process {} has all devices, and does not say that it serves them: {}", process.pid(), e.getMessage());
        }
    }

    /** Returns its process id. */
    long pid() {
        return process.pid();
    }

    /** Returns the version that it says it has. */
    String version() {
        return version;
    }

    /** Returns how long no device was served. */
    Pause pause() {
        return pause;
    }

    @Override
    public void abandon() {
        if (!committed) {
            end(process);
        }
    }

    /** Ends it, unless it has the devices. */
    @Override
    public void close() {
        abandon();
        channel.close();
    }

    /**
     * What it has open, such as an image's lock, is free when it has ended. One that does not even end when it is killed hangs in the
     * kernel: devices go on here, and those whose image it has locked as soon as that is free.
     */
    private static void end(Process process) {
        process.destroyForcibly();
        long end = System.nanoTime() + KILLED.toNanos();
        boolean interrupted = false;
        boolean ended = false;
        for (long left = KILLED.toNanos(); !ended && left > 0; left = end - System.nanoTime()) {
            try {
                ended = process.waitFor(left, TimeUnit.NANOSECONDS);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (!ended) {
            LOG.error("process {} was killed, and has not ended after {} ms: what it has locked is not free until it has",
                    process.pid(), KILLED.toMillis());
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
