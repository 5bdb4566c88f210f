package io.busbar.tools.shell.vdpa;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_FEATURES_OK;

import io.busbar.api.vdpa.BusSnapshot;
import io.busbar.api.vdpa.BusSnapshot.State;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.QueueStatistics;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaManagementDevice;
import io.busbar.core.virtio.FeatureNames;
import io.busbar.core.virtio.VirtioIds;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/** What the show commands print for one device. */
final class Show {

    /** The largest queue index that the kernel looks up. */
    private static final long LAST_QUEUE = 0x8000;

    private static final Set<State> TROUBLE = EnumSet.of(State.ABSENT, State.HELD, State.NEEDS_RESET);

    private final Report report;

    Show(Report report) {
        this.report = report;
    }

    void managementDevice(String bus, VdpaManagementDevice device) {
        // All is asked for before anything is written: one that fails leaves no half of itself.
        Set<Integer> classes = new TreeSet<>(device.supportedClasses());
        int queues = device.maxSupportedVqs();
        long features = device.supportedFeatures();
        report.openHandle(Handle.show(bus, device.name()));
        report.words("supported_classes", classes.stream().map(ClassNames::ofClass).toList());
        report.row();
        report.word("max_supported_vqs", queues);
        report.words("dev_features", FeatureNames.names(ClassNames.forFeatures(classes), features));
        report.closeHandle();
    }

    void device(VdpaBus bus, BusSnapshot.Device device, boolean detail) {
        report.openHandle(Handle.show(bus.name(), device.name()));
        report.word("type", ClassNames.ofDevice(deviceId(bus, device)));
        report.word("mgmtdev", Handle.show(bus.name(), device.mgmtdev()));
        report.word("vendor_id", Integer.toUnsignedLong(device.vendorId()));
        report.word("max_vqs", device.maxVqs());
        report.word("max_vq_size", device.maxVqSize());
        if (detail || !device.health().ok() || TROUBLE.contains(device.state())) {
            state(device);
        }
        if (detail) {
            detail(bus.name(), device);
        }
        report.closeHandle();
    }

    /** A device that is absent has no id; where its management device makes one kind alone, it would be that. */
    private static int deviceId(VdpaBus bus, BusSnapshot.Device device) {
        if (device.deviceId() != 0) {
            return device.deviceId();
        }
        return bus.managementDevices().stream()
                .filter(maker -> maker.name().equals(device.mgmtdev()) && maker.supportedClasses().size() == 1)
                .findFirst()
                .map(maker -> maker.supportedClasses().iterator().next())
                .orElse(0);
    }

    private void state(BusSnapshot.Device device) {
        report.word("state", device.state().name().toLowerCase(Locale.ROOT));
        Health health = device.health();
        if (!health.ok()) {
            report.word("reason", health.reason());
            if (!health.sentence().isEmpty()) {
                report.row();
                report.word("sentence", health.sentence());
            }
        }
    }

    private void detail(String bus, BusSnapshot.Device device) {
        report.row();
        report.word("bus", bus);
        report.word("status", String.format("0x%02x", device.status()));
        optional("busdriver", device.busDriver());
        optional("driver_override", device.override());
        report.word("persistent", device.persistent());
        report.word("dma_faults", device.dmaFaults());
        if (!device.endpoint().isEmpty()) {
            report.row();
            report.word("endpoint", device.endpoint());
        }
        if (!device.details().isEmpty()) {
            report.openGroup("details");
            report.row();
            device.details().forEach(report::word);
            report.closeGroup();
        }
    }

    private void optional(String key, String value) {
        if (!value.isEmpty()) {
            report.word(key, value);
        }
    }

    void config(VdpaDevice device) {
        VdpaConfigOps ops = device.ops();
        report.openHandle(Handle.show(device.busName(), device.name()));
        boolean known = true;
        switch (device.deviceId()) {
            case VirtioIds.VIRTIO_ID_NET -> NetConfig.show(ops, report);
            case VirtioIds.VIRTIO_ID_BLOCK -> BlockConfig.show(ops, report);
            default -> known = false;
        }
        if (known && featuresOk(ops)) {
            report.words("negotiated_features", FeatureNames.names(device.deviceId(), ops.getDriverFeatures()));
        }
        report.closeHandle();
    }

    /** One queue, with the kernel's answers. */
    void statistics(VdpaDevice device, long index) throws Refusal {
        QueueStatistics statistics = counted(device);
        if (index > LAST_QUEUE) {
            // Spelled as the kernel spells it.
            throw Refusal.kernel(VdpaError.ERANGE, "queue index excceeds max value");
        }
        if (!featuresOk(device.ops())) {
            throw Refusal.kernel(VdpaError.EAGAIN, "feature negotiation not complete");
        }
        if (index >= device.vqCount()) {
            throw Refusal.kernel(VdpaError.EINVAL, "");
        }
        report.openHandle(Handle.show(device.busName(), device.name()));
        counters(device, statistics, (int) index);
        report.closeHandle();
    }

    /** All queues, in use or not. */
    void statistics(VdpaDevice device) throws Refusal {
        QueueStatistics statistics = counted(device);
        report.openHandle(Handle.show(device.busName(), device.name()));
        report.openList("queues");
        for (int index = 0; index < device.vqCount(); index++) {
            report.openItem();
            report.cell("qidx", index);
            counters(device, statistics, index);
            report.closeItem();
        }
        report.closeList();
        report.closeHandle();
    }

    private void counters(VdpaDevice device, QueueStatistics statistics, int index) {
        if (device.deviceId() == VirtioIds.VIRTIO_ID_NET) {
            report.cell("queue_type", NetConfig.queueType(device.ops(), index, device.vqCount()));
        }
        statistics.getVendorVqStats(index).forEach(report::cell);
    }

    private static QueueStatistics counted(VdpaDevice device) throws Refusal {
        if (device.ops() instanceof QueueStatistics statistics) {
            return statistics;
        }
        throw Refusal.kernel(VdpaError.EOPNOTSUPP, "");
    }

    private static boolean featuresOk(VdpaConfigOps ops) {
        return (ops.getStatus() & VIRTIO_CONFIG_S_FEATURES_OK) != 0;
    }
}
