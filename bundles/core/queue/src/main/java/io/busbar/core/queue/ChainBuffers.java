package io.busbar.core.queue;

import io.busbar.api.device.ChainBatch;

/** The chains of one turn; used again at each. */
final class ChainBuffers implements ChainBatch {

    private final SlotChain[] chains;
    private int size;

    ChainBuffers(int capacity) {
        chains = new SlotChain[capacity];
    }

    void clear() {
        size = 0;
    }

    void add(SlotChain chain) {
        chains[size++] = chain;
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public SlotChain get(int index) {
        if (index < 0 || index >= size) {
            throw new IndexOutOfBoundsException("chain " + index + " of " + size);
        }
        return chains[index];
    }
}
