package io.busbar.tools.bench.block;

/** What the load generator does, again and again, with so many requests in flight. */
public enum Workload {
    RANDOM_READ_1("4 KiB random read, depth 1", "randread-4k-qd1", 4096, 1, false, true, false),
    RANDOM_READ_32("4 KiB random read, depth 32", "randread-4k-qd32", 4096, 32, false, true, false),
    RANDOM_WRITE_32("4 KiB random write, depth 32", "randwrite-4k-qd32", 4096, 32, true, true, false),
    SEQUENTIAL_READ_4("128 KiB sequential read, depth 4", "seqread-128k-qd4", 131072, 4, false, false, false),
    DIRECT_READ_32("4 KiB random read, depth 32, O_DIRECT", "direct-randread-4k-qd32", 4096, 32, false, true, true);

    /** Requests are aligned to it, and it is what a generation of the content stands for. */
    public static final int BLOCK = 4096;

    private final String title;
    private final String key;
    private final int bytes;
    private final int depth;
    private final boolean writes;
    private final boolean random;
    private final boolean direct;

    Workload(String title, String key, int bytes, int depth, boolean writes, boolean random, boolean direct) {
        this.title = title;
        this.key = key;
        this.bytes = bytes;
        this.depth = depth;
        this.writes = writes;
        this.random = random;
        this.direct = direct;
    }

    /** Its name for people. */
    public String title() {
        return title;
    }

    /** Its name for programs. */
    public String key() {
        return key;
    }

    /** Bytes of a request. */
    public int bytes() {
        return bytes;
    }

    /** Requests in flight. */
    public int depth() {
        return depth;
    }

    /** Whether requests write. */
    public boolean writes() {
        return writes;
    }

    /** Whether places are random. */
    public boolean random() {
        return random;
    }

    /** Whether the device reads past the page cache. */
    public boolean direct() {
        return direct;
    }
}
