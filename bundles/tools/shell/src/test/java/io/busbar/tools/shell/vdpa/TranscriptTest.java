package io.busbar.tools.shell.vdpa;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.tools.shell.fake.FakeInventory;
import io.busbar.tools.shell.fake.Recorder;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * What iproute2 6.15 printed on Linux 6.12, replayed; without what it says of queue 0 of a network device, which it takes for
 * the control queue. {@code [exit N]} is printed after a command that ended with status N.
 */
class TranscriptTest {

    private static final String PROMPT = "$ vdpa ";

    private record Step(String line, String expected) {}

    @Test
    void the_tool_on_linux_6_12_is_answered_byte_for_byte() throws IOException {
        VdpaCommand vdpa = new VdpaCommand(FakeInventory.linux());
        List<Step> steps = steps("linux-6.12-iproute2-6.15.txt");
        assertThat(steps).hasSizeGreaterThan(30);
        for (Step step : steps) {
            Recorder.Result result = Recorder.run(vdpa, step.line());
            String printed = result.both() + (result.exit() == 0 ? "" : "[exit " + result.exit() + "]\n");
            assertThat(printed).as("vdpa " + step.line()).isEqualTo(step.expected());
        }
    }

    private static List<Step> steps(String name) throws IOException {
        List<Step> steps = new ArrayList<>();
        String line = null;
        StringBuilder expected = new StringBuilder();
        for (String next : text(name).split("\n")) {
            if (next.startsWith(PROMPT)) {
                if (line != null) {
                    steps.add(new Step(line, expected.toString()));
                }
                line = next.substring(PROMPT.length());
                expected.setLength(0);
            } else {
                expected.append(next).append('\n');
            }
        }
        steps.add(new Step(line, expected.toString()));
        return steps;
    }

    private static String text(String name) throws IOException {
        try (InputStream in = TranscriptTest.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
