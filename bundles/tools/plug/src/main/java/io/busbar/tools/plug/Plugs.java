package io.busbar.tools.plug;

import io.busbar.api.vdpa.BusSnapshot;
import io.busbar.api.vdpa.BusSnapshot.Part;
import io.busbar.api.vdpa.PartPreference;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.tools.plug.BundleJar.BrokenException;
import io.busbar.tools.plug.Plugged.Stay;
import io.busbar.tools.plug.Shelf.Kept;
import io.busbar.tools.plug.Sources.Source;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import org.osgi.framework.Bundle;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The bundles that were plugged in, and how they come, are replaced and go. Any thread; one thing is done at a time, as it may move
 * devices, and each either is done or leaves everything as it was.
 */
final class Plugs {

    private static final Logger LOG = LoggerFactory.getLogger(Plugs.class);
    /** How long requests may take to end where nobody has said. */
    static final Duration DEADLINE = Duration.ofSeconds(1);

    private final Framework framework;
    private final Shelf shelf;
    private final Gate gate;
    private final PartPreference preference;
    private final Collection<VdpaBus> buses;
    private final ReentrantLock turn = new ReentrantLock(true);
    private volatile List<Plugged> plugged = List.of();
    private volatile List<Lost> lost = List.of();
    /** What this turn has brought: the framework may have started it already, and its parts are not there for others yet. */
    private volatile List<Bundle> coming = List.of();

    /**
     * An installed bundle that could not come back.
     *
     * @param kept   what the list says of it
     * @param reason why not
     */
    record Lost(Kept kept, String reason) {}

    /** What is done, while nothing else is. */
    @FunctionalInterface
    private interface Step<T> {
        T run() throws PlugException;
    }

    Plugs(Framework framework, Shelf shelf, Gate gate, PartPreference preference, Collection<VdpaBus> buses) {
        this.framework = framework;
        this.shelf = shelf;
        this.gate = gate;
        this.preference = preference;
        this.buses = buses;
    }

    private <T> T inTurn(Step<T> step) throws PlugException {
        turn.lock();
        try {
            return step.run();
        } finally {
            coming = List.of();
            turn.unlock();
        }
    }

    /** Returns what is plugged in now. */
    List<Plugged> plugged() {
        return plugged;
    }

    /** Returns whether a bundle has come and what it gives may not be there yet; what is said of it may change at once. */
    boolean isComing(Bundle bundle) {
        return coming.contains(bundle);
    }

    /** Returns what should be there and is not. */
    List<Lost> lost() {
        return lost;
    }

    /** Brings back what was installed before. What does not come says why, and stays in the list. */
    void restore() {
        try {
            inTurn(() -> {
                List<Kept> kept = shelf.load();
                shelf.sweep(kept.stream().map(Kept::file).collect(Collectors.toSet()));
                List<Plugged> installed = new ArrayList<>();
                for (Kept one : kept) {
                    try {
                        gate.check(one.file(), one.from());
                        installed.add(new Plugged(framework.install(one.file()), one.file(), one.from(), Stay.KEPT));
                    } catch (PlugException refused) {
                        lose(one, refused);
                    }
                }
                for (Plugged one : installed) {
                    restore(one);
                }
                return null;
            });
        } catch (PlugException unreadable) {
            LOG.error("{}", unreadable.getMessage());
        }
    }

    private void restore(Plugged one) {
        try {
            framework.start(one.bundle());
            preference.prefer(one.bundle().getBundleId());
            add(one);
        } catch (PlugException refused) {
            quietly(one.bundle());
            lose(new Kept(one.file(), one.from()), refused);
        }
    }

    private void lose(Kept kept, PlugException why) {
        LOG.error("{} does not come back: {}", kept.from(), why.getMessage());
        List<Lost> next = new ArrayList<>(lost);
        next.add(new Lost(kept, why.getMessage()));
        lost = List.copyOf(next);
    }

