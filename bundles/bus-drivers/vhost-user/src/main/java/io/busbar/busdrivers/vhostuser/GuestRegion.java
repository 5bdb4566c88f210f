package io.busbar.busdrivers.vhostuser;

import io.busbar.api.memory.MemoryRegion;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.FdKind;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.Mapping;
import io.busbar.core.linux.MemFd;

/**
 * One region of the front-end's memory, mapped. Owns its mapping and its descriptor.
 *
 * <p>A region has three addresses, and they differ: guest (what descriptors hold, our IOVA), user (what SET_VRING_ADDR
 * holds) and the offset in the file (vhost-user, Memory region description).
 */
final class GuestRegion implements AutoCloseable {

    /**
     * Where a region is, as a message says it.
     *
     * @param guest  first guest address, unsigned
     * @param size   bytes
     * @param user   first address in the front-end's process, unsigned
     * @param offset first byte in the file
     */
    record Shape(long guest, long size, long user, long offset) {

        static Shape read(Message message, int at) {
            return new Shape(message.u64(at), message.u64(at + 8), message.u64(at + 16), message.u64(at + 24));
        }

        /** Returns whether it is the same region for REM_MEM_REG, which does not look at the offset. */
        boolean sameAs(Shape other) {
            return guest == other.guest && user == other.user && size == other.size;
        }

        boolean overlaps(Shape other) {
            return overlap(guest, size, other.guest, other.size) || overlap(user, size, other.user, other.size);
        }

        void check() throws RefusedException {
            if (size <= 0) {
                throw new RefusedException(this + ": expected a size from 1 to 2^63 - 1");
            }
            if (passesEnd(guest, size) || passesEnd(user, size) || offset < 0 || offset + size < 0) {
                throw new RefusedException(this + " passes the end of an address space");
            }
        }

        @Override
        public String toString() {
            return "region of " + Long.toUnsignedString(size) + " bytes at guest 0x" + Long.toHexString(guest)
                    + ", user 0x" + Long.toHexString(user) + ", offset 0x" + Long.toHexString(offset);
        }

        private static boolean passesEnd(long first, long size) {
            return Long.compareUnsigned(first + size - 1, first) < 0;
        }

        private static boolean overlap(long first, long size, long otherFirst, long otherSize) {
            return Long.compareUnsigned(first, otherFirst + otherSize - 1) <= 0
                    && Long.compareUnsigned(otherFirst, first + size - 1) <= 0;
        }
    }

    private final Shape shape;
    private final Fd fd;
    private final Mapping mapping;
    /** How often it was said to be there, and not to be there, more. */
    private int uses = 1;

    private GuestRegion(Shape shape, Fd fd, Mapping mapping) {
        this.shape = shape;
        this.fd = fd;
        this.mapping = mapping;
    }

    /**
     * Maps a region whose shape was checked.
     *
     * @param shape  where it is
     * @param fd     taken over if the call returns; on an error the caller still owns it
     * @param policy whether a file that can shrink under the mapping is taken
     * @throws RefusedException if it is not a file of at least that size that may be mapped
     */
    static GuestRegion map(Shape shape, Fd fd, MemoryPolicy policy) throws RefusedException {
        try {
            FdKind kind = fd.kind();
            if (kind != FdKind.REGULAR) {
                throw new RefusedException(shape + ": the descriptor is " + kind + ", expected a memory file");
            }
            boolean sealed = sealAgainstShrinking(fd);
            if (policy == MemoryPolicy.SEALED_ONLY && !sealed) {
                throw new RefusedException(shape + ": the file can shrink, and memory policy " + policy
                        + " expects a file with F_SEAL_SHRINK");
            }
            return new GuestRegion(shape, fd, Mapping.map(fd.number(), shape.offset(), shape.size(), true));
        } catch (LinuxException e) {
            throw new RefusedException(shape + ": " + e.getMessage(), e);
        }
    }

    Shape shape() {
        return shape;
    }

    void save(SessionWriter to) {
        to.number(shape.guest()).number(shape.size()).number(shape.user()).number(shape.offset()).number(uses).descriptor(fd);
    }

    /** Maps a region that another process had mapped. */
    static GuestRegion restore(SessionReader from, MemoryPolicy policy) throws RefusedException {
        Shape shape = new Shape(from.number(), from.number(), from.number(), from.number());
        shape.check();
        int uses = from.number(1, Integer.MAX_VALUE);
        Fd fd = from.neededDescriptor();
        try {
            GuestRegion region = map(shape, fd, policy);
            region.uses = uses;
            return region;
        } catch (RefusedException refused) {
            fd.close();
            throw refused;
        }
    }

    MemoryRegion memory() {
        return new MemoryRegion(
                shape.guest(), shape.size(), mapping.segment(), true, fd.number(), shape.offset());
    }

    /**
     * Returns whether it is the very region that a message brings again.
     *
     * @param other where that is
     * @param file  that message's file
     */
    boolean is(Shape other, Fd file) {
        try {
            return shape.equals(other) && fd.isSameFileAs(file);
        } catch (LinuxException e) {
            return false;
        }
    }

    /** It was said to be there once more. */
    void use() {
        uses++;
    }

    /** It was said not to be there once more; returns whether that was as often as the contrary. */
    boolean disuse() {
        uses--;
        return uses == 0;
    }

    /** Returns whether the file has become too short since it was mapped: an access to the missing part faults. */
    boolean shrunk() {
        try {
            return fd.size() < shape.offset() + shape.size();
        } catch (LinuxException e) {
            return true;
        }
    }

    @Override
    public void close() {
        mapping.close();
        fd.close();
    }

    /** A file that allows it gets the seal from us: from then on no access to its mapping can fault. */
    private static boolean sealAgainstShrinking(Fd fd) {
        int seals = MemFd.seals(fd.number());
        if (seals < 0) {
            return false;
        }
        return (seals & MemFd.F_SEAL_SHRINK) != 0
                || (seals & MemFd.F_SEAL_SEAL) == 0 && MemFd.addSeals(fd.number(), MemFd.F_SEAL_SHRINK) == 0;
    }
}
