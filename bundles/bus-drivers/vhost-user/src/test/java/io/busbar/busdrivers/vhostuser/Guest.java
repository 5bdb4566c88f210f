package io.busbar.busdrivers.vhostuser;

import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.MemFd;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The memory of a made-up guest, one region, and where rings are in it.
 *
 * @param guest  first guest address
 * @param user   first address in the front-end's process
 * @param offset first byte in the file
 * @param size   bytes
 * @param file   the file
 */
record Guest(long guest, long user, long offset, long size, Fd file) implements AutoCloseable {

    static final int PAGE = 4096;

    /** Bases as QEMU has them: three different ones. */
    static Guest qemu() throws LinuxException {
        return at(0x4000_0000L, 0x7f12_3450_0000L, 0x10_0000L);
    }

    /** Bases as User Mode Linux has them: one for all. */
    static Guest uml() throws LinuxException {
        return at(0x60_0000L, 0x60_0000L, 0x60_0000L);
    }

    /** Bases as DPDK has them: guest and user are the same, the offset is 0. */
    static Guest dpdk() throws LinuxException {
        return at(0x1_0033_8000L, 0x1_0033_8000L, 0);
    }

    static Guest at(long guest, long user, long offset) throws LinuxException {
        long size = 64L * PAGE;
        return new Guest(guest, user, offset, size, MemFd.create("busbar-test-guest", offset + size, true));
    }

    byte[] table() {
        return table(1, 40);
    }

    /** With a size as the front-end sends it: User Mode Linux always has room for two regions. */
    byte[] table(int regions, int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.nativeOrder())
                .putInt(regions).putInt(0).putLong(guest).putLong(size).putLong(user).putLong(offset).array();
    }

    /** The payload of ADD_MEM_REG and REM_MEM_REG. */
    byte[] region() {
        return ByteBuffer.allocate(40).order(ByteOrder.nativeOrder())
                .putLong(0).putLong(guest).putLong(size).putLong(user).putLong(offset).array();
    }

    /** The payload of SET_VRING_ADDR: each ring in eight pages of its own. */
    byte[] ring(int index) {
        long base = user + 8L * PAGE * index;
        return FrontEnd.address(index, base, base + 5L * PAGE, base + 4L * PAGE);
    }

    /** What the device is given for it. */
    String ringOp(int index) {
        long base = guest + 8L * PAGE * index;
        return "address " + index + " 0x" + Long.toHexString(base) + " 0x" + Long.toHexString(base + 4L * PAGE)
                + " 0x" + Long.toHexString(base + 5L * PAGE);
    }

    String mapOp() {
        return "map 0x" + Long.toHexString(guest) + "+" + Long.toHexString(size);
    }

    @Override
    public void close() {
        file.close();
    }
}
