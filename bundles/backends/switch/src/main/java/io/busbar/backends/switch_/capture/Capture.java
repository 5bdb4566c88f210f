package io.busbar.backends.switch_.capture;

import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendException.Kind;
import io.busbar.backends.switch_.frame.FrameQueue;
import io.busbar.core.linux.LinuxException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * A capture of one port: frames go through a bounded ring to a thread that writes the file. Frames for which the ring has
 * no room, as the disk is slow, are not in the file, and are counted in it. A file that cannot be written any more ends
 * with its last whole packet, and the capture says why it stopped.
 *
 * <p>The ring, {@link #writeMeta} and {@link #dropped}: any thread, no allocation. All else: control threads.
 */
public final class Capture implements FrameQueue.Listener, AutoCloseable {

    /** Bytes in front of a frame in the ring: time and direction. */
    public static final int META_BYTES = 12;

    /** The direction of a frame from the driver. */
    public static final int INBOUND = 1;

    /** The direction of a frame to the driver. */
    public static final int OUTBOUND = 2;

    private static final int RING_BYTES = 1 << 20;
    private static final int BUFFER_BYTES = 256 << 10;
    private static final int DIRECTION = 8;
    private static final long END_MILLIS = 5000;
    private static final ValueLayout.OfLong TIME = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final ValueLayout.OfInt WAY = ValueLayout.JAVA_INT_UNALIGNED;

    private final Path path;
    private final boolean made;
    private final FileChannel file;
    private final FrameQueue ring;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    private final PcapngBlocks blocks = new PcapngBlocks(buffer);
    private final long epoch;
    private final long begin;
    private final AtomicLong ringDrops = new AtomicLong();
    private final Runnable stopped;
    private final Thread thread;

    /** The writer's own. */
    private long wholeBytes;
    private long inBuffer;

    private volatile long written;
    private volatile long lost;
    private volatile boolean closing;
    private volatile String failure;

    private Capture(String port, Path path, boolean made, FileChannel file, Runnable stopped) throws IOException {
        this.path = path;
        this.made = made;
        this.file = file;
        this.stopped = stopped;
        Instant now = Instant.now();
        begin = TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano();
        epoch = begin - System.nanoTime();
        blocks.section();
        blocks.networkInterface(port);
        file.truncate(0);
        writeBuffer();
        ring = new FrameQueue(RING_BYTES, this);
        thread = Thread.ofPlatform().name("busbar-switch-capture-" + port).daemon().unstarted(this::run);
    }

    /**
     * Starts a capture; what was in the file before is gone.
     *
     * @param port    the port's name, which the file says
     * @param path    the file
     * @param stopped called when the capture stops by itself, on its thread
     * @throws BackendException if the file cannot be made, is none, or another capture writes to it
     */
    public static Capture start(String port, Path path, Runnable stopped) throws BackendException {
        boolean made = !Files.exists(path);
        if (!made && !Files.isRegularFile(path)) {
            throw new BackendException(Kind.CONFIG_INVALID, "capture " + path + ": it is no regular file");
        }
        FileChannel file = null;
        try {
            file = FileChannel.open(
                    path,
                    Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            lock(path, file);
            Capture capture = new Capture(port, path, made, file, stopped);
            capture.thread.start();
            return capture;
        } catch (IOException e) {
            closeQuietly(file);
            throw refused(path, e);
        } catch (BackendException e) {
            closeQuietly(file);
            throw e;
        }
    }

    private static void lock(Path path, FileChannel file) throws IOException, BackendException {
        FileLock lock;
        try {
            lock = file.tryLock();
        } catch (OverlappingFileLockException e) {
            lock = null;
        }
        if (lock == null) {
            throw new BackendException(Kind.IN_USE, "capture " + path + ": another capture writes to this file");
        }
    }

    private static BackendException refused(Path path, IOException e) {
        String sentence = "capture " + path + ": ";
        return switch (e) {
            case NoSuchFileException _ -> new BackendException(
                    Kind.NOT_FOUND, sentence + "its directory is not there", e);
            case AccessDeniedException _ -> new BackendException(Kind.PERMISSION, sentence + "permission denied", e);
            case LinuxException _ -> new BackendException(Kind.NO_SPACE, sentence + e.getMessage(), e);
            default -> new BackendException(Kind.FAILED, sentence + e.getMessage(), e);
        };
    }

    private static void closeQuietly(FileChannel file) {
        try {
            if (file != null) {
                file.close();
            }
        } catch (IOException _) {
            // What was wrong before is told.
        }
    }

    /** Returns the file. */
    public Path path() {
        return path;
    }

    /** Returns how many frames are in the file. */
    public long frames() {
        return written;
    }

    /** Returns how many frames crossed the port and are not in the file. */
    public long drops() {
        return ringDrops.get() + lost;
    }

    /** Returns why it stopped by itself, or null. */
    public String failure() {
        return failure;
    }

    /** Returns the ring that frames go to: {@link #META_BYTES} and the frame. */
    public FrameQueue ring() {
        return ring;
    }

    /**
     * Writes what stands in front of a frame.
     *
     * @param position what was reserved
     * @param way      {@link #INBOUND} or {@link #OUTBOUND}
     */
    public void writeMeta(long position, int way) {
        long at = ring.offset(position);
        ring.memory().set(TIME, at, epoch + System.nanoTime());
        ring.memory().set(WAY, at + DIRECTION, way);
    }

    /** Counts a frame for which the ring had no room. */
    public void dropped() {
        ringDrops.incrementAndGet();
    }

    @Override
    public void readable() {
        LockSupport.unpark(thread);
    }

    @Override
    public void roomy() {
        // Nobody waits for a capture.
    }

    private void run() {
        try {
            while (!closing || ring.next()) {
                if (ring.next()) {
                    append();
                    ring.taken();
                } else if (inBuffer > 0) {
                    writeBuffer();
                } else {
                    LockSupport.park(this);
                }
            }
            writeBuffer();
        } catch (IOException e) {
            fail(e);
        }
        finish();
    }

    private void append() throws IOException {
        MemorySegment memory = ring.memory();
        long at = ring.offset();
        int length = ring.length() - META_BYTES;
        if (buffer.remaining() < length + PcapngBlocks.PACKET_OVERHEAD) {
            writeBuffer();
        }
        blocks.packet(
                memory.get(TIME, at),
                memory.asSlice(at + META_BYTES, length).asByteBuffer(),
                memory.get(WAY, at + DIRECTION));
        inBuffer++;
    }

    private void writeBuffer() throws IOException {
        buffer.flip();
        int bytes = buffer.limit();
        while (buffer.hasRemaining()) {
            file.write(buffer);
        }
        buffer.clear();
        wholeBytes += bytes;
        written += inBuffer;
        inBuffer = 0;
    }

    /** Nothing of what was in the buffer counts: a file that ends in the middle of a packet is one that readers refuse. */
    private void fail(IOException e) {
        lost += inBuffer;
        inBuffer = 0;
        buffer.clear();
        failure = e.getMessage();
        stopped.run();
        try {
            file.truncate(wholeBytes);
            file.position(wholeBytes);
        } catch (IOException _) {
            // The file keeps a part of a packet.
        }
    }

    private void finish() {
        ring.close();
        Instant now = Instant.now();
        blocks.statistics(
                begin, TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano(), written + drops(), drops());
        try {
            writeBuffer();
        } catch (IOException e) {
            fail(e);
        }
        closeQuietly(file);
    }

    /** Ends the capture: what was captured is in the file then, unless the disk hangs. */
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

    /** As {@link #close}, and removes the file if it was not there before. */
    public void revoke() throws IOException {
        close();
        if (made) {
            Files.deleteIfExists(path);
        }
    }
}
