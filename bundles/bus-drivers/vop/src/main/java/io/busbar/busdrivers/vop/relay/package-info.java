/**
 * Requests of a card's driver on their way to a device of this end, and back: rings on both sides, and who copies what is in them.
 */
package io.busbar.busdrivers.vop.relay;
