package io.busbar.core.bus;

import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.Handover;
import io.busbar.api.vdpa.HandoverManagementDevice;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.RevocableManagementDevice;
import io.busbar.api.vdpa.SwapReport;
import io.busbar.api.vdpa.SwapRequest;
import io.busbar.api.vdpa.SwappableBackend;
import io.busbar.api.vdpa.SwappableModel;
import io.busbar.api.vdpa.VdpaBusDriver;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VdpaManagementDevice;
import io.busbar.api.vdpa.VdpaParentDevice;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Calls into parts that others wrote: what they throw unchecked harms their own device only, and is named. */
final class Vendors {

    private static final Logger LOG = LoggerFactory.getLogger(Vendors.class);

    private Vendors() {}

    /** Makes a parent device, checked. */
    static VdpaParentDevice add(PluggedIn<VdpaManagementDevice> maker, AddRequest request) throws VdpaException {
        return add(maker, request, Optional.empty());
    }

    /** Makes a parent device, checked, of what one of another process has prepared, if it has. */
    static VdpaParentDevice add(PluggedIn<VdpaManagementDevice> maker, AddRequest request, Optional<Handover> prepared)
            throws VdpaException {
        VdpaParentDevice parent = null;
        try {
            parent = prepared.isEmpty() ? maker.part().devAdd(request) : able(maker).devAdd(request, prepared.get());
            ParentChecks.check(maker.name(), parent);
            return parent;
        } catch (VdpaException refused) {
            if (parent != null) {
                revoke(maker, parent);
            }
            throw refused;
        } catch (RuntimeException | LinkageError thrown) {
            if (parent != null) {
                revoke(maker, parent);
            }
            throw broken(maker, "dev add of " + request.name(), thrown);
        }
    }

    private static HandoverManagementDevice able(PluggedIn<VdpaManagementDevice> maker) throws VdpaException {
        if (maker.part() instanceof HandoverManagementDevice able) {
            return able;
        }
        throw new VdpaException(VdpaError.EOPNOTSUPP, "management device " + maker.name() + " takes nothing over from another process");
    }

    /** Takes a parent device apart; what is thrown is logged. */
    static void delete(PluggedIn<VdpaManagementDevice> maker, VdpaParentDevice parent) {
        end(maker, () -> maker.part().devDel(parent));
    }

    /** As {@link #delete}, for a device that was refused: its maker takes back what making it changed, if it can do that. */
    static void revoke(PluggedIn<VdpaManagementDevice> maker, VdpaParentDevice parent) {
        end(maker, () -> {
            if (maker.part() instanceof RevocableManagementDevice revocable) {
                revocable.devRevoke(parent);
            } else {
                maker.part().devDel(parent);
            }
        });
    }

    private static void end(PluggedIn<VdpaManagementDevice> maker, Runnable how) {
        try {
            how.run();
        } catch (RuntimeException | LinkageError thrown) {
            LOG.error("{} ({}) failed to take a device apart", maker.name(), maker.origin(), thrown);
        }
    }

    /** Swaps a device's backend. */
    static SwapReport swap(PresentDevice device, SwapRequest request) throws VdpaException {
        if (!(device.parent() instanceof SwappableBackend swappable)) {
            throw new VdpaException(VdpaError.EOPNOTSUPP, device.name() + " of " + device.managementDeviceName()
                    + " has no backend that can be swapped");
        }
        try {
            return swappable.swapBackend(request);
        } catch (RuntimeException | LinkageError thrown) {
            throw broken(device.maker(), "swap of the backend of " + device.name(), thrown);
        }
    }

    /** Swaps a device's model. */
    static SwapReport swapModel(PresentDevice device, Duration deadline, boolean dryRun) throws VdpaException {
        if (!(device.parent() instanceof SwappableModel swappable)) {
            throw new VdpaException(VdpaError.EOPNOTSUPP, device.name() + " of " + device.managementDeviceName()
                    + " has no device model that can be swapped");
        }
        try {
            return swappable.swapModel(deadline, dryRun);
        } catch (RuntimeException | LinkageError thrown) {
            throw broken(device.maker(), "swap of the device model of " + device.name(), thrown);
        }
    }

