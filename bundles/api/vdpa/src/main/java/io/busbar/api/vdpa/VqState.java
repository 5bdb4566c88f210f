package io.busbar.api.vdpa;

/**
 * Where a queue stands, so that it can go on from there (Linux {@code struct vdpa_vq_state}).
 *
 * <p>One kind per ring format.
 */
public sealed interface VqState permits VqState.Split {

    /**
     * The state of a split queue. The used index is in the driver's memory.
     *
     * @param availIndex the next entry of the available ring that the device takes, 0 to 65535
     */
    record Split(int availIndex) implements VqState {

        /** The state of a fresh queue. */
        public static final Split INITIAL = new Split(0);

        /**
         * Checks the range.
         *
         * @throws IllegalArgumentException outside 0 to 65535
         */
        public Split {
            if (availIndex < 0 || availIndex > 0xffff) {
                throw new IllegalArgumentException("available index " + availIndex + ": expected 0 to 65535");
            }
        }
    }
}
