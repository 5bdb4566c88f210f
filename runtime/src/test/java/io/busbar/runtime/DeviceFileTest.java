package io.busbar.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeviceFileTest {
    @TempDir
    private Path directory;

    private Path file(String text) throws IOException {
        return Files.writeString(directory.resolve("some.devices"), text);
    }

    @Test
    void linesAreWordsAndWhatBeginsWithAHashIsNone() throws Exception {
        var read = DeviceFile.read(file("# disks\n\nname a  mgmtdev\tsim_block # fast\n  name b path \"with a blank\" serial 'it\"s' x#y ''\n"));
        assertThat(read.declarations()).containsExactly(
                new DeviceFile.Declaration(3, List.of("name", "a", "mgmtdev", "sim_block")),
                new DeviceFile.Declaration(4, List.of("name", "b", "path", "with a blank", "serial", "it\"s", "x#y", "")));
    }

    @Test
    void aQuoteWithoutAnEndIsNamedWithItsLine() throws Exception {
        var file = file("name a\nname \"b\n");
        assertThatExceptionOfType(UsageException.class).isThrownBy(() -> DeviceFile.read(file))
                .withMessage(file + ":2: a quote has no end: name \"b");
    }

    @Test
    void whatCannotBeReadIsNamed() throws Exception {
        assertThatExceptionOfType(UsageException.class).isThrownBy(() -> DeviceFile.read(directory.resolve("none")))
                .withMessage("--devices " + directory.resolve("none") + " cannot be read: there is no such file");
        assertThatExceptionOfType(UsageException.class).isThrownBy(() -> DeviceFile.read(directory))
                .withMessage("--devices " + directory + " cannot be read: it is a directory");
        var image = Files.write(directory.resolve("image"), new byte[] {(byte) 0xff, (byte) 0xfe});
        assertThatExceptionOfType(UsageException.class).isThrownBy(() -> DeviceFile.read(image))
                .withMessageContaining(image + " is no text: expected a line for each device");
    }
}
