package io.busbar.itests;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonParser;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Cards by configuration, as a user has them, and the command that shows them. */
class X100IT {

    @TempDir
    private Path directory;

    @Test
    void cardsAreThereByConfigurationAndBothEndsMeet() {
        try (var busbar = BusbarProcess.in(directory).configuration("""
                {"io.busbar.drivers.x100~mic0": {"memoryMib:Integer": 64},
                 "io.busbar.drivers.x100~mic1": {"name": "mic1", "timing": "model"}}
                """).start()) {
            assertThat(busbar.ok("x100", "list").lines()).hasSize(3)
                    .anyMatch(line -> line.matches("mic0 +1 +64 +off +running +true +true +0 +0"))
                    .anyMatch(line -> line.matches("mic1 +2 +1024 +model +running +true +true +0 +0"));
            assertThat(busbar.ok("x100", "page", "mic1")).contains("0xc0ffee00", "node_id");
            assertThat(busbar.ok("x100", "dma").lines()).hasSize(2 * 10);
            var link = JsonParser.parseString(busbar.ok("x100", "link", "-j")).getAsJsonObject().getAsJsonObject("link");
            assertThat(link.keySet()).containsExactly("mic0", "mic1");
            assertThat(busbar.ok("help", "x100")).startsWith("Usage: x100 list\n");
        }
    }

    @Test
    void withoutACardThereIsNothingAndAWrongSettingIsNamed() {
        try (var busbar = BusbarProcess.in(directory).configuration("""
                {"io.busbar.drivers.x100~wrong": {"name": "mic200"}, "io.busbar.drivers.x100~late": {"timing": "slow"}}
                """).start()) {
            assertThat(busbar.ok("x100", "list")).isEmpty();
            assertThat(busbar.log()).contains("name \"mic200\": expected mic0 to mic127",
                    "timing \"slow\": expected off, model or wait");
        }
    }
}
