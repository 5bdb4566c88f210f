package io.busbar.tools.plug;

import io.busbar.api.command.CommandCall;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** {@code uninstall}: a bundle goes. */
final class UninstallCommand extends PlugCommand {

    private final Plugs plugs;
    private final BundleTable table;

    UninstallCommand(Plugs plugs, BundleTable table) {
        super("uninstall", "takes a bundle away", """
                Usage: uninstall NAME [ VERSION ]
                       a bundle by its symbolic name, with its version if there are several. Devices that use it are swapped
                       to another bundle of that name if there is one; else they hold requests until it is back. One
                       of the distribution is back at the next start
                """, Set.of());
        this.plugs = plugs;
        this.table = table;
    }

    @Override
    String run(Words words, CommandCall call) throws PlugException {
        List<String> given = words.words();
        if (given.isEmpty() || given.size() > 2) {
            throw new PlugException("a bundle was expected, and perhaps its version: uninstall NAME [ VERSION ]");
        }
        return lines(plugs.uninstall(given.getFirst(), given.size() == 2 ? Optional.of(given.get(1)) : Optional.empty()));
    }

    @Override
    public List<String> complete(List<String> before) {
        return switch (before.size()) {
            case 0 -> table.rows().stream().map(BundleTable.Row::name).distinct().toList();
            case 1 -> table.rows().stream()
                    .filter(row -> row.name().equals(before.getFirst()))
                    .map(BundleTable.Row::version)
                    .toList();
            default -> List.of();
        };
    }
}
