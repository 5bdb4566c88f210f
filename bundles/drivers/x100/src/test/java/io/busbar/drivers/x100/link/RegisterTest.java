package io.busbar.drivers.x100.link;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Registers by their numbers. */
class RegisterTest {

    private final PciLink link = new PciLink(new LinkSettings("mic3", 64, 64, Timing.NONE));
    private final List<Integer> vectors = new ArrayList<>();

    @AfterEach
    void close() {
        link.close();
    }

    @Test
    void registers_are_where_linux_has_them() {
        assertThat(List.of(Register.SMPT00, Register.RGCR, Register.SICR0, Register.SICE0, Register.SICC0, Register.SIAC0, Register.MXAR0,
                Register.MSIXPBACR, Register.DCR, Register.APICICR0, Register.APICICR7, Register.SPAD0, Register.RDMASR0,
                Register.SDBIC0, Register.POSTCODE))
                .containsExactly(0x13100, 0x14010, 0x19004, 0x1900C, 0x19010, 0x19014, 0x19044, 0x19084, 0x1A280, 0x1A9D0, 0x1AA08,
                        0x1AB20, 0x1B180, 0x1CC90, 0x242C);
        assertThat(Register.spad(15)).isEqualTo(0x1AB5C);
        assertThat(Register.cardDoorbell(7)).isEqualTo(Register.APICICR7);
        assertThat(Register.cardDoorbell(15)).isEqualTo(0x1B19C);
        assertThat(Register.hostDoorbell(3)).isEqualTo(0x1CC9C);
        assertThat(List.of(Register.cardInterrupt(0), Register.cardInterrupt(7), Register.cardInterrupt(8), Register.cardInterrupt(15)))
                .containsExactly(26, 33, 17, 24);
        assertThat(Register.dma(0, DmaUnit.DCAR)).isEqualTo(0x1A000);
        assertThat(List.of(Register.dma(7, DmaUnit.DHPR), Register.dma(7, DmaUnit.DTPR), Register.dma(7, DmaUnit.DRAR_LO),
                Register.dma(7, DmaUnit.DRAR_HI), Register.dma(7, DmaUnit.DSTAT), Register.dma(7, DmaUnit.DCHERR),
                Register.dma(7, DmaUnit.DCHERRMSK)))
                .containsExactly(0x1A1C4, 0x1A1C8, 0x1A1D4, 0x1A1D8, 0x1A1E0, 0x1A1EC, 0x1A1F0);
    }

    @Test
    void the_firmware_has_made_the_card_ready() {
        assertThat(link.read(0x1AB28)).isEqualTo(0x0400_0001);
        assertThat(link.read(0x242C)).isEqualTo(0x4646);
        assertThat(link.booted()).isFalse();
    }

    @Test
    void scratchpads_keep_what_they_are_given_until_a_reset() {
        for (int i = 0; i < 16; i++) {
            link.write(0x1AB20 + 4 * i, 100 + i);
        }
        for (int i = 0; i < 16; i++) {
            assertThat(link.read(0x1AB20 + 4 * i)).isEqualTo(100 + i);
        }
        link.write(0x14010, 1);
        assertThat(link.read(0x1AB5C)).isZero();
        assertThat(link.read(0x1AB28)).isEqualTo(0x0400_0001);
    }

    @Test
    void a_doorbell_of_the_host_is_a_cause_that_is_told_to_the_vectors_that_have_it_if_it_is_enabled() {
        link.interrupts().deliverTo(vectors::add);
        link.write(0x19044, 1 << 2);
        link.write(0x19044 + 4 * 5, 1 << 2 | 1 << 9);
        link.write(0x1CC98, 0x8000_0000);
        assertThat(link.read(0x19004)).isEqualTo(1 << 2);
        assertThat(vectors).isEmpty();

        link.write(0x1900C, 1 << 2);
        assertThat(vectors).containsExactly(0, 5);
        link.write(0x19004, 1 << 2);
        assertThat(link.read(0x19004)).isZero();

        link.write(0x19014, 1 << 2);
        link.write(0x1CC98, 0x8000_0000);
        assertThat(vectors).containsExactly(0, 5, 0, 5);
        assertThat(link.read(0x19004)).as("cleared by itself").isZero();

        link.write(0x19010, link.read(0x1900C));
        link.write(0x1CC98, 0x8000_0000);
        assertThat(vectors).hasSize(4);
        assertThat(link.read(0x1900C)).isZero();
        link.write(0x1CC98, 1);
        assertThat(vectors).hasSize(4);
    }

    @Test
    void the_boot_vector_in_the_last_doorbell_starts_the_card_once() {
        List<String> events = new ArrayList<>();
        link.install(new CardSystem() {
            @Override
            public void boot() {
                events.add("boot");
            }

            @Override
            public void end() {
                events.add("end");
            }
        });
        link.write(0x1AA08, 1 << 13);
        assertThat(events).isEmpty();
        link.write(0x1AA08, 229 | 1 << 13);
        link.write(0x1AA08, 229 | 1 << 13);
        assertThat(events).containsExactly("boot");
        link.write(0x14010, 1);
        assertThat(events).containsExactly("boot", "end");
        assertThat(link.booted()).isFalse();
    }

    @Test
    void windows_and_channels_are_set_by_registers() {
        link.write(0x13100 + 4 * 31, 99 << 2);
        assertThat(link.smpt().register(31)).isEqualTo(99 << 2);
        assertThat(link.read(0x13100 + 4 * 31)).isEqualTo(99 << 2);
        link.write(0x1A280, 0b11 | 0b10 << 2 * 7);
        assertThat(link.read(0x1A280)).isEqualTo(0b11 | 0b10 << 14);
        assertThat(link.channel(0).ofHost()).isTrue();
        assertThat(link.channel(7).ofHost()).isFalse();
        assertThat(link.read(0x1A000 + 32)).isZero();
        assertThat(link.read(0x1A040 + 32)).as("quiesced").isEqualTo(1 << 29);
    }

    @Test
    void what_is_no_register_is_nothing_and_a_link_that_is_down_is_ones() {
        for (int offset : new int[] {-4, 1, 0x20000, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            link.write(offset, 5);
            assertThat(link.read(offset)).isZero();
        }
        link.breakDown();
        link.write(0x1AB20, 5);
        assertThat(link.read(0x1AB20)).isEqualTo(-1);
    }

    @Test
    void descriptors_and_rings_are_written_as_linux_writes_them() {
        assertThat(DmaDescriptor.copySource(0x80_1234_5640L, 512 << 10)).isEqualTo(0x80_1234_5640L | 8192L << 46);
        assertThat(DmaDescriptor.copyTarget(0x1000)).isEqualTo(0x1000_0000_0000_1000L);
        assertThat(DmaDescriptor.statusTarget(0x2000, false)).isEqualTo(0x2000_0000_0000_2000L);
        assertThat(DmaDescriptor.statusTarget(0x2000, true)).isEqualTo(0x2800_0000_0000_2000L);
        assertThat(DmaDescriptor.bytes(DmaDescriptor.copySource(0x40, (1 << 20) - 64))).isEqualTo((1 << 20) - 64);
        assertThat(DmaUnit.ring(0x3_4567_8000L, 131_068)).isEqualTo(0x3 | 131_068 << 4);
        assertThat(DmaUnit.ring(0x80_0000_0000L + 17L * (1L << 34) + 0x2_0000_1000L, 64)).isEqualTo(0x2 | 64 << 4 | 17 << 21 | 1 << 26);
    }
}
