package io.busbar.tools.shell.vdpa;

import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VdpaManagementDevice;
import io.busbar.tools.shell.Inventory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * {@code vdpa dev add}: reads the words, checks them in the order in which the tool and the kernel do, and asks the bus.
 *
 * <p>Words of the tool: {@code name}, {@code mgmtdev}, {@code device_features}, {@code mac}, {@code mtu}, {@code
 * max_vqp}. Ours: {@code bus}, {@code driver_override}, {@code backend}, and those of the management device and of the
 * backend, which are handed on as they are.
 */
final class DevAdd {

    static final String BACKEND = "backend";
    static final String BUS = "bus";
    static final String DRIVER_OVERRIDE = "driver_override";
    static final String DEVICE_FEATURES = "device_features";
    static final String MAC = "mac";
    static final String MTU = "mtu";
    static final String MAX_VQP = "max_vqp";

    /** The least MTU of IPv4, which the kernel's attribute policy demands. */
    private static final int LEAST_MTU = 68;

    /** Numbers of the attributes in {@code vdpa.h}, which the kernel names as a mask. */
    private static final Map<String, Integer> ATTRIBUTE_NUMBERS =
            Map.of(MAC, 10, MAX_VQP, 12, MTU, 13, DEVICE_FEATURES, 20);

    private static final int VIRTIO_NET_F_MTU = 3;
    private static final int VIRTIO_NET_F_MAC = 5;
    private static final int VIRTIO_NET_F_MQ = 22;

    private final Inventory inventory;
    private final Lookup lookup;
    private final Path cwd;
    private final Map<String, String> attributes = new LinkedHashMap<>();
    private final List<String> foreign = new ArrayList<>();
    private Optional<String> name = Optional.empty();
    private Optional<Handle> managementDevice = Optional.empty();
    private Optional<String> busName = Optional.empty();
    private int mtu = LEAST_MTU;
    private int maxVqp = 1;
    private long deviceFeatures;

    private DevAdd(Inventory inventory, Path cwd) {
        this.inventory = inventory;
        this.lookup = new Lookup(inventory);
        this.cwd = cwd;
    }

    static void run(Inventory inventory, Path cwd, List<String> words, boolean persistent) throws Refusal {
        DevAdd add = new DevAdd(inventory, cwd);
        add.read(new Words(words));
        add.refuseForeignWords();
        add.requireNames();
        add.checkAsKernel();
        add.resolveFiles();
        add.ask(persistent);
    }

    private void read(Words words) throws Refusal {
        while (!words.isEmpty()) {
            String word = words.next();
            switch (word) {
                case MAC -> attributes.put(MAC, words.lladdr());
                case MTU -> attributes.put(MTU, String.valueOf(mtu = words.u16()));
                case MAX_VQP -> readPairs(words);
                case DEVICE_FEATURES -> {
                    deviceFeatures = words.u64Hex();
                    attributes.put(DEVICE_FEATURES, "0x" + Long.toHexString(deviceFeatures));
                }
                case BUS -> busName = Optional.of(words.string());
                case BACKEND, DRIVER_OVERRIDE -> own(word, words);
                default -> readOther(word, words);
            }
        }
    }

    /** Words of management devices come before the tool's abbreviations. */
    private void readOther(String word, Words words) throws Refusal {
        if (knownToManagementDevices(word)) {
            own(word, words);
        } else if (Words.matches(word, "name")) {
            name = Optional.of(words.string());
        } else if (Words.matches(word, "mgmtdev")) {
            if (words.isEmpty()) {
                throw Refusal.lines("vdpa identification (\"mgmtdev_bus_name/mgmtdev_name\") expected");
            }
            managementDevice = Optional.of(Handle.parse(words.next()));
        } else if (Words.matches(word, MAX_VQP)) {
            readPairs(words);
        } else {
            foreign.add(word);
            own(word, words);
        }
    }

    private void readPairs(Words words) throws Refusal {
        maxVqp = words.u16();
        attributes.put(MAX_VQP, String.valueOf(maxVqp));
    }

    private void own(String word, Words words) throws Refusal {
        if (words.isEmpty()) {
            if (foreign.contains(word)) {
                throw unknown(word);
            }
            throw Refusal.lines("\"" + word + "\" needs a value");
        }
        if (attributes.putIfAbsent(word, words.next()) != null) {
            throw Refusal.lines("\"" + word + "\" is given twice");
        }
    }

    private boolean knownToManagementDevices(String word) {
        return managementDevices().flatMap(device -> WordSpec.of(device).stream())
                .anyMatch(spec -> spec.name().equals(word));
    }

    private Stream<VdpaManagementDevice> managementDevices() {
        return lookup.buses().stream().flatMap(bus -> bus.managementDevices().stream());
    }

    /** A word that nobody knows may be the backend's; without one it is wrong. */
    private void refuseForeignWords() throws Refusal {
        Optional<VdpaManagementDevice> device = managementDevice.flatMap(lookup::managementDevice);
        Predicate<String> expected = word -> device.isEmpty() || ownWordsOf(device.get()).contains(word)
                || ATTRIBUTE_NUMBERS.containsKey(word) || word.equals(BACKEND) || word.equals(DRIVER_OVERRIDE);
        Optional<String> wrong = attributes.containsKey(BACKEND)
                ? Optional.empty()
                : Stream.concat(foreign.stream(), attributes.keySet().stream().filter(expected.negate())).findFirst();
        if (wrong.isPresent()) {
            throw unknown(wrong.get());
        }
    }

