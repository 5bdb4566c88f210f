package io.busbar.drivers.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.busbar.api.device.ModelState;
import io.busbar.api.vdpa.Handover;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The record of a software device for another process. */
class DeviceHandoverTest {

    private static final DeviceHandover DEVICE = new DeviceHandover(
            Map.of(32, new byte[] {1}),
            true,
            Map.of(0, Map.of("kicks", 7L), 1, Map.of()),
            new SwapCounts(3, 2000, 9000),
            Optional.of(new ModelState("virtio-net", 2, new byte[] {5, 6})),
            7,
            "queue 0: a chain of 9 descriptors");

    @Test
    void everythingComesBack() throws VdpaException {
        DeviceHandover read = DeviceHandover.of(DEVICE.toRecord());
        assertThat(read).usingRecursiveComparison().isEqualTo(DEVICE);
        DeviceHandover nothing = new DeviceHandover(Map.of(), false, Map.of(), SwapCounts.NONE, Optional.empty(), 0, "");
        assertThat(DeviceHandover.of(nothing.toRecord())).usingRecursiveComparison().isEqualTo(nothing);
    }

    @Test
    void anotherVersionOrFormatIsRefused() {
        assertRefused(new Handover("software device", 3, new byte[0], List.of()),
                "a record software device version 3 (0 bytes, 0 descriptors) was handed over: expected software device version 2");
        assertRefused(new Handover("hardware", 1, new byte[0], List.of()),
                "a record hardware version 1 (0 bytes, 0 descriptors) was handed over: expected software device version 2");
    }

    @Test
    void aRecordThatIsCutShortIsRefusedWhereverItIsCut() {
        byte[] whole = DEVICE.toRecord().content();
        for (int length = 0; length < whole.length; length++) {
            Handover cut = new Handover("software device", 2, Arrays.copyOf(whole, length), List.of());
            assertRefused(cut, cut + " cannot be read: expected more bytes");
        }
        Handover longer = new Handover("software device", 2, Arrays.copyOf(whole, whole.length + 1), List.of());
        assertRefused(longer, longer + " cannot be read: 1 bytes too many");
    }

    private static void assertRefused(Handover record, String sentence) {
        assertThatExceptionOfType(VdpaException.class)
                .isThrownBy(() -> DeviceHandover.of(record))
                .withMessage(sentence)
                .matches(refused -> refused.reason() == Reason.STATE_UNKNOWN);
    }
}
