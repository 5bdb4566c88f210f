/** Front-ends that are no real kernel: what they must not get away with, against a running Busbar. */
package io.busbar.itests.frontend;
