package io.busbar.tools.shell.commands;

import io.busbar.api.vdpa.ConsoleAccess;
import io.busbar.api.vdpa.ConsolePort;
import io.busbar.api.vdpa.ConsoleViewer;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.tools.shell.Command;
import io.busbar.tools.shell.Dialogue;
import io.busbar.tools.shell.Inventory;
import io.busbar.tools.shell.Invocation;
import io.busbar.tools.shell.JsonText;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** {@code console NAME [PORT]}: attaches to a port of a console device, beside its backend. */
public final class ConsoleCommand implements Command {

    private static final String USAGE = """
            Usage: console NAME [ PORT ] [ --watch | --force ] [ --escaped ] [ --linger SECONDS ]
                   shows what the driver sends to a port of a console device, beside the device's backend, and types there.
                   PORT: its name, the console if it is not given. Ctrl-] leaves. Of several one types: the first, and when
                   that one leaves the next; the others look on. The driver sees the size of that one's terminal
                   --watch: looks on, and never types
                   --force: types at once; who typed looks on
                   --escaped: control characters are written out (^[), so that the driver cannot change the terminal; as they
                   are without it
                   Where input or output is no terminal, the input is typed, and what comes is the output. It ends when the
                   input has, everything was typed, and nothing has come for some seconds: --linger, 0 to 3600, 1
                   console list [ NAME ]
                   ports, who has them open, and who looks at them
            """;
    private static final String LIST = "list";
    private static final String WATCH = "--watch";
    private static final String FORCE = "--force";
    private static final String ESCAPED = "--escaped";
    private static final String LINGER = "--linger";
    private static final List<String> OPTIONS = List.of(WATCH, FORCE, ESCAPED, LINGER);
    private static final int MOST_SECONDS = 3600;

    private final Inventory inventory;

    /**
     * Makes the command.
     *
     * @param inventory what it works on
     */
    public ConsoleCommand(Inventory inventory) {
        this.inventory = inventory;
    }

    @Override
    public String name() {
        return "console";
    }

    @Override
    public String summary() {
        return "shows what is sent to a console device, and types there";
    }

    @Override
    public String help() {
        return USAGE;
    }

    @Override
    public int run(Invocation call) {
        if (call.args().contains("--help") || call.args().contains("-h")) {
            call.output().out(USAGE);
            return OK;
        }
        try {
            if (!call.args().isEmpty() && call.args().getFirst().equals(LIST)) {
                call.output().out(list(Arguments.parse(call.args())));
                return OK;
            }
            return attach(Words.parse(call.args()), call);
        } catch (Wrong e) {
            call.output().err("console: " + e.getMessage() + "\n");
            return e.status();
        }
    }

    /**
     * What is asked for.
     *
     * @param device  its name
     * @param port    its name, or empty
     * @param mode    who types
     * @param options the rest
     */
    private record Words(String device, String port, ConsoleViewer.Mode mode, Attachment.Options options) {

        static Words parse(List<String> args) throws Wrong {
            List<String> names = new ArrayList<>();
            Duration linger = Duration.ofSeconds(1);
            for (int i = 0; i < args.size(); i++) {
                String arg = args.get(i);
                if (arg.equals(LINGER)) {
                    linger = seconds(++i < args.size() ? args.get(i) : "");
                } else if (arg.startsWith("-") && !OPTIONS.contains(arg)) {
                    throw new Wrong("\"" + arg + "\" is no option; expected one of: " + String.join(", ", OPTIONS));
                } else if (!arg.startsWith("-")) {
                    names.add(arg);
                }
            }
            if (names.isEmpty()) {
                throw new Wrong("a device is missing: console NAME [PORT]");
            }
            OwnCommand.end(names.subList(Math.min(2, names.size()), names.size()));
            return new Words(names.getFirst(), names.size() > 1 ? names.get(1) : "", mode(args),
                    new Attachment.Options(args.contains(WATCH), args.contains(ESCAPED), linger));
        }

        private static ConsoleViewer.Mode mode(List<String> args) throws Wrong {
            if (args.contains(WATCH)) {
                if (args.contains(FORCE)) {
                    throw new Wrong(FORCE + " types and " + WATCH + " does not: one of them was expected");
                }
                return ConsoleViewer.Mode.WATCH;
            }
            return args.contains(FORCE) ? ConsoleViewer.Mode.TAKE_OVER : ConsoleViewer.Mode.TYPE;
        }

        private static Duration seconds(String word) throws Wrong {
            if (!word.matches("\\d{1,4}") || Integer.parseInt(word) > MOST_SECONDS) {
                throw new Wrong(LINGER + " \"" + word + "\": a number of seconds from 0 to " + MOST_SECONDS + " was expected");
            }
            return Duration.ofSeconds(Integer.parseInt(word));
        }
    }

