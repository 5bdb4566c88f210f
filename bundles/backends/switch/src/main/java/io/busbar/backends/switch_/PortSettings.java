package io.busbar.backends.switch_;

import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendException.Kind;
import io.busbar.api.backend.Settings;
import io.busbar.backends.switch_.host.Subnet;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What a user says of a port.
 *
 * @param network name of its network
 * @param vlans   VLANs
 * @param subnet  the subnet in which the network is to give addresses
 * @param capture where its frames are to be written
 */
record PortSettings(String network, PortVlans vlans, Optional<Subnet> subnet, Optional<Path> capture) {

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,31}");

    /**
     * Reads the words.
     *
     * @throws BackendException naming the one that is wrong
     */
    static PortSettings of(Settings settings) throws BackendException {
        String network = settings.required("network");
        if (!NAME.matcher(network).matches()) {
            throw invalid("network " + network
                    + ": expected a name of 1 to 32 letters, digits, dots, dashes and underscores that begins with one of the"
                    + " first two");
        }
        PortVlans vlans = PortVlans.parse(settings.text("vlan"), settings.text("trunk"));
        Optional<String> subnet = settings.text("dhcp");
        Optional<String> capture = settings.text("capture");
        return new PortSettings(
                network,
                vlans,
                subnet.isEmpty() ? Optional.empty() : Optional.of(subnet(subnet.get())),
                capture.isEmpty() ? Optional.empty() : Optional.of(path(capture.get())));
    }

    private static Subnet subnet(String text) throws BackendException {
        try {
            return Subnet.parse(text);
        } catch (IllegalArgumentException e) {
            throw invalid("dhcp " + text + ": expected " + Subnet.EXPECTED + "; " + e.getMessage());
        }
    }

    private static Path path(String text) throws BackendException {
        try {
            if (!text.isEmpty()) {
                return Path.of(text).toAbsolutePath();
            }
        } catch (InvalidPathException _) {
            // Told below.
        }
        throw invalid("capture " + text + ": expected the name of a file");
    }

    private static BackendException invalid(String sentence) {
        return new BackendException(Kind.CONFIG_INVALID, sentence);
    }
}
