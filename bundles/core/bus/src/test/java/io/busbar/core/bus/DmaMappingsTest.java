package io.busbar.core.bus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.memory.DriverMemory;
import io.busbar.api.memory.MemoryRegion;
import io.busbar.api.vdpa.DmaMapping;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DmaMappingsTest {

    private final Arena arena = Arena.ofShared();

    @AfterEach
    void close() {
        arena.close();
    }

    private MemoryRegion region(long iova) {
        return new MemoryRegion(iova, 64, arena.allocate(64), true, -1, 0);
    }

    private static DmaMapping mapping(FakeOps parent) {
        ControlLock control = new ControlLock("disk0");
        CheckedConfigOps checked = new CheckedConfigOps("disk0", parent, FakeOps.QUEUES, control, () -> {}, bytes -> {});
        VdpaConfigOps ops = CheckedOpsProxy.of("disk0", parent, checked, control);
        return DmaMappings.of("disk0", parent, ops, control);
    }

    @Test
    void an_on_chip_device_gets_whole_tables() throws VdpaException {
        FakeOps.OnChip parent = new FakeOps.OnChip();
        DmaMapping mapping = mapping(parent);
        DriverMemory table = DriverMemory.of(List.of(region(0x1000), region(0x2000)));
        mapping.setMap(0, table);
        parent.faults = 5;

        assertThat(mapping.kind()).isEqualTo(DmaMapping.Kind.DEVICE);
        assertThat(parent.tables).containsExactly(table);
        assertThat(mapping.faults()).isEqualTo(5);
    }

    @Test
    void an_incremental_device_gets_the_differences_and_keeps_what_stays() throws VdpaException {
        FakeOps.Incremental parent = new FakeOps.Incremental();
        DmaMapping mapping = mapping(parent);
        MemoryRegion stays = region(0x2000);
        mapping.setMap(0, DriverMemory.of(List.of(region(0x1000), stays)));
        parent.calls.clear();
        mapping.setMap(0, DriverMemory.of(List.of(stays, region(0x3000))));

        assertThat(mapping.kind()).isEqualTo(DmaMapping.Kind.DEVICE);
        assertThat(parent.calls).containsExactly("dmaUnmap 1000", "dmaMap 3000");
        assertThat(mapping.faults()).isZero();
    }

    @Test
    void an_incremental_device_gets_a_range_anew_whose_mapping_changed_behind_it() throws VdpaException {
        FakeOps.Incremental parent = new FakeOps.Incremental();
        DmaMapping mapping = mapping(parent);
        mapping.setMap(0, DriverMemory.of(List.of(region(0x1000))));
        parent.calls.clear();
        mapping.setMap(0, DriverMemory.of(List.of(region(0x1000))));

        assertThat(parent.calls).containsExactly("dmaUnmap 1000", "dmaMap 1000");
    }

    @Test
    void an_incremental_device_that_is_full_goes_back_to_the_table_before() throws VdpaException {
        FakeOps.Incremental parent = new FakeOps.Incremental();
        parent.room = 2;
        DmaMapping mapping = mapping(parent);
        DriverMemory before = DriverMemory.of(List.of(region(0x1000), region(0x2000)));
        mapping.setMap(0, before);

        DriverMemory tooMany = DriverMemory.of(List.of(region(0x3000), region(0x4000), region(0x5000)));
        assertThatThrownBy(() -> mapping.setMap(0, tooMany)).hasMessageContaining("2 entries");
        assertThat(parent.mapped).containsExactlyElementsOf(before.regions());
    }

    @Test
    void a_platform_device_goes_through_the_table_of_the_bus() throws VdpaException {
        FakeOps.Platform parent = new FakeOps.Platform();
        DmaMapping mapping = mapping(parent);
        List<DriverMemory> seen = new ArrayList<>();
        parent.domain.onChange(seen::add);
        DriverMemory table = DriverMemory.of(List.of(region(0x1000)));
        mapping.setMap(0, table);

        assertThat(mapping.kind()).isEqualTo(DmaMapping.Kind.PLATFORM);
        assertThat(parent.domain.memory()).isSameAs(table);
        assertThat(seen).containsExactly(table);
        assertThatThrownBy(() -> mapping.setMap(1, table)).hasMessageContaining("address space 1");
    }

    @Test
    void a_table_that_a_platform_device_cannot_bring_into_force_is_taken_back() throws VdpaException {
        FakeOps.Platform parent = new FakeOps.Platform();
        DmaMapping mapping = mapping(parent);
        DriverMemory before = DriverMemory.of(List.of(region(0x1000)));
        mapping.setMap(0, before);
        parent.domain.onChange(_ -> {
            throw new VdpaException(VdpaError.ETIMEDOUT, "in flight");
        });

        assertThatThrownBy(() -> mapping.setMap(0, DriverMemory.EMPTY)).hasMessage("in flight");
        assertThat(parent.domain.memory()).isSameAs(before);
    }
}
