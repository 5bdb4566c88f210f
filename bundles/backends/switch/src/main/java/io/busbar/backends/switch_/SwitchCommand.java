package io.busbar.backends.switch_;

import io.busbar.api.backend.BackendException;
import io.busbar.api.command.CommandCall;
import io.busbar.api.command.ShellCommand;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.osgi.service.component.annotations.Component;

/** {@code switch show} and {@code switch capture}. */
@Component(service = ShellCommand.class)
public final class SwitchCommand implements ShellCommand {

    private static final String SHOW = "show";
    private static final String CAPTURE = "capture";
    private static final String OFF = "off";
    private static final List<String> OPTIONS = List.of("-j", "-p", "-jp", "--json", "--pretty");

    private final Networks networks;

    /** Makes the command, for the networks of this bundle. */
    public SwitchCommand() {
        this(Networks.shared());
    }

    SwitchCommand(Networks networks) {
        this.networks = networks;
    }

    /** What was asked for cannot be done; the message says why. */
    private static final class Wrong extends Exception {

        private static final long serialVersionUID = 1;

        Wrong(String sentence) {
            super(sentence);
        }
    }

    @Override
    public String name() {
        return "switch";
    }

    @Override
    public String summary() {
        return "networks of backend switch: ports, stations, counters, addresses, captures";
    }

    @Override
    public String help() {
        return """
                Usage: switch show [ NETWORK ]
                       ports with what they counted, stations, and the addresses that were given
                       switch capture PORT FILE
                       writes all frames of a port (a device's name) to a pcapng file, in place of what is in it
                       switch capture PORT off
                       ends the capture: the file is complete
                """;
    }

    @Override
    public int run(CommandCall call) {
        try {
            List<String> words = new ArrayList<>();
            boolean json = false;
            boolean pretty = false;
            for (String word : call.words()) {
                if (!word.startsWith("-")) {
                    words.add(word);
                } else if (OPTIONS.contains(word)) {
                    json |= !word.equals("-p") && !word.equals("--pretty");
                    pretty |= !word.equals("-j") && !word.equals("--json");
                } else {
                    throw new Wrong("\"" + word + "\" is no option; expected one of: " + String.join(", ", OPTIONS));
                }
            }
            call.out(run(words, call.directory(), json, pretty));
            return OK;
        } catch (Wrong e) {
            call.err(name() + ": " + e.getMessage() + "\n");
            return FAILED;
        }
    }

    private String run(List<String> words, Path directory, boolean json, boolean pretty) throws Wrong {
        String subcommand = words.isEmpty() ? "" : words.getFirst();
        switch (subcommand) {
            case SHOW -> {
                requireNoMoreThan(2, words);
                SwitchReport report = new SwitchReport(words.size() == 1 ? networks.all() : List.of(network(words.get(1))));
                return json ? report.json(pretty) : report.text();
            }
            case CAPTURE -> {
                if (words.size() < 3) {
                    throw new Wrong("capture needs a port and a file: switch capture PORT FILE, or switch capture PORT off");
                }
                requireNoMoreThan(3, words);
                capture(port(words.get(1)), words.get(2), directory);
                return "";
            }
            default -> throw new Wrong((words.isEmpty() ? "a word is missing" : "\"" + subcommand + "\" is unknown")
                    + "; expected one of: " + SHOW + ", " + CAPTURE);
        }
    }

    private static void requireNoMoreThan(int count, List<String> words) throws Wrong {
        if (words.size() > count) {
            throw new Wrong("\"" + words.get(count) + "\" is one word too many");
        }
    }

    private Network network(String name) throws Wrong {
        return networks.network(name).orElseThrow(() -> new Wrong("there is no network \"" + name + "\""
                + expected(networks.all().stream().map(Network::name).toList())));
    }

    private Port port(String name) throws Wrong {
        Port port = networks.ports().get(name);
        if (port == null) {
            throw new Wrong("there is no port \"" + name + "\"" + expected(networks.ports().keySet()));
        }
        return port;
    }

    private static String expected(Collection<String> names) {
        return names.isEmpty() ? "; there are none" : "; expected one of: " + String.join(", ", names);
    }

    private static void capture(Port port, String file, Path directory) throws Wrong {
        if (file.equals(OFF)) {
            if (port.lastCapture() == null) {
                throw new Wrong("there is no capture of port \"" + port.name() + "\"");
            }
            port.stopCapture();
            return;
        }
        try {
            port.startCapture(directory.resolve(file));
        } catch (InvalidPathException e) {
            throw new Wrong("\"" + file + "\" is no file name");
        } catch (BackendException e) {
            throw new Wrong(e.getMessage());
        }
    }

    @Override
    public List<String> complete(List<String> before) {
        List<String> words = before.stream().filter(word -> !word.startsWith("-")).toList();
        List<String> next = new ArrayList<>(OPTIONS);
        if (words.isEmpty()) {
            next.addAll(List.of(SHOW, CAPTURE));
        } else if (words.equals(List.of(SHOW))) {
            networks.all().forEach(network -> next.add(network.name()));
        } else if (words.equals(List.of(CAPTURE))) {
            next.addAll(networks.ports().keySet());
        } else if (words.size() == 2 && words.getFirst().equals(CAPTURE)) {
            next.add(OFF);
        }
        return next;
    }
}
