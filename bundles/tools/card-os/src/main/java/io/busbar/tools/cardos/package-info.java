/**
 * An operating system of a card that needs no kernel: devices of the card's bus are driven in this process
 * ({@link io.busbar.api.driver}), looked at by a self-check, and used by whoever types at a console of the card.
 *
 * <p>{@link io.busbar.tools.cardos.CardOs} is there for each configuration, a {@link io.busbar.tools.cardos.Machine} for as long as the
 * card has a bus. What is on it are {@link io.busbar.tools.cardos.Part}s, each by the driver of its device.
 */
package io.busbar.tools.cardos;
