package io.busbar.itests.documents;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What docs/threat-model.md and docs/vop.md say to be tested is tested: each {@code Class.method} in them is a test that is there. */
class ThreatModelIT {
    private static final Path SOURCE = Path.of(System.getProperty("busbar.source"));
    private static final Pattern REFERENCE = Pattern.compile("`([A-Z]\\w*(?:Test|IT|Contract))\\.(\\w+)`");
    private static final int LEAST = 100;

    private static Map<String, String> tests() throws IOException {
        var tests = new HashMap<String, String>();
        Files.walkFileTree(SOURCE, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
                var name = directory.getFileName().toString();
                return name.equals("target") || name.equals(".git") ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                var name = file.getFileName().toString();
                if (name.endsWith(".java") && file.toString().contains("/src/test/java/")) {
                    tests.merge(name.substring(0, name.length() - ".java".length()), Files.readString(file), String::concat);
                }
                return FileVisitResult.CONTINUE;
            }
        });
        return tests;
    }

    private static boolean isTest(String source, String method) {
        var at = source == null ? -1 : source.indexOf("void " + method + "(");
        if (at < 0) {
            return false;
        }
        var before = source.substring(0, at);
        var annotation = Stream.of("@Test", "@ParameterizedTest", "@FuzzTest").mapToInt(before::lastIndexOf).max();
        return annotation.getAsInt() >= 0 && !before.substring(annotation.getAsInt()).contains("void ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"docs/threat-model.md", "docs/vop.md"})
    void eachTestThatItNamesIsThere(String document) throws Exception {
        var tests = tests();
        List<String> missing = REFERENCE.matcher(Files.readString(SOURCE.resolve(document))).results()
                .filter(name -> !isTest(tests.get(name.group(1)), name.group(2)))
                .map(name -> name.group(1) + "." + name.group(2))
                .toList();
        assertThat(missing).isEmpty();
    }

    @Test
    void aTestThatIsNotThereWouldBeNoticed() throws Exception {
        var tests = tests();
        assertThat(isTest(tests.get("ThreatModelIT"), "eachTestThatItNamesIsThere")).isTrue();
        assertThat(isTest(tests.get("ThreatModelIT"), "isTest")).isFalse();
        assertThat(isTest(tests.get("NoSuchTest"), "at_all")).isFalse();
    }

    @Test
    void mostOfItsRowsNameOne() throws Exception {
        assertThat(REFERENCE.matcher(Files.readString(SOURCE.resolve("docs/threat-model.md"))).results())
                .hasSizeGreaterThan(LEAST);
    }
}
