package io.busbar.drivers.sim;

import io.busbar.api.backend.BlockInfo;
import io.busbar.core.virtio.VirtioConfig;
import io.busbar.core.virtio.VirtioIds;
import io.busbar.core.virtio.block.BlockRequestLayout;
import io.busbar.core.virtio.block.VirtioBlk;
import io.busbar.core.virtio.console.VirtioConsole;
import io.busbar.core.virtio.net.NetHeaderLayout;
import io.busbar.core.virtio.net.VirtioNet;
import io.busbar.drivers.sim.ScratchQueue.Request;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** What a driver of each type asks for. */
final class ScratchWork {

    private static final int BLOCK = 4096;
    private static final int FRAME = 60;
    private static final int TEXT = 64;

    private ScratchWork() {}

    /** Returns the queue that it is asked for on. */
    static int queue(SimClass type) {
        return switch (type.deviceId()) {
            case VirtioIds.VIRTIO_ID_NET -> VirtioNet.transmitQueue(0);
            case VirtioIds.VIRTIO_ID_CONSOLE -> VirtioConsole.transmitQueue(0);
            default -> 0;
        };
    }

    /** Returns requests of each class that a driver with the given features may make: for a model whose backend does nothing. */
    static List<Request> all(SimClass type, long features) {
        return switch (type.deviceId()) {
            case VirtioIds.VIRTIO_ID_BLOCK -> disk(features);
            case VirtioIds.VIRTIO_ID_NET -> List.of(new Request(frame(), 0));
            case VirtioIds.VIRTIO_ID_CONSOLE -> List.of(new Request(new byte[TEXT], 0));
            default -> List.of();
        };
    }

    /** Returns those that leave no trace. */
    static List<Request> harmless(SimClass type) {
        return type.deviceId() == VirtioIds.VIRTIO_ID_BLOCK ? List.of(read(), id()) : List.of();
    }

    private static List<Request> disk(long features) {
        List<Request> requests = new ArrayList<>(List.of(read(), id()));
        if (!VirtioConfig.has(features, VirtioBlk.VIRTIO_BLK_F_RO)) {
            requests.add(new Request(header(VirtioBlk.VIRTIO_BLK_T_OUT, BLOCK).array(), BlockRequestLayout.STATUS_BYTES));
        }
        if (VirtioConfig.has(features, VirtioBlk.VIRTIO_BLK_F_FLUSH)) {
            requests.add(new Request(header(VirtioBlk.VIRTIO_BLK_T_FLUSH, 0).array(), BlockRequestLayout.STATUS_BYTES));
        }
        if (VirtioConfig.has(features, VirtioBlk.VIRTIO_BLK_F_DISCARD)) {
            requests.add(range(VirtioBlk.VIRTIO_BLK_T_DISCARD));
        }
        if (VirtioConfig.has(features, VirtioBlk.VIRTIO_BLK_F_WRITE_ZEROES)) {
            requests.add(range(VirtioBlk.VIRTIO_BLK_T_WRITE_ZEROES));
        }
        return requests;
    }

    private static Request read() {
        return new Request(header(VirtioBlk.VIRTIO_BLK_T_IN, 0).array(), BLOCK + BlockRequestLayout.STATUS_BYTES);
    }

    private static Request id() {
        return new Request(header(VirtioBlk.VIRTIO_BLK_T_GET_ID, 0).array(),
                VirtioBlk.VIRTIO_BLK_ID_BYTES + BlockRequestLayout.STATUS_BYTES);
    }

    private static Request range(int operation) {
        ByteBuffer bytes = header(operation, BlockRequestLayout.SEGMENT_BYTES);
        bytes.putInt(BlockRequestLayout.HEADER_BYTES + BlockRequestLayout.SEGMENT_NUM_SECTORS, BLOCK / BlockInfo.SECTOR);
        return new Request(bytes.array(), BlockRequestLayout.STATUS_BYTES);
    }

    private static ByteBuffer header(int operation, int more) {
        return ByteBuffer.allocate(BlockRequestLayout.HEADER_BYTES + more)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(BlockRequestLayout.TYPE, operation);
    }

    private static byte[] frame() {
        return new byte[NetHeaderLayout.BYTES + FRAME];
    }
}
