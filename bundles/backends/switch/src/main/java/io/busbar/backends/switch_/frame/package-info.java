/** Frames inside the switch: the rings in which they wait, and what a switch reads of them. */
package io.busbar.backends.switch_.frame;
