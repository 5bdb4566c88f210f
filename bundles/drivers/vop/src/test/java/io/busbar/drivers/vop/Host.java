package io.busbar.drivers.vop;

import io.busbar.api.vop.LinkMeter;
import io.busbar.api.vop.LinkWindow;
import io.busbar.api.vop.OwnMemory;
import io.busbar.api.vop.VopException;
import io.busbar.api.vop.VopHardwareOps;
import io.busbar.api.vop.VopInterrupt;
import io.busbar.core.linux.Memory;
import io.busbar.core.virtio.VirtioConfig;
import io.busbar.core.virtio.ring.Chain;
import io.busbar.core.virtio.ring.DeviceRing;
import io.busbar.core.virtio.ring.DeviceRingConfig;
import io.busbar.core.virtio.ring.Regions;
import io.busbar.core.virtio.ring.RingAddresses;
import io.busbar.core.virtio.ring.Rings;
import io.busbar.core.virtio.vop.BootParam;
import io.busbar.core.virtio.vop.DeviceCtrl;
import io.busbar.core.virtio.vop.DeviceDesc;
import io.busbar.core.virtio.vop.DeviceEntry;
import io.busbar.core.virtio.vop.DevicePage;
import io.busbar.core.virtio.vop.VopRing;
import io.busbar.core.virtio.vop.VqConfig;
import io.busbar.testkit.vop.LoopbackLink;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** A scripted host: writes a device page, and does what it is asked step by step, or all by itself. */
final class Host {

    static final long FEATURES = VirtioConfig.bit(VirtioConfig.VIRTIO_F_VERSION_1)
            | VirtioConfig.bit(VirtioConfig.VIRTIO_F_ACCESS_PLATFORM) | VirtioConfig.bit(VirtioConfig.VIRTIO_RING_F_EVENT_IDX);

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    /** Addresses of the link are kept as they are. */
    private static final Regions ALL = Regions.of(List.of(new Regions.Region(1, 1L << 46, 1, true)));

    final VopHardwareOps link;
    final MemorySegment page;
    private int next = BootParam.BYTES;

    Host(LoopbackLink between) {
        link = between.host().ops();
        page = link.devicePage().orElseThrow().segment();
        put(0, BootParam.initial(between.host().node()).encode());
    }

    void put(int offset, byte[] bytes) {
        MemorySegment.copy(bytes, 0, page, ValueLayout.JAVA_BYTE, offset, bytes.length);
    }

    int getByte(int offset) {
        return page.get(ValueLayout.JAVA_BYTE, offset);
    }

    void putByte(int offset, int value) {
        page.set(ValueLayout.JAVA_BYTE, offset, (byte) value);
    }

    /** Rings the card's doorbell for changes of the page. */
    void pageChanged() {
        link.sendInterrupt(getByte(BootParam.CONFIG_DB), link.meter("page", -1));
    }

    /** Returns whether the card has a doorbell for changes of the page. */
    boolean cardIsThere() {
        return getByte(BootParam.CONFIG_DB) != BootParam.NO_DOORBELL;
    }

    /** Publishes a device that does all it is asked by itself. */
    Entry add(int type, long features, byte[] config, int... sizes) throws VopException {
        return publish(prepare(type, features, config, sizes));
    }

    Entry publish(Entry entry) {
        putByte(entry.offset, entry.type);
        if (cardIsThere()) {
            pageChanged();
        }
        return entry;
    }

    /** Writes an entry, but for its type. */
    Entry prepare(int type, long features, byte[] config, int... sizes) throws VopException {
        Entry entry = new Entry(type, sizes, next);
        DeviceEntry written = DeviceEntry.of(type, entry.configs(), features, config, entry.interrupt.doorbell());
        byte[] bytes = written.encode();
        bytes[0] = 0;
        entry.ctrl = next + DeviceEntry.descBytes(written.desc());
        entry.desc = written.desc();
        put(next, bytes);
        next += bytes.length;
        return entry;
    }

