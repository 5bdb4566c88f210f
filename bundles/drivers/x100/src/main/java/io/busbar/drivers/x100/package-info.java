/**
 * An emulated Intel MIC X100: a PCIe card that runs its own system. {@code link} is the hardware, {@code host} and {@code card} are
 * the drivers of the two sides, which share nothing but the link; each gives a {@link io.busbar.api.vop.VopDevice}. The command
 * {@code x100} shows what is there.
 */
package io.busbar.drivers.x100;
