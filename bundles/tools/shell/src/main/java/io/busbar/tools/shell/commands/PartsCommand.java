package io.busbar.tools.shell.commands;

import io.busbar.api.backend.BackendFactory;
import io.busbar.api.vdpa.BusSnapshot.Kind;
import io.busbar.api.vdpa.BusSnapshot.Part;
import io.busbar.api.vdpa.Health;
import io.busbar.tools.shell.Inventory;
import io.busbar.tools.shell.JsonText;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** {@code backend list}, {@code driver list} and {@code model list}: what is plugged in, from which bundle, and its health. */
public final class PartsCommand extends OwnCommand {

    private final Inventory inventory;
    private final Set<Kind> kinds;

    private PartsCommand(Inventory inventory, String name, String summary, String what, Set<Kind> kinds) {
        super(name, summary, "Usage: " + name + " list\n       " + what + "\n", List.of("list"));
        this.inventory = inventory;
        this.kinds = kinds;
    }

    /**
     * Makes {@code backend}.
     *
     * @param inventory what it works on
     */
    static PartsCommand backends(Inventory inventory) {
        return new PartsCommand(inventory, "backend", "where the bytes can go",
                "backends with their kind, their words for vdpa dev add, and the bundle they come from",
                Set.of(Kind.BACKEND));
    }

    /**
     * Makes {@code driver}.
     *
     * @param inventory what it works on
     */
    static PartsCommand drivers(Inventory inventory) {
        return new PartsCommand(inventory, "driver", "what makes devices, and what drives them",
                "management devices and bus drivers with the bundle they come from",
                Set.of(Kind.MANAGEMENT_DEVICE, Kind.BUS_DRIVER));
    }

    /**
     * Makes {@code model}.
     *
     * @param inventory what it works on
     */
    static PartsCommand models(Inventory inventory) {
        return new PartsCommand(inventory, "model", "which kinds of devices there are",
                "device models with the bundle they come from", Set.of(Kind.DEVICE_MODEL));
    }

    @Override
    String run(String subcommand, Arguments arguments, List<String> words) throws Wrong {
        end(words);
        List<Part> parts = inventory.buses().stream()
                .flatMap(bus -> bus.snapshot().parts().stream())
                .filter(part -> kinds.contains(part.kind()))
                .distinct()
                .toList();
        return arguments.json() ? json(parts, arguments.pretty()) : text(parts);
    }

    private String text(List<Part> parts) {
        Table table = new Table();
        for (Part part : parts) {
            table.row(part.name(), kind(part), part.type(), settings(part).orElse(""), part.origin(), health(part.health()));
        }
        return table.text("");
    }

    private String json(List<Part> parts, boolean pretty) {
        JsonText json = new JsonText(pretty).open().openArray(name());
        for (Part part : parts) {
            json.open().property("name", part.name()).property("kind", kind(part));
            if (!part.type().isEmpty()) {
                json.property("type", part.type());
            }
            settings(part).ifPresent(settings -> json.property("settings", settings));
            json.property("origin", part.origin());
            json.property("reason", part.health().reason()).property("sentence", part.health().sentence());
            json.close();
        }
        return json.closeArray().close().finish();
    }

    private Optional<String> settings(Part part) {
        return inventory.backends().stream()
                .filter(backend -> part.kind() == Kind.BACKEND)
                .filter(backend -> backend.name().equals(part.name()) && backend.type().equals(part.type()))
                .map(BackendFactory::settings)
                .findFirst();
    }

    static String kind(Part part) {
        return part.kind().name().toLowerCase(Locale.ROOT);
    }

    /** Nothing where nothing is wrong. */
    static String health(Health health) {
        return health.ok() ? "" : health.reason() + (health.sentence().isEmpty() ? "" : ": " + health.sentence());
    }
}
