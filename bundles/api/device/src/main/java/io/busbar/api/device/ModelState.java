package io.busbar.api.device;

import java.util.Arrays;
import java.util.Objects;

/**
 * What one device model hands over to its successor: a record of a format and version that only models of that type read.
 *
 * @param format  name of the format, such as {@code virtio-net}
 * @param version of the format; a successor refuses one that it does not know
 * @param content the record, as its format says; not changed by anyone
 */
public record ModelState(String format, int version, byte[] content) {

    /** Copies the content. */
    public ModelState {
        Objects.requireNonNull(format, "format");
        content = content.clone();
    }

    /** Returns a copy of the content. */
    @Override
    public byte[] content() {
        return content.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ModelState state
                && format.equals(state.format)
                && version == state.version
                && Arrays.equals(content, state.content);
    }

    @Override
    public int hashCode() {
        return 31 * format.hashCode() + Arrays.hashCode(content);
    }

    @Override
    public String toString() {
        return format + " version " + version + ", " + content.length + " bytes";
    }
}
