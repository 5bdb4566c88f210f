package io.busbar.drivers.x100;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.busbar.api.command.CommandCall;
import io.busbar.api.command.ShellCommand;
import io.busbar.drivers.x100.link.PciLink;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;

/** {@code x100}: the cards, and what crosses their links. */
@Component(service = ShellCommand.class)
public final class X100Command implements ShellCommand {

    private static final String LIST = "list";
    private static final String LINK = "link";
    private static final String PAGE = "page";
    private static final String DOORBELLS = "doorbells";
    private static final String SMPT = "smpt";
    private static final String DMA = "dma";
    private static final List<String> SUBCOMMANDS = List.of(LIST, LINK, PAGE, DOORBELLS, SMPT, DMA);
    private static final List<String> OPTIONS = List.of("-j", "-p", "-jp", "--json", "--pretty");

    private final List<PciLink> links = new CopyOnWriteArrayList<>();

    /** What was asked for cannot be shown; the message says why. */
    private static final class Wrong extends Exception {

        private static final long serialVersionUID = 1;

        Wrong(String sentence) {
            super(sentence);
        }
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void bindLink(PciLink link) {
        links.add(link);
    }

    void unbindLink(PciLink link) {
        links.remove(link);
    }

    @Override
    public String name() {
        return "x100";
    }

    @Override
    public String summary() {
        return "X100 cards: what crosses their links, device pages, doorbells, windows, DMA channels";
    }

    @Override
    public String help() {
        return """
                Usage: x100 list
                       the cards
                       x100 link [ CARD ]
                       what crossed the link, for each queue of each device at both ends
                       x100 page CARD
                       the device page, field by field and as hex
                       x100 doorbells [ CARD ]
                       doorbells of both ends: registers, interrupts, how often they were rung, users
                       x100 smpt [ CARD ]
                       windows of the card to the host's memory through which something is mapped
                       x100 dma [ CARD ]
                       channels of the DMA engine
                -j prints JSON, -p with line breaks
                """;
    }

    @Override
    public int run(CommandCall call) {
        List<String> options = call.words().stream().filter(word -> word.startsWith("-")).toList();
        List<String> words = call.words().stream().filter(word -> !word.startsWith("-")).toList();
        try {
            for (String option : options) {
                if (!OPTIONS.contains(option)) {
                    throw new Wrong("\"" + option + "\" is no option; expected one of: " + String.join(", ", OPTIONS));
                }
            }
            boolean json = options.stream().anyMatch(option -> option.contains("j"));
            boolean pretty = options.stream().anyMatch(option -> option.contains("p"));
            call.out(run(words, json, pretty));
            return OK;
        } catch (Wrong e) {
            call.err(name() + ": " + e.getMessage() + "\n");
            return FAILED;
        }
    }

    private String run(List<String> words, boolean json, boolean pretty) throws Wrong {
        String subcommand = words.isEmpty() ? "" : words.getFirst();
        if (!SUBCOMMANDS.contains(subcommand)) {
            throw new Wrong((words.isEmpty() ? "a word is missing" : "\"" + subcommand + "\" is unknown")
                    + "; expected one of: " + String.join(", ", SUBCOMMANDS));
        }
        int most = subcommand.equals(LIST) ? 1 : 2;
        if (words.size() > most) {
            throw new Wrong("\"" + words.get(most) + "\" is one word too many");
        }
        if (subcommand.equals(PAGE)) {
            return page(words, json, pretty);
        }
        List<PciLink> chosen = words.size() == 1 ? sorted() : List.of(link(words.get(1)));
        if (subcommand.equals(LIST)) {
            List<Row> rows = chosen.stream().map(link -> new X100Report(link).card()).toList();
            return json ? print(Row.json(rows), LIST, pretty) : Row.text(rows);
        }
        return tables(chosen, table(subcommand), subcommand, json, pretty);
    }

    private static Function<X100Report, List<Row>> table(String subcommand) {
        return switch (subcommand) {
            case LINK -> X100Report::counters;
            case DOORBELLS -> X100Report::doorbells;
            case SMPT -> X100Report::smpt;
            default -> X100Report::dma;
        };
    }

    private static String tables(
            List<PciLink> links, Function<X100Report, List<Row>> table, String subcommand, boolean json, boolean pretty) {
        JsonObject cards = new JsonObject();
        StringBuilder text = new StringBuilder();
        for (PciLink link : links) {
            List<Row> rows = table.apply(new X100Report(link));
            cards.add(link.name(), Row.json(rows));
            text.append(link.name()).append(":\n").append(Row.text(rows));
        }
        return json ? print(cards, subcommand, pretty) : text.toString();
    }

    private String page(List<String> words, boolean json, boolean pretty) throws Wrong {
        if (words.size() < 2) {
            throw new Wrong("a card is missing: x100 page CARD" + expected());
        }
        PciLink link = link(words.get(1));
        PageFields page;
        try {
            page = new X100Report(link).page()
                    .orElseThrow(() -> new Wrong(link.name() + " has no device page: the card is not started"));
        } catch (IllegalArgumentException e) {
            throw new Wrong(link.name() + ": " + e.getMessage());
        }
        if (!json) {
            return Row.text(page.rows()) + "\n" + page.hex();
        }
        JsonObject whole = new JsonObject();
        whole.add("fields", Row.json(page.rows()));
        whole.addProperty("hex", page.hex());
        JsonObject cards = new JsonObject();
        cards.add(link.name(), whole);
        return print(cards, PAGE, pretty);
    }

    private static String print(JsonElement value, String name, boolean pretty) {
        JsonObject whole = new JsonObject();
        whole.add(name, value);
        // Not made at the start, which has to be fast.
        GsonBuilder builder = new GsonBuilder().disableHtmlEscaping();
        Gson gson = (pretty ? builder.setPrettyPrinting() : builder).create();
        return gson.toJson(whole) + "\n";
    }

    private List<PciLink> sorted() {
        return links.stream().sorted(Comparator.comparingInt(link -> link.settings().node())).toList();
    }

    private PciLink link(String name) throws Wrong {
        return links.stream().filter(link -> link.name().equals(name)).findFirst()
                .orElseThrow(() -> new Wrong("there is no card \"" + name + "\"" + expected()));
    }

    private String expected() {
        List<String> names = sorted().stream().map(PciLink::name).toList();
        return names.isEmpty() ? "; there are none" : "; expected one of: " + String.join(", ", names);
    }

    @Override
    public List<String> complete(List<String> before) {
        return switch (before.size()) {
            case 0 -> SUBCOMMANDS;
            case 1 -> SUBCOMMANDS.contains(before.getFirst()) && !before.getFirst().equals(LIST)
                    ? sorted().stream().map(PciLink::name).toList() : List.of();
            default -> List.of();
        };
    }
}
