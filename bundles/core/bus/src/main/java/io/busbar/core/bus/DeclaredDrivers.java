package io.busbar.core.bus;

import io.busbar.api.vdpa.BusDriverType;
import io.busbar.api.vdpa.BusSnapshot.Kind;
import io.busbar.api.vdpa.BusSnapshot.Part;
import io.busbar.api.vdpa.DriverType;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.Reason;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.osgi.framework.Bundle;
import org.osgi.framework.wiring.BundleCapability;
import org.osgi.framework.wiring.BundleRevision;

/** The management devices and bus drivers that bundles name in their capabilities: what should be there. */
final class DeclaredDrivers {

    private static final Map<String, Kind> NAMESPACES =
            Map.of(DriverType.NAMESPACE, Kind.MANAGEMENT_DEVICE, BusDriverType.NAMESPACE, Kind.BUS_DRIVER);
    private static final Health ABSENT = new Health(
            Reason.INTERNAL,
            "its bundle is active, and it is not there: its component is not satisfied, or failed (the log says why)");

    private DeclaredDrivers() {}

    /**
     * Returns what a bundle names, but for what comes and goes while it is active.
     *
     * @param bundle which is active
     */
    static List<Part> of(Bundle bundle) {
        List<Part> parts = new ArrayList<>();
        BundleRevision revision = bundle.adapt(BundleRevision.class);
        NAMESPACES.forEach((namespace, kind) -> {
            for (BundleCapability capability : revision.getDeclaredCapabilities(namespace)) {
                if (Boolean.parseBoolean(String.valueOf(capability.getAttributes().get("onDemand")))) {
                    continue;
                }
                List<String> types = texts(capability, "type");
                List<String> names = texts(capability, "name");
                for (int i = 0; i < names.size(); i++) {
                    String type = names.size() == types.size() ? types.get(i) : String.join(" ", types);
                    parts.add(new Part(kind, type, names.get(i), Origins.of(bundle), ABSENT));
                }
            }
        });
        return parts;
    }

    private static List<String> texts(BundleCapability capability, String key) {
        return switch (capability.getAttributes().get(key)) {
            case Collection<?> several -> several.stream().map(String::valueOf).toList();
            case String one -> List.of(one);
            case null, default -> List.of();
        };
    }

    /**
     * Adds to what is there the types that are named for it, and what is named and not there.
     *
     * @param there    management devices and bus drivers that are there
     * @param declared what all bundles name
     */
    static List<Part> merge(List<Part> there, List<Part> declared) {
        List<Part> merged = new ArrayList<>(typed(there, declared));
        declared.stream().filter(named -> there.stream().noneMatch(part -> isSame(named, part))).forEach(merged::add);
        return merged;
    }

    /**
     * Adds to what is there the types that are named for it.
     *
     * @param there    management devices and bus drivers that are there
     * @param declared what all bundles name
     */
    static List<Part> typed(List<Part> there, List<Part> declared) {
        return there.stream().map(part -> declared.stream()
                .filter(named -> isSame(named, part))
                .findFirst()
                .map(named -> new Part(part.kind(), named.type(), part.name(), part.origin(), part.health()))
                .orElse(part)).toList();
    }

    private static boolean isSame(Part one, Part other) {
        return one.kind() == other.kind() && one.name().equals(other.name()) && one.origin().equals(other.origin());
    }
}
