/**
 * Real Linux kernels as clients of a block device: User Mode Linux and QEMU, each booted with a small initramfs that
 * runs one shell script with the host's programs, and the tests that both must pass.
 */
package io.busbar.itests.guest;
