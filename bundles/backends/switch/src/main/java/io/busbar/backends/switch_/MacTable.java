package io.busbar.backends.switch_;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Where stations are: addresses by VLAN, learned from the sources of frames (IEEE 802.1Q, 8.7). Bounded: an address that
 * finds no place is not learned, and its frames are flooded. Addresses that were not heard of for {@link #AGE} seconds are
 * forgotten. No port can hold more than {@link #MOST_OF_A_PORT}, so that one that makes addresses up does not drive out those of the others.
 *
 * <p>Eight places to a set; the set follows from the address and a number that nobody outside knows. A place is a key and a
 * value. Who changes a key takes the place first, so that a value that stands between two readings of the same key belongs
 * to it. Two that learn the same address at the same moment may take two places: the first one is used, the other ages.
 *
 * <p>Any thread, at any time. Lock-free; allocates nothing but in {@link #entries}.
 */
final class MacTable {

    /** Seconds after which a station that is silent is forgotten: the standard's default. */
    static final int AGE = 300;

    /** Addresses that the table holds at the most. */
    static final int PLACES = 8192;

    /** Addresses that are learned from one port at the most. */
    static final int MOST_OF_A_PORT = 1024;

    /** Owners' slots that can be told apart. */
    static final int SLOTS = 1024;

    /** The address is known, or has moved within what is known. */
    static final int KNOWN = 0;

    /** The address is new. */
    static final int LEARNED = 1;

    /** There is no place for the address. */
    static final int NO_ROOM = 2;

    /** The answer about an address that is not known. */
    static final int NOBODY = -1;

    private static final int WAYS = 8;
    private static final int SETS = PLACES / WAYS;
    private static final int ADDRESS_BITS = 48;
    private static final long ADDRESS_MASK = (1L << ADDRESS_BITS) - 1;
    private static final long FREE = 0;
    private static final long TAKEN = -1;
    private static final int SLOT_MASK = SLOTS - 1;
    private static final long MULTIPLIER = 0x9e37_79b9_7f4a_7c15L;
    private static final int SET_SHIFT = Long.SIZE - Integer.numberOfTrailingZeros(SETS);

    private static final VarHandle WORD = MethodHandles.arrayElementVarHandle(long[].class);
    private static final VarHandle COUNT = MethodHandles.arrayElementVarHandle(int[].class);

    private final long[] keys = new long[PLACES];

    /** Owner in the upper half, second in the lower. */
    private final long[] values = new long[PLACES];

    private final int[] counts = new int[SLOTS];
    private final long secret;

    /**
     * Makes an empty table.
     *
     * @param secret decides in which set an address is
     */
    MacTable(long secret) {
        this.secret = secret;
    }

    /**
     * What is known of a station.
     *
     * @param vlan    VLAN
     * @param address address
     * @param owner   where it is
     * @param age     seconds since it was heard of
     */
    record Entry(int vlan, long address, int owner, int age) {}

    /**
     * Makes an owner, 0 and up.
     *
     * @param slot  0 to {@link #SLOTS} - 1
     * @param which tells those apart that have the same slot one after the other
     */
    static int owner(int slot, int which) {
        return (which * SLOTS | slot) & Integer.MAX_VALUE;
    }

    /** Returns the slot of an owner. */
    static int slot(int owner) {
        return owner & SLOT_MASK;
    }

    /**
     * A frame came from a station.
     *
     * @param vlan    1 to 4094
     * @param address the station's
     * @param owner   where it came in
     * @param now     seconds, from any origin
     * @return {@link #KNOWN}, {@link #LEARNED} or {@link #NO_ROOM}
     */
    int learn(int vlan, long address, int owner, int now) {
        long key = key(vlan, address);
        long wanted = value(owner, now);
        int first = first(key);
        for (int i = first; i < first + WAYS; i++) {
            if ((long) WORD.getOpaque(keys, i) == key) {
                return refresh(i, key, wanted);
            }
        }
        return insert(first, key, wanted, now);
    }

    private int refresh(int place, long key, long wanted) {
        long value = (long) WORD.getAcquire(values, place);
        // Written only when it has changed, once a second: other threads keep it in their caches.
        if (value != wanted && (long) WORD.getOpaque(keys, place) == key
                && WORD.compareAndSet(values, place, value, wanted) && owner(value) != owner(wanted)) {
            count(owner(value), -1);
            count(owner(wanted), 1);
        }
        return KNOWN;
    }

    private int insert(int first, long key, long wanted, int now) {
        if ((int) COUNT.getOpaque(counts, slot(owner(wanted))) >= MOST_OF_A_PORT) {
            return NO_ROOM;
        }
        for (int i = first; i < first + WAYS; i++) {
            long there = (long) WORD.getAcquire(keys, i);
            long value = (long) WORD.getAcquire(values, i);
            boolean usable = there == FREE || there != TAKEN && isOld(value, now);
            if (usable && WORD.compareAndSet(keys, i, there, TAKEN)) {
                if (there != FREE) {
                    count(owner((long) WORD.getAcquire(values, i)), -1);
                }
                count(owner(wanted), 1);
                WORD.setRelease(values, i, wanted);
                // Pairs with the reads of find: key, value, key.
                WORD.setRelease(keys, i, key);
                return LEARNED;
            }
        }
        return NO_ROOM;
    }

    /**
     * Looks for a station.
     *
     * @param vlan    1 to 4094
     * @param address the station's
     * @param now     seconds, of the origin of {@link #learn}
     * @return its owner, or {@link #NOBODY}
     */
    int find(int vlan, long address, int now) {
        long key = key(vlan, address);
        int first = first(key);
        for (int i = first; i < first + WAYS; i++) {
            if ((long) WORD.getAcquire(keys, i) == key) {
                long value = (long) WORD.getAcquire(values, i);
                // Pairs with insert: a value of another key is met only after the key has changed.
                boolean itsOwn = (long) WORD.getAcquire(keys, i) == key;
                return itsOwn && !isOld(value, now) ? owner(value) : NOBODY;
            }
        }
        return NOBODY;
    }

    /** Forgets all stations of an owner; any other thread may go on meanwhile. */
    void forget(int owner) {
        for (int i = 0; i < PLACES; i++) {
            long key = (long) WORD.getAcquire(keys, i);
            if (key != FREE && key != TAKEN && owner((long) WORD.getAcquire(values, i)) == owner
                    && WORD.compareAndSet(keys, i, key, TAKEN)) {
                boolean stillItsOwn = owner((long) WORD.getAcquire(values, i)) == owner;
                if (stillItsOwn) {
                    count(owner, -1);
                }
                WORD.setRelease(keys, i, stillItsOwn ? FREE : key);
            }
        }
    }

    /**
     * Returns what is known, in the order of VLANs and addresses.
     *
     * @param now seconds, of the origin of {@link #learn}
     */
    List<Entry> entries(int now) {
        List<Entry> entries = new ArrayList<>();
        long[] seen = new long[PLACES];
        for (int i = 0; i < PLACES; i++) {
            long key = (long) WORD.getAcquire(keys, i);
            long value = (long) WORD.getAcquire(values, i);
            boolean itsOwn = (long) WORD.getAcquire(keys, i) == key;
            if (key != FREE && key != TAKEN && itsOwn && !isOld(value, now)
                    && Arrays.stream(seen, i - i % WAYS, i).noneMatch(other -> other == key)) {
                seen[i] = key;
                entries.add(new Entry((int) (key >>> ADDRESS_BITS), key & ADDRESS_MASK, owner(value), now - (int) value));
            }
        }
        entries.sort((one, other) -> one.vlan() != other.vlan()
                ? Integer.compare(one.vlan(), other.vlan())
                : Long.compare(one.address(), other.address()));
        return entries;
    }

    private void count(int owner, int change) {
        COUNT.getAndAdd(counts, slot(owner), change);
    }

    private int first(long key) {
        return (int) ((key ^ secret) * MULTIPLIER >>> SET_SHIFT) * WAYS;
    }

    private static boolean isOld(long value, int now) {
        return now - (int) value >= AGE;
    }

    private static long key(int vlan, long address) {
        return (long) vlan << ADDRESS_BITS | address;
    }

    private static long value(int owner, int now) {
        return (long) owner << Integer.SIZE | Integer.toUnsignedLong(now);
    }

    private static int owner(long value) {
        return (int) (value >>> Integer.SIZE);
    }
}
