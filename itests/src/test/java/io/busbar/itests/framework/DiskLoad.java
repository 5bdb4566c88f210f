package io.busbar.itests.framework;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.driver.BlockDriver;
import io.busbar.itests.Eventually;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/** Threads that write, read and verify at random, each in a part of its own, until they are told to stop. */
final class DiskLoad implements AutoCloseable {
    static final int THREADS = 3;

    private static final Duration DEADLINE = Duration.ofSeconds(30);
    private static final int BLOCK = 512;
    private static final int MOST = 300 * 1024;

    private final BlockDriver disk;
    private final int part;
    private final List<Thread> threads = new ArrayList<>();
    private final List<Throwable> ends = new CopyOnWriteArrayList<>();
    private final AtomicLong done = new AtomicLong();
    private volatile boolean stop;

    DiskLoad(BlockDriver disk, int bytes) {
        this.disk = disk;
        part = bytes / THREADS / BLOCK * BLOCK;
        for (int i = 0; i < THREADS; i++) {
            int number = i;
            threads.add(Thread.ofPlatform().start(() -> run(number)));
        }
    }

    private void run(int number) {
        try {
            Random random = new Random(number);
            byte[] expected = new byte[part];
            while (!stop) {
                step(number * part, expected, random);
                done.incrementAndGet();
            }
        } catch (Throwable e) {
            ends.add(e);
        }
    }

    private void step(long base, byte[] expected, Random random) throws IOException {
        int from = random.nextInt(part / BLOCK) * BLOCK;
        int length = Math.min(part - from, (1 + random.nextInt(MOST / BLOCK)) * BLOCK);
        switch (random.nextInt(5)) {
            case 0, 1 -> {
                byte[] bytes = new byte[length];
                random.nextBytes(bytes);
                disk.write(base + from, MemorySegment.ofArray(bytes));
                System.arraycopy(bytes, 0, expected, from, length);
            }
            case 2 -> {
                disk.writeZeroes(base + from, length, random.nextBoolean());
                Arrays.fill(expected, from, from + length, (byte) 0);
            }
            case 3 -> disk.flush();
            default -> {
                byte[] bytes = new byte[length];
                disk.read(base + from, MemorySegment.ofArray(bytes));
                assertThat(bytes).isEqualTo(Arrays.copyOfRange(expected, from, from + length));
            }
        }
    }

    /** Waits until so many more steps were done. */
    void go(int steps) {
        long goal = done.get() + steps;
        Eventually.within(DEADLINE, () -> done.get() >= goal || !ends.isEmpty(), () -> "the load does not go on: " + ends);
    }

    /** What ended the threads, apart from their stop. */
    List<Throwable> ends() {
        return ends;
    }

    boolean isOver() {
        return threads.stream().noneMatch(Thread::isAlive);
    }

    @Override
    public void close() {
        stop = true;
        Eventually.within(DEADLINE, this::isOver, () -> "the load does not end");
    }
}
