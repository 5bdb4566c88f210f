package io.busbar.itests.guest;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.busbar.itests.BusbarProcess;
import java.util.List;

/** What has crossed the link of a card, as {@code x100 link} shows it: lines for each queue of each device at both ends. */
record CardLink(List<JsonObject> lines) {

    static CardLink of(BusbarProcess busbar, String card) {
        return of(busbar.ok("x100", "-j", "link", card), card);
    }

    /**
     * Reads what was shown.
     *
     * @param json of {@code x100 -j link}
     */
    static CardLink of(String json, String card) {
        JsonObject shown = JsonParser.parseString(json).getAsJsonObject();
        return new CardLink(shown.getAsJsonObject("link").getAsJsonArray(card).asList().stream()
                .map(JsonElement::getAsJsonObject)
                .toList());
    }

    /** The sum of a counter over all lines. */
    long all(String counter) {
        return lines.stream().mapToLong(line -> line.get(counter).getAsLong()).sum();
    }

    /** The sum of a counter over the lines that are a queue's. */
    long ofQueues(String counter) {
        return lines.stream()
                .filter(line -> !line.get("queue").getAsString().equals("-"))
                .mapToLong(line -> line.get(counter).getAsLong())
                .sum();
    }
}
