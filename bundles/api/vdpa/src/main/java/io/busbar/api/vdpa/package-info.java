/**
 * The vDPA bus: devices, their config ops, management devices and bus drivers.
 *
 * <p>Modelled on the vDPA framework of Linux 6.12 ({@code include/linux/vdpa.h}, {@code drivers/vdpa/vdpa.c}): the same
 * ops with the same meaning and order rules, the same words. A hardware vendor implements
 * {@link io.busbar.api.vdpa.VdpaManagementDevice}, {@link io.busbar.api.vdpa.VdpaParentDevice} and
 * {@link io.busbar.api.vdpa.VdpaConfigOps}; who makes devices usable for a kind of driver implements
 * {@link io.busbar.api.vdpa.VdpaBusDriver}. Both are OSGi services that may come and go at any time. The rest is
 * implemented by Busbar.
 *
 * <p>Threads: the ops of one device are called one at a time, on control threads, except those that say otherwise.
 */
@Export
@Version("0.12.0")
package io.busbar.api.vdpa;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
