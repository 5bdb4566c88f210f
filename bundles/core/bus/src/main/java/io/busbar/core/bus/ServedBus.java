package io.busbar.core.bus;

import io.busbar.api.vdpa.BusSnapshot.Part;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaBusDriver;
import io.busbar.api.vdpa.VdpaBuses;
import io.busbar.api.vdpa.VdpaManagementDevice;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.Filter;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;
import org.osgi.util.tracker.ServiceTracker;

/**
 * A bus that is a service: takes up the management devices and bus drivers that are registered for it, and is registered
 * once the devices that were kept are known.
 */
final class ServedBus implements VdpaBuses.OpenBus {

    private static final long LOOK_SECONDS = 1;

    private final BundleContext context;
    private final String name;
    private final Consumer<ServedBus> onClosed;
    private final ScheduledExecutorService control;
    private final Bus bus;
    private final List<ServiceTracker<?, ?>> trackers;
    private final AtomicBoolean closed = new AtomicBoolean();
    private ServiceRegistration<VdpaBus> registration;

    /**
     * Makes an empty bus.
     *
     * @param context  of this bundle
     * @param name     of the bus
     * @param parts    completes the list of management devices and bus drivers for a snapshot
     * @param onClosed told when it is closed
     */
    ServedBus(BundleContext context, String name, UnaryOperator<List<Part>> parts, Consumer<ServedBus> onClosed) {
        this.context = context;
        this.name = name;
        this.onClosed = onClosed;
        control = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("busbar-bus-" + name).factory());
        bus = new Bus(name, this::onControlThread, parts);
        trackers = List.of(
                tracker(VdpaManagementDevice.class, (maker, origin, _) -> bus.arrived(maker, origin), bus::changed, bus::left),
                tracker(VdpaBusDriver.class, bus::arrived, () -> { }, bus::left));
    }

    private void onControlThread(Runnable change) {
        try {
            control.execute(change);
        } catch (RejectedExecutionException _) {
            // The bus was closed: nothing is added or bound any more.
        }
    }

    /** Told of a service that came. */
    @FunctionalInterface
    private interface Arrived<T> {

        void arrived(T service, String origin, int rank);
    }

    private <T> ServiceTracker<T, T> tracker(Class<T> type, Arrived<T> arrived, Runnable changed, Consumer<T> left) {
        return new ServiceTracker<>(context, services(type), null) {

            @Override
            public T addingService(ServiceReference<T> reference) {
                T service = super.addingService(reference);
                if (service != null) {
                    arrived.arrived(service, Origins.of(reference.getBundle()), rank(reference));
                }
                return service;
            }

            @Override
            public void modifiedService(ServiceReference<T> reference, T service) {
                changed.run();
            }

            @Override
            public void removedService(ServiceReference<T> reference, T service) {
                left.accept(service);
                super.removedService(reference, service);
            }
        };
    }

    private static int rank(ServiceReference<?> reference) {
        return reference.getProperty(Constants.SERVICE_RANKING) instanceof Integer rank ? rank : 0;
    }

    /** Those for this bus, or for every one; the host's bus also has those that name none. */
    private Filter services(Class<?> type) {
        String unnamed = name.equals(VdpaBus.HOST) ? "(!(" + VdpaBus.BUS + "=*))" : "";
        try {
            return FrameworkUtil.createFilter("(&(objectClass=" + type.getName() + ")(|" + unnamed
                    + "(" + VdpaBus.BUS + "=" + name + ")(" + VdpaBus.BUS + "=\\" + VdpaBus.EVERY + ")))");
        } catch (InvalidSyntaxException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /**
     * Begins.
     *
     * @param store where devices are kept
     */
    void start(Optional<DeviceStore> store) {
        trackers.forEach(ServiceTracker::open);
        bus.keep(store);
        control.scheduleWithFixedDelay(bus::observe, LOOK_SECONDS, LOOK_SECONDS, TimeUnit.SECONDS);
        registration = context.registerService(VdpaBus.class, bus, FrameworkUtil.asDictionary(Map.of(VdpaBus.BUS, name)));
    }

    /** Keeps devices there from now on. */
    void keep(Optional<DeviceStore> store) {
        bus.keep(store);
    }

    @Override
    public VdpaBus bus() {
        return bus;
    }

    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        try {
            registration.unregister();
        } catch (IllegalStateException _) {
            // The bundle was stopped, and its services with it.
        }
        bus.close();
        control.shutdown();
        trackers.forEach(ServiceTracker::close);
        onClosed.accept(this);
    }
}
