package io.busbar.itests.documents;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.vdpa.BusSnapshot;
import io.busbar.api.vdpa.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code docs/operating.md} has a row for all that it promises to explain. */
class OperatingIT {
    private static final Path SOURCE = Path.of(System.getProperty("busbar.source"));
    private static final Pattern PROPERTY = Pattern.compile("\\w+ (\\w+)\\(\\) default ");

    private static String document() throws IOException {
        return Files.readString(SOURCE.resolve("docs/operating.md"));
    }

    @Test
    void eachReasonIsExplained() throws Exception {
        List<String> rows = Arrays.stream(Reason.values())
                .filter(reason -> reason != Reason.NONE)
                .map(reason -> "| `" + reason + "` |")
                .toList();
        assertThat(document()).contains(rows);
    }

    @Test
    void eachStateOfADeviceIsExplained() throws Exception {
        List<String> rows = Arrays.stream(BusSnapshot.State.values())
                .map(state -> "| `" + state.name().toLowerCase(Locale.ROOT) + "` |")
                .toList();
        assertThat(document()).contains(rows);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "core/queue/src/main/java/io/busbar/core/queue/EngineConfiguration.java",
        "core/bus/src/main/java/io/busbar/core/bus/BusConfiguration.java",
        "bus-drivers/vhost-user/src/main/java/io/busbar/busdrivers/vhostuser/VhostUserConfig.java",
        "drivers/vhost-user/src/main/java/io/busbar/drivers/vhostuser/VhostUserDriverConfig.java",
        "drivers/vop/src/main/java/io/busbar/drivers/vop/VopConfig.java",
        "drivers/shared-memory/src/main/java/io/busbar/drivers/sharedmemory/SharedMemoryConfig.java",
        "drivers/x100/src/main/java/io/busbar/drivers/x100/host/X100Config.java",
        "bus-drivers/virtio/src/main/java/io/busbar/busdrivers/virtio/VirtioBusConfig.java",
        "bus-drivers/vop/src/main/java/io/busbar/busdrivers/vop/VopBusConfig.java",
        "tools/card-os/src/main/java/io/busbar/tools/cardos/CardOsConfig.java",
        "tools/plug/src/main/java/io/busbar/tools/plug/PlugConfiguration.java",
        "tools/shell/src/main/java/io/busbar/tools/shell/osgi/ControlService.java"
    })
    void eachSettingIsExplained(String configuration) throws Exception {
        List<String> settings = PROPERTY.matcher(Files.readString(SOURCE.resolve("bundles").resolve(configuration)))
                .results()
                .map(property -> "`" + property.group(1) + "`")
                .toList();
        assertThat(settings).isNotEmpty();
        assertThat(document()).contains(settings);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "devices/block/src/main/java/io/busbar/devices/block/QueueCounters.java",
        "core/queue/src/main/java/io/busbar/core/queue/QueueCounters.java"
    })
    void eachCounterIsExplained(String counters) throws Exception {
        List<String> names = Pattern.compile("\"([a-z ]+)\"")
                .matcher(Files.readString(SOURCE.resolve("bundles").resolve(counters)))
                .results()
                .map(name -> "`" + name.group(1) + "`")
                .toList();
        assertThat(names).hasSizeGreaterThan(5);
        assertThat(document()).contains(names);
    }
}
