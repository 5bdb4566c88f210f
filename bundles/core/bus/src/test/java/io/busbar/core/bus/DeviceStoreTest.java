package io.busbar.core.bus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.vdpa.VdpaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DeviceStoreTest {

    @TempDir
    private Path directory;

    private static DeviceRecord disk(String name, Map<String, String> words) {
        return new DeviceRecord(name, "sim_block", Optional.empty(), words);
    }

    @Test
    void what_was_saved_is_loaded_in_order() throws VdpaException {
        Map<String, String> words = new LinkedHashMap<>();
        words.put("backend", "file");
        words.put("path", "/a b\\c\nd\re\tf/\u00e9\u4e2d");
        words.put("serial", "");
        words.put("label", "\u2003wide\u2003");
        List<DeviceRecord> devices = List.of(
                disk("disk1", words),
                new DeviceRecord("disk0", "sim_block", Optional.of("vhost-user"), Map.of()));
        new DeviceStore(directory).save(devices);

        List<DeviceRecord> loaded = new DeviceStore(directory).load();
        assertThat(loaded).isEqualTo(devices);
        assertThat(loaded.getFirst().words().keySet()).containsExactly("backend", "path", "serial", "label");
    }

    @Test
    void no_file_is_no_device() throws VdpaException {
        assertThat(new DeviceStore(directory).load()).isEmpty();
    }

    @Test
    void the_directory_is_made_and_the_file_is_for_its_owner() throws VdpaException, IOException {
        DeviceStore store = new DeviceStore(directory.resolve("deep/state"));
        store.save(List.of());
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(store.file()))).isEqualTo("rw-------");
    }

    @Test
    void what_a_crash_left_half_written_is_not_looked_at() throws VdpaException, IOException {
        DeviceStore store = new DeviceStore(directory);
        store.save(List.of(disk("disk0", Map.of())));
        Files.writeString(directory.resolve("devices.new"), "busbar-dev");

        assertThat(new DeviceStore(directory).load()).hasSize(1);
        store.save(List.of());
        assertThat(new DeviceStore(directory).load()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "",
        "hello",
        "busbar-devices 2\nend 0\n",
        "busbar-devices 1\ndevice disk0\n  mgmtdev sim_block\n",
        "busbar-devices 1\ndevice disk0\nend 1\n",
        "busbar-devices 1\ndevice disk0\n  mgmtdev sim_block\nend 2\n",
        "busbar-devices 1\nend 0\nmore\n",
        "busbar-devices 1\ndevice disk\\x\n  mgmtdev m\nend 1\n",
        "busbar-devices 1\ndevice disk0\n  mgmtdev m\n  word path\nend 1\n"
    })
    void a_corrupt_file_is_kept_aside_and_no_device_comes_back(String text) throws VdpaException, IOException {
        Files.writeString(directory.resolve("devices"), text);
        assertThat(new DeviceStore(directory).load()).isEmpty();

        assertThat(directory.resolve("devices")).doesNotExist();
        assertThat(directory.resolve("devices.corrupt-1")).hasContent(text);
    }

    @Test
    void bytes_that_are_no_text_are_kept_aside_too_beside_an_older_one() throws VdpaException, IOException {
        Files.writeString(directory.resolve("devices.corrupt-1"), "older");
        Files.write(directory.resolve("devices"), new byte[] {(byte) 0xff, (byte) 0xfe, 0});
        assertThat(new DeviceStore(directory).load()).isEmpty();
        assertThat(directory.resolve("devices.corrupt-1")).hasContent("older");
        assertThat(directory.resolve("devices.corrupt-2")).exists();
    }

    @Test
    void a_list_that_cannot_be_read_is_never_overwritten() throws IOException {
        Files.createDirectory(directory.resolve("devices"));
        DeviceStore store = new DeviceStore(directory);
        assertThatThrownBy(store::load).isInstanceOf(VdpaException.class).hasMessageContaining("cannot be read");
        assertThatThrownBy(() -> store.save(List.of())).hasMessageContaining("cannot be read");
        assertThat(directory.resolve("devices")).isDirectory();
    }

    @Test
    void a_list_that_cannot_be_written_names_the_file() throws IOException {
        Path file = Files.writeString(directory.resolve("plain"), "");
        assertThatThrownBy(() -> new DeviceStore(file).save(List.of()))
                .isInstanceOf(VdpaException.class)
                .hasMessageContaining(file.resolve("devices").toString());
    }
}
