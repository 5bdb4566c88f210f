package io.busbar.tools.shell.fake;

import io.busbar.api.vdpa.LinkControl;
import io.busbar.api.vdpa.QueueStatistics;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;

/** A network device that a driver uses; one pair unless it was added with more. */
public final class FakeNetOps extends FakeOps implements QueueStatistics, LinkControl {

    /** The features of Linux's simulator. */
    public static final long FEATURES = 0x308830028L;

    private static final int FEATURES_OK = 8;
    private static final long MQ = 1L << 22;

    /** What the link was told last. */
    public String link = "";

    /** A network device with the words of the tool. */
    public FakeNetOps(Map<String, String> words) {
        super(1);
        deviceFeatures = words.containsKey("max_vqp") ? FEATURES | MQ : FEATURES;
        driverFeatures = deviceFeatures & ~(1L << 27);
        status = FEATURES_OK;
        config = new byte[24];
        byte[] mac = HexFormat.ofDelimiter(":").parseHex(words.getOrDefault("mac", "00:00:00:00:00:00"));
        ByteBuffer.wrap(config).order(ByteOrder.LITTLE_ENDIAN).put(mac)
                .putShort((short) 1)
                .putShort(Short.parseShort(words.getOrDefault("max_vqp", "1")))
                .putShort(Short.parseShort(words.getOrDefault("mtu", "1500")));
    }

    @Override
    public Map<String, Long> getVendorVqStats(int index) {
        String prefix = index % 2 == 0 ? "rx " : "tx ";
        Map<String, Long> counters = new LinkedHashMap<>();
        counters.put(prefix + "packets", 0L);
        counters.put(prefix + "bytes", 0L);
        counters.put(prefix + "errors", 0L);
        if (index % 2 == 0) {
            counters.put("rx overruns", 0L);
        }
        counters.put(prefix + "drops", 0L);
        return counters;
    }

    @Override
    public void setLink(boolean up) throws VdpaException {
        if (link.equals("stuck")) {
            throw new VdpaException(VdpaError.EAGAIN, "the backend is away");
        }
        link = up ? "up" : "down";
    }
}