    /**
     * Installs bundles, all or none.
     *
     * @param sources which
     * @param stay    how long
     * @return a line for each
     */
    List<String> install(List<Source> sources, Stay stay) throws PlugException {
        return inTurn(() -> {
            List<Plugged> done = new ArrayList<>();
            boolean whole = false;
            try {
                for (Source source : sources) {
                    done.add(bring(source, stay, this::checkNew));
                }
                // What one of them lacks another may bring.
                for (Plugged one : done) {
                    framework.start(one.bundle());
                }
                for (Plugged one : done) {
                    use(one, List.of());
                }
                save();
                whole = true;
                return done.stream().map(one -> one.bundle().getBundleId() + " " + Plugged.origin(one.bundle()) + " from " + one.from())
                        .toList();
            } finally {
                if (!whole) {
                    done.forEach(this::takeBack);
                }
            }
        });
    }

    private void checkNew(BundleJar jar) throws PlugException {
        List<Bundle> there = framework.named(jar.symbolicName());
        if (!there.isEmpty()) {
            throw new PlugException(Plugged.origin(there.getLast()) + " is installed already: update replaces it");
        }
    }

    /** What has to hold before a file is installed. */
    @FunctionalInterface
    private interface Check {
        void accept(BundleJar jar) throws PlugException;
    }

    /** Installs a copy of a file, which is not started yet. */
    private Plugged bring(Source source, Stay stay, Check check) throws PlugException {
        Path copy = shelf.copy(source.file());
        boolean done = false;
        try {
            gate.check(copy, source.from());
            check.accept(BundleJar.read(copy));
            Plugged one = new Plugged(framework.install(copy), copy, source.from(), stay);
            comes(one.bundle());
            add(one);
            done = true;
            return one;
        } catch (BrokenException broken) {
            throw new PlugException(source.from() + " is no jar: " + broken.getMessage(), broken);
        } finally {
            if (!done) {
                shelf.remove(copy);
            }
        }
    }

    private void add(Plugged one) {
        List<Plugged> next = new ArrayList<>(plugged);
        next.add(one);
        plugged = List.copyOf(next);
    }

    private void comes(Bundle bundle) {
        List<Bundle> next = new ArrayList<>(coming);
        next.add(bundle);
        coming = List.copyOf(next);
    }

    /** Another one of its name and version may have had parts that cannot be used before it was started. */
    private void use(Plugged one, List<Part> before) throws PlugException {
        List<Part> after = new ArrayList<>(unwell(one.bundle()));
        before.forEach(after::remove);
        if (!after.isEmpty()) {
            throw new PlugException(Plugged.origin(one.bundle()) + " has a part that cannot be used, " + after.getFirst().name()
                    + ": " + after.getFirst().health().sentence());
        }
        preference.prefer(one.bundle().getBundleId());
        LOG.info("{} is plugged in, from {}", Plugged.origin(one.bundle()), one.from());
    }

    private List<Part> unwell(Bundle bundle) {
        String origin = Plugged.origin(bundle);
        return buses.stream()
                .map(VdpaBus::snapshot)
                .map(BusSnapshot::parts)
                .flatMap(List::stream)
                .filter(part -> part.origin().equals(origin) && !part.health().ok())
                .toList();
    }

    private void save() throws PlugException {
        List<Kept> kept = new ArrayList<>(lost.stream().map(Lost::kept).toList());
        plugged.stream().filter(one -> one.stay() == Stay.KEPT).forEach(one -> kept.add(new Kept(one.file(), one.from())));
        if (!kept.equals(shelf.load())) {
            shelf.save(kept);
        }
    }

    private void takeBack(Plugged one) {
        quietly(one.bundle());
        drop(one);
        try {
            shelf.remove(one.file());
        } catch (PlugException left) {
            LOG.warn("{}", left.getMessage());
        }
    }

    private void quietly(Bundle bundle) {
        try {
            framework.uninstall(bundle);
        } catch (PlugException stays) {
            LOG.warn("{}", stays.getMessage());
        }
    }

    private void drop(Plugged one) {
        plugged = plugged.stream().filter(other -> other != one).toList();
    }

    /**
     * Replaces all bundles of the name that the new one has: make before break.
     *
     * @param source   the new one
     * @param stay     how long
     * @param moves    swaps the devices
     * @return what was done, in lines
     * @throws PlugException why not: all is as it was
     */
    List<String> update(Source source, Stay stay, Moves moves) throws PlugException {
        return inTurn(() -> {
            List<Bundle> olds = new ArrayList<>();
            List<String> lines = new ArrayList<>();
            takeOver(source, stay, moves, jar -> {
                olds.addAll(framework.named(jar.symbolicName()));
                if (olds.isEmpty()) {
                    throw new PlugException(jar.symbolicName() + " is not installed: install brings it");
                }
                for (Bundle old : olds) {
                    checkNotDeployed(old);
                }
            }, lines);
            for (Bundle old : olds) {
                remove(old);
            }
            save();
            return lines;
        });
    }

