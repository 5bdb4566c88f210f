/** The host's side of the device page: who writes what, and in which order the card sees it. */
package io.busbar.busdrivers.vop.page;
