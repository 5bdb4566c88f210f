package io.busbar.drivers.x100.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SmptTest {

    private static final long GIB = 1L << 30;

    private final Smpt smpt = new Smpt();

    @Test
    void windows_show_the_first_512_gib_in_order() {
        for (int i = 0; i < Smpt.ENTRIES; i++) {
            assertThat(smpt.register(i)).isEqualTo(i << 2);
        }
        assertThat(smpt.map(0x1234_5000, 4096)).isEqualTo(0x80_1234_5000L);
        assertThat(smpt.map(20 * GIB, 4096)).isEqualTo(0x80_0000_0000L + 20 * GIB);
    }

    @Test
    void a_register_has_the_number_of_the_page_above_two_bits() {
        long far = 1000 * 16 * GIB + 0x42000;
        long card = smpt.map(far, 8192);

        assertThat(card).isEqualTo(0x80_0004_2000L);
        assertThat(smpt.register(0)).isEqualTo(1000 << 2);
        assertThat(smpt.translate(card + 1, 8191)).isEqualTo(far + 1);
        assertThat(smpt.referenced()[0]).isEqualTo(8192);
    }

    @Test
    void one_byte_before_and_behind_a_mapping_is_nobodys() {
        long card = smpt.map(GIB, 4096);

        assertThat(smpt.translate(card, 4096)).isEqualTo(GIB);
        assertThat(smpt.translate(card - 1, 1)).isEqualTo(Smpt.FAULT);
        assertThat(smpt.translate(card - 1, 2)).isEqualTo(Smpt.FAULT);
        assertThat(smpt.translate(card + 4096, 1)).isEqualTo(Smpt.FAULT);
        assertThat(smpt.translate(card + 4095, 2)).isEqualTo(Smpt.FAULT);
        assertThat(smpt.translate(card, Long.MAX_VALUE)).isEqualTo(Smpt.FAULT);
        smpt.unmap(card, 4096);
        assertThat(smpt.translate(card, 1)).isEqualTo(Smpt.FAULT);
    }

    @Test
    void what_passes_the_end_of_a_page_has_two_windows_in_a_row() {
        long card = smpt.map(16 * GIB - 4096, 8192);

        assertThat(card).isEqualTo(0x80_0000_0000L + 16 * GIB - 4096);
        assertThat(smpt.referenced()).startsWith(4096, 4096, 0);
        assertThat(smpt.translate(card + 4000, 200)).isEqualTo(16 * GIB - 96);
    }

    @Test
    void without_a_free_window_the_address_is_zero_and_nothing_has_changed() {
        for (int i = 0; i < Smpt.ENTRIES; i++) {
            assertThat(smpt.map((100L + i) * 16 * GIB, 1)).isPositive();
        }
        assertThat(smpt.map(500L * 16 * GIB, 1)).isZero();
        assertThat(smpt.map(100L * 16 * GIB + 7, 1)).as("in a window that is there").isEqualTo(0x80_0000_0007L);
        assertThat(smpt.mappings()).isEqualTo(33);
        assertThatThrownBy(() -> smpt.unmap(Smpt.BASE + 8, 1)).hasMessage("1 bytes at 0x8000000008 are not mapped");
    }

    @Test
    void a_register_through_which_something_is_mapped_keeps_its_value() {
        long card = smpt.map(GIB, 4096);
        smpt.setRegister(0, 77 << 2);
        assertThat(smpt.register(0)).isZero();
        assertThat(smpt.translate(card, 1)).isEqualTo(GIB);
        smpt.setRegister(5, 77 << 2 | 1);
        assertThat(smpt.register(5)).isEqualTo(77 << 2);
        smpt.unmap(card, 4096);
        smpt.restore();
        assertThat(smpt.register(5)).isEqualTo(5 << 2);
    }

    /** A mapping in the model. */
    private record Mapped(long host, long card, long bytes) {}

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void it_translates_as_a_plain_list_of_mappings_does(long seed) {
        Random random = new Random(seed);
        List<Mapped> model = new ArrayList<>();
        int refused = 0;
        for (int i = 0; i < 3000; i++) {
            if (!model.isEmpty() && random.nextInt(3) == 0) {
                Mapped gone = model.remove(random.nextInt(model.size()));
                smpt.unmap(gone.card, gone.bytes);
            } else {
                long bytes = 1 + (random.nextBoolean() ? random.nextInt(1 << 16) : random.nextLong(40 * GIB));
                long host = random.nextLong(60) * 16 * GIB + random.nextLong(16 * GIB);
                long card = smpt.map(host, bytes);
                if (card == 0) {
                    refused++;
                } else {
                    model.add(new Mapped(host, card, bytes));
                }
            }
            check(model, random);
        }
        assertThat(refused).as("the windows were full now and then").isPositive();
        model.forEach(mapped -> smpt.unmap(mapped.card, mapped.bytes));
        assertThat(smpt.referenced()).containsOnly(0);
    }

    private void check(List<Mapped> model, Random random) {
        for (int i = 0; i < 4 && !model.isEmpty(); i++) {
            Mapped near = model.get(random.nextInt(model.size()));
            long address = near.card + random.nextLong(-3, near.bytes + 3);
            long bytes = 1 + (random.nextBoolean() ? random.nextInt(4) : random.nextLong(near.bytes));
            List<Long> expected = model.stream()
                    .filter(mapped -> address >= mapped.card && address + bytes <= mapped.card + mapped.bytes)
                    .map(mapped -> mapped.host + address - mapped.card)
                    .distinct()
                    .toList();
            assertThat(expected).hasSizeLessThan(2);
            assertThat(smpt.translate(address, bytes)).isEqualTo(expected.isEmpty() ? Smpt.FAULT : expected.getFirst());
        }
    }
}