    DevicePage decoded() {
        return DevicePage.decode(page.toArray(ValueLayout.JAVA_BYTE));
    }

    /** What a queue does with a chain. */
    @FunctionalInterface
    interface Work {

        /** Returns the bytes that were written. */
        long serve(Entry entry, int queue, Chain chain);
    }

    /** A device of the page. */
    final class Entry {
        final int type;
        final int offset;
        final VopInterrupt interrupt;
        final List<OwnMemory> memories = new ArrayList<>();
        final DeviceRing[] rings;
        /** Where each used ring of the card is, once it was handed over. */
        final LinkWindow[] used;
        /** Chains that were taken and are kept. */
        final List<Deque<Chain>> kept = new ArrayList<>();
        final int[] sizes;
        int ctrl;
        DeviceDesc desc;
        volatile boolean byItself = true;
        volatile boolean answersReset = true;
        volatile boolean takesUsedRings = true;
        volatile Work work = Host::echo;
        /** Chains of these queues are kept instead of served. */
        volatile int keeps;
        volatile int doorbells;
        volatile int resets;
        volatile int served;

        Entry(int type, int[] sizes, int offset) throws VopException {
            this.type = type;
            this.sizes = sizes;
            this.offset = offset;
            rings = new DeviceRing[sizes.length];
            used = new LinkWindow[sizes.length];
            for (int i = 0; i < sizes.length; i++) {
                kept.add(new ArrayDeque<>());
                OwnMemory memory = link.allocate("ring", VopRing.hostBytes(sizes[i]));
                memory.segment().set(INT, VopRing.infoOffset(sizes[i]) + VopRing.INFO_MAGIC, VopRing.magic(type, i));
                memories.add(memory);
            }
            int doorbell = link.nextDoorbell();
            interrupt = link.requestInterrupt(doorbell, "device", meter(-1), () -> {
                link.acknowledgeInterrupt(doorbell);
                doorbells++;
                if (byItself) {
                    doAll();
                }
            });
        }

        List<VqConfig> configs() {
            List<VqConfig> configs = new ArrayList<>();
            for (int i = 0; i < sizes.length; i++) {
                configs.add(new VqConfig(memories.get(i).peerAddress(), 0, sizes[i]));
            }
            return configs;
        }

        LinkMeter meter(int queue) {
            return link.meter("entry" + offset, queue);
        }

        int ctrl(int field) {
            return getByte(ctrl + field);
        }

        void ctrl(int field, int value) {
            putByte(ctrl + field, value);
        }

        int status() {
            return getByte(offset + DeviceDesc.STATUS) & 0xff;
        }

        long acceptedFeatures() {
            return page.get(LONG, offset + DeviceEntry.acceptedOffset(desc));
        }

        long usedAddress(int queue) {
            return page.get(LONG, offset + DeviceEntry.queueOffset(queue) + VqConfig.USED_ADDRESS);
        }

        void config(byte[] now) {
            put(offset + DeviceEntry.configOffset(desc), now);
        }

        /** Asks for something by {@code config_change}. */
        void ask(int change) {
            ctrl(DeviceCtrl.GUEST_ACK, 0);
            ctrl(DeviceCtrl.CONFIG_CHANGE, change);
            pageChanged();
        }

        boolean isAcknowledged() {
            return ctrl(DeviceCtrl.GUEST_ACK) == 1;
        }

        void remove() {
            putByte(offset, DeviceDesc.REMOVED);
            pageChanged();
        }

        void ringCard() {
            int doorbell = ctrl(DeviceCtrl.CARD_DB);
            if (doorbell >= 0) {
                link.sendInterrupt(doorbell, meter(-1));
            }
        }

        // What is asked of it

        synchronized void doAll() {
            if (ctrl(DeviceCtrl.RESET) == 1 && answersReset) {
                doReset();
            }
            if (ctrl(DeviceCtrl.USED_ADDRESS_UPDATED) == 1 && takesUsedRings) {
                takeUsedRings();
            }
            if ((status() & VirtioConfig.VIRTIO_CONFIG_S_DRIVER_OK) != 0) {
                serve();
            }
        }

