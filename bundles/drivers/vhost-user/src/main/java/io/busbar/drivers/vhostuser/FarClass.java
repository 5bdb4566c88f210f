package io.busbar.drivers.vhostuser;

import static io.busbar.core.virtio.VirtioConfig.bit;

import io.busbar.core.virtio.VirtioConfig;
import io.busbar.core.virtio.VirtioIds;
import io.busbar.core.virtio.block.BlockConfigLayout;
import io.busbar.core.virtio.block.VirtioBlk;
import io.busbar.core.virtio.console.ConsoleConfigLayout;
import io.busbar.core.virtio.console.VirtioConsole;
import io.busbar.core.virtio.net.NetConfigLayout;
import io.busbar.core.virtio.net.VirtioNet;
import io.busbar.core.virtio.vhostuser.VhostUserFeatures;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What the far device is. The protocol has no message for that: the user says it.
 *
 * <p>A feature that makes fields of the configuration valid is offered only as far as the far process shows those fields.
 * What the far process cannot serve over this protocol is never offered: the control queue of a network device ends at
 * the front-end (virtio 1.2, 5.1.6.5; vhost-user, Multiple queue support).
 */
enum FarClass {
    /** A network card. Queues come in pairs, of which one is used: more need a control queue. */
    NET(VirtioIds.VIRTIO_ID_NET, 2, List.of(NetConfigLayout.BYTES, NetConfigLayout.MTU + Short.BYTES,
            NetConfigLayout.MAX_VIRTQUEUE_PAIRS, NetConfigLayout.STATUS), Net.FIELDS, Net.NOT_SERVED) {
        @Override
        Optional<String> wrong(long features, ConfigBytes config) {
            return Net.wrong(features, config);
        }

        /** An address of zeroes is none. */
        @Override
        long empty(ConfigBytes config) {
            return config.u32(NetConfigLayout.MAC) == 0 && config.u16(NetConfigLayout.MAC + Integer.BYTES) == 0
                    ? bit(VirtioNet.VIRTIO_NET_F_MAC)
                    : 0;
        }

        @Override
        int mostUnits() {
            return 1;
        }
    },

    /** A disk. */
    BLOCK(VirtioIds.VIRTIO_ID_BLOCK, 1, List.of(BlockConfigLayout.BYTES_WITH_WRITE_ZEROES, 57, 36, 24),
            Block.FIELDS, 0) {
        @Override
        Optional<String> wrong(long features, ConfigBytes config) {
            return Block.wrong(features, config);
        }

        @Override
        boolean needsConfig() {
            return true;
        }

        @Override
        boolean mayChange(int offset) {
            return offset < BlockConfigLayout.SIZE_MAX || offset == BlockConfigLayout.WRITEBACK;
        }

        @Override
        void limitQueues(ConfigBytes config, int queues) {
            if (config.size() >= BlockConfigLayout.NUM_QUEUES + Short.BYTES) {
                config.u16(BlockConfigLayout.NUM_QUEUES, queues);
            }
        }

        /** QEMU's storage daemon 7.2 offers SIZE_MAX, and means by 0 that there is no limit. */
        @Override
        long empty(ConfigBytes config) {
            return config.u32(BlockConfigLayout.SIZE_MAX) == 0 ? bit(VirtioBlk.VIRTIO_BLK_F_SIZE_MAX) : 0;
        }

        @Override
        long mustStayAbsent() {
            return bit(VirtioBlk.VIRTIO_BLK_F_RO);
        }
    },

    /** A console. */
    CONSOLE(VirtioIds.VIRTIO_ID_CONSOLE, 1, List.of(12, 8, 4), Console.FIELDS, 0) {
        @Override
        Optional<String> wrong(long features, ConfigBytes config) {
            return Console.wrong(features, config);
        }
    };

    private static final long TRANSPORT_NOT_SERVED = bit(VirtioConfig.VIRTIO_F_ACCESS_PLATFORM)
            | bit(VirtioConfig.VIRTIO_F_RING_PACKED)
            | bit(VirtioConfig.VIRTIO_F_SR_IOV)
            | bit(VirtioConfig.VIRTIO_F_NOTIFICATION_DATA)
            | bit(VirtioConfig.VIRTIO_F_NOTIF_CONFIG_DATA)
            | bit(VirtioConfig.VIRTIO_F_RING_RESET)
            | bit(VhostUserFeatures.VHOST_F_LOG_ALL)
            | bit(VhostUserFeatures.VHOST_USER_F_PROTOCOL_FEATURES);

