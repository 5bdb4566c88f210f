package io.busbar.itests.guest;

import static java.util.concurrent.TimeUnit.MINUTES;

import io.busbar.itests.BusbarProcess;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/** Two cards of one host, each with a Linux of its own: what one does, the other does at the same time. */
@Timeout(value = 15, unit = MINUTES)
@Execution(ExecutionMode.CONCURRENT)
final class TwoCardsIT {

    private static final String FIRST = "mic0";
    private static final String SECOND = "mic1";
    private static final int FEW_KILLS = 4;

    private static BusbarProcess host;

    @BeforeAll
    static void start(@TempDir Path state) {
        host = Home.startWithCards(state, FIRST, SECOND);
    }

    @AfterAll
    static void stop() {
        if (host != null) {
            host.close();
        }
    }

    /** A suite has a card for itself. */
    @Nested
    @ResourceLock(FIRST)
    class DisksOfTheFirst extends VopKernelIT {

        @Override
        int kills() {
            return FEW_KILLS;
        }

        @Override
        Home home(Path state) {
            return Home.onCardOf(host, FIRST);
        }
    }

    @Nested
    @ResourceLock(SECOND)
    class DisksOfTheSecond extends VopKernelIT {

        @Override
        int kills() {
            return FEW_KILLS;
        }

        @Override
        Home home(Path state) {
            return Home.onCardOf(host, SECOND);
        }
    }

    @Nested
    @ResourceLock(FIRST)
    class NetsOfTheFirst extends VopNetKernelIT {

        @Override
        Home home(Path state) {
            return Home.onCardOf(host, FIRST);
        }
    }

    @Nested
    @ResourceLock(SECOND)
    class NetsOfTheSecond extends VopNetKernelIT {

        @Override
        Home home(Path state) {
            return Home.onCardOf(host, SECOND);
        }
    }

    @Nested
    @ResourceLock(FIRST)
    class ConsolesOfTheFirst extends VopConsoleIT {

        @Override
        Home home(Path state) {
            return Home.onCardOf(host, FIRST);
        }
    }

    @Nested
    @ResourceLock(SECOND)
    class ConsolesOfTheSecond extends VopConsoleIT {

        @Override
        Home home(Path state) {
            return Home.onCardOf(host, SECOND);
        }
    }
}
