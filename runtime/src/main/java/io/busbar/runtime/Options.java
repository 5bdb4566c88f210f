package io.busbar.runtime;

import io.busbar.runtime.client.LongOption;
import io.busbar.runtime.client.StatePaths;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What the launcher was asked to do: its command line, completed from the environment.
 *
 * @param home the distribution: {@code lib}, {@code bundles}, {@code features}, {@code conf}
 * @param stateRoot the directory that holds one directory of state per instance
 * @param instance the instance's name
 * @param socketDir where devices' sockets are made; empty: {@code sockets} in the instance's state
 * @param disk an existing image that becomes {@code disk0}
 * @param devices files in which devices are declared, in the order in which they are added
 * @param cards names of X100 cards that are there beside those of the settings
 * @param initrd an initial RAM disk to name in the User Mode Linux command line that is printed
 * @param console true: log lines go to standard error instead of the instance's log file
 * @param takeOver the socket of the Busbar whose instance, with all devices, this one takes over
 */
record Options(
        Path home,
        Path stateRoot,
        String instance,
        Optional<Path> socketDir,
        Optional<Path> disk,
        List<Path> devices,
        List<String> cards,
        Optional<Path> initrd,
        boolean console,
        Optional<Path> takeOver) {

    private static final Set<String> VALUED =
            Set.of("--instance", "--state-dir", "--socket-dir", "--disk", "--devices", "--card", "--home", "--uml-initrd", "--take-over");

    /**
     * @param args the command line; a value is the word after its option, or stands behind {@code =} in the same one
     * @param env the environment, of which BUSBAR_STATE_DIR, BUSBAR_INSTANCE, XDG_STATE_HOME and HOME are read
     * @param defaultHome the distribution that this class was loaded from
     * @throws UsageException for an unknown option, a missing value or one that cannot be used
     */
    static Options parse(List<String> args, Map<String, String> env, Path defaultHome) throws UsageException {
        var home = defaultHome;
        Path stateRoot = null;
        var instance = StatePaths.instance(env);
        var socketDir = Optional.<Path>empty();
        var disk = Optional.<Path>empty();
        var devices = new ArrayList<Path>();
        var cards = new ArrayList<String>();
        var initrd = Optional.<Path>empty();
        var console = false;
        var takeOver = Optional.<Path>empty();
        var words = new ArrayDeque<>(args);
        while (!words.isEmpty()) {
            var word = LongOption.of(words.removeFirst());
            if (word.is("--console")) {
                console = true;
                continue;
            }
            var option = word.name();
            if (!VALUED.contains(option)) {
                throw new UsageException("unknown option \"" + word + "\" (--instance NAME, --state-dir DIR,"
                        + " --socket-dir DIR, --disk FILE, --devices FILE, --card NAME, --uml-initrd FILE, --home DIR, --take-over SOCKET, --console)");
            }
            if (word.value().isEmpty() && words.isEmpty()) {
                throw new UsageException(option + " needs a value");
            }
            var value = word.value().orElseGet(words::removeFirst);
            switch (option) {
                case "--instance" -> instance = value;
                case "--state-dir" -> stateRoot = path(option, value);
                case "--socket-dir" -> socketDir = Optional.of(path(option, value));
                case "--disk" -> disk = Optional.of(path(option, value));
                case "--devices" -> devices.add(path(option, value));
                case "--card" -> cards.add(value);
                case "--take-over" -> takeOver = Optional.of(path(option, value));
                case "--uml-initrd" -> initrd = Optional.of(path(option, value));
                default -> home = path(option, value);
            }
        }
        if (stateRoot == null) {
            stateRoot = stateRoot(env);
        }
        return new Options(home, stateRoot, instance, socketDir, disk, List.copyOf(devices), List.copyOf(cards), initrd, console, takeOver);
    }

    /** What a launcher is started with that takes this one's instance over: what was asked for once is there already. */
    List<String> ofSuccessor() {
        var words = new ArrayList<>(List.of("--instance", instance, "--state-dir", stateRoot.toString()));
        socketDir.ifPresent(directory -> words.addAll(List.of("--socket-dir", directory.toString())));
        cards.forEach(card -> words.addAll(List.of("--card", card)));
        if (console) {
            words.add("--console");
        }
        return words;
    }

    private static Path stateRoot(Map<String, String> env) throws UsageException {
        try {
            return StatePaths.root(env)
                    .orElseThrow(() -> new UsageException("no directory for the state: none of --state-dir,"
                            + " BUSBAR_STATE_DIR, XDG_STATE_HOME and HOME is set"));
        } catch (InvalidPathException e) {
            throw new UsageException("the directory for the state is not a path: " + e.getMessage());
        }
    }

    private static Path path(String name, String value) throws UsageException {
        if (value.isEmpty()) {
            throw new UsageException(name + " is empty, a path was expected");
        }
        try {
            return Path.of(value).toAbsolutePath().normalize();
        } catch (InvalidPathException e) {
            throw new UsageException(name + " is not a path: " + e.getMessage());
        }
    }
}
