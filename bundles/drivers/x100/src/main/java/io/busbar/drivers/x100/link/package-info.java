/**
 * The emulated PCIe function and its link: all that the two sides of a card share. The card's memory (BAR 0, the aperture), its
 * registers (BAR 4), the SMPT through which it sees the host's memory, the DMA engine, and the interrupts in both directions, with
 * the register offsets, counts and formats of the X100 (Linux 4.19, {@code drivers/misc/mic}).
 *
 * <p>What differs from the hardware, on purpose: every address is checked against what the other side was given, byte by byte, and
 * what was given ends when its owner takes it back.
 */
package io.busbar.drivers.x100.link;
