/** The host's side of an X100: its driver. It knows the link, and nothing of the card's side. */
package io.busbar.drivers.x100.host;
