package io.busbar.core.bus;

import io.busbar.api.vdpa.VdpaBusDriver;

/**
 * A device's binding.
 *
 * @param driver  the bus driver
 * @param binding what its probe gave
 */
record Bound(PluggedIn<VdpaBusDriver> driver, VdpaBusDriver.Binding binding) {}
