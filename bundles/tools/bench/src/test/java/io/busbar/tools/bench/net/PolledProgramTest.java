package io.busbar.tools.bench.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PolledProgramTest {

    private static final Duration SOON = Duration.ofSeconds(5);
    private static final Duration LONG = Duration.ofSeconds(50);

    @Test
    void one_that_never_says_that_it_is_ready_is_ended_and_what_it_said_is_told() {
        List<String> command = List.of("bash", "-c", "echo booting; exec sleep 1000");
        assertThatThrownBy(() -> PolledProgram.start("the guest", command, SOON)).isInstanceOf(IOException.class)
                .hasMessage("the guest did not say \"ready\" within 5000 ms:\nbooting");
    }

    @Test
    void one_that_ends_before_is_told_as_such() {
        List<String> command = List.of("bash", "-c", "echo no memory");
        assertThatThrownBy(() -> PolledProgram.start("the guest", command, LONG)).isInstanceOf(IOException.class)
                .hasMessage("the guest has ended before it said \"ready\":\nno memory");
    }

    @Test
    void one_that_gives_no_answer_is_ended() throws IOException {
        List<String> command = List.of("bash", "-c", "echo ready; read -r line; echo \"rate $line\"; exec sleep 1000");
        try (PolledProgram program = PolledProgram.start("the guest", command, LONG)) {
            program.say("5");
            assertThat(program.await(LONG, "rate", "failed")).isEqualTo("rate 5");
            assertThatThrownBy(() -> program.await(SOON, "rate", "failed")).isInstanceOf(IOException.class)
                    .hasMessage("the guest did not say \"rate\" or \"failed\" within 5000 ms:");
        }
    }
}