    /** A new bundle is started beside those of its name, and gets their devices; or it goes again, and they go on. */
    private Plugged takeOver(Source source, Stay stay, Moves moves, Check check, List<String> lines) throws PlugException {
        BundleJar[] jar = new BundleJar[1];
        List<Bundle> olds = new ArrayList<>();
        Plugged next = bring(source, stay, read -> {
            jar[0] = read;
            check.accept(read);
            olds.addAll(framework.named(read.symbolicName()));
            checkReplaceable(olds);
        });
        boolean done = false;
        try {
            List<Part> before = unwell(next.bundle());
            framework.start(next.bundle());
            use(next, before);
            List<Use> uses = usesOf(olds);
            checkCovers(jar[0], uses);
            moves.to(uses);
            if (!moves.later().isEmpty()) {
                for (Bundle old : olds) {
                    framework.stop(old);
                }
                moves.awaitLater();
            }
            save();
            done = true;
        } finally {
            if (!done) {
                goBack(olds, moves);
                takeBack(next);
            }
        }
        olds.forEach(old -> lines.add(Plugged.origin(old) + " -> " + Plugged.origin(next.bundle())));
        lines.addAll(moves.lines());
        return next;
    }

    private List<Use> usesOf(List<Bundle> bundles) {
        List<String> origins = bundles.stream().map(Plugged::origin).toList();
        return Use.all(buses).stream().filter(use -> origins.contains(use.origin())).toList();
    }

    private void goBack(List<Bundle> olds, Moves moves) {
        for (Bundle old : olds) {
            try {
                framework.start(old);
                preference.prefer(old.getBundleId());
            } catch (PlugException broken) {
                LOG.error("{} does not go on: {}", Plugged.origin(old), broken.getMessage());
            }
        }
        moves.back();
    }

    private void checkReplaceable(List<Bundle> bundles) throws PlugException {
        for (Bundle bundle : bundles) {
            if (!isPlugged(bundle) && !givesParts(bundle)) {
                throw new PlugException(Plugged.origin(bundle) + " is a part of Busbar itself: it changes with the whole, by a new start");
            }
            if (framework.isUsedByBundles(bundle)) {
                throw new PlugException(Plugged.origin(bundle) + " is used by other bundles: they would have to start anew");
            }
        }
        for (Use use : usesOf(bundles)) {
            if (!use.canBeSwapped()) {
                throw new PlugException(use.name() + " has devices, such as " + use.device()
                        + ", and what makes or drives devices cannot be replaced under them: delete them first, or give them to another one");
            }
        }
    }

    private boolean isPlugged(Bundle bundle) {
        return plugged.stream().anyMatch(one -> one.bundle() == bundle);
    }

    private boolean givesParts(Bundle bundle) {
        String origin = Plugged.origin(bundle);
        return buses.stream().flatMap(bus -> bus.snapshot().parts().stream()).anyMatch(part -> part.origin().equals(origin));
    }

    private static void checkCovers(BundleJar jar, List<Use> uses) throws PlugException {
        for (Use use : uses) {
            boolean has = use.kind() == BusSnapshot.Kind.BACKEND ? jar.hasBackend(use.name()) : jar.hasModel();
            if (!has) {
                throw new PlugException(jar.origin() + " has no "
                        + (use.kind() == BusSnapshot.Kind.BACKEND ? "backend " + use.name() : "device model") + ", which "
                        + use.device() + " uses");
            }
        }
    }

    private void remove(Bundle bundle) throws PlugException {
        Optional<Plugged> known = plugged.stream().filter(one -> one.bundle() == bundle).findFirst();
        framework.uninstall(bundle);
        LOG.info("{} is plugged out", Plugged.origin(bundle));
        if (known.isPresent()) {
            drop(known.get());
            shelf.remove(known.get().file());
        }
    }

