package io.busbar.api.device;

import org.osgi.annotation.versioning.ProviderType;

/**
 * The chains that wait in one queue, for a model that takes them when it wants them. Valid during one call of
 * {@link PullingDeviceModel#service}, on its thread.
 *
 * <p>A chain is <em>open</em> from {@link #next} until it is completed or put back. Chains that are open at the same time
 * are published together, with one update of the used index, when the last of them is completed: so a frame that fills
 * several buffers appears to the driver as a whole (virtio 1.2, 5.1.6.4). What is open when the call ends is put back.
 * The chains' own verbs for other threads, {@link Chain#onIoThread} and transfers, are not for chains of a source.
 */
@ProviderType
public interface ChainSource {

    /** The most chains that may be open at the same time. */
    int MAX_OPEN = 64;

    /**
     * Takes the next chain.
     *
     * @return the chain, or null: the driver has made no more available, {@link #MAX_OPEN} are open, or the queue has had
     *         its turn. Where chains remain or come later, the engine calls the model again by itself
     */
    Chain next();

    /** Returns how many chains are open. */
    int open();

    /** Puts all open chains back, as if they had never been taken: the next {@link #next} returns the first of them. */
    void putBack();
}
