package io.busbar.tools.plug;

import io.busbar.tools.plug.BundleJar.BrokenException;
import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A directory whose jars are plugged in as long as they are there. One thread looks at it: when the kernel says that something has
 * changed, and again until what has changed is at rest.
 *
 * <p>A file is taken when its size and time have stayed the same from one look to the next and it is a whole jar. One that is refused
 * is named in the log once, and looked at again when it changes, or other bundles have come or gone; or after a while, if what is in the
 * way passes.
 *
 * <p>A file is gone when it has not been there for a while: who replaces one often takes the old one away first.
 */
final class DeployFolder {

    private static final Logger LOG = LoggerFactory.getLogger(DeployFolder.class);
    private static final long SETTLE_MILLIS = 100;
    private static final long RETRY_MILLIS = 1000;
    private static final long GONE_NANOS = TimeUnit.MILLISECONDS.toNanos(300);
    private static final int LOOKS_UNTIL_BROKEN = 20;

    private final Path directory;
    private final Plugs plugs;
    private final Map<Path, Item> items = new ConcurrentSkipListMap<>();
    /** Since when files are not there of which something is plugged in. */
    private final Map<Path, Long> absent = new HashMap<>();
    private List<Plugged> tried = List.of();
    private WatchService watch;
    private Thread thread;

    /** By what a file is known again. */
    private record Stamp(long size, FileTime time, Object key) {

        static Stamp of(Path file) throws IOException {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            return new Stamp(attributes.size(), attributes.lastModifiedTime(), attributes.fileKey());
        }
    }

    /**
     * What is known of a file.
     *
     * @param stamp   at the last look
     * @param looks   how often it was looked at with this stamp and not taken
     * @param plugged what it is plugged in as
     * @param reason  why it is not; empty if nothing is wrong
     */
    private record Item(Stamp stamp, int looks, Optional<Plugged> plugged, String reason) {

        boolean isSettled() {
            return looks < 0;
        }

        Item settled(Optional<Plugged> now, String why) {
            return new Item(stamp, -1, now, why);
        }

        Item waiting(String why) {
            return new Item(stamp, looks, plugged, why);
        }

        Item looked() {
            return new Item(stamp, looks + 1, plugged, reason);
        }
    }

    DeployFolder(Path directory, Plugs plugs) {
        this.directory = directory;
        this.plugs = plugs;
    }

    /** Takes what is there before the return, and what comes from then on. */
    void start() {
        try {
            Files.createDirectories(directory);
            watch = directory.getFileSystem().newWatchService();
            directory.register(watch, StandardWatchEventKinds.ENTRY_CREATE, StandardWatchEventKinds.ENTRY_MODIFY,
                    StandardWatchEventKinds.ENTRY_DELETE);
            look();
            look();
        } catch (IOException e) {
            LOG.error("{} is not watched: {}", directory, e.toString());
            return;
        }
        thread = Thread.ofPlatform().daemon().name("busbar-deploy").start(this::run);
    }

    private void run() {
        try {
            while (true) {
                WatchKey key = await();
                if (key != null) {
                    key.pollEvents();
                    if (!key.reset()) {
                        LOG.error("{} was removed: bundles are not deployed any more", directory);
                        return;
                    }
                }
                look();
            }
        } catch (InterruptedException | ClosedWatchServiceException _) {
            // Closed.
        } catch (IOException e) {
            LOG.error("{} cannot be read any more: {}", directory, e.toString());
        }
    }

    /** Waits for the kernel's word; not for ever while something is left to do. */
    private WatchKey await() throws InterruptedException {
        if (!absent.isEmpty() || items.values().stream().anyMatch(item -> !item.isSettled() && item.reason().isEmpty())) {
            return watch.poll(SETTLE_MILLIS, TimeUnit.MILLISECONDS);
        }
        return items.values().stream().anyMatch(item -> !item.reason().isEmpty())
                ? watch.poll(RETRY_MILLIS, TimeUnit.MILLISECONDS)
                : watch.take();
    }

    private void look() throws IOException {
        Set<Path> found = found();
        absent.keySet().removeAll(found);
        for (Path file : List.copyOf(items.keySet())) {
            if (!found.contains(file) && isGone(file)) {
                gone(file, items.remove(file));
            }
        }
        boolean others = !plugs.plugged().equals(tried);
        found.forEach(file -> look(file, others));
        tried = plugs.plugged();
    }

    private boolean isGone(Path file) {
        if (items.get(file).plugged().isEmpty()) {
            return true;
        }
        long now = System.nanoTime();
        Long since = absent.putIfAbsent(file, now);
        return since != null && now - since >= GONE_NANOS && absent.remove(file, since);
    }

    private Set<Path> found() throws IOException {
        Set<Path> found = new TreeSet<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "[!.]*.jar")) {
            files.forEach(found::add);
        }
        return found;
    }

    /** The stamp is that of now: what was done for other files took its time, and a file that changed since would be taken twice. */
    private void look(Path file, boolean others) {
        Stamp stamp;
        try {
            stamp = Stamp.of(file);
        } catch (IOException _) {
            return; // It has gone meanwhile.
        }
        Item known = items.get(file);
        if (known == null || !known.stamp().equals(stamp)) {
            items.put(file, new Item(stamp, 0, known == null ? Optional.empty() : known.plugged(), ""));
        } else if (!known.isSettled() || others && !known.reason().isEmpty()) {
            items.put(file, taken(file, known));
        }
    }

    /** A file that is not whole after a while is wrong, until it changes. */
    private Item taken(Path file, Item item) {
        try {
            BundleJar.read(file);
            Plugged now = plugs.deploy(file, item.plugged());
            return item.settled(Optional.of(now), "");
        } catch (BrokenException broken) {
            return item.looks() < LOOKS_UNTIL_BROKEN ? item.looked() : refused(file, item, "it is no jar: " + broken.getMessage());
        } catch (BusyException busy) {
            tell(file, item, busy.getMessage());
            return item.waiting(busy.getMessage());
        } catch (PlugException refused) {
            return refused(file, item, refused.getMessage());
        }
    }

    private static Item refused(Path file, Item item, String reason) {
        tell(file, item, reason);
        return item.settled(item.plugged(), reason);
    }

    private static void tell(Path file, Item item, String reason) {
        if (!reason.equals(item.reason())) {
            LOG.error("{} is not plugged in: {}", file, reason);
        }
    }

    private void gone(Path file, Item item) {
        if (item.plugged().isPresent()) {
            try {
                plugs.undeploy(item.plugged().get());
            } catch (PlugException stays) {
                LOG.error("{} is gone, and what it was is not: {}", file, stays.getMessage());
            }
        }
    }

    /** Returns the files that are not plugged in as they are, with the reason. */
    Map<Path, String> refused() {
        Map<Path, String> refused = new TreeMap<>();
        items.forEach((file, item) -> {
            if (!item.reason().isEmpty()) {
                refused.put(file, item.reason());
            }
        });
        return refused;
    }

    /** What is plugged in stays. */
    void close() {
        if (thread == null) {
            return;
        }
        try {
            watch.close();
            thread.join();
        } catch (IOException e) {
            LOG.warn("{} is still watched: {}", directory, e.toString());
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
