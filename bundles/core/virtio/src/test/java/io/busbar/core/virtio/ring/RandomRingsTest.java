package io.busbar.core.virtio.ring;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.core.virtio.ring.ReferenceWalker.Expected;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Rings full of random and half-right content: the code under test and a slow walker must agree on every byte. */
class RandomRingsTest {

    private static final int SIZE = 16;
    private static final int CHAIN_LIMIT = 20;
    private static final int TABLE_ENTRIES = 24;

    private final Random random = new Random(20_26);
    private final TreeMap<Integer, Integer> outcomes = new TreeMap<>();
    private boolean longChains;

    @Test
    void the_plain_class_agrees_with_the_slow_walker() {
        for (long features : new long[] {0, HandRing.INDIRECT_DESC, HandRing.INDIRECT_DESC | HandRing.EVENT_IDX}) {
            compare(new HandRing(SIZE, features), Rings::plainDevice, 10_000);
        }
        assertThat(outcomes.keySet()).as("every outcome was met").contains(
                RingFault.NONE, RingFault.HEAD_OUT_OF_RANGE, RingFault.HEAD_TWICE, RingFault.NEXT_OUT_OF_RANGE,
                RingFault.CHAIN_LOOP, RingFault.CHAIN_TOO_LONG, RingFault.READABLE_AFTER_WRITABLE,
                RingFault.INDIRECT_NOT_NEGOTIATED, RingFault.INDIRECT_WITH_NEXT, RingFault.INDIRECT_BAD_LENGTH,
                RingFault.INDIRECT_TOO_LONG, RingFault.INDIRECT_NESTED, RingFault.BUFFER_OUTSIDE_MEMORY,
                RingFault.BUFFER_WRAPS, RingFault.BUFFER_NOT_WRITABLE, RingFault.TABLE_OUTSIDE_MEMORY);
    }

    @Test
    void the_specialised_class_agrees_with_the_slow_walker() {
        compare(new HandRing(SIZE, HandRing.INDIRECT_DESC), Rings::device, 500);
    }

    private interface Maker {
        DeviceRing make(DeviceRingConfig config, Regions regions);
    }

    private void compare(HandRing hand, Maker maker, int rounds) {
        DeviceRing ring = null;
        for (int round = 0; round < rounds; round++) {
            if (ring == null) {
                hand.availIndex = hand.usedIndex();
                hand.setAvailIndex(hand.availIndex);
                ring = maker.make(new DeviceRingConfig(hand.addresses(), SIZE, hand.features)
                        .withNextAvail(hand.availIndex).withChainLimit(CHAIN_LIMIT), hand.regions());
            }
            fill(hand);
            List<Integer> heads = new ArrayList<>();
            for (int i = random.nextInt(4); i >= 0; i--) {
                heads.add(random.nextInt(40) == 0 ? random.nextInt(0x1_0000) : random.nextInt(SIZE));
            }
            hand.offer(heads.stream().mapToInt(Integer::intValue).toArray());
            ring = takeAndCompare(hand, ring, heads) ? ring : null;
        }
    }

    /** Returns whether the queue goes on. */
    private boolean takeAndCompare(HandRing hand, DeviceRing ring, List<Integer> heads) {
        ReferenceWalker walker = new ReferenceWalker(hand, CHAIN_LIMIT);
        int fault = RingFault.NONE;
        List<Expected> chains = new ArrayList<>();
        for (int i = 0; i < heads.size() && fault == RingFault.NONE; i++) {
            int head = heads.get(i);
            if (head >= SIZE) {
                fault = RingFault.HEAD_OUT_OF_RANGE;
            } else if (heads.subList(0, i).contains(head)) {
                fault = RingFault.HEAD_TWICE;
            } else {
                Expected expected = walker.walk(head);
                fault = expected.ringFault;
                if (fault == RingFault.NONE) {
                    chains.add(expected);
                }
            }
        }
        outcomes.merge(fault, 1, Integer::sum);
        int taken = ring.take(SIZE);
        assertThat(taken).isEqualTo(chains.isEmpty() && fault != RingFault.NONE ? fault : chains.size());
        assertThat(ring.fault()).isEqualTo(fault);
        for (int i = 0; i < taken; i++) {
            assertThat(ring.taken(i).head()).isEqualTo(heads.get(i));
            compareChain(ring.taken(i), chains.get(i));
        }
        int slot = hand.usedIndex();
        for (int i = 0; i < taken; i++) {
            long written = random.nextInt(3) == 0 ? Long.MAX_VALUE : random.nextInt(5);
            ring.complete(ring.taken(i), written);
            assertThat(ring.publish()).isOne();
            assertThat(hand.usedId(slot + i)).isEqualTo((long) heads.get(i));
            assertThat(hand.usedLength(slot + i)).isEqualTo(Math.min(written, chains.get(i).usedLimit));
        }
        return fault == RingFault.NONE;
    }

