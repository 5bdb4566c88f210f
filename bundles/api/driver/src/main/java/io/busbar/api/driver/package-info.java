/**
 * Devices that Busbar itself drives, for code in this process: a disk of the bus as {@link io.busbar.api.driver.BlockDriver}, a
 * network card as {@link io.busbar.api.driver.NetDriver}, a console as {@link io.busbar.api.driver.ConsoleDriver}.
 *
 * <p>Each device that is bound to the bus driver {@code virtio} is an OSGi service of the interface of its type, with
 * the device's name as property {@link io.busbar.api.driver.DeviceDriver#DEVICE}. The service is there as long as the
 * device is bound; it comes and goes in the middle of changes of the bus, so a listener that is told of it must not wait
 * for requests there.
 *
 * <p>Any number of threads may use a driver, with any number of requests at a time. While a device cannot serve (its
 * backend is away, or it is being reset) requests are held, and go on when it can; what is lost with a device ends with
 * a {@link io.busbar.api.driver.DriverException} that names the request.
 */
@Export
@Version("0.2.0")
package io.busbar.api.driver;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
