package io.busbar.testkit.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.Pipe;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OpenDescriptorsTest {

    @Test
    void what_was_opened_since_is_told_by_its_kind_until_it_is_closed(@TempDir Path folder) throws Exception {
        Path file = Files.createFile(folder.resolve("file"));
        Pipe.open().source().close();
        OpenDescriptors before = OpenDescriptors.now();
        Pipe pipe = Pipe.open();
        try (FileChannel one = FileChannel.open(file); FileChannel other = FileChannel.open(file)) {
            assertThat(one.size()).isEqualTo(other.size());
            assertThat(before.more()).containsOnly(entry("pipe", 2), entry(file.toRealPath().toString(), 2));
        }
        Thread.ofPlatform().start(() -> close(pipe));
        before.awaitNoMore("in the end");
    }

    @Test
    void another_process_is_looked_at_by_its_id() {
        OpenDescriptors here = OpenDescriptors.ofProcess(ProcessHandle.current().pid());

        assertThat(here.byKind().values()).allSatisfy(count -> assertThat(count).isPositive());
        assertThat(here.more()).isEmpty();
    }

    private static void close(Pipe pipe) {
        try {
            pipe.source().close();
            pipe.sink().close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