    private int attach(Words words, Invocation call) throws Wrong {
        ConsoleAccess console = find(words.device());
        ConsolePort port = port(words, console);
        Dialogue client = client(call, "console NAME");
        try {
            ConsoleViewer viewer = console.view(port.index(), words.mode(), client.who());
            String name = port.index() == 0 ? words.device() : words.device() + " " + port.name();
            return new Attachment(name(), name, viewer, client, words.options()).run();
        } catch (VdpaException e) {
            throw refused(words.device(), e);
        }
    }

    /** Returns who types; refuses who cannot. */
    static Dialogue client(Invocation call, String command) throws Wrong {
        return call.dialogue().orElseThrow(() -> new Wrong(
                "who gives this command cannot type while it runs: busbar " + command + ", or busbar shell was expected"));
    }

    private ConsoleAccess find(String name) throws Wrong {
        VdpaDevice device = DeviceNames.find(inventory, name)
                .orElseThrow(() -> new Wrong("there is no device \"" + name + "\"" + DeviceNames.expected(inventory)));
        if (device.ops() instanceof ConsoleAccess console) {
            return console;
        }
        throw new Wrong("\"" + name + "\" is no console that can be looked at; a device of sim_console was expected");
    }

    private static ConsolePort port(Words words, ConsoleAccess console) throws Wrong {
        List<ConsolePort> ports = ports(words.device(), console);
        return words.port().isEmpty() ? ports.getFirst() : ports.stream()
                .filter(port -> port.name().equals(words.port()))
                .findFirst()
                .orElseThrow(() -> new Wrong(words.device() + " has no port \"" + words.port() + "\"; expected one of: "
                        + String.join(", ", ports.stream().map(ConsolePort::name).toList())));
    }

    private static List<ConsolePort> ports(String device, ConsoleAccess console) throws Wrong {
        try {
            return console.consolePorts();
        } catch (VdpaException e) {
            throw refused(device, e);
        }
    }

    private static Wrong refused(String device, VdpaException e) {
        return new Wrong(device + ": " + (e.getMessage().isEmpty() ? e.error().text() : e.getMessage()), e);
    }

    // The list

    private String list(Arguments arguments) throws Wrong {
        List<String> words = arguments.words();
        OwnCommand.end(words.subList(Math.min(2, words.size()), words.size()));
        List<String> names = words.size() == 1 ? consoles() : List.of(words.get(1));
        return arguments.json() ? json(names, arguments.pretty()) : table(names);
    }

    private String table(List<String> names) throws Wrong {
        Table table = new Table();
        for (String name : names) {
            for (ConsolePort port : ports(name, find(name))) {
                List<String> who = new ArrayList<>();
                if (!port.typist().isEmpty()) {
                    who.add(port.typist() + " types");
                }
                port.watchers().forEach(watcher -> who.add(watcher + " looks on"));
                table.row(name, port.name(), "driver " + state(port.driverOpen()), "backend " + state(port.backendOpen()),
                        String.join(", ", who));
            }
        }
        return table.text("");
    }

    private static String state(boolean open) {
        return open ? "open" : "closed";
    }

    private String json(List<String> names, boolean pretty) throws Wrong {
        JsonText json = new JsonText(pretty).open().open("console");
        for (String name : names) {
            json.openArray(name);
            for (ConsolePort port : ports(name, find(name))) {
                json.open().property("port", port.name()).property("driver_open", port.driverOpen())
                        .property("backend_open", port.backendOpen()).property("typist", port.typist())
                        .words("watchers", port.watchers()).close();
            }
            json.closeArray();
        }
        return json.close().close().finish();
    }

    private List<String> consoles() {
        return inventory.buses().stream().map(VdpaBus::devices).flatMap(List::stream)
                .filter(device -> device.ops() instanceof ConsoleAccess)
                .map(DeviceNames::of)
                .toList();
    }

    @Override
    public List<String> complete(List<String> before) {
        List<String> words = before.stream().filter(word -> !word.startsWith("-")).toList();
        List<String> next = new ArrayList<>(OPTIONS);
        if (words.isEmpty()) {
            next.add(LIST);
            next.addAll(consoles());
        } else if (words.size() == 1 && words.getFirst().equals(LIST)) {
            next.addAll(consoles());
        } else if (words.size() == 1) {
            next.addAll(portNames(words.getFirst()));
        }
        return next;
    }

    private List<String> portNames(String device) {
        try {
            return ports(device, find(device)).stream().map(ConsolePort::name).toList();
        } catch (Wrong _) {
            return List.of();
        }
    }
}
