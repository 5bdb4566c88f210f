package io.busbar.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InstanceTest {
    @TempDir
    private Path root;

    @Test
    void onlyItsOwnerCanReadItsDirectory() throws Exception {
        try (var instance = Instance.open(root, "one")) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(instance.directory())))
                    .isEqualTo("rwx------");
        }
    }

    @Test
    void theProcessIdIsThereWhileItIsOpen() throws Exception {
        var file = root.resolve("one/busbar.pid");
        try (var _ = Instance.open(root, "one")) {
            assertThat(file).hasContent(Long.toString(ProcessHandle.current().pid()));
        }
        assertThat(file).doesNotExist();
    }

    @Test
    void whatAProcessThatIsGoneLeftBehindDoesNotMatter() throws Exception {
        Files.createDirectories(root.resolve("one"));
        Files.writeString(root.resolve("one/lock"), "");
        Files.writeString(root.resolve("one/busbar.pid"), "1\n");

        try (var instance = Instance.open(root, "one")) {
            assertThat(root.resolve("one/busbar.pid")).hasContent(Long.toString(ProcessHandle.current().pid()));
            assertThat(instance.name()).isEqualTo("one");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "..", "a/b", "-x", ".hidden", "a b", "ä"})
    void aNameThatIsNoneIsRefused(String name) {
        assertThatExceptionOfType(UsageException.class)
                .isThrownBy(() -> Instance.open(root, name))
                .withMessageStartingWith("\"" + name + "\" is no name for an instance");
    }

    @Test
    void aControlSocketsPathHasAtMost107Bytes() throws Exception {
        var fixed = (root + "//one/control.sock").length();
        var longest = root.resolve("x".repeat(Instance.MAX_SOCKET_PATH - fixed));
        try (var instance = Instance.open(longest, "one")) {
            assertThat(instance.controlSocket().toString()).hasSize(Instance.MAX_SOCKET_PATH);
        }

        assertThatExceptionOfType(UsageException.class)
                .isThrownBy(() -> Instance.open(longest.resolveSibling(longest.getFileName() + "x"), "one"))
                .withMessageContaining("too long for a Unix socket");
    }

    @Test
    void aDirectoryThatCannotBeMadeIsAnError() throws IOException {
        var file = Files.createFile(root.resolve("file"));

        assertThatExceptionOfType(UsageException.class)
                .isThrownBy(() -> Instance.open(file, "one"))
                .withMessageStartingWith("the state directory " + file + "/one cannot be made: ")
                .withMessageContaining("BUSBAR_STATE_DIR");
    }
}