    /**
     * Takes a bundle away. Devices that use it get that of another bundle of the same name, if there is one, and hold else.
     *
     * @param name    symbolic name
     * @param version which one, if there are several
     * @return what was done, in lines
     */
    List<String> uninstall(String name, Optional<String> version) throws PlugException {
        return inTurn(() -> {
            if (forgetLost(name)) {
                return List.of(name + " does not come back any more");
            }
            Bundle bundle = only(name, version);
            checkNotDeployed(bundle);
            checkReplaceable(List.of(bundle));
            List<String> lines = new ArrayList<>(leave(bundle));
            save();
            lines.addFirst(Plugged.origin(bundle) + " is uninstalled");
            return lines;
        });
    }

    private void checkNotDeployed(Bundle bundle) throws PlugException {
        for (Plugged one : plugged) {
            if (one.bundle() == bundle && one.stay() == Stay.DEPLOYED) {
                throw new PlugException(
                        Plugged.origin(bundle) + " is there as long as " + one.from() + " is: change or remove that file");
            }
        }
    }

    private boolean forgetLost(String name) throws PlugException {
        Optional<Lost> found = lost.stream()
                .filter(one -> one.kept().from().equals(name) || one.kept().file().getFileName().toString().equals(name))
                .findFirst();
        if (found.isPresent()) {
            lost = lost.stream().filter(one -> one != found.get()).toList();
            save();
            shelf.remove(found.get().kept().file());
        }
        return found.isPresent();
    }

    private Bundle only(String name, Optional<String> version) throws PlugException {
        List<Bundle> found = framework.named(name).stream()
                .filter(bundle -> version.isEmpty() || bundle.getVersion().toString().equals(version.get()))
                .toList();
        if (found.isEmpty()) {
            throw new PlugException("there is no bundle " + name + version.map(word -> " " + word).orElse("")
                    + ": bundle list shows what is there");
        }
        if (found.size() > 1) {
            Set<String> versions = new HashSet<>();
            found.forEach(bundle -> versions.add(bundle.getVersion().toString()));
            if (versions.size() > 1) {
                throw new PlugException("there are several bundles " + name + ": one of the versions "
                        + String.join(", ", versions) + " was expected after it");
            }
        }
        return found.getLast();
    }

    /** What a device cannot be moved to it holds for. */
    private List<String> leave(Bundle bundle) throws PlugException {
        List<String> lines = new ArrayList<>();
        List<Use> uses = usesOf(List.of(bundle));
        List<Bundle> others = framework.named(bundle.getSymbolicName()).stream()
                .filter(other -> other != bundle && other.getState() == Bundle.ACTIVE)
                .toList();
        Moves moves = new Moves(DEADLINE, false, false);
        if (!others.isEmpty()) {
            preference.prefer(others.getLast().getBundleId());
            try {
                moves.to(uses);
            } catch (PlugException refused) {
                lines.add(refused.getMessage());
            }
        }
        remove(bundle);
        lines.addAll(moves.lines());
        if (moves.lines().isEmpty()) {
            uses.forEach(use -> lines.add(use.device() + ": holds requests until what it used is there again"));
        }
        return lines;
    }

    /**
     * Brings a file of the directory, in the place of what was there of it before.
     *
     * @param file   whole
     * @param before what the file was before
     * @return what it is now
     * @throws PlugException why not: what was before goes on
     */
    Plugged deploy(Path file, Optional<Plugged> before) throws PlugException {
        return inTurn(() -> {
            Source source = new Source(file, file.toString());
            Plugged next = takeOver(source, Stay.DEPLOYED, new Moves(DEADLINE, false, true), _ -> { }, new ArrayList<>());
            if (before.isPresent()) {
                giveUp(before.get().bundle(), next.bundle());
            }
            return next;
        });
    }

    /** Devices have moved already if the new bundle has the old one's name. */
    private void giveUp(Bundle before, Bundle next) throws PlugException {
        if (before.getSymbolicName().equals(next.getSymbolicName())) {
            remove(before);
        } else {
            leave(before);
        }
    }

    /** Takes away what a file of the directory was. */
    void undeploy(Plugged gone) throws PlugException {
        inTurn(() -> leave(gone.bundle()));
    }
}
