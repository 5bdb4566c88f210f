package io.busbar.backends.switch_;

import com.google.gson.FormattingStyle;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.busbar.backends.switch_.capture.Capture;
import io.busbar.backends.switch_.frame.Ethernet;
import io.busbar.backends.switch_.host.Host;
import io.busbar.backends.switch_.host.Leases;
import io.busbar.backends.switch_.host.Subnet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** What {@code switch show} says of networks. */
final class SwitchReport {

    private static final String GAP = "  ";
    private static final String GONE = "(gone)";
    private static final List<Count> COLUMNS = List.of(
            Count.IN_FRAMES, Count.IN_BYTES, Count.OUT_FRAMES, Count.OUT_BYTES, Count.FLOODED, Count.LEARNED, Count.HELD);

    private final List<Network> networks;

    SwitchReport(List<Network> networks) {
        this.networks = networks;
    }

    // Text

    String text() {
        StringBuilder text = new StringBuilder();
        networks.forEach(network -> write(network, text));
        return text.toString();
    }

    private static void write(Network network, StringBuilder text) {
        List<Port> ports = ports(network);
        List<MacTable.Entry> stations = network.stations();
        Host host = network.host();
        text.append(network.name()).append(": ports ").append(ports.size()).append(" stations ").append(stations.size());
        if (host != null) {
            text.append(" dhcp ").append(host.subnet())
                    .append(" server ").append(Subnet.text(host.subnet().server()))
                    .append(" lladdr ").append(Ethernet.text(host.address()));
        }
        text.append('\n');
        write(portRows(ports), text);
        ports.forEach(port -> writeRest(port, text));
        write(stationRows(network, stations), text);
        if (host != null) {
            write(leaseRows(network, host.leases()), text);
        }
    }

    private static List<List<String>> portRows(List<Port> ports) {
        List<List<String>> rows = new ArrayList<>();
        List<String> head = new ArrayList<>(List.of("port", "vlan", "pairs"));
        COLUMNS.forEach(count -> head.add(count.title()));
        head.add("dropped");
        rows.add(head);
        for (Port port : ports) {
            List<String> row = new ArrayList<>(List.of(port.name(), port.vlans().toString(), String.valueOf(port.pairs())));
            COLUMNS.forEach(count -> row.add(String.valueOf(port.count(count))));
            row.add(String.valueOf(drops(port)));
            rows.add(row);
        }
        return rows;
    }

    private static void writeRest(Port port, StringBuilder text) {
        String drops = Arrays.stream(Count.values())
                .filter(count -> (count.isDrop() || count == Count.NOT_LEARNED) && port.count(count) > 0)
                .map(count -> count.title() + " " + port.count(count))
                .collect(Collectors.joining(", "));
        if (!drops.isEmpty()) {
            text.append(GAP).append(port.name()).append(": ").append(drops).append('\n');
        }
        Capture capture = port.lastCapture();
        if (capture != null) {
            text.append(GAP).append(port.name()).append(": capture ").append(capture.path())
                    .append(" frames ").append(capture.frames()).append(" missing ").append(capture.drops());
            if (capture.failure() != null) {
                text.append(" stopped: ").append(capture.failure());
            }
            text.append('\n');
        }
    }

    private static List<List<String>> stationRows(Network network, List<MacTable.Entry> stations) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("station", "vlan", "port", "age"));
        stations.forEach(station -> rows.add(List.of(
                Ethernet.text(station.address()), String.valueOf(station.vlan()),
                name(network.ports().ofOwner(station.owner())), station.age() + "s")));
        return rows;
    }

    private static List<List<String>> leaseRows(Network network, List<Leases.Bound> leases) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("address", "station", "vlan", "port", "left"));
        leases.forEach(lease -> rows.add(List.of(
                Subnet.text(lease.address()), Ethernet.text(lease.client().address()),
                String.valueOf(lease.client().vlan()), name(network.ports().ofSlot(lease.port())), lease.left() + "s")));
        return rows;
    }

    /** Writes a table, unless it has nothing but its head. */
    private static void write(List<List<String>> rows, StringBuilder text) {
        if (rows.size() == 1) {
            return;
        }
        int[] widths = new int[rows.getFirst().size()];
        rows.forEach(row -> Arrays.setAll(widths, i -> Math.max(widths[i], row.get(i).length())));
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                line.append(GAP).append(row.get(i)).repeat(" ", widths[i] - row.get(i).length());
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
    }

    // JSON

    String json(boolean pretty) {
        JsonObject all = new JsonObject();
        networks.forEach(network -> all.add(network.name(), json(network)));
        JsonObject root = new JsonObject();
        root.add("switch", all);
        Gson gson = new GsonBuilder()
                .disableHtmlEscaping()
                .setFormattingStyle(pretty ? FormattingStyle.PRETTY.withIndent("    ") : FormattingStyle.COMPACT)
                .create();
        return gson.toJson(root) + "\n";
    }

    private static JsonObject json(Network network) {
        JsonObject object = new JsonObject();
        JsonObject ports = new JsonObject();
        ports(network).forEach(port -> ports.add(port.name(), json(port)));
        object.add("ports", ports);
        JsonArray stations = new JsonArray();
        network.stations().forEach(station -> {
            JsonObject entry = new JsonObject();
            entry.addProperty("lladdr", Ethernet.text(station.address()));
            entry.addProperty("vlan", station.vlan());
            entry.addProperty("port", name(network.ports().ofOwner(station.owner())));
            entry.addProperty("age", station.age());
            stations.add(entry);
        });
        object.add("stations", stations);
        if (network.host() != null) {
            object.add("dhcp", json(network, network.host()));
        }
        return object;
    }

    private static JsonObject json(Port port) {
        JsonObject object = new JsonObject();
        object.addProperty("vlan", port.vlans().toString());
        object.addProperty("pairs", port.pairs());
        for (Count count : Count.values()) {
            object.addProperty(count.title(), port.count(count));
        }
        Capture capture = port.lastCapture();
        if (capture != null) {
            JsonObject file = new JsonObject();
            file.addProperty("file", capture.path().toString());
            file.addProperty("frames", capture.frames());
            file.addProperty("missing", capture.drops());
            if (capture.failure() != null) {
                file.addProperty("stopped", capture.failure());
            }
            object.add("capture", file);
        }
        return object;
    }

    private static JsonObject json(Network network, Host host) {
        JsonObject object = new JsonObject();
        object.addProperty("subnet", host.subnet().toString());
        object.addProperty("server", Subnet.text(host.subnet().server()));
        object.addProperty("lladdr", Ethernet.text(host.address()));
        object.addProperty("dropped", host.drops());
        JsonArray leases = new JsonArray();
        host.leases().forEach(lease -> {
            JsonObject entry = new JsonObject();
            entry.addProperty("address", Subnet.text(lease.address()));
            entry.addProperty("lladdr", Ethernet.text(lease.client().address()));
            entry.addProperty("vlan", lease.client().vlan());
            entry.addProperty("port", name(network.ports().ofSlot(lease.port())));
            entry.addProperty("left", lease.left());
            leases.add(entry);
        });
        object.add("leases", leases);
        return object;
    }

    private static List<Port> ports(Network network) {
        Network.Ports now = network.ports();
        List<Port> ports = new ArrayList<>();
        for (int i = 0; i < now.count(); i++) {
            ports.add(now.get(i));
        }
        return ports;
    }

    private static String name(Port port) {
        return port == null ? GONE : port.name();
    }

    private static long drops(Port port) {
        return Arrays.stream(Count.values()).filter(Count::isDrop).mapToLong(port::count).sum();
    }
}
