package io.busbar.drivers.x100;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.core.virtio.vop.BootParam;
import io.busbar.core.virtio.vop.DeviceCtrl;
import io.busbar.core.virtio.vop.DeviceDesc;
import io.busbar.core.virtio.vop.DeviceEntry;
import io.busbar.core.virtio.vop.DevicePage;
import io.busbar.core.virtio.vop.VqConfig;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PageFieldsTest {

    /** The page of Linux 4.19 with a console, a network card and a disk. */
    static byte[] pageOfLinux() {
        byte[] page = new byte[DevicePage.BYTES];
        put(page, 0, BootParam.initial(1).encode());
        put(page, 24, entry(3, 2, 12));
        put(page, 120, entry(1, 2, 17));
        put(page, 224, entry(2, 1, 36));
        return page;
    }

    private static byte[] entry(int type, int queues, int configLen) {
        DeviceDesc desc = new DeviceDesc(type, queues, 4, configLen, 0);
        List<VqConfig> rings = IntStream.range(0, queues).mapToObj(_ -> new VqConfig(0, 0, 128)).toList();
        return new DeviceEntry(desc, rings, new byte[4], new byte[4], new byte[configLen], DeviceCtrl.initial(-1)).encode();
    }

    private static void put(byte[] page, int offset, byte[] bytes) {
        System.arraycopy(bytes, 0, page, offset, bytes.length);
    }

    @Test
    void each_field_has_a_line() {
        String zeroes = IntStream.range(0, 36).mapToObj(_ -> "00").collect(Collectors.joining(" "));
        assertThat(Row.text(new PageFields(pageOfLinux()).rows()).lines().map(line -> line.strip().replaceAll(" +", " ")))
                .containsExactlyElementsOf("""
                offset bytes entry field value
                 0 4 boot magic 0xc0ffee00
                 4 1 boot h2c_config_db -1
                 5 1 boot node_id 1
                 6 1 boot h2c_scif_db -1
                 7 1 boot c2h_scif_db -1
                 8 8 boot scif_host_dma_addr 0x0
                 16 8 boot scif_card_dma_addr 0x0
                 24 1 console@24 type 3
                 25 1 console@24 num_vq 2
                 26 1 console@24 feature_len 4
                 27 1 console@24 config_len 12
                 28 1 console@24 status 0x0
                 32 8 console@24 vq0.address 0x0
                 40 8 console@24 vq0.used_address 0x0
                 48 2 console@24 vq0.num 128
                 56 8 console@24 vq1.address 0x0
                 64 8 console@24 vq1.used_address 0x0
                 72 2 console@24 vq1.num 128
                 80 4 console@24 features offered 0x0
                 84 4 console@24 features accepted 0x0
                 88 12 console@24 config 00 00 00 00 00 00 00 00 00 00 00 00
                 104 8 console@24 ctrl.vdev 0x0
                 112 1 console@24 ctrl.config_change 0
                 113 1 console@24 ctrl.vdev_reset 0
                 114 1 console@24 ctrl.guest_ack 0
                 115 1 console@24 ctrl.host_ack 0
                 116 1 console@24 ctrl.used_address_updated 0
                 117 1 console@24 ctrl.c2h_vdev_db -1
                 118 1 console@24 ctrl.h2c_vdev_db -1
                 120 1 net@120 type 1
                 121 1 net@120 num_vq 2
                 122 1 net@120 feature_len 4
                 123 1 net@120 config_len 17
                 124 1 net@120 status 0x0
                 128 8 net@120 vq0.address 0x0
                 136 8 net@120 vq0.used_address 0x0
                 144 2 net@120 vq0.num 128
                 152 8 net@120 vq1.address 0x0
                 160 8 net@120 vq1.used_address 0x0
                 168 2 net@120 vq1.num 128
                 176 4 net@120 features offered 0x0
                 180 4 net@120 features accepted 0x0
                 184 17 net@120 config 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
                 208 8 net@120 ctrl.vdev 0x0
                 216 1 net@120 ctrl.config_change 0
                 217 1 net@120 ctrl.vdev_reset 0
                 218 1 net@120 ctrl.guest_ack 0
                 219 1 net@120 ctrl.host_ack 0
                 220 1 net@120 ctrl.used_address_updated 0
                 221 1 net@120 ctrl.c2h_vdev_db -1
                 222 1 net@120 ctrl.h2c_vdev_db -1
                 224 1 block@224 type 2
                 225 1 block@224 num_vq 1
                 226 1 block@224 feature_len 4
                 227 1 block@224 config_len 36
                 228 1 block@224 status 0x0
                 232 8 block@224 vq0.address 0x0
                 240 8 block@224 vq0.used_address 0x0
                 248 2 block@224 vq0.num 128
                 256 4 block@224 features offered 0x0
                 260 4 block@224 features accepted 0x0
                 264 36 block@224 config %s
                 304 8 block@224 ctrl.vdev 0x0
                 312 1 block@224 ctrl.config_change 0
                 313 1 block@224 ctrl.vdev_reset 0
                 314 1 block@224 ctrl.guest_ack 0
                 315 1 block@224 ctrl.host_ack 0
                 316 1 block@224 ctrl.used_address_updated 0
                 317 1 block@224 ctrl.c2h_vdev_db -1
                 318 1 block@224 ctrl.h2c_vdev_db -1
                 320 1 end type 0
                """.formatted(zeroes).lines().map(String::strip).toList());
    }

    @Test
    void the_bytes_are_printed_to_the_last_that_is_not_zero() {
        assertThat(new PageFields(pageOfLinux()).hex()).startsWith("""
                0000  00 ee ff c0 ff 01 ff ff 00 00 00 00 00 00 00 00
                0010  00 00 00 00 00 00 00 00 03 02 04 0c 00 00 00 00
                """).contains("""
                0070  00 00 00 00 00 ff ff 00 01 02 04 11 00 00 00 00
                """, """
                00e0  02 01 04 24 00 00 00 00 00 00 00 00 00 00 00 00
                """).endsWith("""
                0130  00 00 00 00 00 00 00 00 00 00 00 00 00 ff ff 00
                """);
    }
}
