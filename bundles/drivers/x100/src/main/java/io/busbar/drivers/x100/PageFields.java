package io.busbar.drivers.x100;

import io.busbar.core.virtio.vop.BootParam;
import io.busbar.core.virtio.vop.DeviceCtrl;
import io.busbar.core.virtio.vop.DeviceDesc;
import io.busbar.core.virtio.vop.DeviceEntry;
import io.busbar.core.virtio.vop.DevicePage;
import io.busbar.core.virtio.vop.VqConfig;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** A device page, field by field and as hex. */
final class PageFields {

    private static final int BYTES_IN_LINE = 16;
    private static final HexFormat HEX = HexFormat.ofDelimiter(" ");

    private final List<Row> rows = new ArrayList<>();
    private final byte[] page;
    private String entry = "boot";

    /**
     * Reads a page.
     *
     * @throws IllegalArgumentException if it is none: the message says where
     */
    PageFields(byte[] page) {
        this.page = page;
        DevicePage read = DevicePage.decode(page);
        boot(read.boot());
        for (DevicePage.Slot slot : read.entries()) {
            entry(slot.offset(), slot.entry());
        }
        int end = read.entries().isEmpty() ? BootParam.BYTES : read.entries().getLast().end();
        if (end < DevicePage.BYTES) {
            entry = "end";
            field(end, 1, "type", page[end]);
        }
    }

    private void boot(BootParam boot) {
        field(0, 4, "magic", hex(Integer.toUnsignedLong(boot.magic())));
        field(BootParam.CONFIG_DB, 1, "h2c_config_db", boot.configDb());
        field(5, 1, "node_id", boot.nodeId());
        field(BootParam.CARD_SCIF_DB, 1, "h2c_scif_db", boot.cardScifDb());
        field(BootParam.HOST_SCIF_DB, 1, "c2h_scif_db", boot.hostScifDb());
        field(BootParam.SCIF_HOST_ADDR, 8, "scif_host_dma_addr", hex(boot.scifHostAddr()));
        field(BootParam.SCIF_CARD_ADDR, 8, "scif_card_dma_addr", hex(boot.scifCardAddr()));
    }

    private void entry(int at, DeviceEntry read) {
        DeviceDesc desc = read.desc();
        entry = type(desc.type()) + "@" + at;
        field(at, 1, "type", desc.type());
        field(at + 1, 1, "num_vq", desc.queues());
        field(at + 2, 1, "feature_len", desc.featureLen());
        field(at + 3, 1, "config_len", desc.configLen());
        field(at + DeviceDesc.STATUS, 1, "status", hex(desc.status()));
        for (int i = 0; i < desc.queues(); i++) {
            VqConfig queue = read.queues().get(i);
            int offset = at + DeviceDesc.BYTES + VqConfig.BYTES * i;
            field(offset, 8, "vq" + i + ".address", hex(queue.address()));
            field(offset + VqConfig.USED_ADDRESS, 8, "vq" + i + ".used_address", hex(queue.usedAddress()));
            field(offset + 16, 2, "vq" + i + ".num", queue.size());
        }
        int features = at + DeviceDesc.BYTES + VqConfig.BYTES * desc.queues();
        field(features, desc.featureLen(), "features offered", hex(read.offeredFeatures()));
        field(features + desc.featureLen(), desc.featureLen(), "features accepted", hex(read.acceptedFeatures()));
        field(features + 2 * desc.featureLen(), desc.configLen(), "config", HEX.formatHex(read.config()));
        ctrl(at + DeviceEntry.descBytes(desc), read.ctrl());
    }

    private void ctrl(int at, DeviceCtrl ctrl) {
        field(at + DeviceCtrl.VDEV, 8, "ctrl.vdev", hex(ctrl.vdev()));
        field(at + DeviceCtrl.CONFIG_CHANGE, 1, "ctrl.config_change", ctrl.configChange());
        field(at + DeviceCtrl.RESET, 1, "ctrl.vdev_reset", ctrl.reset());
        field(at + DeviceCtrl.GUEST_ACK, 1, "ctrl.guest_ack", ctrl.guestAck());
        field(at + DeviceCtrl.HOST_ACK, 1, "ctrl.host_ack", ctrl.hostAck());
        field(at + DeviceCtrl.USED_ADDRESS_UPDATED, 1, "ctrl.used_address_updated", ctrl.usedAddressUpdated());
        field(at + DeviceCtrl.HOST_DB, 1, "ctrl.c2h_vdev_db", ctrl.hostDb());
        field(at + DeviceCtrl.CARD_DB, 1, "ctrl.h2c_vdev_db", ctrl.cardDb());
    }

    private static String type(int type) {
        return switch (type) {
            case DeviceDesc.REMOVED -> "removed";
            case 1 -> "net";
            case 2 -> "block";
            case 3 -> "console";
            default -> "device " + type;
        };
    }

    private static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }

    private void field(int offset, int bytes, String name, Object value) {
        rows.add(new Row().with("offset", offset).with("bytes", bytes).with("entry", entry).with("field", name)
                .with("value", value.toString()));
    }

    List<Row> rows() {
        return rows;
    }

    /** Returns the page up to its last byte that is not zero, 16 bytes in a line. */
    String hex() {
        int end = page.length;
        while (end > 0 && page[end - 1] == 0) {
            end--;
        }
        StringBuilder text = new StringBuilder();
        for (int at = 0; at < end; at += BYTES_IN_LINE) {
            text.append(String.format("%04x  ", at)).append(HEX.formatHex(page, at, at + BYTES_IN_LINE)).append('\n');
        }
        return text.toString();
    }
}
