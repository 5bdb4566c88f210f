package io.busbar.tools.shell.fake;

import io.busbar.api.vdpa.QueueStatistics;
import io.busbar.api.vdpa.ResizableCapacity;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import java.util.LinkedHashMap;
import java.util.Map;

/** A block device that counts and can be resized. */
public final class FakeBlockOps extends FakeOps implements QueueStatistics, ResizableCapacity {

    /** Requests of queue 0. */
    public long reads;
    /** The last capacity that was asked for. */
    public long resizedTo;

    /** A block device. */
    public FakeBlockOps() {
        super(2);
    }

    @Override
    public Map<String, Long> getVendorVqStats(int index) {
        Map<String, Long> counters = new LinkedHashMap<>();
        counters.put("reads", index == 0 ? reads : 0);
        counters.put("read_bytes", index == 0 ? reads * 4096 : 0);
        return counters;
    }

    @Override
    public void resize(long bytes) throws VdpaException {
        if (bytes > 1L << 40) {
            throw new VdpaException(VdpaError.ENOSPC, bytes + " bytes do not fit: at most 1T was expected");
        }
        resizedTo = bytes;
    }
}
