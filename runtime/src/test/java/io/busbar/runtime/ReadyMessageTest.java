package io.busbar.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ReadyMessageTest {
    @Test
    void theReadyLineIsOneLineThatStartsWithReady() {
        assertThat(ReadyMessage.ready("one", Path.of("/s"))).startsWith("ready").contains("/s").hasLineCount(1);
    }

    @Test
    void theCommandLinesNameTheSocket() {
        assertThat(ReadyMessage.use(Path.of("/s/disk0.sock"), Path.of("/g/linux.uml"), Optional.of(Path.of("/i.gz"))).lines())
                .satisfiesExactly(
                        socket -> assertThat(socket).isEqualTo("socket: /s/disk0.sock"),
                        uml -> assertThat(uml).startsWith("uml:    /g/linux.uml ")
                                .contains(" initrd=/i.gz ", " virtio_uml.device=/s/disk0.sock:2"),
                        qemu -> assertThat(qemu).startsWith("qemu:   qemu-system-x86_64 ")
                                .contains(",share=on ", "path=/s/disk0.sock,", " -device vhost-user-blk-pci,"));
    }

    @Test
    void pathsAreQuotedForTheShellTheKernelAndQemu() {
        assertThat(ReadyMessage.use(Path.of("/a b/it's,x.sock"), Path.of("/g/linux.uml"), Optional.of(Path.of("/i.gz"))))
                .contains("'virtio_uml.device=\"/a b/it'\\''s,x.sock:2\"'")
                .contains("path=/a b/it'\\''s,,x.sock,");
    }

    @Test
    void withoutAnInitialRamDiskItSaysWhatIsMissing() {
        assertThat(ReadyMessage.use(Path.of("/s/disk0.sock"), Path.of("/g/linux.uml"), Optional.empty())).contains("user-mode-linux");
    }
}
