package io.busbar.drivers.sim;

import io.busbar.api.device.QueueEngine;
import java.util.concurrent.Executor;

/**
 * What every software device uses.
 *
 * @param engine    runs the queues
 * @param factories the backends and device models that are there
 * @param reaper    closes backends
 * @param callbacks runs config callbacks, one after the other
 * @param code      has the code of bundles at hand
 */
record SimServices(QueueEngine engine, Factories factories, Reaper reaper, Executor callbacks, BundleCode code) {

    /** The code of bundles is not known yet. */
    SimServices(QueueEngine engine, Factories factories, Reaper reaper, Executor callbacks) {
        this(engine, factories, reaper, callbacks, new BundleCode());
    }
}
