package io.busbar.busdrivers.vop;

import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.VdpaBusDriver.Binding;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vop.DmaChannel;
import io.busbar.api.vop.VopDevice;
import io.busbar.api.vop.VopException;
import io.busbar.api.vop.VopHardwareOps;
import io.busbar.testkit.vop.LoopbackLink;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/** A link, the bus driver at its one end, and a scripted card at the other. */
final class Rig implements AutoCloseable {

    /** Short, as tests wait for it. */
    static final int ACK_MILLIS = 300;
    static final int QUEUE_BYTES = 1 << 20;

    final LoopbackLink link = new LoopbackLink("mic0", 1);
    final LinkDriver driver;
    final ScriptedCard card;
    private final List<Binding> bindings = new ArrayList<>();

    Rig() throws VopException {
        this(new VopSettings(ACK_MILLIS, 256, QUEUE_BYTES));
    }

    Rig(VopSettings settings) throws VopException {
        this(settings, channels -> channels);
    }

    /** With another DMA engine at the host's end. */
    Rig(VopSettings settings, UnaryOperator<List<DmaChannel>> engine) throws VopException {
        driver = new LinkDriver(withEngine(link.host(), engine), () -> settings, () -> "");
        card = new ScriptedCard(link.card());
    }

    private static VopDevice withEngine(VopDevice end, UnaryOperator<List<DmaChannel>> engine) {
        VopHardwareOps ops = end.ops();
        List<DmaChannel> channels = engine.apply(ops.dmaChannels());
        VopHardwareOps changed = stub(VopHardwareOps.class, ops, "dmaChannels", channels);
        return stub(VopDevice.class, end, "ops", changed);
    }

    /** The same, but for one answer. */
    private static <T> T stub(Class<T> type, T real, String method, Object answer) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (_, called, arguments) -> {
            if (called.getName().equals(method)) {
                return answer;
            }
            try {
                return called.invoke(real, arguments);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        }));
    }

    Binding publish(VdpaDevice device) throws VdpaException {
        Binding binding = driver.probe(device);
        bindings.add(binding);
        return binding;
    }

    static String sentence(Binding binding) {
        Health health = binding.health();
        return health.sentence();
    }

    @Override
    public void close() {
        driver.linkGone();
        bindings.forEach(Binding::close);
        card.close();
        link.close();
    }
}
