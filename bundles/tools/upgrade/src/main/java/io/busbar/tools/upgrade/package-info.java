/**
 * Hands all devices of this process over to another one, of the same or another version, with their drivers connected; and
 * takes them over there. {@link io.busbar.tools.upgrade.UpgradeCommand} is the old process's side,
 * {@link io.busbar.tools.upgrade.TakeOver} the new one's; between them is a {@link io.busbar.tools.upgrade.RecordChannel}.
 *
 * <pre>
 * new to old   HELLO     it has started, with its version
 * old to new   OPEN      the devices to make, with descriptors that they are made with
 * new to old   DONE      or REFUSED with a reason, as after each step
 * old to new   DEVICE    what one device hands over, with its descriptors; for each, while the next one is stopped
 *              ADOPT     that was the last one
 * new to old   DONE      it has all of them
 * old to new   COMMIT    the point of no return: before it whatever goes wrong ends the new process, and the old one goes on
 * new to old   DONE      it serves
 * </pre>
 */
package io.busbar.tools.upgrade;
