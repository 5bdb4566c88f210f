/**
 * The bus driver {@code vop}: publishes devices of this bus in the device page of a card that runs an operating system of its own,
 * and is the device that the card's driver sees.
 */
package io.busbar.busdrivers.vop;
