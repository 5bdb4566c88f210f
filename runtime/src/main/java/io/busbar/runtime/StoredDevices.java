package io.busbar.runtime;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.busbar.runtime.client.ControlConnection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The devices that come back at a start: the bus adds them by itself once it has the parts that they need, and who was told that
 * Busbar is ready, such as a guest that connects only once, expects them at their sockets.
 */
final class StoredDevices {
    private static final long DEADLINE_NANOS = 10_000_000_000L;
    private static final long POLL_MILLIS = 5;

    private StoredDevices() {}

    /**
     * Waits until each is at its place, or has a reason not to be that is more than that its turn has not come.
     *
     * @param list    the bus's list of devices, which need not be there
     * @param control the control socket of this process
     */
    static void await(Path list, Path control) throws IOException, InterruptedException {
        if (Files.notExists(list)) {
            return;
        }
        try (var connection = ControlConnection.open(control)) {
            var deadline = System.nanoTime() + DEADLINE_NANOS;
            while (isAnyUnderWay(connection) && System.nanoTime() - deadline < 0) {
                Thread.sleep(POLL_MILLIS);
            }
        }
    }

    private static boolean isAnyUnderWay(ControlConnection connection) throws IOException {
        var shown = new StringBuilder();
        connection.run(List.of("status", "-j"), 0, shown::append, _ -> {});
        return JsonParser.parseString(shown.toString()).getAsJsonObject().getAsJsonObject("status").entrySet().stream()
                .map(Map.Entry::getValue)
                .map(JsonElement::getAsJsonObject)
                .anyMatch(StoredDevices::isAnyUnderWay);
    }

    private static boolean isAnyUnderWay(JsonObject bus) {
        var parts = bus.getAsJsonArray("parts").asList().stream()
                .filter(part -> text(part, "reason").equals("NONE"))
                .map(part -> text(part, "name"))
                .collect(Collectors.toSet());
        return bus.getAsJsonObject("devices").entrySet().stream().anyMatch(device -> isUnderWay(device.getValue(), parts));
    }

    /** Says that a part is not there which is there. */
    private static boolean isUnderWay(JsonElement device, Set<String> parts) {
        return switch (text(device, "reason")) {
            case "NO_MANAGEMENT_DEVICE" -> parts.contains(text(device, "mgmtdev"));
            case "NO_BUS_DRIVER" -> {
                var driver = text(device, "driver_override");
                yield driver.isEmpty() || parts.contains(driver);
            }
            default -> false;
        };
    }

    private static String text(JsonElement object, String property) {
        return object.getAsJsonObject().get(property).getAsString();
    }
}
