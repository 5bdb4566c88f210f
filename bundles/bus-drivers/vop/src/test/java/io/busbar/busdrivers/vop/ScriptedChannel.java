package io.busbar.busdrivers.vop;

import io.busbar.api.vop.DmaChannel;
import io.busbar.api.vop.DmaCompletion;
import io.busbar.api.vop.LinkMeter;
import io.busbar.api.vop.OwnMemory;
import java.util.function.Supplier;

/** A DMA channel that does what a test wants of each transfer. */
final class ScriptedChannel implements DmaChannel {

    /** What becomes of a transfer. */
    enum Fate { DONE, FULL, NEVER_ENDS, GONE }

    private final DmaChannel real;
    private final Supplier<Fate> fate;

    ScriptedChannel(DmaChannel real, Supplier<Fate> fate) {
        this.real = real;
        this.fate = fate;
    }

    @Override
    public int alignment() {
        return real.alignment();
    }

    @Override
    public long maxBytes() {
        return real.maxBytes();
    }

    @Override
    public boolean write(OwnMemory source, long offset, long peerAddress, long bytes, LinkMeter meter,
            DmaCompletion completion, long token) {
        return switch (fate.get()) {
            case DONE -> real.write(source, offset, peerAddress, bytes, meter, completion, token);
            case FULL -> false;
            case NEVER_ENDS -> true;
            case GONE -> gone(completion, token);
        };
    }

    @Override
    public boolean read(long peerAddress, OwnMemory target, long offset, long bytes, LinkMeter meter,
            DmaCompletion completion, long token) {
        return switch (fate.get()) {
            case DONE -> real.read(peerAddress, target, offset, bytes, meter, completion, token);
            case FULL -> false;
            case NEVER_ENDS -> true;
            case GONE -> gone(completion, token);
        };
    }

    private static boolean gone(DmaCompletion completion, long token) {
        completion.ended(token, DmaCompletion.GONE);
        return true;
    }

    @Override
    public void issue() {
        real.issue();
    }
}
