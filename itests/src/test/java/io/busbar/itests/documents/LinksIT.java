package io.busbar.itests.documents;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Documents lead to what is there. */
class LinksIT {
    private static final Path SOURCE = Path.of(System.getProperty("busbar.source"));
    private static final Pattern LINK = Pattern.compile("]\\(([^)#:]+)(?:#[^)]*)?\\)");

    private static List<Path> documents() throws IOException {
        var documents = new ArrayList<>(List.of(SOURCE.resolve("README.md"), SOURCE.resolve("CHANGELOG.md")));
        try (var found = Files.newDirectoryStream(SOURCE.resolve("docs"), "*.md")) {
            found.forEach(documents::add);
        }
        return documents;
    }

    private static Stream<Path> targets(Path document) {
        try {
            return LINK.matcher(Files.readString(document)).results()
                    .map(link -> document.resolveSibling(link.group(1)).normalize());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void eachLinkToAFileLeadsToOne() throws Exception {
        var targets = documents().stream().flatMap(LinksIT::targets).toList();
        assertThat(targets).hasSizeGreaterThan(10).allSatisfy(target -> assertThat(target).exists());
    }
}
