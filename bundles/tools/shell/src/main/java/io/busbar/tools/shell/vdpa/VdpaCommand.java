package io.busbar.tools.shell.vdpa;

import io.busbar.api.vdpa.AttributeInfo;
import io.busbar.api.vdpa.BusSnapshot;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VdpaManagementDevice;
import io.busbar.tools.shell.Command;
import io.busbar.tools.shell.Inventory;
import io.busbar.tools.shell.Invocation;
import java.util.ArrayList;
import java.util.List;

/** {@code vdpa}: the kernel tool's command line on this process's buses. */
public final class VdpaCommand implements Command {

    private final Inventory inventory;

    /**
     * Makes the command.
     *
     * @param inventory what it works on
     */
    public VdpaCommand(Inventory inventory) {
        this.inventory = inventory;
    }

    @Override
    public String name() {
        return "vdpa";
    }

    @Override
    public String summary() {
        return "devices and management devices, as iproute2's vdpa";
    }

    @Override
    public String help() {
        StringBuilder help = new StringBuilder(Usage.ALL);
        for (VdpaBus bus : inventory.buses()) {
            for (VdpaManagementDevice device : bus.managementDevices()) {
                help.append("\nWords of ").append(Handle.show(bus.name(), device.name())).append(":\n");
                words(WordSpec.attributes(device), help);
            }
        }
        return help.toString();
    }

    private static void words(List<AttributeInfo> words, StringBuilder help) {
        int width = words.stream().mapToInt(word -> form(word).length()).max().orElse(0);
        words.forEach(word -> help.append("  ")
                .append(form(word))
                .repeat(" ", width - form(word).length() + 2)
                .append(word.text())
                .append('\n'));
    }

    private static String form(AttributeInfo word) {
        return word.name() + " " + word.value();
    }

    @Override
    public List<String> complete(List<String> before) {
        return new VdpaCompletion(inventory).complete(before);
    }

    @Override
    public int run(Invocation call) {
        try {
            VdpaOptions options = VdpaOptions.parse(call.args());
            switch (options.action()) {
                case VERSION -> call.output().out(Usage.VERSION);
                case USAGE -> call.output().err(Usage.VDPA);
                case RUN -> new Run(inventory, call, options).all();
            }
            return OK;
        } catch (Refusal e) {
            call.output().err(e.text());
            return FAILED;
        }
    }

    /** One run: options and words are known. */
    private static final class Run {
        private final Inventory inventory;
        private final Lookup lookup;
        private final Invocation call;
        private final VdpaOptions options;
        private final Words words;
        private final Report report;
        private final Show show;

        Run(Inventory inventory, Invocation call, VdpaOptions options) {
            this.inventory = inventory;
            this.lookup = new Lookup(inventory);
            this.call = call;
            this.options = options;
            this.words = new Words(options.words());
            this.report = options.json() ? new JsonReport(options.pretty()) : new TextReport();
            this.show = new Show(report);
        }

        /** Prints what was collected, also when the command is refused on the way. */
        void all() throws Refusal {
            try {
                object();
            } finally {
                call.output().out(report.finish());
            }
        }

        private void object() throws Refusal {
            if (words.isEmpty() || Words.matches(words.peek(), "help")) {
                usage(Usage.VDPA);
                return;
            }
            String object = words.next();
            if (Words.matches(object, "mgmtdev")) {
                managementDevice();
            } else if (Words.matches(object, "dev")) {
                device();
            } else {
                throw Refusal.lines("Object \"" + object + "\" not found");
            }
        }

        private void managementDevice() throws Refusal {
            if (words.isEmpty() || Words.matches(words.peek(), "help")) {
                usage(Usage.MGMTDEV);
                return;
            }
            String command = words.next();
            if (!isShow(command)) {
                throw notFound(command);
            }
            section("mgmtdev", this::managementDevices);
        }

        private void device() throws Refusal {
            String command = words.isEmpty() ? "show" : words.next();
            if (Words.matches(command, "help")) {
                usage(Usage.DEV);
            } else if (isShow(command)) {
                section("dev", this::devices);
            } else if (Words.matches(command, "add")) {
                DevAdd.run(inventory, call.cwd(), rest(), !options.forget());
            } else if (Words.matches(command, "del")) {
                delete();
            } else if (Words.matches(command, "config")) {
                config();
            } else if (command.equals("vstats")) {
                statistics();
            } else if (command.equals("set")) {
                set();
            } else {
                throw notFound(command);
            }
        }

