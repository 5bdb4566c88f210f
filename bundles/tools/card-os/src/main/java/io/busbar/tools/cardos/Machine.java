package io.busbar.tools.cardos;

import io.busbar.api.driver.BlockDriver;
import io.busbar.api.driver.ConsoleDriver;
import io.busbar.api.driver.DeviceDriver;
import io.busbar.api.driver.NetDriver;
import io.busbar.api.vdpa.VdpaException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The system of a card while that has a bus: what is on it, and a thread that takes up what comes and goes, looks at what changes by
 * itself, and runs the self-check. That is run for devices that have come when no others have for a moment, so one run is for all that
 * are there at the start.
 */
final class Machine implements AutoCloseable {

    private static final long LOOK_MILLIS = 100;
    private static final Duration LAST_WORDS = Duration.ofMillis(500);

    private final Settings settings;
    private final String version;
    private final CardBus bus;
    private final Messages messages;
    private final Shell shell;
    private final Map<String, Part> parts = new ConcurrentSkipListMap<>();
    private final Map<String, DiskLoad> loads = new ConcurrentHashMap<>();
    private final LinkedBlockingQueue<Runnable> events = new LinkedBlockingQueue<>();
    private final ReentrantLock checking = new ReentrantLock();
    private final List<Part> unchecked = new ArrayList<>();
    private final Thread thread;
    private volatile boolean ended;
    /** On the thread. */
    private int cards;

    /**
     * Begins.
     *
     * @param settings what is set
     * @param version  of the system
     * @param bus      of the card
     */
    Machine(Settings settings, String version, CardBus bus) {
        this.settings = settings;
        this.version = version;
        this.bus = bus;
        messages = new Messages(settings.bus());
        shell = new Shell(this);
        events.add(this::begin);
        thread = Thread.ofPlatform().daemon().name("busbar-" + settings.bus() + "-os").start(this::run);
    }

    private void begin() {
        messages.say(uname());
        bus.takeOthers();
    }

    private void run() {
        try {
            while (!ended) {
                Runnable event = events.poll(LOOK_MILLIS, TimeUnit.MILLISECONDS);
                if (event != null) {
                    event.run();
                } else if (!unchecked.isEmpty()) {
                    List<Part> come = List.copyOf(unchecked);
                    unchecked.clear();
                    check(come);
                }
                parts.values().forEach(part -> part.news().forEach(sentence -> messages.say(part.name() + " " + sentence)));
            }
        } catch (InterruptedException _) {
            // The system ends.
        }
    }

    // What comes and goes

    /** A device is driven. In the middle of a change of the bus: its requests are for the thread. */
    void came(DeviceDriver device) {
        events.add(() -> {
            Part part = part(device);
            Part before = parts.put(part.name(), part);
            if (before != null) {
                before.close();
            }
            unchecked.add(part);
            messages.say(part.name() + " has come: " + part.description());
        });
    }

    /** A device is not driven any more. */
    void went(DeviceDriver device) {
        events.add(() -> {
            Part part = parts.get(device.device());
            if (part == null || part.device() != device) {
                return;
            }
            parts.remove(part.name());
            unchecked.remove(part);
            endLoad(part.name());
            part.close();
            messages.say(part.name() + " has gone");
        });
    }

    private Part part(DeviceDriver device) {
        return switch (device) {
            case BlockDriver disk -> new Disk(disk, settings.check());
            case NetDriver card -> new NetCard(card, settings.address().plus(cards++), settings.check());
            case ConsoleDriver console -> new Terminal(settings.bus(), console, messages, shell, settings.check());
            default -> throw new IllegalArgumentException(device.device() + " is of no type that is known: " + device.getClass());
        };
    }

    // For the commands

    String bus() {
        return settings.bus();
    }

    String uname() {
        return "Busbar card OS " + version + " " + settings.bus() + " Java " + Runtime.version().feature() + " "
                + System.getProperty("os.arch");
    }

    Messages messages() {
        return messages;
    }

    Collection<Part> parts() {
        return parts.values();
    }

    /** Returns a part; null if it is not there. */
    Part part(String name) {
        return parts.get(name);
    }

    /** Looks at all parts that are there. */
    void check() throws InterruptedException {
        check(List.copyOf(parts.values()));
    }

    private void check(List<Part> checked) throws InterruptedException {
        checking.lockInterruptibly();
        try {
            int passed = 0;
            int failed = 0;
            for (Part part : checked) {
                for (Check check : part.check()) {
                    messages.say("self-check: " + part.name() + ": " + check);
                    passed += check.failed() ? 0 : 1;
                    failed += check.failed() ? 1 : 0;
                }
            }
            messages.say("self-check: " + passed + " passed, " + failed + " failed");
        } finally {
            checking.unlock();
        }
    }

    /** Has somebody fill a disk and read it back, in the place of who does so already. */
    void beginLoad(Disk disk, long bytes) {
        endLoad(disk.name());
        loads.put(disk.name(), new DiskLoad(settings.bus(), disk, bytes, messages::say));
    }

    /** Returns who does so; null if nobody. */
    DiskLoad load(String disk) {
        return loads.get(disk);
    }

    void endLoad(String disk) {
        DiskLoad load = loads.remove(disk);
        if (load != null) {
            load.close();
        }
    }

    /** Lets a device go and takes it again. */
    void reset(String device) throws VdpaException {
        endLoad(device);
        bus.reset(device);
    }

    /** Lets all devices go, and begins anew. */
    void reboot() {
        events.add(() -> {
            messages.say("the system is going down for a reboot");
            lastWords();
            messages.clear();
            unchecked.clear();
            cards = 0;
            for (String name : List.copyOf(parts.keySet())) {
                restart(name);
            }
            messages.say(uname());
        });
    }

    private void restart(String name) {
        endLoad(name);
        try {
            bus.reset(name);
        } catch (VdpaException e) {
            messages.say(name + ": " + e.getMessage());
        }
    }

    private void lastWords() {
        try {
            for (Part part : parts.values()) {
                if (part instanceof Terminal console) {
                    console.drain(LAST_WORDS);
                }
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends the system. What devices have of it is left to their drivers. */
    @Override
    public void close() {
        ended = true;
        thread.interrupt();
        bus.close();
        loads.values().forEach(DiskLoad::close);
        parts.values().forEach(Part::close);
    }
}
