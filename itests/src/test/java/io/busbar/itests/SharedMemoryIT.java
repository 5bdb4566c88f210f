package io.busbar.itests;

import java.nio.file.Path;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A host and a card that are two processes of Busbar. */
class SharedMemoryIT {

    private static final String THERE = "mic5: the other process is there";
    private static final String GONE = "mic5: the other process is gone";

    @TempDir
    private Path directory;

    private BusbarProcess process(String role) {
        return BusbarProcess.in(directory.resolve(role)).configuration("""
                {"io.busbar.drivers.sharedmemory~mic5": {"name": "mic5", "role": "%s", "socket": "%s", "redialMillis:Integer": 20}}
                """.formatted(role, directory.resolve("mic5.sock"))).start();
    }

    private static void await(String what, BooleanSupplier condition) {
        Eventually.within(Duration.ofSeconds(60), condition, () -> "not seen: " + what);
    }

    @Test
    void theyMeetAndMeetAgainAfterACardWasKilled() {
        try (var host = process("host")) {
            try (var card = process("card")) {
                await("the host meets the card", () -> host.log().contains(THERE));
                await("the card meets the host", () -> card.log().contains(THERE));
                card.kill9();
                await("the host notices", () -> host.log().contains(GONE));
            }
            try (var card = process("card")) {
                await("the card is back", () -> card.log().contains(THERE));
                await("the host meets it again", () -> host.log().indexOf(THERE, host.log().indexOf(GONE)) > 0);
                host.ok("status");
            }
        }
    }
}
