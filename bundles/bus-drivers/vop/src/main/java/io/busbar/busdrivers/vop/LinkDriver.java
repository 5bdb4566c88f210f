package io.busbar.busdrivers.vop;

import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaBusDriver;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vop.VopDevice;
import io.busbar.core.linux.NativeAccess;
import io.busbar.core.linux.NativeAccessDeniedException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;

/** The bus driver of one card. */
final class LinkDriver implements VdpaBusDriver {

    private final HostLink link;
    private final Supplier<VopSettings> settings;
    private final Supplier<String> problem;
    private final List<PublishedDevice> devices = new CopyOnWriteArrayList<>();

    /**
     * Makes the bus driver.
     *
     * @param device   the host's end of the link
     * @param settings for devices that are bound from now on
     * @param problem  what is wrong with the settings; empty if nothing is
     */
    LinkDriver(VopDevice device, Supplier<VopSettings> settings, Supplier<String> problem) {
        this.link = new HostLink(device);
        this.settings = settings;
        this.problem = problem;
    }

    @Override
    public String name() {
        return "vop-" + link.name();
    }

    /** Takes none by itself: what a card gets is said by a command. */
    @Override
    public boolean matches(VdpaDevice device) {
        return false;
    }

    @Override
    public Binding probe(VdpaDevice device) throws VdpaException {
        if (!problem.get().isEmpty()) {
            throw new VdpaException(VdpaError.EINVAL, Reason.CONFIG_INVALID, problem.get(), null);
        }
        Optional<NativeAccessDeniedException> denied = NativeAccess.unavailabilityCause();
        if (denied.isPresent()) {
            throw new VdpaException(
                    VdpaError.EPERM, Reason.NATIVE_ACCESS_DISABLED, denied.get().getMessage(), denied.get());
        }
        PublishedDevice published = PublishedDevice.publish(device, link, settings.get(), devices::remove);
        devices.add(published);
        return published;
    }

    /** The link is gone: nobody is waited for. */
    void linkGone() {
        link.gone();
    }

    /** Closes what the bus could not. */
    void close() {
        devices.forEach(PublishedDevice::close);
        link.letGo();
    }
}
