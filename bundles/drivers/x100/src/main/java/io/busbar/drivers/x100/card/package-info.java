/** The card's side of an X100: the driver of the card's own system. It knows the link, and nothing of the host's side. */
package io.busbar.drivers.x100.card;
