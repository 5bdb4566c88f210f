package io.busbar.busdrivers.vop;

import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vop.LinkMeter;
import io.busbar.api.vop.OwnMemory;
import io.busbar.api.vop.VopDevice;
import io.busbar.api.vop.VopException;
import io.busbar.api.vop.VopHardwareOps;
import io.busbar.busdrivers.vop.page.DevicePageWriter;
import java.util.ArrayList;
import java.util.List;

/** The host's end of a link, as all devices of one card share it. Safe for any thread. */
final class HostLink {

    private final VopDevice device;
    private final DevicePageWriter page;
    /** The card missed a deadline, and was not heard of since. */
    private volatile boolean silent;
    private volatile boolean gone;
    /** What nobody here uses any more, but the card, or the link's engine, may. */
    private final List<OwnMemory> kept = new ArrayList<>();

    /**
     * Makes the link's page ready.
     *
     * @param device the host's end
     * @throws IllegalArgumentException if it has no device page
     */
    HostLink(VopDevice device) {
        this.device = device;
        OwnMemory memory = device.ops().devicePage().orElseThrow(
                () -> new IllegalArgumentException("the host's end of " + device.name() + " has no device page"));
        page = new DevicePageWriter(memory.segment(), device.node());
    }

    String name() {
        return device.name();
    }

    VopHardwareOps ops() {
        return device.ops();
    }

    DevicePageWriter page() {
        return page;
    }

    /** Returns what is said of a page that the card has cut short. */
    String pageCutShort() {
        return "the device page of " + name() + " was cut short";
    }

    /** Returns what is said of memory that was cut short, some access to which has failed. */
    String memoryCutShort() {
        return page.isFoundCutShort() ? pageCutShort() : "memory that is shared with " + name() + " was cut short";
    }

    /** Tells the card that its page has changed; false if nobody is there who would look. */
    boolean ringConfig(LinkMeter meter) {
        int doorbell = page.configDoorbell();
        if (gone || doorbell < 0) {
            return false;
        }
        ops().sendInterrupt(doorbell, meter);
        return true;
    }

    /** The card has done something. */
    void heard() {
        silent = false;
    }

    /** The card has missed a deadline. */
    void missed() {
        silent = true;
    }

    /** The link is gone: what was kept for its other end is let go of. */
    void gone() {
        synchronized (kept) {
            gone = true;
        }
        letGo();
    }

    /** Returns whether the link is gone. */
    boolean isGone() {
        return gone;
    }

    /** Keeps memory that the other end may still use, until the link is gone. */
    void keep(OwnMemory memory) {
        synchronized (kept) {
            if (!gone) {
                kept.add(memory);
                return;
            }
        }
        memory.close();
    }

    /** Lets go of what was kept. */
    void letGo() {
        List<OwnMemory> all;
        synchronized (kept) {
            all = List.copyOf(kept);
            kept.clear();
        }
        all.forEach(OwnMemory::close);
    }

    /** Returns whether it makes sense to wait for the card. */
    boolean answers() {
        return !silent && !gone;
    }

    /** Returns a link's refusal as that of a device. */
    static VdpaException refused(VopException e) {
        VdpaError error = switch (e.error()) {
            case ENODEV -> VdpaError.ENODEV;
            case EINVAL, EPROTO -> VdpaError.EINVAL;
            case EFAULT -> VdpaError.EIO;
            case ENOMEM -> VdpaError.ENOMEM;
            case ENOSPC -> VdpaError.ENOSPC;
            case ETIMEDOUT -> VdpaError.ETIMEDOUT;
        };
        return new VdpaException(error, e.getMessage());
    }
}
