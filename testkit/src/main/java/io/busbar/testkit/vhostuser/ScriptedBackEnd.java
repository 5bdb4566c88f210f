package io.busbar.testkit.vhostuser;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.MemFd;
import io.busbar.core.linux.UnixListener;
import io.busbar.core.linux.UnixStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A scripted back-end: answers each request as a well-behaved block device would, unless a test says otherwise for its
 * number. It never looks at rings. One connection at a time, on a thread of its own.
 */
public final class ScriptedBackEnd implements AutoCloseable {

    private static final long STEP_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final long MESSAGE_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final int HEADER = 12;
    private static final int NEED_REPLY = 8;
    private static final int REPLY = 5;
    private static final int INFLIGHT_STRIDE = 64 * 1024;

    /** VERSION_1, protocol features, FLUSH, BLK_SIZE, SEG_MAX, INDIRECT_DESC, EVENT_IDX. */
    public volatile long features = 0x1_7000_0244L;
    /** MQ, REPLY_ACK, BACKEND_REQ, CONFIG, RESET_DEVICE, CONFIGURE_MEM_SLOTS, STATUS. */
    public volatile long protocolFeatures = 0x1_a229L;
    /** Answer to GET_QUEUE_NUM. */
    public volatile long queues = 2;
    /** The configuration: a disk of 2048 sectors, of blocks of 512 bytes. */
    public volatile byte[] config = disk(2048);

    private final Path path;
    private final Map<Integer, Answer> answers = new ConcurrentHashMap<>();
    private final List<Received> received = new CopyOnWriteArrayList<>();
    private final List<Fd> descriptors = new CopyOnWriteArrayList<>();
    private final Thread thread;
    private volatile UnixListener listener;
    private volatile UnixStream stream;
    private volatile UnixStream backChannel;
    private volatile int status;
    private volatile boolean closed;

    /**
     * A request.
     *
     * @param id          its number
     * @param flags       of its header
     * @param payload     without the header
     * @param descriptors closed with the back-end
     */
    public record Received(int id, int flags, byte[] payload, List<Fd> descriptors) {

        /** The payload in the machine's byte order. */
        public ByteBuffer bytes() {
            return ByteBuffer.wrap(payload).order(ByteOrder.nativeOrder());
        }
    }

    /** What a test has the back-end do instead of the right thing. */
    @FunctionalInterface
    public interface Answer {

        /** Answers, or not. */
        void to(Received request, ScriptedBackEnd wire) throws Exception;
    }

    private ScriptedBackEnd(Path path) throws LinuxException {
        this.path = path;
        this.listener = UnixListener.bind(path);
        this.thread = Thread.ofPlatform().daemon().name("scripted-back-end").start(this::run);
    }

    /** Listens at a path. */
    public static ScriptedBackEnd listen(Path path) throws LinuxException {
        return new ScriptedBackEnd(path);
    }

    /** The configuration of a disk of so many sectors: seg_max 126, blocks of 512 bytes, 2 queues. */
    public static byte[] disk(long sectors) {
        return ByteBuffer.allocate(60).order(ByteOrder.LITTLE_ENDIAN)
                .putLong(0, sectors).putInt(12, 126).putInt(20, 512).putShort(34, (short) 2).array();
    }

    // What a test says

    /** From now on answers a request in another way. */
    public ScriptedBackEnd on(int id, Answer answer) {
        answers.put(id, answer);
        return this;
    }

    /** From now on answers a request with another reply than it should have. */
    public ScriptedBackEnd reply(int id, int replyId, int flags, byte[] payload) {
        return on(id, (request, wire) -> wire.send(replyId, flags, payload));
    }

    /** Does the right thing again. */
    public void forgive() {
        answers.clear();
    }

    /** Sends a message on the connection. */
    public void send(int id, int flags, byte[] payload, Fd... descriptors) {
        sendRaw(stream, ScriptedFrontEnd.message(id, flags, payload), descriptors);
    }

    /** Sends bytes as they are on the connection. */
    public void sendBytes(byte[] bytes) {
        sendRaw(stream, bytes);
    }

    /** Closes the channel of the back-end, once that is there. */
    public void closeBack() {
        awaitBackChannel().close();
    }

    /** Sends a reply as it should be. */
    public void replyTo(Received request, byte[] payload, Fd... descriptors) {
        send(request.id(), REPLY, payload, descriptors);
    }

    /** Sends bytes on the channel of the back-end, once that is there. */
    public void sendBack(byte[] bytes, Fd... descriptors) {
        sendRaw(awaitBackChannel(), bytes, descriptors);
    }

    /** The configuration changed. */
    public void configChanged() {
        sendBack(ScriptedFrontEnd.message(2, 1, ScriptedFrontEnd.none()));
    }

