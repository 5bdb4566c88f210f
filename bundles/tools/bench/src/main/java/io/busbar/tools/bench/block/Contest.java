package io.busbar.tools.bench.block;

import io.busbar.tools.bench.server.TemporaryFolder;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The servers with an image each, and the rounds in which they take turns. All of it is gone when it is closed.
 *
 * <p>In each round every server does the workload once, over a connection of its own; who is first changes from round to
 * round. After writes, what was written goes to stable storage before the next one's turn.
 */
final class Contest implements AutoCloseable {

    private static final String OURS = "busbar";

    private final BenchOptions options;
    private final PrintStream err;
    private final List<Target.Starter> starters;
    private final TemporaryFolder images;
    private final TemporaryFolder sockets;
    private final Map<Target.Starter, DiskContent> contents = new LinkedHashMap<>();

    private Contest(BenchOptions options, PrintStream err, List<Target.Starter> starters, TemporaryFolder images,
            TemporaryFolder sockets) {
        this.options = options;
        this.err = err;
        this.starters = starters;
        this.images = images;
        this.sockets = sockets;
    }

    /** Makes the images. */
    static Contest prepare(BenchOptions options, Busbar busbar, PrintStream err) throws IOException {
        Path directory = options.directory();
        if (!Files.isDirectory(directory)) {
            throw new IOException("--dir " + directory + ": not a directory");
        }
        String type = Files.getFileStore(directory).type();
        if (type.equals("tmpfs") || type.equals("ramfs")) {
            throw new IOException("--dir " + directory + " is " + type + ": a file system on a disk was expected");
        }
        List<Target.Starter> starters = List.of(busbar, new StorageDaemon("threads"), new StorageDaemon("io_uring"));
        Contest contest = new Contest(
                options, err, starters, TemporaryFolder.createIn(directory), TemporaryFolder.create());
        try {
            contest.makeImages();
            return contest;
        } catch (IOException e) {
            contest.close();
            throw e;
        }
    }

    private void makeImages() throws IOException {
        int blocks = (int) (options.imageBytes() / Workload.BLOCK);
        for (Target.Starter starter : starters) {
            err.println("preparing an image of " + (options.imageBytes() >> 20) + " MiB for " + starter.name());
            contents.put(starter, DiskContent.create(image(starter), blocks));
        }
    }

    private Path image(Target.Starter starter) {
        return images.path().resolve(starters.indexOf(starter) + ".img");
    }

    /** Runs all workloads on all servers. */
    List<Comparison> run() throws IOException, InterruptedException {
        List<Comparison> comparisons = new ArrayList<>();
        for (boolean direct : new boolean[] {false, true}) {
            List<Workload> workloads =
                    options.workloads().stream().filter(workload -> workload.direct() == direct).toList();
            if (workloads.isEmpty()) {
                continue;
            }
            List<Target> targets = new ArrayList<>();
            try {
                startAll(direct, targets);
                for (Workload workload : workloads) {
                    comparisons.add(compare(workload, targets));
                }
                for (Target target : targets) {
                    verify(target);
                }
            } finally {
                targets.forEach(Target::close);
            }
        }
        return comparisons;
    }

    private void startAll(boolean direct, List<Target> targets) throws IOException, InterruptedException {
        for (Target.Starter starter : starters) {
            Path directory = Files.createTempDirectory(sockets.path(), "s");
            try {
                targets.add(starter.start(image(starter), contents.get(starter), direct, directory));
            } catch (IOException e) {
                if (!isOptional(starter)) {
                    throw e;
                }
                err.println("left out: " + e.getMessage());
            }
        }
    }

    /** One of the peer's two modes may be missing: a kernel can have io_uring switched off. */
    private boolean isOptional(Target.Starter starter) {
        return starter == starters.getLast();
    }

    private Comparison compare(Workload workload, List<Target> targets) throws IOException {
        Map<Target, List<Measurement>> runs = new LinkedHashMap<>();
        targets.forEach(target -> runs.put(target, new ArrayList<>()));
        for (int round = 0; round < options.pairs(); round++) {
            for (int i = 0; i < targets.size(); i++) {
                Target target = targets.get((round + i) % targets.size());
                Measurement measurement = options.run().measure(target.socket(), workload, target.content(), true,
                        ThreadLocalRandom.current().nextLong());
                runs.get(target).add(measurement);
                err.println(String.format("%s: pair %d of %d: %s: %.0f IOPS", workload.title(), round + 1,
                        options.pairs(), target.name(), measurement.iops()));
                if (workload.writes()) {
                    sync(target.image());
                }
            }
        }
        List<Series> series = runs.entrySet().stream()
                .map(entry -> new Series(entry.getKey().name(), List.copyOf(entry.getValue())))
                .toList();
        return Comparison.of(workload,
                series.stream().filter(one -> one.server().equals(OURS)).findFirst().orElseThrow(),
                series.stream().filter(one -> !one.server().equals(OURS)).toList());
    }

    private static void sync(Path image) throws IOException {
        try (FileChannel file = FileChannel.open(image, StandardOpenOption.WRITE)) {
            file.force(false);
        }
    }

    private void verify(Target target) throws IOException {
        err.println("comparing the disk of " + target.name() + " with what was written");
        long wrong = ReadBack.differences(target.socket(), target.content());
        if (wrong > 0) {
            throw new IOException("the disk of " + target.name() + " has " + wrong + " blocks of " + Workload.BLOCK
                    + " bytes that are not as they were written");
        }
    }

    @Override
    public void close() {
        images.close();
        sockets.close();
    }
}
