package io.busbar.tools.bench.net;

/** The frames that are sent, and what Busbar's rate must reach as a part of DPDK's. */
enum FrameSize {
    SHORT(64, 0.5),
    LONG(1500, 0.7);

    private final int bytes;
    private final double floor;

    FrameSize(int bytes, double floor) {
        this.bytes = bytes;
        this.floor = floor;
    }

    /** Without Ethernet's checksum. */
    int bytes() {
        return bytes;
    }

    double floor() {
        return floor;
    }

    String key() {
        return Integer.toString(bytes);
    }
}
