package io.busbar.core.queue;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.busbar.api.device.Chain;
import io.busbar.api.vdpa.InflightArea;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Mapping;
import io.busbar.core.linux.OpenFlag;
import io.busbar.core.linux.PositionalFile;
import io.busbar.core.virtio.VirtioConfig;
import io.busbar.core.virtio.ring.InflightRegion;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A process with a data path, that is killed by {@link KilledProcessTest}. Arguments: the files of memory, record and journal. */
final class VictimProcess {

    static final int SIZE = 64;
    static final long FEATURES = 1L << VirtioConfig.VIRTIO_F_VERSION_1 | 1L << VirtioConfig.VIRTIO_RING_F_EVENT_IDX;
    /** How many there are, and then the numbers of requests in the order in which they were done; 8 bytes each. */
    static final long JOURNAL_BYTES = 1 << 20;

    private static final EngineSettings SETTINGS = new EngineSettings(25_000, TimeUnit.SECONDS.toNanos(10), 2, 1, true);
    private static final int FAILED = 3;
    private static final int LATE = 3;

    private final MemorySegment journal;
    private final MemorySegment number = Arena.global().allocate(JAVA_LONG);
    private final BlockingQueue<Chain> late = new LinkedBlockingQueue<>();

    private VictimProcess(MemorySegment journal) {
        this.journal = journal;
    }

    public static void main(String[] files) throws Exception {
        try (PositionalFile memory = PositionalFile.open(Path.of(files[0]), OpenFlag.READ_WRITE);
                PositionalFile record = PositionalFile.open(Path.of(files[1]), OpenFlag.READ_WRITE);
                PositionalFile journal = PositionalFile.open(Path.of(files[2]), OpenFlag.READ_WRITE);
                Mapping mapped = Mapping.map(journal.fd().number(), 0, JOURNAL_BYTES, true);
                TestDriver driver = new TestDriver(memory.fd())) {
            new VictimProcess(mapped.segment()).serve(driver, record);
        }
    }

    private void serve(TestDriver driver, PositionalFile record) throws Exception {
        SoftwareDataPath path = new SoftwareDataPath("victim", 1, (index, sentence) -> {
            System.out.println("broken: " + sentence);
            System.exit(FAILED);
        }, SETTINGS, SIZE);
        path.setMemory(driver.memory());
        path.setFeatures(FEATURES);
        path.setInflight(new InflightArea(record.fd().number(), InflightRegion.bytes(SIZE), 0, 1, SIZE));
        path.attach(new TestModel(this::process));
        driver.setUp(path, 0, SIZE);
        path.run();
        while (true) {
            // The driver's kicks are in another process.
            EventFd.signal(driver.kick.number());
            completeLate();
        }
    }

    /** On the queue's thread: does it, and gives most back at once. */
    private void process(Chain chain) {
        chain.readable().copyTo(number, 0, Long.BYTES);
        long request = number.get(JAVA_LONG, 0);
        long count = journal.get(JAVA_LONG, 0);
        journal.set(JAVA_LONG, Long.BYTES * (count + 1), request);
        VarHandle.releaseFence(); // an entry counts when it is there
        journal.set(JAVA_LONG, 0, count + 1);
        if (request % LATE == 0) {
            late.add(chain);
        } else {
            chain.complete(0);
        }
    }

    /** On another thread: what was done a while ago is given back, several at a time. */
    private void completeLate() throws InterruptedException {
        for (Chain chain = late.poll(1, TimeUnit.MILLISECONDS); chain != null; chain = late.poll()) {
            chain.complete(0);
        }
    }
}
