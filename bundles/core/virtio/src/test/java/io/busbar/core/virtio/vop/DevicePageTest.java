package io.busbar.core.virtio.vop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DevicePageTest {

    private static final HexFormat HEX = HexFormat.ofDelimiter(" ");

    /** The console, the network card and the disk of mpssd, with headers of Linux 4.19; their features take 4 bytes. */
    private static byte[] pageOfLinux() {
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

    @ParameterizedTest
    @CsvSource({"3, 2, 12, 76, 80, 96, 03 02 04 0c 00", "1, 2, 17, 81, 88, 104, 01 02 04 11 00", "2, 1, 36, 76, 80, 96, 02 01 04 24 00"})
    void an_entry_of_linux_has_its_size(int type, int queues, int configLen, int size, int aligned, int total, String header) {
        DeviceDesc desc = new DeviceDesc(type, queues, 4, configLen, 0);
        assertThat(DeviceEntry.configOffset(desc) + configLen).isEqualTo(size);
        assertThat(DeviceEntry.descBytes(desc)).isEqualTo(aligned);
        assertThat(DeviceEntry.totalBytes(desc)).isEqualTo(total);
        assertThat(HEX.formatHex(entry(type, queues, configLen), 0, 5)).isEqualTo(header);
        assertThat(entry(type, queues, configLen)).hasSize(total);
    }

    @Test
    void entries_of_linux_follow_each_other() {
        DevicePage page = DevicePage.decode(pageOfLinux());
        assertThat(page.entries()).extracting(DevicePage.Slot::offset).containsExactly(24, 120, 224);
        assertThat(page.entries()).extracting(slot -> slot.entry().desc().type()).containsExactly(3, 1, 2);
        assertThat(page.entries().getLast().end()).isEqualTo(320);
        assertThat(page.entries()).allMatch(DevicePage.Slot::live);
    }

    @Test
    void the_beginning_is_that_of_linux() {
        assertThat(HEX.formatHex(BootParam.initial(2).encode()))
                .isEqualTo("00 ee ff c0 ff 02 ff ff 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00");
        BootParam boot = new BootParam(BootParam.MAGIC, 5, 128, 6, 7, 0x1122334455667788L, -1);
        assertThat(BootParam.decode(boot.encode())).isEqualTo(boot);
        assertThat(HEX.formatHex(boot.encode(), 4, 16)).isEqualTo("05 80 06 07 88 77 66 55 44 33 22 11");
    }

    @Test
    void each_field_of_an_entry_is_in_its_place() {
        DeviceEntry entry = DeviceEntry.of(
                2, List.of(new VqConfig(0x80_0000_1000L, 0x2000, 64)), 0x1_2000_0040L, new byte[] {1, 2, 3}, 3);
        byte[] bytes = entry.encode();
        assertThat(HEX.formatHex(bytes)).isEqualTo("02 01 08 03 00 00 00 00 "
                + "00 10 00 00 80 00 00 00 00 20 00 00 00 00 00 00 40 00 00 00 00 00 00 00 "
                + "40 00 00 20 01 00 00 00 00 00 00 00 00 00 00 00 01 02 03 00 00 00 00 00 "
                + "00 00 00 00 00 00 00 00 00 00 00 00 00 03 ff 00");
        DeviceEntry read = DeviceEntry.decode(bytes, 0);
        assertThat(read.encode()).isEqualTo(bytes);
        assertThat(read.desc()).isEqualTo(entry.desc());
        assertThat(read.queues()).isEqualTo(entry.queues());
        assertThat(read.ctrl()).isEqualTo(entry.ctrl());
        assertThat(read.offeredFeatures()).isEqualTo(0x1_2000_0040L);
        assertThat(read.acceptedFeatures()).isZero();
        assertThat(read.config()).containsExactly(1, 2, 3);
    }

    @Test
    void what_the_ends_ask_each_other_is_in_its_place() {
        byte[] bytes = entry(3, 0, 0);
        int ctrl = DeviceEntry.descBytes(DeviceDesc.decode(bytes, 0));
        for (int i = 0; i < DeviceCtrl.BYTES; i++) {
            bytes[ctrl + i] = (byte) (i + 1);
        }
        assertThat(DeviceCtrl.decode(bytes, ctrl)).isEqualTo(new DeviceCtrl(0x0807060504030201L, 9, 10, 11, 12, 13, 14, 15));
    }

    @Test
    void features_of_four_bytes_are_read_as_such() {
        DeviceDesc desc = new DeviceDesc(1, 0, 4, 0, 0);
        DeviceEntry entry = new DeviceEntry(desc, List.of(), new byte[] {1, 0, 0, (byte) 0x80}, new byte[] {1, 0, 0, 0},
                new byte[0], DeviceCtrl.initial(0));
        assertThat(DeviceEntry.decode(entry.encode(), 0).offeredFeatures()).isEqualTo(0x8000_0001L);
        assertThat(DeviceEntry.decode(entry.encode(), 0).acceptedFeatures()).isEqualTo(1);
    }

    @Test
    void a_removed_entry_is_skipped_by_its_size() {
        byte[] page = pageOfLinux();
        page[120] = (byte) DeviceDesc.REMOVED;
        DevicePage read = DevicePage.decode(page);
        assertThat(read.entries()).extracting(DevicePage.Slot::live).containsExactly(true, false, true);
        assertThat(read.entries()).extracting(DevicePage.Slot::offset).containsExactly(24, 120, 224);
    }

    @Test
    void a_page_that_lies_is_refused() {
        byte[] page = pageOfLinux();
        page[0] = 1;
        assertThatThrownBy(() -> DevicePage.decode(page))
                .hasMessage("device page with the magic number 0xc0ffee01: expected 0xc0ffee00");
        assertThatThrownBy(() -> DevicePage.decode(new byte[100])).hasMessage("device page of 100 bytes: expected 4096");
        byte[] endless = new byte[DevicePage.BYTES];
        put(endless, 0, BootParam.initial(1).encode());
        for (int offset = 24; offset < DevicePage.BYTES; offset += 8) {
            endless[offset] = 1;
            endless[offset + 1] = (byte) 255;
            endless[offset + 2] = (byte) 255;
            endless[offset + 3] = (byte) 255;
        }
        assertThatThrownBy(() -> DevicePage.decode(endless))
                .hasMessage("entry at 24 of a device page has 6912 bytes: expected up to 4072");
    }

    @Test
    void a_page_may_be_full_to_the_last_byte() {
        byte[] page = new byte[DevicePage.BYTES];
        put(page, 0, BootParam.initial(1).encode());
        byte[] small = entry(3, 0, 0);
        int offset = 24;
        int count = 0;
        while (offset + small.length <= DevicePage.BYTES) {
            put(page, offset, small);
            offset += small.length;
            count++;
        }
        assertThat(DevicePage.decode(page).entries()).hasSize(count);
    }

    @Test
    void what_does_not_fit_an_entry_is_refused_with_its_number() {
        VqConfig queue = new VqConfig(0, 0, 128);
        assertThatThrownBy(() -> DeviceEntry.of(2, List.of(queue, queue, queue, queue, queue), 0, new byte[0], 0))
                .hasMessage("number of queues 5: expected 0 to 4");
        assertThatThrownBy(() -> DeviceEntry.of(2, List.of(new VqConfig(0, 0, 129)), 0, new byte[0], 0))
                .hasMessage("queue size 129: expected 1 to 128");
        assertThatThrownBy(() -> DeviceEntry.of(2, List.of(new VqConfig(0, 0, 96)), 0, new byte[0], 0))
                .hasMessage("queue size 96: expected a power of two");
        assertThatThrownBy(() -> DeviceEntry.of(128, List.of(), 0, new byte[0], 0))
                .hasMessage("device id 128: expected 1 to 127");
        assertThatThrownBy(() -> DeviceEntry.of(2, List.of(), 0, new byte[256], 0))
                .hasMessage("bytes of configuration 256: expected 0 to 255");
        assertThatThrownBy(() -> DeviceEntry.of(2, List.of(), 0, new byte[240], 0))
                .hasMessage("bytes of an entry 264: expected 0 to 256");
    }

    @ParameterizedTest
    @CsvSource({"1, 4110", "2, 4118", "4, 4134", "8, 4166", "16, 4230", "32, 4358", "64, 4614", "128, 5126"})
    void a_ring_has_the_size_of_linux(int size, int bytes) {
        assertThat(VopRing.ringBytes(size)).isEqualTo(bytes);
        assertThat(VopRing.infoOffset(size)).isEqualTo(bytes + 3 & -4);
        assertThat(VopRing.hostBytes(size)).isEqualTo(8192);
        assertThat(VopRing.usedBytes(size)).isEqualTo(4096);
        assertThat(VopRing.availOffset(size)).isEqualTo(16 * size);
    }

    @ParameterizedTest
    @CsvSource({"1, 0, c0ffee01", "1, 1, c0ffee02", "2, 0, c0ffee02", "3, 0, c0ffee03", "3, 1, c0ffee04"})
    void a_ring_has_the_magic_number_of_linux(int type, int queue, String magic) {
        assertThat(Integer.toHexString(VopRing.magic(type, queue))).isEqualTo(magic);
    }
}
