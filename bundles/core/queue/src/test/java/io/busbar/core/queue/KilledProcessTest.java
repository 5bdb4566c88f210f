package io.busbar.core.queue;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.core.linux.Mapping;
import io.busbar.core.linux.OpenFlag;
import io.busbar.core.linux.PositionalFile;
import io.busbar.core.virtio.ring.DriverRing;
import io.busbar.core.virtio.ring.InflightRegion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A data path whose process is killed at any instruction, and another one that goes on from the record of what was in flight. The driver
 * is this process. Each request has a number of its own, and what a {@link VictimProcess} does with it is to append that number to a
 * journal: so the journal tells what was done, in which order, and what was done again.
 */
@Timeout(240)
class KilledProcessTest {

    private static final int KILLS = 12;
    private static final long SEED = 8;
    /** Requests that are given back before a kill: at the least, and how many more at the most. */
    private static final int LEAST = 200;
    private static final int MORE = 4000;
    private static final long DEADLINE_SECONDS = 120;
    private static final int USED_INDEX_OF_RECORD = 14;

    private final Random random = new Random(SEED);
    /** Requests that the device has, by number in the order in which they were made available, each with its buffer. */
    private final Map<Integer, Integer> outstanding = new LinkedHashMap<>();
    private final Deque<Integer> freeBuffers = new ArrayDeque<>();
    private final List<Path> files = new ArrayList<>();
    private int offered;
    private int used;

    @TempDir
    Path folder;

    private TestDriver driver;
    private DriverRing ring;
    private Mapping journal;
    private Mapping record;

    @BeforeEach
    void makeFiles() throws Exception {
        PositionalFile memory = file("memory", TestDriver.BYTES);
        driver = new TestDriver(memory.fd());
        ring = driver.ring(0, VictimProcess.SIZE, VictimProcess.FEATURES);
        record = map("record", InflightRegion.bytes(VictimProcess.SIZE));
        journal = map("journal", VictimProcess.JOURNAL_BYTES);
        for (int buffer = 0; buffer < VictimProcess.SIZE; buffer++) {
            freeBuffers.add(buffer);
        }
    }

    @AfterEach
    void closeFiles() {
        driver.close();
        record.close();
        journal.close();
    }

    private PositionalFile file(String name, long bytes) throws Exception {
        Path path = folder.resolve(name);
        files.add(path);
        PositionalFile file = PositionalFile.open(path, OpenFlag.READ_WRITE, OpenFlag.CREATE);
        assertThat(file.truncate(bytes)).isZero();
        return file;
    }

    private Mapping map(String name, long bytes) throws Exception {
        try (PositionalFile file = file(name, bytes)) {
            return Mapping.map(file.fd().number(), 0, bytes, true);
        }
    }

    @Test
    void what_was_given_back_is_not_done_again_and_what_was_not_is_done_again_first_and_in_order() throws Exception {
        int resumed = 0;
        int published = 0;
        for (int kill = 0; kill < KILLS; kill++) {
            List<Integer> expected = new ArrayList<>(outstanding.keySet());
            long from = journalLength();
            resumed += expected.size();
            int first = offered;

            driveUntilKilled();

            if (recordedUsedIndex() != usedIndex()) {
                published++;
            }
            for (int number = first; number < offered; number++) {
                expected.add(number);
            }
            assertThat(expected).as("done in life %d", kill).startsWith(journalFrom(from).toArray(Integer[]::new));
        }
        System.out.printf("%d kills, %d requests, %d not given back at kills and done after them in order, %d kills between publishing and its note%n",
                KILLS, used, resumed, published);
        assertThat(resumed).isGreaterThan(KILLS);
    }

    /** Starts a data path, keeps its queue full, and kills it when it has given back some; takes what it has given back. */
    private void driveUntilKilled() throws Exception {
        Process victim = start();
        try {
            int enough = used + LEAST + random.nextInt(MORE);
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
            while (used < enough) {
                offer();
                takeUsed();
                assertThat(victim.isAlive() && System.nanoTime() < deadline)
                        .as("%d of %d are given back: %s", used, enough, Files.readString(folder.resolve("output")))
                        .isTrue();
            }
        } finally {
            victim.destroyForcibly().waitFor();
        }
        takeUsed();
    }

    private Process start() throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+UseSerialGC", "-Xmx64m",
                "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow",
                "-cp", System.getProperty("java.class.path"), VictimProcess.class.getName()));
        files.forEach(file -> command.add(file.toString()));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("output").toFile())
                .start();
    }

    private void offer() {
        while (!freeBuffers.isEmpty()) {
            int buffer = freeBuffers.remove();
            driver.ours.segment().set(JAVA_LONG, TestDriver.buffer(buffer) - TestDriver.IOVA, offered);
            assertThat(ring.add(new long[] {TestDriver.buffer(buffer)}, new int[] {Long.BYTES}, 1, 0, offered)).isZero();
            outstanding.put(offered++, buffer);
        }
        ring.publish();
    }

    private void takeUsed() {
        for (int number = ring.poll(); number != DriverRing.EMPTY; number = ring.poll()) {
            Integer buffer = outstanding.remove(number);
            assertThat(buffer).as("the buffer of request %d, which is given back", number).isNotNull();
            freeBuffers.add(buffer);
            used++;
        }
    }

    private long journalLength() {
        return journal.segment().get(JAVA_LONG, 0);
    }

    private List<Integer> journalFrom(long from) {
        List<Integer> numbers = new ArrayList<>();
        for (long at = from; at < journalLength(); at++) {
            numbers.add((int) journal.segment().get(JAVA_LONG, Long.BYTES * (at + 1)));
        }
        return numbers;
    }

    private short recordedUsedIndex() {
        return record.segment().get(JAVA_SHORT, USED_INDEX_OF_RECORD);
    }

    private short usedIndex() {
        return driver.ours.segment().get(JAVA_SHORT, TestDriver.deviceArea(0) - TestDriver.IOVA + 2);
    }
}