    /** Receives an acknowledgement on the channel of the back-end. */
    public byte[] receiveBack(int bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(bytes, 8);
            int got = awaitBackChannel().receiveExactly(buffer.address(), bytes, MESSAGE_NANOS);
            return buffer.asSlice(0, Math.max(got, 0)).toArray(JAVA_BYTE);
        }
    }

    /** Closes the connection, as if the process had ended and another one listened at once. */
    public void hangUp() {
        UnixStream now = stream;
        if (now != null) {
            now.shutdown();
        }
    }

    /** As if the process had ended: nobody listens any more. */
    public void leave() {
        listener.close();
        hangUp();
    }

    /** As if it had been started again. */
    public void comeBack() throws LinuxException {
        listener = UnixListener.bind(path);
    }

    // What a test looks at

    /** All requests so far. */
    public List<Received> received() {
        return List.copyOf(received);
    }

    /** The numbers of all requests so far, and forgets them. */
    public List<Integer> takeIds() {
        List<Integer> ids = received.stream().map(Received::id).toList();
        received.clear();
        return ids;
    }

    /** The last request of a number. */
    public Optional<Received> last(int id) {
        return received.stream().filter(request -> request.id() == id).reduce((before, after) -> after);
    }

    /** What SET_STATUS said last. */
    public int status() {
        return status;
    }

    /** Sets what GET_STATUS answers. */
    public void status(int bits) {
        status = bits;
    }

    // The thread

    private void run() {
        while (!closed) {
            try {
                Optional<UnixStream> accepted = listener.accept(STEP_NANOS);
                if (accepted.isPresent()) {
                    stream = accepted.get();
                    serve(stream);
                    stream.close();
                }
            } catch (LinuxException notListening) {
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
    }

    private void serve(UnixStream from) {
        MemorySegment buffer = Arena.ofAuto().allocate(8192, 8);
        while (!closed) {
            if (from.receiveExactly(buffer.address(), HEADER, -1) != HEADER) {
                break;
            }
            int size = buffer.get(JAVA_INT_UNALIGNED, 8);
            if (size > 0 && from.receiveExactly(buffer.address() + HEADER, size, MESSAGE_NANOS) != size) {
                break;
            }
            Received request = new Received(buffer.get(JAVA_INT_UNALIGNED, 0), buffer.get(JAVA_INT_UNALIGNED, 4),
                    buffer.asSlice(HEADER, size).toArray(JAVA_BYTE), from.takeDescriptors());
            descriptors.addAll(request.descriptors());
            received.add(request);
            try {
                answers.getOrDefault(request.id(), ScriptedBackEnd::rightly).to(request, this);
            } catch (Exception e) {
                throw new AssertionError("the back-end's script failed", e);
            }
        }
        UnixStream channel = backChannel;
        backChannel = null;
        if (channel != null) {
            channel.close();
        }
    }

    /** Does the right thing. */
    public static void rightly(Received request, ScriptedBackEnd wire) throws LinuxException {
        switch (request.id()) {
            case 1 -> wire.replyTo(request, ScriptedFrontEnd.u64(wire.features));
            case 15 -> wire.replyTo(request, ScriptedFrontEnd.u64(wire.protocolFeatures));
            case 17 -> wire.replyTo(request, ScriptedFrontEnd.u64(wire.queues));
            case 36 -> wire.replyTo(request, ScriptedFrontEnd.u64(32));
            case 40 -> wire.replyTo(request, ScriptedFrontEnd.u64(wire.status));
            case 11 -> wire.replyTo(request, ScriptedFrontEnd.state(request.bytes().getInt(0), wire.base(request)));
            case 24 -> wire.replyConfig(request);
            case 31 -> wire.replyInflight(request);
            default -> wire.acknowledge(request);
        }
    }

    private void acknowledge(Received request) throws LinuxException {
        if (request.id() == 21) {
            backChannel = UnixStream.adopt(request.descriptors().getFirst().duplicate());
        } else if (request.id() == 39) {
            status = (int) request.bytes().getLong();
        }
        if ((request.flags() & NEED_REPLY) != 0) {
            replyTo(request, ScriptedFrontEnd.u64(0));
        }
    }

    /** It never takes anything: a ring stands where it was started. */
    private int base(Received request) {
        int index = request.bytes().getInt(0);
        return received.stream().filter(before -> before.id() == 10 && before.bytes().getInt(0) == index)
                .reduce((before, after) -> after).map(before -> before.bytes().getInt(4)).orElse(0);
    }

    private void replyConfig(Received request) {
        int size = request.bytes().getInt(4);
        byte[] now = config;
        if (size > now.length) {
            replyTo(request, ScriptedFrontEnd.none());
        } else {
            byte[] part = new byte[size];
            System.arraycopy(now, 0, part, 0, size);
            replyTo(request, ScriptedFrontEnd.config(0, size, 0, part));
        }
    }

    private void replyInflight(Received request) throws LinuxException {
        int wanted = Short.toUnsignedInt(request.bytes().getShort(16));
        int entries = Short.toUnsignedInt(request.bytes().getShort(18));
        long size = (long) wanted * INFLIGHT_STRIDE;
        try (Fd file = MemFd.create("scripted-inflight", size, true)) {
            replyTo(request, ScriptedFrontEnd.inflight(size, 0, wanted, entries), file);
        }
    }

    private UnixStream awaitBackChannel() {
        long end = System.nanoTime() + MESSAGE_NANOS;
        UnixStream channel = backChannel;
        while (channel == null) {
            if (System.nanoTime() > end) {
                throw new AssertionError("no channel for requests of the back-end");
            }
            LockSupport.parkNanos(PAUSE_NANOS);
            channel = backChannel;
        }
        return channel;
    }

    private static void sendRaw(UnixStream to, byte[] bytes, Fd... descriptors) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(bytes.length, 8);
            MemorySegment.copy(bytes, 0, buffer, JAVA_BYTE, 0, bytes.length);
            to.sendFully(buffer.address(), bytes.length, 0, 0, List.of(descriptors), MESSAGE_NANOS);
        }
    }

    @Override
    public void close() {
        closed = true;
        leave();
        try {
            thread.join(TimeUnit.NANOSECONDS.toMillis(MESSAGE_NANOS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        descriptors.forEach(Fd::close);
    }
}
