package io.busbar.tools.shell.fake;

import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.AttributeInfo;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VdpaManagementDevice;
import io.busbar.api.vdpa.VdpaParentDevice;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Makes fake devices. */
public final class FakeManagementDevice implements VdpaManagementDevice {

    /** Makes the ops of a device. */
    @FunctionalInterface
    public interface Maker {
        /** Makes them, or refuses. */
        VdpaConfigOps make(AddRequest request) throws VdpaException;
    }

    private final String name;
    private final Set<Integer> classes;
    private final int maxVqs;
    private final long features;
    private final List<AttributeInfo> attributes;
    private final int vqCount;
    private final Maker maker;
    /** Thrown by whatever is asked of it, but for its name. */
    public volatile RuntimeException thrown;

    /** Makes a management device. */
    public FakeManagementDevice(
            String name, Set<Integer> classes, int maxVqs, long features, List<AttributeInfo> attributes, int vqCount,
            Maker maker) {
        this.name = name;
        this.classes = new TreeSet<>(classes);
        this.maxVqs = maxVqs;
        this.features = features;
        this.attributes = attributes;
        this.vqCount = vqCount;
        this.maker = maker;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Set<Integer> supportedClasses() {
        answer();
        return classes;
    }

    @Override
    public long supportedFeatures() {
        return features;
    }

    @Override
    public int maxSupportedVqs() {
        return maxVqs;
    }

    @Override
    public List<AttributeInfo> attributes() {
        answer();
        return attributes;
    }

    private void answer() {
        if (thrown != null) {
            throw thrown;
        }
    }

    @Override
    public VdpaParentDevice devAdd(AddRequest request) throws VdpaException {
        VdpaConfigOps ops = maker.make(request);
        return new VdpaParentDevice() {
            @Override
            public VdpaConfigOps ops() {
                return ops;
            }

            @Override
            public int vqCount() {
                return vqCount;
            }

            @Override
            public Health health() {
                return Health.OK;
            }

            @Override
            public Map<String, String> details() {
                return request.attributes();
            }
        };
    }

    @Override
    public void devDel(VdpaParentDevice device) {
    }
}
