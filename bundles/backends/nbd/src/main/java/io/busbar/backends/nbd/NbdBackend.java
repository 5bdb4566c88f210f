package io.busbar.backends.nbd;

import io.busbar.api.backend.BackendContext;
import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendType;
import io.busbar.api.backend.BlockBackend;
import io.busbar.api.backend.BlockBatch;
import io.busbar.api.backend.BlockInfo;
import io.busbar.api.backend.BlockRequest;
import io.busbar.api.backend.BlockStatus;
import io.busbar.api.backend.BlockTask;
import io.busbar.api.backend.DetailedBackend;
import io.busbar.api.backend.FencedBackend;
import io.busbar.api.backend.SharableBackend;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A disk that an NBD server has. */
@BackendType(
        type = BackendType.BLOCK,
        name = "nbd",
        settings = "uri URI [connections N] [timeout SECONDS] [tls FOLDER] [tls-name NAME]")
public final class NbdBackend implements BlockBackend, DetailedBackend, FencedBackend, SharableBackend {

    /** Far more than a busy disk has; what is beyond waits on I/O threads. */
    private static final int CAPACITY = 1 << 14;
    private static final int RESERVE = 1 << 12;
    private static final long PARTING_NANOS = TimeUnit.MILLISECONDS.toNanos(900);
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final Submissions submissions = new Submissions(CAPACITY, RESERVE);
    private final BlockTask waitForRoom = this::waitForRoom;
    private final Disk disk;
    private final Lane[] lanes;
    private volatile boolean closed;

    /**
     * Connects. A server that is not there is an error now; one that leaves later is waited for.
     *
     * @param context the surroundings
     * @throws BackendException if a word is wrong, or there is no such export that could be this disk
     */
    public NbdBackend(BackendContext context) throws BackendException {
        Target target = Target.of(context.settings());
        disk = new Disk(context, target);
        List<Lane> all = new ArrayList<>();
        try {
            open(all, context.deviceName(), target);
        } catch (IOException e) {
            all.forEach(Lane::close);
            throw refusal(target, e);
        }
        lanes = all.toArray(Lane[]::new);
        for (Lane lane : lanes) {
            lane.start();
        }
    }

    /** Connects one lane; the others do it on their own threads, if the server allows them. */
    private void open(List<Lane> all, String device, Target target) throws IOException {
        Lane first = new Lane(device, 0, target, disk, submissions, this::wakeAll);
        all.add(first);
        first.connect();
        for (int i = 1; first.allowsOthers() && i < target.connections(); i++) {
            all.add(new Lane(device, i, target, disk, submissions, this::wakeAll));
        }
    }

    private void wakeAll() {
        wake(lanes.length);
    }

    private static BackendException refusal(Target target, IOException e) {
        return e instanceof FarEndException far
                ? new BackendException(far.kind(), target.server() + " " + e.getMessage(), e)
                : new BackendException(BackendException.Kind.FAILED, target.server() + ": " + e.getMessage(), e);
    }

    @Override
    public BlockInfo info() {
        return disk.info();
    }

    /** Says how many connections there are: fewer than wanted where the server does not allow several, or is away. */
    @Override
    public Map<String, String> details() {
        return Map.of("connected", Integer.toString(disk.connections()));
    }

    @Override
    public void submit(BlockBatch batch) {
        int size = batch.size();
        for (int i = 0; i < size; i++) {
            BlockRequest request = batch.get(i);
            if (!submissions.offer(request)) {
                request.onIoThread(waitForRoom);
            }
        }
        wake(size);
    }

    /** Wakes as many lanes as there are requests; those that are awake look again before they sleep. */
    private void wake(int requests) {
        int left = requests;
        for (int i = 0; i < lanes.length && left > 0; i++) {
            if (lanes[i].wake()) {
                left--;
            }
        }
    }

    private void waitForRoom(BlockRequest request) {
        while (!submissions.offer(request)) {
            if (closed) {
                request.complete(BlockStatus.IO_ERROR);
                return;
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
        wake(1);
    }

    /** Parts from the server, which says by closing its connections that it has ended what it was asked for. */
    @Override
    public void fenceStorage() throws BackendException {
        closed = true;
        for (Lane lane : lanes) {
            lane.part();
        }
        long end = System.nanoTime() + PARTING_NANOS;
        for (Lane lane : lanes) {
            if (!lane.join(end - System.nanoTime())) {
                throw unsure(BackendException.Kind.IN_USE,
                        " within " + TimeUnit.NANOSECONDS.toMillis(PARTING_NANOS) + " ms", "");
            }
        }
        for (Lane lane : lanes) {
            if (!lane.hasParted()) {
                throw unsure(BackendException.Kind.FAILED, "", ", and cannot any more: the connection was lost");
            }
        }
    }

    private static BackendException unsure(BackendException.Kind kind, String within, String why) {
        return new BackendException(kind,
                "the NBD server has not confirmed" + within + " that it has ended all that it was ever asked for" + why);
    }

    @Override
    public void close() {
        closed = true;
        for (Lane lane : lanes) {
            lane.stop();
        }
        for (Lane lane : lanes) {
            lane.join();
            lane.close();
        }
        for (BlockRequest request = submissions.poll(); request != null; request = submissions.poll()) {
            request.complete(BlockStatus.IO_ERROR);
        }
    }
}
