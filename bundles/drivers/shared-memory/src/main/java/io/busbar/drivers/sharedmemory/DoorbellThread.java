package io.busbar.drivers.sharedmemory;

import io.busbar.api.vop.VopInterrupt;
import io.busbar.core.linux.DescriptorThread;
import io.busbar.core.linux.Epoll;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Own doorbells, an eventfd each, and the thread that waits for them and for the socket. */
final class DoorbellThread implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(DoorbellThread.class);

    private final String name;
    private final DescriptorThread thread;
    private final List<Fd> descriptors = new ArrayList<>();
    private final List<Registration> registrations = new CopyOnWriteArrayList<>();
    private int next;

    /** A handler. */
    private final class Registration implements VopInterrupt {

        private final int doorbell;
        private final LinkCounts meter;
        private final Runnable handler;
        private final ReentrantLock inside = new ReentrantLock();

        Registration(int doorbell, LinkCounts meter, Runnable handler) {
            this.doorbell = doorbell;
            this.meter = meter;
            this.handler = handler;
        }

        private void call() {
            inside.lock();
            try {
                if (registrations.contains(this)) {
                    meter.wasCalled();
                    handler.run();
                }
            } catch (RuntimeException | InternalError e) {
                LOG.warn("{}: a handler of doorbell {}", name, doorbell, e);
            } finally {
                inside.unlock();
            }
        }

        @Override
        public int doorbell() {
            return doorbell;
        }

        @Override
        public void close() {
            registrations.remove(this);
            // Whoever is in the handler leaves it first.
            inside.lock();
            inside.unlock();
        }
    }

    DoorbellThread(String name, int count) throws LinuxException {
        this.name = name;
        thread = DescriptorThread.start(name);
        try {
            for (int i = 0; i < count; i++) {
                int doorbell = i;
                Fd descriptor = EventFd.create();
                descriptors.add(descriptor);
                thread.watch(descriptor.number(), Epoll.EPOLLIN, _ -> rung(doorbell));
            }
        } catch (LinuxException e) {
            close();
            throw e;
        }
    }

    List<Fd> descriptors() {
        return descriptors;
    }

    void watch(int descriptor, int events, Runnable ready) throws LinuxException {
        thread.watch(descriptor, events, _ -> ready.run());
        thread.execute(ready); // For what has come before.
    }

    /** Does something on the thread, behind what is due. */
    void execute(Runnable task) {
        thread.execute(task);
    }

    private void rung(int doorbell) {
        EventFd.drain(descriptors.get(doorbell).number());
        for (Registration each : registrations) {
            if (each.doorbell == doorbell) {
                each.call();
            }
        }
    }

    synchronized int next() {
        return Math.floorMod(next++, descriptors.size());
    }

    VopInterrupt request(int doorbell, LinkCounts meter, Runnable handler) {
        Registration registration = new Registration(doorbell, meter, handler);
        registrations.add(registration);
        return registration;
    }

    @Override
    public void close() {
        thread.close();
        descriptors.forEach(Fd::close);
    }
}