    private final int deviceId;
    private final int queuesPerUnit;
    private final List<Integer> configSizes;
    private final Map<Integer, Integer> fields;
    private final long notServed;

    FarClass(
            int deviceId, int queuesPerUnit, List<Integer> configSizes, Map<Integer, Integer> fields, long notServed) {
        this.deviceId = deviceId;
        this.queuesPerUnit = queuesPerUnit;
        this.configSizes = configSizes;
        this.fields = fields;
        this.notServed = notServed;
    }

    static Optional<FarClass> of(String word) {
        return Arrays.stream(values()).filter(type -> type.word().equals(word)).findFirst();
    }

    static String words() {
        return Arrays.stream(values()).map(FarClass::word).collect(Collectors.joining("|"));
    }

    String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    int deviceId() {
        return deviceId;
    }

    /** Queues that one of what GET_QUEUE_NUM counts has. */
    int queuesPerUnit() {
        return queuesPerUnit;
    }

    /** How many of those are used at most. */
    int mostUnits() {
        return FarWords.MOST_QUEUES;
    }

    /** Sizes of the configuration that far processes have, the largest first; bytes. */
    List<Integer> configSizes() {
        return configSizes;
    }

    /** Whether there is no such device without a configuration. */
    boolean needsConfig() {
        return false;
    }

    /** What can be offered of what the far process offers and shows in its configuration. */
    long servable(long offered, ConfigBytes config) {
        long features = offered & ~notServed & ~TRANSPORT_NOT_SERVED & ~empty(config);
        for (Map.Entry<Integer, Integer> field : fields.entrySet()) {
            if (field.getValue() > config.size()) {
                features &= ~bit(field.getKey());
            }
        }
        return features;
    }

    /** Features whose fields say nothing, which a driver might take at its word. */
    long empty(ConfigBytes config) {
        return 0;
    }

    /** Features that a device that comes back must not have if it had not: they take something from the driver. */
    long mustStayAbsent() {
        return 0;
    }

    /**
     * Checks a configuration.
     *
     * @return the field that cannot be, with its value
     */
    Optional<String> wrong(long features, ConfigBytes config) {
        return Optional.empty();
    }

    /** Whether a byte of the configuration may be another one when the device comes back. */
    boolean mayChange(int offset) {
        return this != BLOCK;
    }

    /** Writes the number of queues that there are here into the configuration. */
    void limitQueues(ConfigBytes config, int queues) {
        // only a block device says it in a field that a driver takes at its word
    }

    /** Which bytes of a network card's configuration are valid by which feature (virtio 1.2, 5.1.4). */
    private static final class Net {
        private static final int LEAST_MTU = 68;
        /** In the first byte of an address: it is a group's, and no card's. */
        private static final int GROUP = 1;
        private static final int SPEED_DUPLEX = 63;
        private static final Map<Integer, Integer> FIELDS = Map.of(
                VirtioNet.VIRTIO_NET_F_MAC, VirtioNet.MAC_BYTES,
                VirtioNet.VIRTIO_NET_F_STATUS, NetConfigLayout.STATUS + Short.BYTES,
                VirtioNet.VIRTIO_NET_F_MTU, NetConfigLayout.MTU + Short.BYTES,
                SPEED_DUPLEX, 17);
        private static final int DEVICE_STATS = 50;
        private static final int HASH_TUNNEL = 51;
        private static final int VQ_NOTF_COAL = 52;
        private static final int NOTF_COAL = 53;
        private static final int HASH_REPORT = 57;
        private static final int RSS = 60;
        /** The control queue, and what goes through it. */
        private static final long NOT_SERVED = bit(VirtioNet.VIRTIO_NET_F_CTRL_VQ)
                | bit(VirtioNet.VIRTIO_NET_F_CTRL_GUEST_OFFLOADS)
                | bit(VirtioNet.VIRTIO_NET_F_CTRL_RX)
                | bit(VirtioNet.VIRTIO_NET_F_CTRL_VLAN)
                | bit(VirtioNet.VIRTIO_NET_F_CTRL_RX_EXTRA)
                | bit(VirtioNet.VIRTIO_NET_F_GUEST_ANNOUNCE)
                | bit(VirtioNet.VIRTIO_NET_F_MQ)
                | bit(VirtioNet.VIRTIO_NET_F_CTRL_MAC_ADDR)
                | bit(DEVICE_STATS)
                | bit(HASH_TUNNEL)
                | bit(VQ_NOTF_COAL)
                | bit(NOTF_COAL)
                | bit(HASH_REPORT)
                | bit(RSS);

