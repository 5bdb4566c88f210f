package io.busbar.backends.tap;

import io.busbar.api.backend.BackendContext;
import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendException.Kind;
import io.busbar.api.backend.NetInfo;
import io.busbar.api.backend.Settings;
import io.busbar.core.linux.Tap;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/**
 * What a user wrote.
 *
 * @param name      the interface's name
 * @param pairs     queue pairs of the device
 * @param mtu       what it is to carry, if that was said: the device's own word
 * @param up        whether it is set up; empty: if it was made here
 * @param address   an address for it
 * @param namespace the network namespace that it is in, by name or file; empty: that of this process
 */
record TapSettings(
        String name,
        int pairs,
        OptionalInt mtu,
        Optional<Boolean> up,
        Optional<InterfaceAddress> address,
        Optional<String> namespace) {

    /** The most that a tap interface takes: 65 535 less the Ethernet header. */
    static final int MAX_MTU = 65_521;

    /** What the kernel lets be a name (dev_valid_name), less what it would make a name of ({@code %d}). */
    private static final Pattern NAME = Pattern.compile("(?!\\.{1,2}$)[\\x21-\\x7e&&[^/:%]]{1,15}");

    static TapSettings of(BackendContext context) throws BackendException {
        Settings words = context.settings();
        Optional<String> given = words.text("ifname");
        String name = given.orElse(context.deviceName());
        if (!NAME.matcher(name).matches()) {
            throw invalid((given.isPresent() ? "ifname " : "ifname, by default the device's name ") + name
                    + ": expected 1 to " + Tap.MAX_NAME_BYTES + " characters without blanks, /, : and %");
        }
        int pairs = Math.max(1, context.channels().size());
        if (pairs > Tap.MAX_QUEUES) {
            throw invalid("max_vqp " + pairs + ": expected up to " + Tap.MAX_QUEUES + ", which a tap interface has");
        }
        Optional<String> address = words.text("address");
        return new TapSettings(
                name,
                pairs,
                mtu(words),
                words.text("up").isEmpty() ? Optional.empty() : Optional.of(words.flag("up", false)),
                address.isEmpty() ? Optional.empty() : Optional.of(InterfaceAddress.of(address.get())),
                words.text("netns"));
    }

    private static OptionalInt mtu(Settings words) throws BackendException {
        Optional<String> text = words.text("mtu");
        if (text.isEmpty()) {
            return OptionalInt.empty();
        }
        try {
            int mtu = Integer.parseInt(text.get());
            if (mtu >= NetInfo.MIN_MTU && mtu <= MAX_MTU) {
                return OptionalInt.of(mtu);
            }
        } catch (NumberFormatException _) {
            // Said below, as for a number out of range.
        }
        throw invalid("mtu " + text.get() + ": expected " + NetInfo.MIN_MTU + " to " + MAX_MTU
                + ", which a tap interface carries");
    }

    private static BackendException invalid(String sentence) {
        return new BackendException(Kind.CONFIG_INVALID, sentence);
    }
}
