package io.busbar.core.linux;

import java.util.Optional;

/**
 * A network interface as the kernel describes it.
 *
 * @param index number in its namespace, 1 and up
 * @param name  its name
 * @param isUp  whether it was set up (IFF_UP); its cable may be out all the same
 * @param mtu   the most bytes behind the Ethernet header
 * @param kind  what kind of interface it is, such as {@code tun}, {@code veth} or {@code bridge}; empty for hardware
 * @param tun   what it says as a tun or tap interface, if it is one
 */
public record NetworkLink(int index, String name, boolean isUp, int mtu, String kind, Optional<Tun> tun) {

    /**
     * What a tun or tap interface says of itself.
     *
     * @param isTap      whether it carries Ethernet frames, not IP packets
     * @param multiQueue whether it may have several queues
     * @param queues     how many it has, attached or not; 0 where it may have one only
     */
    public record Tun(boolean isTap, boolean multiQueue, int queues) {
    }
}