        private static Optional<String> wrong(long features, ConfigBytes config) {
            if (VirtioConfig.has(features, VirtioNet.VIRTIO_NET_F_MAC) && (config.u8(NetConfigLayout.MAC) & GROUP) != 0) {
                return Optional.of("mac " + mac(config));
            }
            int mtu = config.u16(NetConfigLayout.MTU);
            return VirtioConfig.has(features, VirtioNet.VIRTIO_NET_F_MTU) && mtu < LEAST_MTU
                    ? Optional.of("mtu " + mtu)
                    : Optional.empty();
        }

        private static String mac(ConfigBytes config) {
            return IntStream.range(0, VirtioNet.MAC_BYTES)
                    .mapToObj(i -> "%02x".formatted(config.u8(NetConfigLayout.MAC + i)))
                    .collect(Collectors.joining(":"));
        }
    }

    /** The same for a disk (virtio 1.2, 5.2.4). */
    private static final class Block {
        private static final long MOST_SECTORS = 1L << 54;
        private static final int LEAST_BLOCK = 512;
        private static final int MOST_BLOCK = 1 << 20;
        private static final Map<Integer, Integer> FIELDS = Map.of(
                VirtioBlk.VIRTIO_BLK_F_SIZE_MAX, 12,
                VirtioBlk.VIRTIO_BLK_F_SEG_MAX, 16,
                VirtioBlk.VIRTIO_BLK_F_BLK_SIZE, 24,
                VirtioBlk.VIRTIO_BLK_F_TOPOLOGY, 32,
                VirtioBlk.VIRTIO_BLK_F_CONFIG_WCE, 33,
                VirtioBlk.VIRTIO_BLK_F_MQ, 36,
                VirtioBlk.VIRTIO_BLK_F_DISCARD, 48,
                VirtioBlk.VIRTIO_BLK_F_WRITE_ZEROES, 57,
                VirtioBlk.VIRTIO_BLK_F_SECURE_ERASE, 72,
                VirtioBlk.VIRTIO_BLK_F_ZONED, BlockConfigLayout.BYTES);

        private static Optional<String> wrong(long features, ConfigBytes config) {
            long capacity = config.u64(BlockConfigLayout.CAPACITY);
            if (Long.compareUnsigned(capacity, MOST_SECTORS) >= 0) {
                return Optional.of("capacity " + Long.toUnsignedString(capacity) + " sectors");
            }
            long block = config.u32(BlockConfigLayout.BLK_SIZE);
            if (VirtioConfig.has(features, VirtioBlk.VIRTIO_BLK_F_BLK_SIZE)
                    && (Long.bitCount(block) != 1 || block < LEAST_BLOCK || block > MOST_BLOCK)) {
                return Optional.of("blk_size " + block);
            }
            if (VirtioConfig.has(features, VirtioBlk.VIRTIO_BLK_F_SEG_MAX)
                    && config.u32(BlockConfigLayout.SEG_MAX) == 0) {
                return Optional.of("seg_max 0");
            }
            if (VirtioConfig.has(features, VirtioBlk.VIRTIO_BLK_F_SIZE_MAX)
                    && config.u32(BlockConfigLayout.SIZE_MAX) == 0) {
                return Optional.of("size_max 0");
            }
            return VirtioConfig.has(features, VirtioBlk.VIRTIO_BLK_F_MQ)
                            && config.u16(BlockConfigLayout.NUM_QUEUES) == 0
                    ? Optional.of("num_queues 0")
                    : Optional.empty();
        }
    }

    /** The same for a console (virtio 1.2, 5.3.4). */
    private static final class Console {
        private static final long MOST_PORTS = 0x8000;
        private static final Map<Integer, Integer> FIELDS = Map.of(
                VirtioConsole.VIRTIO_CONSOLE_F_SIZE, 4,
                VirtioConsole.VIRTIO_CONSOLE_F_MULTIPORT, 8,
                VirtioConsole.VIRTIO_CONSOLE_F_EMERG_WRITE, 12);

        private static Optional<String> wrong(long features, ConfigBytes config) {
            long ports = config.u32(ConsoleConfigLayout.MAX_NR_PORTS);
            return VirtioConfig.has(features, VirtioConsole.VIRTIO_CONSOLE_F_MULTIPORT) && (ports == 0 || ports > MOST_PORTS)
                    ? Optional.of("max_nr_ports " + ports)
                    : Optional.empty();
        }
    }
}
