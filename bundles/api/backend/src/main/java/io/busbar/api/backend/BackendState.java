package io.busbar.api.backend;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * What a backend hands over to its successor in another process: see {@link HandoverBackend}.
 *
 * @param version     of the content; a successor refuses one that it does not know
 * @param content     in the backend's own format; not changed by anyone
 * @param descriptors open descriptors of this process, in the format's order; those that come in are the backend's
 */
public record BackendState(int version, byte[] content, List<Integer> descriptors) {

    /** Copies the content and the list. */
    public BackendState {
        content = Objects.requireNonNull(content, "content").clone();
        descriptors = List.copyOf(descriptors);
    }

    /** Returns a copy of the content. */
    @Override
    public byte[] content() {
        return content.clone();
    }

    /**
     * Checks that it can be read.
     *
     * @param readable the version that is known
     * @param bytes    how much content it has
     * @param count    how many descriptors it has
     * @throws BackendException what it is, and what was expected
     */
    public void require(int readable, int bytes, int count) throws BackendException {
        if (version != readable || content.length != bytes || descriptors.size() != count) {
            throw new BackendException(BackendException.Kind.FAILED, "what was handed over is " + this + ": expected "
                    + describe(readable, bytes, count));
        }
    }

    private static String describe(int version, int bytes, int descriptors) {
        return "version " + version + " (" + bytes + " bytes, " + descriptors + " descriptors)";
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof BackendState state
                && version == state.version
                && Arrays.equals(content, state.content)
                && descriptors.equals(state.descriptors);
    }

    @Override
    public int hashCode() {
        return 31 * version + Arrays.hashCode(content);
    }

    @Override
    public String toString() {
        return describe(version, content.length, descriptors.size());
    }
}
