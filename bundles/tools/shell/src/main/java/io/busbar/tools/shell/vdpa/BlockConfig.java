package io.busbar.tools.shell.vdpa;

import static io.busbar.core.virtio.VirtioConfig.has;
import static io.busbar.core.virtio.block.BlockConfigLayout.ALIGNMENT_OFFSET;
import static io.busbar.core.virtio.block.BlockConfigLayout.BLK_SIZE;
import static io.busbar.core.virtio.block.BlockConfigLayout.BYTES;
import static io.busbar.core.virtio.block.BlockConfigLayout.CAPACITY;
import static io.busbar.core.virtio.block.BlockConfigLayout.DISCARD_SECTOR_ALIGNMENT;
import static io.busbar.core.virtio.block.BlockConfigLayout.MAX_DISCARD_SECTORS;
import static io.busbar.core.virtio.block.BlockConfigLayout.MAX_DISCARD_SEG;
import static io.busbar.core.virtio.block.BlockConfigLayout.MAX_WRITE_ZEROES_SECTORS;
import static io.busbar.core.virtio.block.BlockConfigLayout.MAX_WRITE_ZEROES_SEG;
import static io.busbar.core.virtio.block.BlockConfigLayout.MIN_IO_SIZE;
import static io.busbar.core.virtio.block.BlockConfigLayout.NUM_QUEUES;
import static io.busbar.core.virtio.block.BlockConfigLayout.OPT_IO_SIZE;
import static io.busbar.core.virtio.block.BlockConfigLayout.PHYSICAL_BLOCK_EXP;
import static io.busbar.core.virtio.block.BlockConfigLayout.SEG_MAX;
import static io.busbar.core.virtio.block.BlockConfigLayout.SIZE_MAX;
import static io.busbar.core.virtio.block.BlockConfigLayout.WRITEBACK;
import static io.busbar.core.virtio.block.BlockConfigLayout.WRITE_ZEROES_MAY_UNMAP;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_BLK_SIZE;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_CONFIG_WCE;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_DISCARD;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_FLUSH;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_MQ;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_RO;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_SEG_MAX;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_SIZE_MAX;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_TOPOLOGY;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_WRITE_ZEROES;

import io.busbar.api.vdpa.VdpaConfigOps;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The configuration of a block device, field by field. Names and order are those of the attributes with which Linux 6.12
 * answers ({@code VDPA_ATTR_DEV_BLK_CFG_*} in {@code vdpa.h}), in lower case; the last two are not among them. A field
 * is shown if the device offers the feature that makes it valid (virtio 1.2, 5.2.4).
 */
final class BlockConfig {

    private final long features;
    private final ByteBuffer config;
    private final Report report;

    private BlockConfig(VdpaConfigOps ops, Report report) {
        byte[] bytes = new byte[BYTES];
        ops.getConfig(0, bytes);
        this.config = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        this.features = ops.getDeviceFeatures();
        this.report = report;
    }

    static void show(VdpaConfigOps ops, Report report) {
        BlockConfig block = new BlockConfig(ops, report);
        block.sizes();
        block.topology();
        block.discard();
        block.writeZeroes();
        block.cache();
    }

    private void sizes() {
        report.cell("capacity", config.getLong(CAPACITY));
        u32(VIRTIO_BLK_F_SIZE_MAX, "size_max", SIZE_MAX);
        u32(VIRTIO_BLK_F_BLK_SIZE, "blk_size", BLK_SIZE);
        u32(VIRTIO_BLK_F_SEG_MAX, "seg_max", SEG_MAX);
        u16(VIRTIO_BLK_F_MQ, "num_queues", NUM_QUEUES);
    }

    private void topology() {
        u8(VIRTIO_BLK_F_TOPOLOGY, "phy_blk_exp", PHYSICAL_BLOCK_EXP);
        u8(VIRTIO_BLK_F_TOPOLOGY, "align_offset", ALIGNMENT_OFFSET);
        u16(VIRTIO_BLK_F_TOPOLOGY, "min_io_size", MIN_IO_SIZE);
        u32(VIRTIO_BLK_F_TOPOLOGY, "opt_io_size", OPT_IO_SIZE);
    }

    private void discard() {
        u32(VIRTIO_BLK_F_DISCARD, "max_discard_sec", MAX_DISCARD_SECTORS);
        u32(VIRTIO_BLK_F_DISCARD, "max_discard_seg", MAX_DISCARD_SEG);
        u32(VIRTIO_BLK_F_DISCARD, "discard_sec_align", DISCARD_SECTOR_ALIGNMENT);
    }

    private void writeZeroes() {
        u32(VIRTIO_BLK_F_WRITE_ZEROES, "max_write_zeroes_sec", MAX_WRITE_ZEROES_SECTORS);
        u32(VIRTIO_BLK_F_WRITE_ZEROES, "max_write_zeroes_seg", MAX_WRITE_ZEROES_SEG);
    }

    private void cache() {
        report.cell("read_only", has(features, VIRTIO_BLK_F_RO));
        report.cell("flush", has(features, VIRTIO_BLK_F_FLUSH));
        bool(VIRTIO_BLK_F_CONFIG_WCE, "writeback", WRITEBACK);
        bool(VIRTIO_BLK_F_WRITE_ZEROES, "write_zeroes_may_unmap", WRITE_ZEROES_MAY_UNMAP);
    }

    private void u32(int feature, String name, int offset) {
        if (has(features, feature)) {
            report.cell(name, Integer.toUnsignedLong(config.getInt(offset)));
        }
    }

    private void u16(int feature, String name, int offset) {
        if (has(features, feature)) {
            report.cell(name, Short.toUnsignedInt(config.getShort(offset)));
        }
    }

    private void u8(int feature, String name, int offset) {
        if (has(features, feature)) {
            report.cell(name, Byte.toUnsignedInt(config.get(offset)));
        }
    }

    private void bool(int feature, String name, int offset) {
        if (has(features, feature)) {
            report.cell(name, config.get(offset) != 0);
        }
    }
}
