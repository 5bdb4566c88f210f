package io.busbar.api.vdpa;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * What one part hands over to its successor in another process: a record of a format and version that only parts of its kind
 * read, and descriptors.
 *
 * @param format      name of the format, such as {@code vhost-user session}
 * @param version     of the format; a successor refuses one that it does not know
 * @param content     the record, as its format says; not changed by anyone
 * @param descriptors open descriptors of this process that belong to it, in the format's order. Of a part that hands over they
 *                    stay the part's; those that come in belong to whoever takes the record over
 */
public record Handover(String format, int version, byte[] content, List<Integer> descriptors) {

    /** Copies the content and the list. */
    public Handover {
        Objects.requireNonNull(format, "format");
        content = content.clone();
        descriptors = List.copyOf(descriptors);
    }

    /** Returns a copy of the content. */
    @Override
    public byte[] content() {
        return content.clone();
    }

    /**
     * Checks that the record is one that can be read.
     *
     * @param known   the format
     * @param readable the version
     * @throws VdpaException EINVAL with {@link Reason#STATE_UNKNOWN}; the sentence says what it is and what was expected
     */
    public void require(String known, int readable) throws VdpaException {
        if (!format.equals(known) || version != readable) {
            throw new VdpaException(VdpaError.EINVAL, Reason.STATE_UNKNOWN,
                    "a record " + this + " was handed over: expected " + known + " version " + readable, null);
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Handover handover
                && format.equals(handover.format)
                && version == handover.version
                && Arrays.equals(content, handover.content)
                && descriptors.equals(handover.descriptors);
    }

    @Override
    public int hashCode() {
        return 31 * format.hashCode() + Arrays.hashCode(content);
    }

    @Override
    public String toString() {
        return format + " version " + version + " (" + content.length + " bytes, " + descriptors.size() + " descriptors)";
    }
}
