package io.busbar.tools.cardos;

import io.busbar.api.driver.DriverException;
import java.io.InterruptedIOException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * Somebody who fills a disk with noise and reads it back, round after round, each with noise of its own, until it is ended or finds
 * something wrong. Has a thread of its own.
 */
final class DiskLoad implements AutoCloseable {

    private final Disk disk;
    private final long bytes;
    private final Consumer<String> told;
    private final Thread thread;
    private final AtomicBoolean ended = new AtomicBoolean();
    private volatile long rounds;
    private volatile String wrong = "";

    /**
     * Begins.
     *
     * @param bus   of the card, for the thread's name
     * @param disk  the disk
     * @param bytes from its beginning on, a multiple of its blocks
     * @param told  of what is wrong, in a sentence
     */
    DiskLoad(String bus, Disk disk, long bytes, Consumer<String> told) {
        this.disk = disk;
        this.bytes = bytes;
        this.told = told;
        thread = Thread.ofPlatform().daemon().name("busbar-" + bus + "-os-load-" + disk.name()).start(this::run);
    }

    private void run() {
        disk.writing().lock();
        try {
            while (!ended.get() && wrong.isEmpty()) {
                Noise noise = new Noise(rounds + 1);
                disk.fillLocked(0, bytes, noise);
                long at = disk.verify(0, bytes, noise);
                if (at >= 0) {
                    wrong = "other bytes than were written at " + at;
                } else {
                    rounds++;
                }
            }
        } catch (InterruptedIOException _) {
            // It was ended.
        } catch (DriverException e) {
            wrong = e.getMessage();
        } finally {
            disk.writing().unlock();
        }
        if (!wrong.isEmpty() && !ended.get()) {
            told.accept("load of " + disk.name() + " has ended: " + wrong);
        }
    }

    /** Returns how it goes, in some words. */
    String status() {
        return "load of " + disk.name() + ": " + rounds + " rounds of " + bytes + " bytes, "
                + (wrong.isEmpty() ? "nothing wrong" : "wrong: " + wrong);
    }

    /** Ends it; what is under way is left to the device. */
    @Override
    public void close() {
        ended.set(true);
        thread.interrupt();
    }
}
