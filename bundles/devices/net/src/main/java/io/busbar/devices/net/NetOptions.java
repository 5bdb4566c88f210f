package io.busbar.devices.net;

import io.busbar.api.backend.NetInfo;
import io.busbar.api.vdpa.AttributeInfo;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * What a user chose for a net device; the words are those of the {@code vdpa} tool.
 *
 * @param mac   the address
 * @param mtu   the MTU, if the user set one
 * @param pairs number of queue pairs, 1 to {@value #MAX_PAIRS}
 */
record NetOptions(long mac, OptionalInt mtu, int pairs) {

    /** User Mode Linux has room for 64 queues in a device: so many pairs, and the control queue. */
    static final int MAX_PAIRS = 31;

    private static final String MAC = "mac";
    private static final String MTU = "mtu";
    private static final String MAX_VQP = "max_vqp";

    static final List<AttributeInfo> ATTRIBUTES = List.of(
            new AttributeInfo(MAC, "MACADDR", "MAC address; default is one that is always the same for the device's name."),
            new AttributeInfo(MTU, "N", "MTU that the driver is told, " + NetInfo.MIN_MTU + " to " + NetInfo.MAX_MTU
                    + ", no more than the backend carries; default what is usual there."),
            new AttributeInfo(MAX_VQP, "N", "Number of queue pairs, 1 to " + MAX_PAIRS + "; default 1."));

    static NetOptions of(String deviceName, Map<String, String> words) throws VdpaException {
        return new NetOptions(mac(words, deviceName), mtu(words), pairs(words));
    }

    private static long mac(Map<String, String> words, String deviceName) throws VdpaException {
        String text = words.get(MAC);
        return text == null
                ? MacAddress.ofName(deviceName)
                : MacAddress.parse(text).orElseThrow(() -> invalid(MAC, text,
                        "an address such as 52:54:00:12:34:56, neither a group's nor all zero"));
    }

    private static OptionalInt mtu(Map<String, String> words) throws VdpaException {
        String text = words.get(MTU);
        if (text == null) {
            return OptionalInt.empty();
        }
        int mtu = number(text);
        if (mtu < NetInfo.MIN_MTU || mtu > NetInfo.MAX_MTU) {
            throw invalid(MTU, text, "a number from " + NetInfo.MIN_MTU + " to " + NetInfo.MAX_MTU);
        }
        return OptionalInt.of(mtu);
    }

    private static int pairs(Map<String, String> words) throws VdpaException {
        String text = words.get(MAX_VQP);
        int pairs = text == null ? 1 : number(text);
        if (pairs < 1 || pairs > MAX_PAIRS) {
            throw invalid(MAX_VQP, text, "a number from 1 to " + MAX_PAIRS);
        }
        return pairs;
    }

    private static int number(String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException notNumber) {
            return -1;
        }
    }

    private static VdpaException invalid(String word, String value, String expected) {
        return new VdpaException(VdpaError.EINVAL, word + " " + value + ": expected " + expected);
    }
}
