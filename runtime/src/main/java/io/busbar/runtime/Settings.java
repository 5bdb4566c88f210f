package io.busbar.runtime;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The properties of each PID, of all places where they may be set. A later place wins, property by property: features,
 * the distribution's {@code conf/}, the instance's {@code conf/}, the command line.
 */
final class Settings {
    private static final String BUS = "io.busbar.core.bus";
    private static final String VHOST_USER = "io.busbar.busdrivers.vhostuser";
    private static final String SHELL = "io.busbar.tools.shell";
    private static final String PLUG = "io.busbar.tools.plug";
    private static final String UPGRADE = "io.busbar.tools.upgrade";
    /** Of the factory; the name of a card follows. */
    private static final String CARD = "io.busbar.drivers.x100~";
    private static final String STATE_DIR = "stateDir";
    private static final String SOCKET_DIR = "socketDir";

    private final Map<String, Map<String, Object>> byPid;

    private Settings(Map<String, Map<String, Object>> byPid) {
        this.byPid = byPid;
    }

    static Settings of(Options options, Instance instance, List<Feature> features) throws UsageException, IOException {
        var settings = new Settings(new LinkedHashMap<>());
        settings.put(VHOST_USER, SOCKET_DIR, instance.defaultSocketDir().toString());
        features.forEach(feature -> settings.putAll(feature.configurations()));
        for (var directory : List.of(options.home().resolve("conf"), instance.conf())) {
            for (var file : jsonFiles(directory)) {
                settings.putAll(PidProperties.read(file));
            }
        }
        options.socketDir().ifPresent(dir -> settings.put(VHOST_USER, SOCKET_DIR, dir.toString()));
        options.cards().forEach(card -> settings.put(CARD + card, "name", card));
        settings.put(PLUG, STATE_DIR, instance.directory().toString());
        settings.put(PLUG, "distribution", options.home().toString());
        if (options.takeOver().isEmpty()) {
            settings.putAll(ofInstance(instance));
        }
        settings.put(UPGRADE, "directory", instance.directory().toString());
        settings.put(UPGRADE, "arguments", options.ofSuccessor().toArray(String[]::new));
        return settings;
    }

    /** What only the one process has that has the instance. */
    static List<PidProperties> ofInstance(Instance instance) {
        return List.of(
                new PidProperties(BUS, Map.of(STATE_DIR, instance.directory().toString())),
                new PidProperties(SHELL, Map.of("controlSocket", instance.controlSocket().toString())));
    }

    /** Adds the properties of some PIDs. */
    Settings with(List<PidProperties> more) {
        putAll(more);
        return this;
    }

    /** What has the devices of another process taken over, which is at a socket. */
    Map<String, Map<String, Object>> takingOver(Path socket) {
        var properties = new LinkedHashMap<>(byPid.get(UPGRADE));
        properties.put("connect", socket.toString());
        return Map.of(UPGRADE, properties);
    }

    /** The {@code .json} files of a directory, by name; none if there is no such directory. */
    static List<Path> jsonFiles(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        var files = new ArrayList<Path>();
        try (var found = Files.newDirectoryStream(directory, "*.json")) {
            found.forEach(files::add);
        }
        files.sort(null);
        return files;
    }

    private void putAll(List<PidProperties> all) {
        all.forEach(one -> byPid.computeIfAbsent(one.pid(), _ -> new LinkedHashMap<>()).putAll(one.properties()));
    }

    private void put(String pid, String key, Object value) {
        byPid.computeIfAbsent(pid, _ -> new LinkedHashMap<>()).put(key, value);
    }

    Map<String, Map<String, Object>> byPid() {
        return byPid;
    }

    /** Where devices' sockets are made. */
    Path socketDir() {
        return Path.of(byPid.get(VHOST_USER).get(SOCKET_DIR).toString()).toAbsolutePath();
    }
}
