package io.busbar.tools.shell.commands;

import io.busbar.tools.shell.Inventory;
import io.busbar.tools.shell.Inventory.BundleEntry;
import io.busbar.tools.shell.JsonText;
import java.util.List;

/** {@code bundle list}: what is installed. */
public final class BundleCommand extends OwnCommand {

    private final Inventory inventory;

    /**
     * Makes the command.
     *
     * @param inventory what it works on
     */
    public BundleCommand(Inventory inventory) {
        super("bundle", "what is installed", "Usage: bundle list\n       bundles with their state and version\n",
                List.of("list"));
        this.inventory = inventory;
    }

    @Override
    String run(String subcommand, Arguments arguments, List<String> words) throws Wrong {
        end(words);
        List<BundleEntry> bundles = inventory.bundles();
        if (!arguments.json()) {
            Table table = new Table();
            bundles.forEach(bundle ->
                    table.row(String.valueOf(bundle.id()), bundle.state(), bundle.name(), bundle.version()));
            return table.text("");
        }
        JsonText json = new JsonText(arguments.pretty()).open().openArray("bundle");
        for (BundleEntry bundle : bundles) {
            json.open().property("id", bundle.id()).property("state", bundle.state()).property("name", bundle.name())
                    .property("version", bundle.version()).close();
        }
        return json.closeArray().close().finish();
    }
}
