package io.busbar.backends.switch_;

import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendException.Kind;
import io.busbar.backends.switch_.frame.Ethernet;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which VLANs a port is in, and how frames cross it. Immutable.
 *
 * <ul>
 * <li>With neither word it is in VLAN 1, and takes and gives frames as they are: tags are the stations' own matter, as on
 *     a switch that knows of none.
 * <li>{@code vlan N}: in VLAN N, whose frames cross it without a tag. A tag that only gives a priority (VLAN 0) is
 *     accepted, and taken off; a frame with another one is not.
 * <li>{@code trunk N[,N-M]}: in these VLANs, whose frames cross it with their tag. Others are not accepted, nor are frames
 *     without a tag.
 * </ul>
 */
final class PortVlans {

    /** The answer about a frame that the port does not accept. */
    static final int REFUSED = -1;

    /** Stands for the control information of a frame without a tag. */
    static final int NO_TAG = -1;

    /** The VLAN of ports that say nothing. */
    static final int DEFAULT_VLAN = 1;

    /** A port that says nothing. */
    static final PortVlans OPEN = new PortVlans(Form.OPEN, single(DEFAULT_VLAN), "1");

    private static final int SHIFT = 6;
    private static final Pattern PART = Pattern.compile("(\\d{1,4})(?:-(\\d{1,4}))?");
    private static final String EXPECTED_VLAN = "expected a number from 1 to " + Ethernet.MAX_VLAN;
    private static final String EXPECTED_TRUNK = "expected numbers or ranges from 1 to " + Ethernet.MAX_VLAN
            + ", such as 10,20-29";

    private final Form form;
    private final long[] members;
    private final int only;
    private final String text;

    private enum Form {
        OPEN,
        ACCESS,
        TRUNK
    }

    private PortVlans(Form form, BitSet vlans, String text) {
        this.form = form;
        this.members = Arrays.copyOf(vlans.toLongArray(), (Ethernet.MAX_VLAN >>> SHIFT) + 1);
        this.only = vlans.nextSetBit(0);
        this.text = text;
    }

    /**
     * Reads the words.
     *
     * @param vlan  value of {@code vlan}
     * @param trunk value of {@code trunk}
     * @throws BackendException if one is wrong, or both are there
     */
    static PortVlans parse(Optional<String> vlan, Optional<String> trunk) throws BackendException {
        if (vlan.isPresent() && trunk.isPresent()) {
            throw invalid("vlan " + vlan.get() + " and trunk " + trunk.get()
                    + ": expected one of them, a port is in one VLAN without tags or in several with tags");
        }
        if (vlan.isPresent()) {
            int number = number(vlan.get(), "vlan " + vlan.get() + ": " + EXPECTED_VLAN);
            return new PortVlans(Form.ACCESS, single(number), String.valueOf(number));
        }
        return trunk.isPresent() ? new PortVlans(Form.TRUNK, list(trunk.get()), "trunk " + trunk.get()) : OPEN;
    }

    private static BitSet single(int vlan) {
        BitSet one = new BitSet();
        one.set(vlan);
        return one;
    }

    private static BitSet list(String text) throws BackendException {
        String wrong = "trunk " + text + ": " + EXPECTED_TRUNK;
        BitSet vlans = new BitSet();
        for (String part : text.split(",", -1)) {
            Matcher range = PART.matcher(part);
            if (!range.matches()) {
                throw invalid(wrong);
            }
            int first = number(range.group(1), wrong);
            int last = range.group(2) == null ? first : number(range.group(2), wrong);
            if (last < first) {
                throw invalid(wrong + "; " + part + " ends before it begins");
            }
            vlans.set(first, last + 1);
        }
        return vlans;
    }

    private static int number(String text, String wrong) throws BackendException {
        if (text.matches("\\d{1,4}")) {
            int number = Integer.parseInt(text);
            if (number >= 1 && number <= Ethernet.MAX_VLAN) {
                return number;
            }
        }
        throw invalid(wrong);
    }

    private static BackendException invalid(String sentence) {
        return new BackendException(Kind.CONFIG_INVALID, sentence);
    }

    /**
     * Returns the VLAN of a frame that comes in.
     *
     * @param control the control information of its tag, or {@link #NO_TAG}
     * @return 1 to 4094, or {@link #REFUSED}
     */
    int vlanOf(int control) {
        return switch (form) {
            case OPEN -> only;
            case ACCESS -> control == NO_TAG || (control & Ethernet.VLAN_MASK) == 0 ? only : REFUSED;
            case TRUNK -> control != NO_TAG && carries(control & Ethernet.VLAN_MASK) ? control & Ethernet.VLAN_MASK : REFUSED;
        };
    }

    /** Returns whether a tag on a frame that comes in is for the switch, and not a part of what the frame carries. */
    boolean readsTags() {
        return form != Form.OPEN;
    }

    /** Returns whether frames go out with a tag. */
    boolean writesTags() {
        return form == Form.TRUNK;
    }

    /**
     * Returns whether frames of a VLAN go out.
     *
     * @param vlan 0 to 4095
     */
    boolean carries(int vlan) {
        return (members[vlan >>> SHIFT] & 1L << vlan) != 0;
    }

    @Override
    public String toString() {
        return text;
    }
}
