package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.testkit.machine.Prerequisite;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class MappingTest {
    private static final Path HUGE_PAGES = Path.of("/proc/sys/vm/nr_hugepages");
    private static final String INACCESSIBLE = "---p";
    private static final int MFD_HUGETLB = 4;

    @Test
    void two_mappings_of_one_file_are_the_same_memory() throws Exception {
        try (Fd file = MemFd.create("shared", 8192, true);
                Mapping one = Mapping.map(file.number(), 0, 8192, true);
                Mapping other = Mapping.map(file.number(), 0, 8192, false)) {
            one.segment().set(JAVA_LONG, 4096, 42);

            assertThat(other.segment().get(JAVA_LONG, 4096)).isEqualTo(42);
            assertThat(Memory.ALL.get(JAVA_LONG, other.address() + 4096)).isEqualTo(42);
        }
    }

    @Test
    void memory_that_is_cut_off_is_neither_read_nor_written_and_the_file_keeps_what_it_has() throws Exception {
        try (Fd file = MemFd.create("lent", 8192, true);
                Mapping own = Mapping.map(file.number(), 0, 8192, true);
                Mapping lent = Mapping.map(file.number(), 100, 8000, true)) {
            own.segment().fill((byte) 7);

            lent.cutOff();

            assertThatThrownBy(() -> lent.segment().get(JAVA_BYTE, 0)).isInstanceOf(InternalError.class);
            assertThatThrownBy(() -> lent.segment().set(JAVA_BYTE, 7999, (byte) 1)).isInstanceOf(InternalError.class);
            assertThatThrownBy(() -> lent.segment().fill((byte) 1)).isInstanceOf(InternalError.class);
            assertThat(own.segment().toArray(JAVA_BYTE)).containsOnly(7);
        }
    }

    @Test
    void an_offset_and_a_length_need_not_be_aligned() throws Exception {
        try (Fd file = MemFd.create("odd", 3 * 4096, true);
                Mapping whole = Mapping.map(file.number(), 0, 3 * 4096, true);
                Mapping part = Mapping.map(file.number(), 5001, 100, true)) {
            whole.segment().set(JAVA_BYTE, 5001, (byte) 9);

            assertThat(part.length()).isEqualTo(100);
            assertThat(part.segment().byteSize()).isEqualTo(100);
            assertThat(part.segment().get(JAVA_BYTE, 0)).isEqualTo((byte) 9);
        }
    }

    @Test
    void a_file_of_huge_pages_is_mapped_at_any_offset() throws Exception {
        int hugePage = hugePageBytes();
        String reserved = Files.readString(HUGE_PAGES).strip();
        if (freeHugePages() < 2 && Files.isWritable(HUGE_PAGES)) {
            Files.writeString(HUGE_PAGES, Integer.toString(Integer.parseInt(reserved) + 2));
        }
        try {
            Prerequisite.require(freeHugePages() >= 2, "two huge pages that are free (sysctl vm.nr_hugepages)");
            mapPartOfHugeFile(hugePage);
        } finally {
            if (!reserved.equals(Files.readString(HUGE_PAGES).strip())) {
                Files.writeString(HUGE_PAGES, reserved);
            }
        }
    }

    private static void mapPartOfHugeFile(int hugePage) throws Exception {
        try (Arena arena = Arena.ofConfined();
                Fd file = Fd.own((int) Syscall.call(Nr.MEMFD_CREATE, arena.allocateFrom("huge").address(),
                        MFD_HUGETLB))) {
            LinuxException.check(Syscall.call(Nr.FTRUNCATE, file.number(), 2L * hugePage), "size");
            try (Mapping part = Mapping.map(file.number(), hugePage + 8192, 4096, true);
                    Mapping whole = Mapping.map(file.number(), 0, 2L * hugePage, true)) {
                part.segment().set(JAVA_BYTE, 4095, (byte) 5);

                assertThat(whole.segment().get(JAVA_BYTE, hugePage + 8192 + 4095)).isEqualTo((byte) 5);
            }
        }
        assertThat(freeHugePages()).isGreaterThanOrEqualTo(2);
    }

    @Test
    void after_close_an_access_throws_and_the_memory_is_unmapped() throws Exception {
        try (Fd file = MemFd.create("late access", 4096, true)) {
            Mapping mapping = Mapping.map(file.number(), 0, 4096, true);
            MemorySegment segment = mapping.segment();
            assertThat(mappings("late access")).isEqualTo(1);

            mapping.close();
            mapping.close();

            assertThatThrownBy(() -> segment.get(JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
            assertThat(mappings("late access")).isZero();
        }
    }

    @Test
    void a_revoked_mapping_keeps_its_addresses_reserved_and_system_calls_get_efault() throws Exception {
        try (Fd file = MemFd.create("revoked", 8192, true); Fd target = MemFd.create("target", 0, true)) {
            Mapping mapping = Mapping.map(file.number(), 0, 8192, true);
            long address = mapping.address();

            mapping.revoke();
            mapping.revoke();

            assertThatThrownBy(() -> mapping.segment().get(JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
            assertThat(Syscall.call(Nr.PWRITE64, target.number(), address, 8, 0)).isEqualTo(-Errno.EFAULT);
            assertThat(permissionsAt(address)).isEqualTo(INACCESSIBLE);
            mapping.close();
            assertThat(permissionsAt(address)).isNotEqualTo(INACCESSIBLE);
        }
    }

    @Test
    void a_file_that_is_too_short_is_refused_with_its_size() throws Exception {
        try (Fd file = MemFd.create("short", 4096, true)) {
            assertThatThrownBy(() -> Mapping.map(file.number(), 4096, 1, true)).isInstanceOf(LinuxException.class)
                    .hasMessage("map 1 bytes at offset 4096 of descriptor " + file.number()
                            + ": the file has only 4096 bytes (EINVAL)");
        }
    }

    @Test
    void hostile_offsets_and_lengths_are_refused() throws Exception {
        try (Fd file = MemFd.create("hostile", 4096, true)) {
            long[][] ranges = {{-1, 10}, {0, 0}, {0, -1}, {Long.MAX_VALUE, 1}, {1, Long.MAX_VALUE}, {4096, 4096}};
            for (long[] range : ranges) {
                assertThatThrownBy(() -> Mapping.map(file.number(), range[0], range[1], true))
                        .isInstanceOf(LinuxException.class).hasMessageContaining("EINVAL");
            }
        }
    }

    @Test
    void what_is_not_a_file_is_refused_with_its_kind() throws Exception {
        try (Fd event = EventFd.create(); PipeEnds pipe = PipeEnds.create()) {
            assertThatThrownBy(() -> Mapping.map(event.number(), 0, 8, true)).hasMessageContaining("it is EVENTFD");
            assertThatThrownBy(() -> Mapping.map(pipe.reading().number(), 0, 8, true))
                    .hasMessageContaining("it is PIPE");
        }
    }

    @Test
    void a_read_only_mapping_refuses_stores_in_java() throws Exception {
        try (Fd file = MemFd.create("read only", 4096, true);
                Mapping mapping = Mapping.map(file.number(), 0, 4096, false)) {
            assertThatThrownBy(() -> mapping.segment().set(JAVA_BYTE, 0, (byte) 1))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void anonymous_memory_is_zeroed_and_page_aligned() throws Exception {
        try (Mapping memory = Mapping.anonymous(5000)) {
            assertThat(memory.length()).isEqualTo(5000);
            assertThat(memory.address() % Memory.PAGE_SIZE).isZero();
            assertThat(memory.segment().get(JAVA_BYTE, 4999)).isZero();
        }
    }

    @Test
    void a_view_ends_with_its_arena_and_the_memory_stays() throws Exception {
        try (Mapping memory = Mapping.anonymous(4096)) {
            MemorySegment view;
            try (Arena lending = Arena.ofShared()) {
                view = Memory.view(memory.address(), 16, lending);
                view.set(JAVA_BYTE, 15, (byte) 3);
                assertThatThrownBy(() -> view.get(JAVA_BYTE, 16)).isInstanceOf(IndexOutOfBoundsException.class);
            }
            assertThatThrownBy(() -> view.get(JAVA_BYTE, 15)).isInstanceOf(IllegalStateException.class);
            assertThat(memory.segment().get(JAVA_BYTE, 15)).isEqualTo((byte) 3);
        }
    }

    @Test
    void seals_are_read_and_added_and_stop_a_truncation() throws Exception {
        try (Fd file = MemFd.create("sealed", 4096, true)) {
            assertThat(MemFd.seals(file.number())).isZero();

            assertThat(MemFd.addSeals(file.number(), MemFd.F_SEAL_SHRINK)).isZero();

            assertThat(MemFd.seals(file.number())).isEqualTo(MemFd.F_SEAL_SHRINK);
            assertThat(Syscall.call(Nr.FTRUNCATE, file.number(), 0)).isEqualTo(-Errno.EPERM);
        }
    }

    @Test
    void a_file_that_is_not_sealable_says_so() throws Exception {
        try (Fd file = MemFd.create("unsealable", 4096, false); Fd event = EventFd.create()) {
            assertThat(MemFd.seals(file.number())).isEqualTo(MemFd.F_SEAL_SEAL);
            assertThat(MemFd.addSeals(file.number(), MemFd.F_SEAL_SHRINK)).isEqualTo(-Errno.EPERM);
            assertThat(MemFd.seals(event.number())).isEqualTo(-Errno.EINVAL);
        }
    }

    private static long mappings(String name) throws IOException {
        try (var lines = Files.lines(Path.of("/proc/self/maps"))) {
            return lines.filter(line -> line.contains("/memfd:" + name)).count();
        }
    }

    private static int hugePageBytes() throws IOException {
        return 1024 * memoryInformation("Hugepagesize:");
    }

    private static int freeHugePages() throws IOException {
        return memoryInformation("HugePages_Free:");
    }

    private static int memoryInformation(String key) throws IOException {
        try (var lines = Files.lines(Path.of("/proc/meminfo"))) {
            return lines.filter(line -> line.startsWith(key)).map(line -> Integer.parseInt(line.split(" +")[1]))
                    .findFirst().orElse(0);
        }
    }

    private static String permissionsAt(long address) throws IOException {
        try (var lines = Files.lines(Path.of("/proc/self/maps"))) {
            return lines.filter(line -> contains(line, address)).map(line -> line.split(" ")[1]).findFirst().orElse("");
        }
    }

    private static boolean contains(String line, long address) {
        String[] ends = line.substring(0, line.indexOf(' ')).split("-");
        return Long.compareUnsigned(Long.parseUnsignedLong(ends[0], 16), address) <= 0
                && Long.compareUnsigned(Long.parseUnsignedLong(ends[1], 16), address) > 0;
    }
}
