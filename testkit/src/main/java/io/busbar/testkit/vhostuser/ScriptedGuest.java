package io.busbar.testkit.vhostuser;

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
public record ScriptedGuest(long guest, long user, long offset, long size, Fd file) implements AutoCloseable {

    /** Bytes of a page: everything is laid out in pages. */
    public static final int PAGE = 4096;

    private static final int PAGES = 64;
    private static final String NAME = "busbar-test-guest";

    /** Bases as QEMU has them: three different ones. */
    public static ScriptedGuest qemu() throws LinuxException {
        return at(0x4000_0000L, 0x7f12_3450_0000L, 0x10_0000L);
    }

    /** Bases as User Mode Linux has them: one for all. */
    public static ScriptedGuest uml() throws LinuxException {
        return at(0x60_0000L, 0x60_0000L, 0x60_0000L);
    }

    /** Bases as DPDK has them: guest and user are the same, the offset is 0. */
    public static ScriptedGuest dpdk() throws LinuxException {
        return at(0x1_0033_8000L, 0x1_0033_8000L, 0);
    }

    /** Bases as QEMU has them, in a file that nobody can keep from shrinking. */
    public static ScriptedGuest shrinkable() throws LinuxException {
        ScriptedGuest like = qemu();
        like.close();
        Fd file = MemFd.create(NAME, like.offset + like.size, false);
        return new ScriptedGuest(like.guest, like.user, like.offset, like.size, file);
    }

    /** Any bases. The file is called busbar-test-guest, as lists of mappings show it. */
    public static ScriptedGuest at(long guest, long user, long offset) throws LinuxException {
        long size = (long) PAGES * PAGE;
        return new ScriptedGuest(guest, user, offset, size, MemFd.create(NAME, offset + size, true));
    }

    /** The payload of SET_MEM_TABLE. */
    public byte[] table() {
        return table(1, 40);
    }

    /** With a size as the front-end sends it: User Mode Linux always has room for two regions. */
    public byte[] table(int regions, int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.nativeOrder())
                .putInt(regions).putInt(0).putLong(guest).putLong(size).putLong(user).putLong(offset).array();
    }

    /** The payload of ADD_MEM_REG and REM_MEM_REG. */
    public byte[] region() {
        return ByteBuffer.allocate(40).order(ByteOrder.nativeOrder())
                .putLong(0).putLong(guest).putLong(size).putLong(user).putLong(offset).array();
    }

    /** The payload of SET_VRING_ADDR: each ring in eight pages of its own. */
    public byte[] ring(int index) {
        long base = user + 8L * PAGE * index;
        return ScriptedFrontEnd.address(index, base, base + 5L * PAGE, base + 4L * PAGE);
    }

    /** What the device is given for it. */
    public String ringOp(int index) {
        long base = guest + 8L * PAGE * index;
        return "address " + index + " 0x" + Long.toHexString(base) + " 0x" + Long.toHexString(base + 4L * PAGE)
                + " 0x" + Long.toHexString(base + 5L * PAGE);
    }

    public String mapOp() {
        return "map 0x" + Long.toHexString(guest) + "+" + Long.toHexString(size);
    }

    @Override
    public void close() {
        file.close();
    }
}