    /** One step of handing a device over to another process, or of taking it over. */
    @FunctionalInterface
    interface Step {
        void run() throws VdpaException;
    }

    /** Takes a step; what is thrown names the device. */
    static void handingOver(DeviceSlot slot, Step step) throws VdpaException {
        try {
            step.run();
        } catch (VdpaException refused) {
            throw new VdpaException(
                    refused.error(), refused.reason(), slot.name() + ": " + refused.getMessage(), refused);
        } catch (RuntimeException | LinkageError thrown) {
            LOG.error("{} failed to be handed over", slot.name(), thrown);
            throw new VdpaException(VdpaError.EIO, Reason.INTERNAL, slot.name() + ": " + thrown, thrown);
        }
    }

    /** Takes a step that must be taken; what is thrown is logged. */
    static void quietly(String what, Runnable step) {
        try {
            step.run();
        } catch (RuntimeException | LinkageError thrown) {
            LOG.error("a part failed to {}", what, thrown);
        }
    }

    /** Asks a bus driver whether it takes a device; one that throws does not. */
    static boolean matches(PluggedIn<VdpaBusDriver> driver, PresentDevice device) {
        try {
            return driver.part().matches(device);
        } catch (RuntimeException | LinkageError thrown) {
            LOG.error("{} ({}) failed to match {}", driver.name(), driver.origin(), device.name(), thrown);
            return false;
        }
    }

    /** Binds a device. */
    static Bound probe(PluggedIn<VdpaBusDriver> driver, PresentDevice device) throws VdpaException {
        try {
            VdpaBusDriver.Binding binding = driver.part().probe(device);
            if (binding == null) {
                throw new IllegalStateException("no binding");
            }
            return new Bound(driver, binding);
        } catch (RuntimeException | LinkageError thrown) {
            throw broken(driver, "probe of " + device.name(), thrown);
        }
    }

    /** Closes a binding; what is thrown is logged. */
    static void close(String device, Bound bound) {
        try {
            bound.binding().close();
        } catch (RuntimeException | LinkageError thrown) {
            LOG.error("{} ({}) failed to let {} go", bound.driver().name(), bound.driver().origin(), device, thrown);
        }
    }

    /** Returns an answer, or another one if the part throws. */
    static <T> T ask(Supplier<T> question, T otherwise) {
        try {
            T answer = question.get();
            return answer == null ? otherwise : answer;
        } catch (RuntimeException | LinkageError _) {
            return otherwise;
        }
    }

    /** Returns a part's health; one that throws, or says nothing, is not well. */
    static Health health(Supplier<Health> question) {
        try {
            Health health = question.get();
            return health == null ? new Health(Reason.INTERNAL, "it does not say what its state is") : health;
        } catch (RuntimeException | LinkageError thrown) {
            return new Health(Reason.INTERNAL, "its state cannot be read: " + thrown);
        }
    }

    /** Returns what a device shows of itself, as it is now; a key or value that is missing is left out. */
    static Map<String, String> details(Supplier<Map<String, String>> question) {
        return ask(() -> {
            Map<String, String> details = new LinkedHashMap<>();
            question.get().forEach((key, value) -> {
                if (key != null && value != null) {
                    details.put(key, value);
                }
            });
            return Collections.unmodifiableMap(details);
        }, Map.of());
    }

    private static VdpaException broken(PluggedIn<?> part, String what, Throwable thrown) {
        LOG.error("{} ({}): {} failed", part.name(), part.origin(), what, thrown);
        return new VdpaException(VdpaError.EIO, Reason.INTERNAL, part.name() + " failed in " + what + ": " + thrown, thrown);
    }
}
