package io.busbar.backends.switch_;

import io.busbar.api.backend.BackendContext;
import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendType;
import io.busbar.api.backend.NetBackend;
import io.busbar.api.backend.NetFrame;
import io.busbar.api.backend.NetInfo;
import io.busbar.api.backend.RevocableBackend;
import io.busbar.api.backend.SharableBackend;
import io.busbar.api.backend.WaitingFrame;

/**
 * A port of a switch: {@code network NAME} says of which.
 *
 * <p>Frames stay in this process's memory, so they cross the switch with checksums not filled in and TCP segments not cut,
 * if their driver left that to the device; the device that receives them does what its own driver cannot.
 */
@BackendType(
        type = BackendType.NET,
        name = "switch",
        settings = "network NAME [vlan N] [trunk N,N-M] [dhcp SUBNET] [capture FILE]")
public final class SwitchBackend implements NetBackend, RevocableBackend, SharableBackend {

    /** A frame that is not to be cut has at most 65 535 bytes, its Ethernet header included. */
    private static final int MTU = NetInfo.MAX_MTU - 14;

    private static final NetInfo INFO = new NetInfo(MTU, Short.MAX_VALUE, true, true, true);

    private final Networks networks;
    private final Networks.Place place;
    private final Port port;

    /**
     * Plugs a device in.
     *
     * @param context the surroundings
     * @throws BackendException if a word is wrong, or contradicts what the network is already
     */
    public SwitchBackend(BackendContext context) throws BackendException {
        this(context, Networks.shared());
    }

    SwitchBackend(BackendContext context, Networks networks) throws BackendException {
        this.networks = networks;
        PortSettings settings = PortSettings.of(context.settings());
        place = networks.join(context, settings);
        port = place.port();
        if (settings.capture().isPresent()) {
            try {
                port.startCapture(settings.capture().get());
            } catch (BackendException e) {
                networks.leave(place);
                throw e;
            }
        }
    }

    @Override
    public NetInfo info() {
        return INFO;
    }

    @Override
    public void usePairs(int pairs) {
        port.usePairs(pairs);
    }

    @Override
    public void plugged(boolean in) {
        port.plugged(in);
    }

    @Override
    public boolean transmit(int pair, NetFrame frame) {
        return port.transmit(pair, frame);
    }

    @Override
    public WaitingFrame peek(int pair) {
        return port.peek(pair);
    }

    @Override
    public void taken(int pair) {
        port.taken(pair);
    }

    @Override
    public void close() {
        networks.leave(place);
    }

    @Override
    public void revoke() {
        port.revokeCapture();
        networks.leave(place);
    }
}
