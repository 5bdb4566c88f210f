package io.busbar.core.bus;

import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.VdpaBusDriver;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** A bus driver that binds what it is offered. */
final class FakeDriver implements VdpaBusDriver {

    final List<String> calls = Collections.synchronizedList(new ArrayList<>());
    volatile VdpaException failure;
    volatile RuntimeException thrown;
    volatile boolean matches = true;
    volatile boolean connected;
    volatile Health health = Health.OK;
    volatile Runnable inside = () -> {};
    volatile Runnable asked = () -> {};
    volatile Runnable whenClosed = () -> {};
    private final String name;

    FakeDriver(String name) {
        this.name = name;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public boolean matches(VdpaDevice device) {
        asked.run();
        return matches;
    }

    @Override
    public Binding probe(VdpaDevice device) throws VdpaException {
        calls.add("probe " + device.name());
        inside.run();
        if (thrown != null) {
            throw thrown;
        }
        if (failure != null) {
            throw failure;
        }
        return new FakeBinding(device);
    }

    private final class FakeBinding implements Binding {

        private final VdpaDevice device;

        FakeBinding(VdpaDevice device) {
            this.device = device;
        }

        @Override
        public String endpoint() {
            return "/sockets/" + device.name() + ".sock";
        }

        @Override
        public boolean connected() {
            return connected;
        }

        @Override
        public Health health() {
            return health;
        }

        @Override
        public void close() {
            calls.add("close " + device.name());
            whenClosed.run();
        }
    }
}
