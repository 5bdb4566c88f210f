package io.busbar.tools.plug;

import io.busbar.api.vdpa.VdpaBus;
import io.busbar.tools.plug.Plugged.Stay;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.osgi.framework.Bundle;

/**
 * What is installed, and what should be and is not.
 *
 * @param framework the bundles
 * @param plugs     those that were plugged in
 * @param buses     on which devices use them
 * @param bundles   the distribution's
 * @param folder    the directory, if there is one
 */
record BundleTable(
        Framework framework, Plugs plugs, Collection<VdpaBus> buses, Path bundles, Optional<DeployFolder> folder) {

    /**
     * A bundle.
     *
     * @param id      its number; empty for what is not there
     * @param state   {@code active}, {@code resolved}, …; {@code refused} for what is not there
     * @param name    symbolic name
     * @param version version
     * @param from    where it is from
     * @param users   devices that use it
     * @param reason  why it is not there
     */
    record Row(String id, String state, String name, String version, String from, List<String> users, String reason) {}

    /** Looks. */
    List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        List<Use> uses = Use.all(buses);
        for (Bundle bundle : framework.bundles()) {
            String origin = Plugged.origin(bundle);
            List<String> users = uses.stream().filter(use -> use.origin().equals(origin)).map(Use::device).distinct().toList();
            rows.add(new Row(Long.toString(bundle.getBundleId()), state(bundle), String.valueOf(bundle.getSymbolicName()),
                    bundle.getVersion().toString(), from(bundle), users, ""));
        }
        plugs.lost().forEach(lost -> rows.add(new Row("-", "refused", lost.kept().file().getFileName().toString(), "-",
                lost.kept().from(), List.of(), lost.reason())));
        folder.ifPresent(files -> files.refused().forEach((file, reason) ->
                rows.add(new Row("-", "refused", file.getFileName().toString(), "-", file.toString(), List.of(), reason))));
        return rows;
    }

    private String from(Bundle bundle) {
        Optional<Plugged> known = plugs.plugged().stream().filter(one -> one.bundle() == bundle).findFirst();
        if (known.isPresent()) {
            return known.get().from() + (known.get().stay() == Stay.VOLATILE ? " (volatile)" : "");
        }
        return bundle.getLocation().startsWith("reference:" + bundles.toUri()) ? "distribution" : "framework";
    }

    /** One that is active has its parts in use, or could have: before that it is starting, whatever the framework says. */
    private String state(Bundle bundle) {
        return switch (bundle.getState()) {
            case Bundle.UNINSTALLED -> "uninstalled";
            case Bundle.INSTALLED -> "installed";
            case Bundle.RESOLVED -> "resolved";
            case Bundle.STARTING -> "starting";
            case Bundle.STOPPING -> "stopping";
            case Bundle.ACTIVE -> plugs.isComing(bundle) ? "starting" : "active";
            default -> "state " + Integer.toHexString(bundle.getState());
        };
    }
}
