package io.busbar.tools.bench.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.StringReader;
import java.util.List;
import org.junit.jupiter.api.Test;

class RingForkTest {

    private static final long NANOS = 1_000_000;

    @Test
    void each_question_has_its_answer() throws IOException {
        try (RingFork fork = shell("echo ready; while read length micros; do echo $length$micros.5; done")) {
            assertThat(fork.measure(2, NANOS)).isEqualTo(21000.5);
            assertThat(fork.measure(3, 2 * NANOS)).isEqualTo(32000.5);
        }
    }

    @Test
    void a_process_that_ends_is_named() throws IOException {
        assertThatThrownBy(() -> shell("exit 3")).isInstanceOf(IOException.class).hasMessageContaining("the shell");
        try (RingFork fork = shell("echo ready; read question")) {
            assertThatThrownBy(() -> fork.measure(1, NANOS)).isInstanceOf(IOException.class)
                    .hasMessage("the shell ended without an answer");
        }
    }

    @Test
    void an_answer_that_is_none_is_shown() throws IOException {
        assertThatThrownBy(() -> shell("echo hello")).isInstanceOf(IOException.class).hasMessageContaining("\"hello\"");
        try (RingFork fork = shell("echo ready; read question; echo fast")) {
            assertThatThrownBy(() -> fork.measure(1, NANOS)).isInstanceOf(IOException.class)
                    .hasMessageContaining("\"fast\"");
        }
    }

    @Test
    void what_works_in_the_jvm_answers_each_question() throws IOException {
        var out = new ByteArrayOutputStream();
        try (RingWorkload workload = new RingWorkload(Sides.BOTH)) {
            RingWorker.answer(workload, new StringReader("1 1000\n3 1000\n"), new PrintStream(out));
        }
        assertThat(out.toString().lines()).hasSize(3).first().isEqualTo(RingFork.READY);
        assertThat(out.toString().lines().skip(1)).allSatisfy(line -> assertThat(line).matches("[0-9]+\\.[0-9]{4}"));
    }

    private static RingFork shell(String script) throws IOException {
        return RingFork.start("the shell", List.of("sh", "-c", script));
    }
}
