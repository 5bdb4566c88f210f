package io.busbar.drivers.vhostuser;

import static io.busbar.core.virtio.VirtioConfig.bit;

import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.AttributeInfo;
import io.busbar.api.vdpa.DriverType;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VdpaManagementDevice;
import io.busbar.api.vdpa.VdpaParentDevice;
import io.busbar.core.linux.NativeAccessDeniedException;
import io.busbar.core.virtio.VirtioConfig;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.metatype.annotations.Designate;

/**
 * The management device {@code vhost_user}. A device whose far process is not there yet, or does not answer, is told to the
 * bus as one that cannot be made yet (EAGAIN).
 */
@Component(service = VdpaManagementDevice.class, configurationPid = VhostUserDevices.PID)
@Designate(ocd = VhostUserDriverConfig.class)
@DriverType(type = {"block", "net", "console"}, name = "vhost_user")
public final class VhostUserDevices implements VdpaManagementDevice {

    static final String PID = "io.busbar.drivers.vhostuser";

    /** The bus waits meanwhile: a far process that is well answers in milliseconds. */
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final Set<FarDevice> devices = ConcurrentHashMap.newKeySet();
    private volatile VhostUserDriverConfig config;

    /**
     * Made by Declarative Services.
     *
     * @param config settings; wrong ones are the answer to whoever adds a device
     */
    @Activate
    public VhostUserDevices(VhostUserDriverConfig config) {
        this.config = config;
    }

    /** Takes new settings, for devices that are added from then on. */
    @Modified
    void modified(VhostUserDriverConfig next) {
        config = next;
    }

    /** The bus has deleted the devices when this service went; what is left is closed. */
    @Deactivate
    void deactivate() {
        devices.forEach(this::devDel);
    }

    @Override
    public String name() {
        return "vhost_user";
    }

    @Override
    public Set<Integer> supportedClasses() {
        return Arrays.stream(FarClass.values()).map(FarClass::deviceId).collect(Collectors.toUnmodifiableSet());
    }

    /** Returns what every class shares; the rest is what the far process offers. */
    @Override
    public long supportedFeatures() {
        return bit(VirtioConfig.VIRTIO_RING_F_INDIRECT_DESC)
                | bit(VirtioConfig.VIRTIO_RING_F_EVENT_IDX)
                | bit(VirtioConfig.VIRTIO_F_VERSION_1)
                | bit(VirtioConfig.VIRTIO_F_IN_ORDER)
                | bit(VirtioConfig.VIRTIO_F_ORDER_PLATFORM);
    }

    @Override
    public int maxSupportedVqs() {
        return FarWords.MOST_QUEUES;
    }

    @Override
    public List<AttributeInfo> attributes() {
        return FarWords.ATTRIBUTES;
    }

    @Override
    public VdpaParentDevice devAdd(AddRequest request) throws VdpaException {
        FarWords words = FarWords.of(request.attributes());
        try {
            FarDevice device = FarDevice.connect(request.name(), words, settings(), PATIENCE_NANOS);
            devices.add(device);
            return device;
        } catch (FarException e) {
            throw new VdpaException(error(e.reason()), e.reason(), e.getMessage(), e);
        } catch (NativeAccessDeniedException e) {
            throw new VdpaException(VdpaError.EPERM, Reason.NATIVE_ACCESS_DISABLED, e.getMessage(), e);
        }
    }

    private Settings settings() throws VdpaException {
        try {
            return Settings.of(config);
        } catch (IllegalArgumentException e) {
            throw new VdpaException(VdpaError.EINVAL, "settings of " + PID + ": " + e.getMessage());
        }
    }

    private static VdpaError error(Reason reason) {
        return switch (reason) {
            case NOT_CONNECTED, NO_ANSWER -> VdpaError.EAGAIN;
            case PERMISSION -> VdpaError.EACCES;
            case CONFIG_INVALID -> VdpaError.EINVAL;
            default -> VdpaError.EIO;
        };
    }

    @Override
    public void devDel(VdpaParentDevice device) {
        if (device instanceof FarDevice far && devices.remove(far)) {
            far.close();
        }
    }
}
