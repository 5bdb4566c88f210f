/**
 * A link between a host and a card that is another process of this machine: each memory that one side shares is a memory file that the
 * other maps, doorbells are eventfds, and a Unix socket carries both. Nothing of it is of a card of some maker.
 *
 * <pre>
 *  message, 64 bytes, little-endian
 *   0 type:4   4 version:4   8 address:8   16 size:8   24 file offset:8   32 flags:4   36 name:28
 *
 *  HELLO    address: node, size: number of doorbells, flags: HOST or CARD, name: of the card; with the doorbells' eventfds
 *  SHARE    address, size, file offset, flags: WRITABLE, PAGE; with the memory's file
 *  UNSHARE  address
 * </pre>
 *
 * Each side says HELLO first; then the host shares its device page. Memory that was made for the link ends with its file: whoever has
 * it mapped still reaches nothing. Of memory of guests, whose file is the guest's, the other process lets go when it is told.
 */
package io.busbar.drivers.sharedmemory;