        private void config() throws Refusal {
            String command = words.isEmpty() ? "show" : words.next();
            if (Words.matches(command, "help")) {
                usage(Usage.CONFIG);
            } else if (Words.matches(command, "show")) {
                section("config", this::configurations);
            } else {
                throw notFound(command);
            }
        }

        private void statistics() throws Refusal {
            if (words.isEmpty()) {
                throw Refusal.lines(Usage.VSTATS.stripTrailing());
            }
            String command = words.next();
            switch (command) {
                case "help" -> usage(Usage.VSTATS);
                case "show" -> showStatistics();
                default -> throw notFound(command);
            }
        }

        private void managementDevices() throws Refusal {
            if (words.isEmpty()) {
                allManagementDevices();
                return;
            }
            Handle handle = Handle.parse(words.next());
            words.end();
            VdpaManagementDevice device = lookup.managementDevice(handle)
                    .orElseThrow(() -> Refusal.kernel(VdpaError.ENODEV, "Fail to find the specified mgmt device"));
            show.managementDevice(handle.bus(), device);
        }

        /** One that fails to answer is named after the others were shown. */
        private void allManagementDevices() throws Refusal {
            List<String> broken = new ArrayList<>();
            for (VdpaBus bus : lookup.buses()) {
                for (VdpaManagementDevice device : bus.managementDevices()) {
                    try {
                        show.managementDevice(bus.name(), device);
                    } catch (RuntimeException | LinkageError thrown) {
                        broken.add(Handle.show(bus.name(), device.name()) + " does not tell what it makes: " + thrown);
                    }
                }
            }
            if (!broken.isEmpty()) {
                throw Refusal.lines(broken.toArray(String[]::new));
            }
        }

        private void devices() throws Refusal {
            if (words.isEmpty()) {
                for (VdpaBus bus : lookup.buses()) {
                    for (BusSnapshot.Device device : bus.snapshot().devices()) {
                        show.device(bus, device, options.detail());
                    }
                }
                return;
            }
            Handle handle = Handle.device(words.next());
            words.end();
            VdpaBus bus = lookup.busOfDevice(handle);
            show.device(bus, Lookup.snapshot(bus, handle.name()), options.detail());
        }

        private void configurations() throws Refusal {
            if (words.isEmpty()) {
                for (VdpaBus bus : lookup.buses()) {
                    bus.devices().forEach(show::config);
                }
                return;
            }
            Handle handle = Handle.device(words.next());
            words.end();
            show.config(lookup.device(handle));
        }

        private void showStatistics() throws Refusal {
            if (words.size() != 1 && words.size() != 3) {
                throw Refusal.lines(Usage.VSTATS.stripTrailing());
            }
            Handle handle = Handle.device(words.next());
            if (words.isEmpty()) {
                section("vstats", () -> show.statistics(lookup.device(handle)));
                return;
            }
            if (!words.peek().equals("qidx")) {
                words.end();
            }
            words.next();
            long index = words.u32();
            section("vstats", () -> show.statistics(lookup.device(handle), index));
        }

        private void delete() throws Refusal {
            Handle handle = Handle.device(words.string());
            words.end();
            VdpaBus bus = lookup.busOfDevice(handle);
            try {
                bus.devDel(handle.name());
            } catch (VdpaException e) {
                throw Refusal.kernel(e);
            }
        }

        /** The MAC address is all that the kernel lets be set, and only network devices have one. */
        private void set() throws Refusal {
            String name = null;
            while (!words.isEmpty()) {
                String word = words.next();
                if (Words.matches(word, "name")) {
                    name = words.string();
                } else if (word.equals(DevAdd.MAC)) {
                    words.lladdr();
                } else {
                    throw Refusal.lines("Unknown option \"" + word + "\"");
                }
            }
            if (name == null) {
                throw Refusal.lines("device name is not set.");
            }
            VdpaDevice device = lookup.device(Handle.device(name));
            throw Refusal.kernel(VdpaError.EOPNOTSUPP, device.name() + " device not supported");
        }

        private void section(String name, Section content) throws Refusal {
            report.open(name);
            try {
                content.print();
            } finally {
                report.close();
            }
        }

        private List<String> rest() {
            return options.words().subList(options.words().size() - words.size(), options.words().size());
        }

        private void usage(String text) {
            call.output().err(text);
        }

        private static boolean isShow(String command) {
            return Words.matches(command, "show") || Words.matches(command, "list");
        }

        private static Refusal notFound(String command) {
            return Refusal.lines("Command \"" + command + "\" not found");
        }
    }

    /** Prints what is between the outer brackets. */
    @FunctionalInterface
    private interface Section {
        void print() throws Refusal;
    }
}
