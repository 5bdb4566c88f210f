package io.busbar.backends.file;

import io.busbar.api.backend.BlockRequest;
import io.busbar.api.backend.BlockTask;
import io.busbar.api.memory.Payload;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.Mapping;
import io.busbar.core.linux.PositionalFile;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Reads copy from a mapping of the file: no system call, at the price that a page which is not in memory is waited for on
 * the queue's own thread. Everything else goes as in {@link BufferedTransfers}; Linux keeps both views the same.
 *
 * <p>A file can be cut short by somebody else, or its disk can fail: such a read ends with an error, and never before the
 * fault has shown, which is what {@link FaultBarrier} is for.
 */
final class MappedTransfers implements Transfers {

    private static final int CHUNK_SHIFT = 30;
    private static final long CHUNK = 1L << CHUNK_SHIFT;

    private final PositionalFile file;
    private final BufferedTransfers buffered;
    private final BlockTask copy = this::copy;
    private final List<Mapping> replaced = new ArrayList<>();
    private volatile Mapping[] chunks = {};

    MappedTransfers(PositionalFile file, long size, Space space) throws LinuxException {
        this.file = file;
        this.buffered = new BufferedTransfers(file.fd(), space);
        try {
            prepare(size);
        } catch (LinuxException e) {
            close();
            throw e;
        }
    }

    /** Maps what is not mapped yet; what is past a smaller size stays mapped, for requests that are under way. */
    @Override
    public synchronized void prepare(long size) throws LinuxException {
        Mapping[] before = chunks;
        int count = (int) (size + CHUNK - 1 >>> CHUNK_SHIFT);
        Mapping[] table = Arrays.copyOf(before, Math.max(count, before.length));
        for (int i = 0; i < count; i++) {
            long length = Math.min(CHUNK, size - i * CHUNK);
            if (table[i] == null || table[i].length() < length) {
                if (table[i] != null) {
                    replaced.add(table[i]);
                }
                table[i] = Mapping.map(file.fd().number(), i * CHUNK, length, false);
                chunks = table.clone();
            }
        }
    }

    @Override
    public void read(BlockRequest request) {
        if (request.length() > INLINE) {
            request.onIoThread(copy);
        } else {
            copy(request);
        }
    }

    private void copy(BlockRequest request) {
        boolean done;
        try {
            done = copyAll(request);
            FaultBarrier.surface();
        } catch (InternalError fault) {
            done = false;
        }
        Progress.end(request, done);
    }

    private boolean copyAll(BlockRequest request) {
        Mapping[] table = chunks;
        Payload payload = request.payload();
        long at = request.offset();
        long end = at + request.length();
        while (at < end) {
            long inside = at & CHUNK - 1;
            long step = Math.min(end - at, CHUNK - inside);
            if (payload.copyFrom(table[(int) (at >>> CHUNK_SHIFT)].segment(), inside, step) != step) {
                return false;
            }
            at += step;
        }
        return true;
    }

    @Override
    public void write(BlockRequest request) {
        buffered.write(request);
    }

    @Override
    public synchronized void close() {
        replaced.forEach(Mapping::close);
        for (Mapping chunk : chunks) {
            if (chunk != null) {
                chunk.close();
            }
        }
    }
}
