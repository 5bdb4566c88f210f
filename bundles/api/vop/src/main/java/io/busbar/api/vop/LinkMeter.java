package io.busbar.api.vop;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Counts what crosses the link for one queue of one device at one end. Verbs of windows and channels count by themselves; who
 * works in memory directly tells what it did. Safe for any thread, cheap, and without allocation. A link that models time
 * adds it up here, and may really wait.
 */
@ConsumerType
public interface LinkMeter {

    /**
     * Counts writes to the peer's memory, which are not waited for.
     *
     * @param count how many, 0 and up
     * @param bytes in all of them
     */
    void posted(long count, long bytes);

    /**
     * Counts reads from the peer's memory, each of which waits for its answer.
     *
     * @param count how many, 0 and up
     * @param bytes in all of them
     */
    void nonPosted(long count, long bytes);

    /** Returns what was counted until now. */
    LinkCounters read();
}
