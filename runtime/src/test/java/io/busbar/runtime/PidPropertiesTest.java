package io.busbar.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Configuration resources as OSGi Compendium 8.1, 150.4 writes them. */
class PidPropertiesTest {
    @TempDir
    private Path directory;

    private List<PidProperties> read(String json) throws UsageException, IOException {
        return PidProperties.read(Files.writeString(directory.resolve("some.json"), json));
    }

    @Test
    void valuesHaveTheTypesOfJsonOrThoseThatAreNamed() throws Exception {
        var properties = read("""
                {"some.pid": {"text": "t", "flag": true, "whole": 3, "fraction": 1.5, "list": ["a", "b"],
                              "int:Integer": 4, "long:Long": 5, "string:String": 6, "double:Double": 7,
                              "boolean:Boolean": false, "with:colon:Integer": 8}}""").getFirst();

        assertThat(properties.pid()).isEqualTo("some.pid");
        assertThat(properties.properties())
                .containsEntry("text", "t")
                .containsEntry("flag", true)
                .containsEntry("whole", 3L)
                .containsEntry("fraction", 1.5)
                .containsEntry("int", 4)
                .containsEntry("long", 5L)
                .containsEntry("string", "6")
                .containsEntry("double", 7.0)
                .containsEntry("boolean", false)
                .containsEntry("with:colon", 8);
        assertThat((String[]) properties.properties().get("list")).containsExactly("a", "b");
    }

    @Test
    void keysForConfiguratorsAreNoPids() throws Exception {
        assertThat(read("{\":configurator:resource-version\": 1, \"some.pid\": {}}"))
                .extracting(PidProperties::pid)
                .containsExactly("some.pid");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "[]", "7", "{", "{\"pid\": 7}", "{\"pid\": {\"key\": {}}}", "{\"pid\": {\"key\": null}}",
        "{\"pid\": {\"key:Thing\": 1}}", "{\"pid\": {\"key:Integer\": \"x\"}}", "{\"pid\": {\"key\": 1e300}}"})
    void whatIsNoConfigurationIsRefusedWithTheNameOfTheFile(String json) {
        assertThatExceptionOfType(UsageException.class)
                .isThrownBy(() -> read(json))
                .withMessageContaining("some.json");
    }
}
