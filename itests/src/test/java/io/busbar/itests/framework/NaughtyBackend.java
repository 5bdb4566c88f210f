package io.busbar.itests.framework;

import io.busbar.api.backend.BackendContext;
import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BlockBackend;
import io.busbar.api.backend.BlockBatch;
import io.busbar.api.backend.BlockInfo;
import io.busbar.api.backend.BlockRequest;
import io.busbar.api.backend.BlockStatus;
import io.busbar.api.memory.Payload;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** A backend, for a bundle of its own, that does what its word {@code does} says, and what no backend should. */
public final class NaughtyBackend implements BlockBackend {
    /** The system property whose presence lets it go on where it waits. */
    static final String GO_ON = "busbar.itests.naughty.goOn";

    private static final long CAPACITY = 1 << 20;
    private static final int BEYOND = 64;

    private final String does;
    private final List<BlockRequest> held = new ArrayList<>();

    /** For the framework. */
    public NaughtyBackend(BackendContext context) throws BackendException {
        does = context.settings().required("does");
        if (does.equals("leaks-threads")) {
            Thread.ofPlatform().daemon().name("naughty-thread").start(NaughtyBackend::waitToGoOn);
            Thread.ofPlatform().daemon().name("naughty-parent").start(
                    () -> Thread.ofPlatform().daemon().name("naughty-child").start(NaughtyBackend::waitToGoOn));
        }
    }

    private static void waitToGoOn() {
        while (System.getProperty(GO_ON) == null) {
            try {
                Thread.sleep(10);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    @Override
    public BlockInfo info() {
        return BlockInfo.ofMemory(CAPACITY);
    }

    @Override
    public void submit(BlockBatch batch) {
        for (int i = 0; i < batch.size(); i++) {
            serve(batch.get(i));
        }
    }

    private void serve(BlockRequest request) {
        switch (does) {
            case "throws" -> throw new IllegalStateException("naughty");
            case "blocks-in-submit" -> {
                waitToGoOn();
                request.complete(BlockStatus.OK);
            }
            case "never-completes", "completes-late" -> held.add(request);
            case "completes-twice" -> completeTwice(request);
            case "writes-outside" -> writeOutside(request);
            default -> request.complete(BlockStatus.OK);
        }
    }

    private static void completeTwice(BlockRequest request) {
        Thread.ofPlatform().daemon().name("naughty-completer").start(() -> {
            request.complete(BlockStatus.OK);
            request.complete(BlockStatus.OK);
        });
    }

    private static void writeOutside(BlockRequest request) {
        Payload target = request.payload();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment more = arena.allocate(target.size() + BEYOND).fill((byte) 0x66);
            target.copyFrom(more, 0, more.byteSize());
            target.fill((byte) 0x66, BEYOND);
            refused(() -> target.position(target.limit() + 1));
            refused(() -> target.position(-1));
            refused(() -> target.limit(target.size() + BEYOND));
            target.fill((byte) 0x66, BEYOND);
        }
        request.complete(BlockStatus.OK);
    }

    private static void refused(Runnable beyond) {
        try {
            beyond.run();
        } catch (IllegalArgumentException expected) {
            return;
        }
        throw new IllegalStateException("it was let out of its buffers");
    }

    @Override
    public void close() {
        if (does.equals("blocks-in-close")) {
            waitToGoOn();
        }
        if (does.equals("completes-late")) {
            held.getFirst().complete(BlockStatus.OK);
        }
    }
}
