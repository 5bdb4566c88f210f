package io.busbar.tools.plug;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.tools.plug.Shelf.Kept;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShelfTest {

    @TempDir
    private Path folder;

    @Test
    void keeps_what_is_in_its_list_and_sweeps_the_rest() throws Exception {
        Path source = Files.writeString(folder.resolve("ram.jar"), "content");
        Shelf shelf = new Shelf(folder.resolve("bundles"));
        Path first = shelf.copy(source);
        Path second = shelf.copy(source);
        assertThat(first).isNotEqualTo(second).hasSameBinaryContentAs(source);

        shelf.save(List.of(new Kept(second, "g:a:1"), new Kept(first, "/a b/ram.jar")));
        assertThat(new Shelf(folder.resolve("bundles")).load())
                .containsExactly(new Kept(second, "g:a:1"), new Kept(first, "/a b/ram.jar"));

        shelf.sweep(Set.of(first));
        assertThat(first).exists();
        assertThat(second).doesNotExist();
    }

    @Test
    void removes_copies_and_nothing_else() throws Exception {
        Path source = Files.writeString(folder.resolve("ram.jar"), "content");
        Shelf shelf = new Shelf(folder.resolve("bundles"));

        shelf.remove(source);
        assertThat(source).exists();
        assertThat(shelf.load()).isEmpty();
    }
}