    private Refusal unknown(String word) {
        List<String> expected = new ArrayList<>(List.of("name", "mgmtdev"));
        managementDevice.flatMap(lookup::managementDevice)
                .ifPresentOrElse(
                        device -> expected.addAll(ownWordsOf(device)),
                        () -> expected.addAll(List.of(DEVICE_FEATURES, MAC, MTU, MAX_VQP)));
        expected.addAll(List.of(BUS, DRIVER_OVERRIDE, BACKEND));
        return Refusal.lines(
                "Unknown option \"" + word + "\"",
                "Expected one of: " + expected.stream().distinct().collect(Collectors.joining(", "))
                        + " and the backend's words");
    }

    private static List<String> ownWordsOf(VdpaManagementDevice device) {
        return WordSpec.of(device).stream().map(WordSpec::name).toList();
    }

    private void requireNames() throws Refusal {
        if (managementDevice.isEmpty()) {
            throw Refusal.lines("management device handle not set.");
        }
        if (name.isEmpty()) {
            throw Refusal.lines("device name is not set.");
        }
        if (busName.isPresent()) {
            String bus = busName.get();
            inventory.bus(bus).orElseThrow(() -> Refusal.lines("There is no bus \"" + bus + "\"; expected one of: "
                    + lookup.buses().stream().map(VdpaBus::name).collect(Collectors.joining(", "))));
            managementDevice = managementDevice.map(handle -> new Handle(bus, handle.name()));
        }
    }

    private void checkAsKernel() throws Refusal {
        if (mtu < LEAST_MTU) {
            throw Refusal.policy(VdpaError.ERANGE, "integer out of range");
        }
        if (maxVqp == 0) {
            throw Refusal.kernel(VdpaError.EINVAL, "At least one pair of VQs is required");
        }
        long missing = missingFeatures();
        if (missing != 0) {
            throw Refusal.kernel(
                    VdpaError.EINVAL, "Missing features 0x" + Long.toHexString(missing) + " for provided attributes");
        }
        VdpaManagementDevice device =
                managementDevice.flatMap(lookup::managementDevice).orElseThrow(this::noManagementDevice);
        long refused = refusedAttributes(device);
        if (refused != 0) {
            throw Refusal.kernel(
                    VdpaError.EOPNOTSUPP, "Some provided attributes are not supported: 0x" + Long.toHexString(refused));
        }
    }

    /** The kernel's sentence; a command that the kernel's tool does not have, as it names a backend, is told more. */
    private Refusal noManagementDevice() {
        List<String> others = managementDevices().map(VdpaManagementDevice::name).toList();
        String more = attributes.containsKey(BACKEND)
                ? ", \"" + managementDevice.orElseThrow().name() + "\": "
                        + (others.isEmpty() ? "none is there" : "expected one of: " + String.join(", ", others))
                : "";
        return Refusal.kernel(VdpaError.ENODEV, "Fail to find the specified management device" + more);
    }

    private long missingFeatures() {
        if (!attributes.containsKey(DEVICE_FEATURES)) {
            return 0;
        }
        long needed = (attributes.containsKey(MAC) ? 1L << VIRTIO_NET_F_MAC : 0)
                | (attributes.containsKey(MTU) ? 1L << VIRTIO_NET_F_MTU : 0)
                | (maxVqp > 1 ? 1L << VIRTIO_NET_F_MQ : 0);
        return needed & ~deviceFeatures;
    }

    private long refusedAttributes(VdpaManagementDevice device) {
        List<String> known = ownWordsOf(device);
        long mask = 0;
        for (Map.Entry<String, Integer> attribute : ATTRIBUTE_NUMBERS.entrySet()) {
            if (attributes.containsKey(attribute.getKey()) && !known.contains(attribute.getKey())) {
                mask |= 1L << attribute.getValue();
            }
        }
        return mask;
    }

    private void resolveFiles() throws Refusal {
        Optional<VdpaManagementDevice> device = managementDevice.flatMap(lookup::managementDevice);
        List<WordSpec> specs = new ArrayList<>();
        device.ifPresent(maker -> specs.addAll(WordSpec.of(maker)));
        specs.addAll(FileWords.ofBackend(inventory, attributes.get(BACKEND), device.stream()
                .flatMap(maker -> maker.supportedClasses().stream())
                .map(ClassNames::ofClass)
                .collect(Collectors.toUnmodifiableSet())));
        try {
            attributes.putAll(FileWords.absolute(attributes, specs, cwd));
        } catch (IllegalArgumentException noName) {
            throw Refusal.lines(noName.getMessage());
        }
    }

    private void ask(boolean persistent) throws Refusal {
        Handle handle = managementDevice.orElseThrow();
        VdpaBus bus = inventory.bus(handle.bus()).orElseThrow();
        try {
            bus.devAdd(handle.name(), new AddRequest(name.orElseThrow(), attributes), persistent);
        } catch (VdpaException e) {
            throw Refusal.kernel(e);
        }
    }
}
