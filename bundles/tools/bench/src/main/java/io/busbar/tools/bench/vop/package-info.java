/** {@code bench vop}: what a card in between costs a disk of the host. */
package io.busbar.tools.bench.vop;
