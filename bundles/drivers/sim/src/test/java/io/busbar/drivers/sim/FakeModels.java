package io.busbar.drivers.sim;

import io.busbar.api.backend.BlockBackend;
import io.busbar.api.device.ChainBatch;
import io.busbar.api.device.DeviceModel;
import io.busbar.api.device.DeviceModelContext;
import io.busbar.api.device.DeviceModelFactory;
import io.busbar.api.device.ModelState;
import io.busbar.api.device.StatefulDeviceModel;
import io.busbar.api.device.ViewedDeviceModel;
import io.busbar.api.vdpa.AttributeInfo;
import io.busbar.api.vdpa.ConsoleAccess;
import io.busbar.api.vdpa.ConsolePort;
import io.busbar.api.vdpa.ConsoleViewer;
import io.busbar.api.vdpa.LinkControl;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.Map;

/** Makes block models that write down what they are told. */
final class FakeModels implements DeviceModelFactory {

    static final long FLUSH = 1L << 9;
    static final int CONFIG_SIZE = 16;

    final List<Model> made = Collections.synchronizedList(new ArrayList<>());
    volatile long features = FLUSH;
    volatile VdpaException failure;
    volatile boolean lacksClass;
    volatile boolean linked;
    volatile boolean console;
    /** The version of the state that its models hand over, and take; 0 for models without one. */
    volatile int stateVersion;

    Model last() {
        return made.getLast();
    }

    @Override
    public int deviceId() {
        return 2;
    }

    @Override
    public String backendType() {
        return "block";
    }

    @Override
    public List<AttributeInfo> attributes() {
        return List.of(new AttributeInfo("serial", "S", "Serial."), new AttributeInfo("queues", "N", "Queues."));
    }

    @Override
    public DeviceModel create(DeviceModelContext context) throws VdpaException {
        if (failure != null) {
            throw failure;
        }
        Model model = make(context);
        made.add(model);
        return model;
    }

    private Model make(DeviceModelContext context) {
        if (stateVersion > 0 && console) {
            return new Viewed(context, features, stateVersion);
        }
        if (stateVersion > 0) {
            return new Stateful(context, features, stateVersion);
        }
        if (console) {
            return new Console(context, features);
        }
        return linked ? new Linked(context, features) : new Model(context, features, lacksClass);
    }

    static class Model implements DeviceModel {

        final DeviceModelContext context;
        final List<String> calls = Collections.synchronizedList(new ArrayList<>());
        private final long features;
        private final boolean lacksClass;
        volatile FakeBackends.Opened backend;
        /** What has requests while a backend is away, or is watched; or null. */
        volatile BlockBackend standIn;
        volatile boolean closed;
        volatile boolean refusesToAttach;
        /** Run while a backend is attached. */
        volatile Runnable duringAttach = () -> { };

        Model(DeviceModelContext context, long features, boolean lacksClass) {
            this.context = context;
            this.lacksClass = lacksClass;
            this.features = features;
        }

        @Override
        public void attach(Object newBackend) throws VdpaException {
            if (lacksClass) {
                throw new NoClassDefFoundError("vendor/Table");
            }
            if (newBackend instanceof BlockBackend disk && !(newBackend instanceof FakeBackends.Opened)) {
                standIn = disk;
                calls.add("stand-in");
                return;
            }
            checkSuccessor(newBackend);
            if (refusesToAttach) {
                throw new VdpaException(VdpaError.EINVAL, Reason.FEATURES_MISMATCH, "changed its mind", null);
            }
            duringAttach.run();
            backend = (FakeBackends.Opened) newBackend;
            standIn = null;
            calls.add("attach");
        }

        @Override
        public void checkSuccessor(Object newBackend) throws VdpaException {
            if (newBackend instanceof FakeBackends.Opened opened && opened.misfit) {
                throw new VdpaException(VdpaError.EINVAL, Reason.FEATURES_MISMATCH, "the backend is read-only now", null);
            }
        }

        @Override
        public void detach() {
            backend = null;
            standIn = null;
            calls.add("detach");
        }

        @Override
        public long deviceFeatures() {
            return features;
        }

        @Override
        public int vqCount() {
            return Integer.parseInt(context.attributes().getOrDefault("queues", "1"));
        }

        @Override
        public void setDriverFeatures(long accepted) {
            calls.add("setDriverFeatures " + Long.toHexString(accepted));
        }