        synchronized void doReset() {
            resets++;
            for (int i = 0; i < rings.length; i++) {
                rings[i] = null;
                kept.get(i).clear();
            }
            putByte(offset + DeviceDesc.STATUS, 0);
            ctrl(DeviceCtrl.RESET, 0);
            ctrl(DeviceCtrl.HOST_ACK, 1);
            ringCard();
        }

        synchronized void takeUsedRings() {
            try {
                long features = acceptedFeatures();
                for (int i = 0; i < rings.length; i++) {
                    used[i] = link.map(usedAddress(i), VopRing.usedBytes(sizes[i]), meter(i));
                    long own = memories.get(i).segment().address();
                    rings[i] = Rings.plainDevice(new DeviceRingConfig(
                            new RingAddresses(Memory.ALL, own, own + VopRing.availOffset(sizes[i]), used[i].segment().address()),
                            sizes[i], features), ALL);
                }
            } catch (VopException e) {
                throw new IllegalStateException(e);
            }
            ctrl(DeviceCtrl.USED_ADDRESS_UPDATED, 0);
            ringCard();
        }

        synchronized void serve() {
            boolean call = false;
            for (int i = 0; i < rings.length; i++) {
                call |= rings[i] != null && serve(i);
            }
            if (call) {
                ringCard();
            }
        }

        private boolean serve(int queue) {
            DeviceRing ring = rings[queue];
            boolean call = false;
            do {
                int count = ring.take(ring.size());
                if (count < 0) {
                    throw new IllegalStateException("the card broke its ring: " + count);
                }
                for (int i = 0; i < count; i++) {
                    Chain chain = ring.taken(i);
                    if ((keeps >>> queue & 1) != 0) {
                        kept.get(queue).add(chain);
                    } else {
                        ring.complete(chain, work.serve(this, queue, chain));
                        served++;
                    }
                }
                ring.publish();
                call |= ring.callNeeded();
            } while (ring.enableKicks());
            return call;
        }

        /** Ends a chain that was kept. */
        synchronized void end(int queue, Chain chain) {
            kept.get(queue).remove(chain);
            rings[queue].complete(chain, work.serve(this, queue, chain));
            served++;
            rings[queue].publish();
            rings[queue].callNeeded();
            ringCard();
        }

        synchronized void endOldest(int queue) {
            end(queue, kept.get(queue).getFirst());
        }

        synchronized void endAllKept(int queue) {
            List.copyOf(kept.get(queue)).forEach(chain -> end(queue, chain));
        }

        synchronized int kept(int queue) {
            return kept.get(queue).size();
        }

        // Over the link

        byte[] read(Chain chain) {
            byte[] bytes = new byte[(int) chain.readableBytes()];
            int done = 0;
            for (int i = 0; i < chain.readableSegments(); i++) {
                done = copy(chain, i, bytes, done, false);
            }
            return bytes;
        }

        int write(Chain chain, byte[] bytes) {
            int done = 0;
            for (int i = chain.readableSegments(); i < chain.segments() && done < bytes.length; i++) {
                done = copy(chain, i, bytes, done, true);
            }
            return done;
        }

        private int copy(Chain chain, int segment, byte[] bytes, int done, boolean write) {
            int length = Math.min(chain.length(segment), bytes.length - done);
            try (LinkWindow window = link.map(chain.address(segment), chain.length(segment), meter(0))) {
                if (write) {
                    window.copyFrom(0, MemorySegment.ofArray(bytes), done, length);
                } else {
                    window.copyTo(0, MemorySegment.ofArray(bytes), done, length);
                }
            } catch (VopException e) {
                throw new IllegalStateException(e);
            }
            return done + length;
        }
    }

    /** Writes back what is there to read. */
    static long echo(Entry entry, int queue, Chain chain) {
        return entry.write(chain, entry.read(chain));
    }
}
