/**
 * The built-in check of a block device: what a kernel's driver relies on, asked for one by one, with a report for people
 * (virtio 1.2, 5.2).
 */
package io.busbar.tools.bench.check;
