package io.busbar.drivers.sim;

import io.busbar.api.backend.BackendState;
import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.Handover;
import io.busbar.api.vdpa.HandoverDevice;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.LeavingDevice;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.SwapReport;
import io.busbar.api.vdpa.SwapRequest;
import io.busbar.api.vdpa.SwappableBackend;
import io.busbar.api.vdpa.SwappableModel;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** A software vDPA device. */
final class SimDevice implements HandoverDevice, SwappableBackend, SwappableModel, LeavingDevice {

    private final Inside inside;
    private final VdpaConfigOps ops;
    /** Null while it is not on its way to another process. Control threads, one at a time. */
    private HandingOver handingOver;

    /**
     * What a device is made of, for its ops.
     *
     * @param type          the device type
     * @param parts         data path, model and backend
     * @param status        the device status
     * @param notifications tells the driver of changes
     * @param maxQueueSize  the largest size of a queue
     */
    record Inside(
            SimClass type, DeviceParts parts, DeviceStatus status, Notifications notifications, int maxQueueSize) {}

    private SimDevice(Inside inside, VdpaConfigOps ops) {
        this.inside = inside;
        this.ops = ops;
    }

    /**
     * Makes a device, or leaves nothing.
     *
     * @param type     the device type
     * @param request  its name and words
     * @param services what devices use
     * @param prepared what the device of another process has prepared, if this one takes its place
     * @throws VdpaException with the sentence of whichever part refuses
     */
    static SimDevice make(SimClass type, AddRequest request, SimServices services, Optional<Handover> prepared)
            throws VdpaException {
        Notifications notifications = new Notifications(request.name(), services.callbacks());
        DeviceStatus status = new DeviceStatus(notifications);
        DeviceParts parts = DeviceParts.open(type, request, services, notifications, status, before(request, prepared));
        Inside inside = new Inside(type, parts, status, notifications, services.engine().maxQueueSize());
        DmaKind dma = DmaKind.of(request.attributes().getOrDefault(DeviceWords.DMA, "device"));
        return new SimDevice(inside, SimOpsVariants.of(inside, dma, parts.extra()));
    }

    private static Optional<BackendState> before(AddRequest request, Optional<Handover> prepared) throws VdpaException {
        return prepared.isEmpty()
                ? Optional.empty()
                : Optional.of(PreparedBackend.of(prepared.get(), request.attributes().getOrDefault(DeviceWords.BACKEND, "")));
    }

    /** Returns the data path, model and backend. */
    DeviceParts parts() {
        return inside.parts();
    }

    @Override
    public VdpaConfigOps ops() {
        return ops;
    }

    @Override
    public int vqCount() {
        return inside.parts().vqCount();
    }

    @Override
    public Health health() {
        Health health = inside.parts().health();
        String broken = inside.status().broken();
        return health.ok() && !broken.isEmpty() ? new Health(Reason.DEVICE_NEEDS_RESET, broken) : health;
    }

    @Override
    public SwapReport swapBackend(SwapRequest request) throws VdpaException {
        return Swap.of(inside.parts(), request);
    }

    @Override
    public SwapReport swapModel(Duration deadline, boolean dryRun) throws VdpaException {
        return ModelSwap.of(inside.parts(), deadline, dryRun);
    }

    @Override
    public boolean wantsToLeave() {
        return inside.parts().isExpired();
    }

    @Override
    public Optional<Handover> prepareHandover() throws VdpaException {
        handingOver = HandingOver.begin(inside.parts());
        return handingOver.prepared();
    }

    @Override
    public Handover handOver() throws VdpaException {
        return inside.parts().save().toRecord();
    }

    @Override
    public void cancelHandover() {
        if (handingOver != null) {
            handingOver.cancel();
            handingOver = null;
        }
    }

    @Override
    public void rehearse() throws VdpaException {
        takeOver(handOver());
        inside.parts().rehearse();
    }

    @Override
    public void takeOver(Handover state) throws VdpaException {
        inside.parts().restore(DeviceHandover.of(state));
    }

    @Override
    public void goOn() {
        inside.parts().goOn();
    }

    /** Returns the words that it was made of, without the secret ones, which begin with a dot, and what came of them. */
    @Override
    public Map<String, String> details() {
        Map<String, String> details = new LinkedHashMap<>(inside.parts().words());
        details.keySet().removeIf(word -> word.startsWith("."));
        inside.parts().backendDetails().forEach(details::putIfAbsent);
        details.put("backend_bundle", inside.parts().backendOrigin());
        details.put("model_bundle", inside.parts().modelOrigin());
        inside.parts().swaps().show(details);
        String copied = inside.parts().copied();
        if (!copied.isEmpty()) {
            details.put("copied", copied);
        }
        inside.parts().showMisbehaviour(details);
        return details;
    }
}
