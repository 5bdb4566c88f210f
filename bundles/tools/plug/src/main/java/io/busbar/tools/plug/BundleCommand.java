package io.busbar.tools.plug;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.busbar.api.command.CommandCall;
import io.busbar.tools.plug.BundleTable.Row;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** {@code bundle list}: what is installed, where it is from and who uses it. */
final class BundleCommand extends PlugCommand {

    private static final String LIST = "list";
    private static final Set<String> JSON = Set.of("-j", "--json", "-jp", "-pj");
    private static final Set<String> PRETTY = Set.of("-p", "--pretty", "-jp", "-pj");

    private final BundleTable table;

    BundleCommand(BundleTable table) {
        super("bundle", "what is installed", """
                Usage: bundle list
                       bundles with their state, their version, where they are from, and the devices that use them; and what
                       should be installed and is not, with the reason
                """, Set.of("-j", "--json", "-p", "--pretty", "-jp", "-pj"));
        this.table = table;
    }

    @Override
    String run(Words words, CommandCall call) throws PlugException {
        if (!words.words().equals(List.of(LIST))) {
            String first = words.words().stream().filter(word -> !word.equals(LIST)).findFirst().orElse("");
            throw new PlugException((words.words().isEmpty() ? "a word is missing" : "\"" + first + "\" is unknown")
                    + "; expected one of: " + LIST);
        }
        boolean json = words.options().stream().anyMatch(JSON::contains);
        return json ? json(table.rows(), words.options().stream().anyMatch(PRETTY::contains)) : text(table.rows());
    }

    private static String json(List<Row> rows, boolean pretty) {
        JsonArray bundles = new JsonArray();
        for (Row row : rows) {
            JsonObject bundle = new JsonObject();
            if (row.reason().isEmpty()) {
                bundle.addProperty("id", Long.valueOf(row.id()));
            }
            bundle.addProperty("state", row.state());
            bundle.addProperty("name", row.name());
            bundle.addProperty("version", row.version());
            bundle.addProperty("from", row.from());
            JsonArray users = new JsonArray();
            row.users().forEach(users::add);
            bundle.add("devices", users);
            bundle.addProperty("reason", row.reason());
            bundles.add(bundle);
        }
        JsonObject whole = new JsonObject();
        whole.add("bundle", bundles);
        // Not made at the start, which has to be fast.
        GsonBuilder gson = new GsonBuilder().disableHtmlEscaping();
        return (pretty ? gson.setPrettyPrinting() : gson).create().toJson(whole) + "\n";
    }

    private static String text(List<Row> rows) {
        List<List<String>> cells = new ArrayList<>();
        for (Row row : rows) {
            String last = row.reason().isEmpty() ? String.join(" ", row.users()) : row.reason();
            cells.add(List.of(row.id(), row.state(), row.name(), row.version(), row.from(), last));
        }
        StringBuilder text = new StringBuilder();
        for (List<String> line : cells) {
            StringBuilder padded = new StringBuilder();
            for (int i = 0; i < line.size(); i++) {
                int column = i;
                int width = cells.stream().mapToInt(other -> other.get(column).length()).max().orElse(0);
                padded.append(line.get(i)).repeat(" ", width - line.get(i).length()).append("  ");
            }
            text.append(padded.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }

    @Override
    public List<String> complete(List<String> before) {
        return before.contains(LIST) ? super.complete(before) : List.of(LIST);
    }
}