    private void compareChain(Chain chain, Expected expected) {
        outcomes.merge(expected.chainFault, 1, Integer::sum);
        assertThat(chain.fault()).isEqualTo(expected.chainFault);
        assertThat(chain.readableBytes()).isEqualTo(expected.readable);
        assertThat(chain.writableBytes()).isEqualTo(expected.writable);
        assertThat(chain.usedLengthLimit()).isEqualTo(expected.usedLimit);
        assertThat(chain.lastByteReachable()).isEqualTo(expected.lastReachable);
        compareBytes(chain, 0, chain.readableSegments(), expected.readableBytesAt);
        compareBytes(chain, chain.readableSegments(), chain.segments(), expected.writableBytesAt);
    }

    private static void compareBytes(Chain chain, int from, int to, List<Long> expected) {
        int at = 0;
        for (int segment = from; segment < to; segment++) {
            for (int i = 0; i < chain.length(segment); i++) {
                if (expected.get(at++) != chain.address(segment) + i) {
                    throw new AssertionError("byte " + (at - 1) + " of segment " + segment + " of " + chain);
                }
            }
        }
        assertThat(at).isEqualTo(expected.size());
    }

    private void fill(HandRing hand) {
        longChains = random.nextInt(4) == 0;
        for (int i = 0; i < SIZE; i++) {
            hand.descriptor(i, address(), length(), flags(20), random.nextInt(SIZE * 16) == 0 ? SIZE + i : next(i, SIZE));
        }
        for (int table = 0; table < 2; table++) {
            for (int i = 0; i < TABLE_ENTRIES; i++) {
                HandRing.entry(table == 0 ? hand.low : hand.high, 0, i,
                        address(), length(), flags(120), next(i, TABLE_ENTRIES));
            }
        }
    }

    private int next(int index, int size) {
        return random.nextInt(5) == 0 ? random.nextInt(size) : (index + 1) % size;
    }

    private int flags(int seldom) {
        if (random.nextInt(seldom) == 0) {
            return HandRing.INDIRECT | (random.nextInt(4) == 0 ? HandRing.NEXT : 0);
        }
        if (longChains) {
            return random.nextInt(40) == 0 ? 0 : HandRing.NEXT;
        }
        return (random.nextInt(6) == 0 ? 0 : HandRing.NEXT) | (random.nextInt(6) == 0 ? HandRing.WRITE : 0);
    }

    private long address() {
        return switch (random.nextInt(60)) {
            case 0 -> random.nextLong();
            case 1 -> -random.nextInt(8);
            case 2 -> HandRing.HIGH + HandRing.REGION_BYTES - random.nextInt(8);
            case 3, 4, 5 -> HandRing.HIGH - random.nextInt(40);
            case 6, 7 -> HandRing.READ_ONLY + random.nextInt(100);
            case 8, 9, 10, 11, 12 -> HandRing.HIGH;
            case 13, 14, 15, 16, 17 -> HandRing.LOW;
            default -> HandRing.LOW + random.nextInt(2 * HandRing.REGION_BYTES - 600);
        };
    }

    private long length() {
        return switch (random.nextInt(12)) {
            case 0 -> 0;
            case 1, 2, 3, 4 -> 16L * random.nextInt(TABLE_ENTRIES);
            default -> random.nextInt(24);
        };
    }
}