        @Override
        public int configSize() {
            return CONFIG_SIZE;
        }

        @Override
        public void readConfig(int offset, byte[] target) {
            if (standIn != null) {
                Arrays.fill(target, (byte) 1);
                return;
            }
            if (backend.unreadable) {
                throw new IllegalStateException("no capacity");
            }
            Arrays.fill(target, (byte) backend.capacity);
        }

        @Override
        public void writeConfig(int offset, byte[] source) {
            calls.add("writeConfig " + offset + " " + source[0]);
        }

        @Override
        public void process(int queue, ChainBatch batch) {
            throw new AssertionError("no chain in these tests");
        }

        @Override
        public Map<String, Long> statistics(int queue) {
            return Map.of("reads", 10L);
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    static final class Linked extends Model implements LinkControl {

        Linked(DeviceModelContext context, long features) {
            super(context, features, false);
        }

        @Override
        public void setLink(boolean up) {
            calls.add("setLink " + up);
        }
    }

    /** One that people look at. */
    static final class Console extends Model implements ConsoleAccess {

        Console(DeviceModelContext context, long features) {
            super(context, features, false);
        }

        @Override
        public List<ConsolePort> consolePorts() {
            return List.of(new ConsolePort(0, "console", false, false, "", List.of()));
        }

        @Override
        public ConsoleViewer view(int port, ConsoleViewer.Mode mode, String who) {
            calls.add("view " + port + " " + mode + " " + who);
            return null;
        }
    }

    /** One that a driver settles something with. */
    static class Stateful extends Model implements StatefulDeviceModel {

        private final int version;
        volatile byte settled;

        Stateful(DeviceModelContext context, long features, int version) {
            super(context, features, false);
            this.version = version;
        }

        @Override
        public ModelState saveState() {
            return new ModelState("fake", version, new byte[] {settled});
        }

        @Override
        public void restoreState(ModelState state) throws VdpaException {
            if (state.version() != version) {
                throw new VdpaException(VdpaError.EINVAL, Reason.STATE_UNKNOWN, state + ": expected version " + version, null);
            }
            settled = state.content()[0];
            calls.add("restoreState");
        }
    }

    /** One that people look at, who may go on at another one. */
    static final class Viewed extends Stateful implements ViewedDeviceModel {

        final List<FakeViewer> viewers = new CopyOnWriteArrayList<>();

        Viewed(DeviceModelContext context, long features, int version) {
            super(context, features, version);
        }

        @Override
        public List<ConsolePort> consolePorts() {
            return List.of(new ConsolePort(0, "console", false, false, "", List.of()));
        }

        @Override
        public FakeViewer view(int port, ConsoleViewer.Mode mode, String who) {
            return resume(new Looking(port, mode, who, 0, 0, 0));
        }

        @Override
        public FakeViewer resume(Looking from) {
            calls.add("resume " + from.who() + " " + from.mode() + " " + from.position());
            viewers.add(new FakeViewer(from));
            return viewers.getLast();
        }
    }

    /** One that reads a byte at a time, types if it took over, and misses a byte with each that it reads. */
    static final class FakeViewer implements ViewedDeviceModel.Viewer {

        final ViewedDeviceModel.Looking from;
        private int read;
        private int missed;
        volatile boolean closed;
        volatile Runnable whileReading = () -> { };

        FakeViewer(ViewedDeviceModel.Looking from) {
            this.from = from;
        }

        @Override
        public ViewedDeviceModel.Looking looking() {
            return new ViewedDeviceModel.Looking(from.port(), from.mode(), from.who(), from.position() + read, 0, 0);
        }

        @Override
        public void await(long nanos) {
        }

        @Override
        public int read(byte[] target, int offset, int length) {
            whileReading.run();
            read++;
            missed++;
            return 1;
        }

        @Override
        public long missed() {
            long count = missed;
            missed = 0;
            return count;
        }

        @Override
        public int type(byte[] source, int offset, int length) {
            return 0;
        }

        @Override
        public boolean types() {
            return from.mode() == ConsoleViewer.Mode.TAKE_OVER;
        }

        @Override
        public String typist() {
            return "";
        }

        @Override
        public void resize(int columns, int rows) {
        }

        @Override
        public void close() {
            closed = true;
        }
    }
}
