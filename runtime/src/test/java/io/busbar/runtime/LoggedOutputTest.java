package io.busbar.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;

class LoggedOutputTest {
    private final ArrayList<String> lines = new ArrayList<>();
    private final PrintStream stream = new PrintStream(new LoggedOutput(lines::add), true, StandardCharsets.UTF_8);

    @Test
    void eachLineIsHandedOverOnceItIsWhole() {
        stream.print("ö");
        assertThat(lines).isEmpty();
        stream.print("ne\ntwo\r\nthr");

        assertThat(lines).containsExactly("öne", "two");
    }

    @Test
    void emptyLinesAreLeftOut() {
        stream.print("\n\none\n\n");

        assertThat(lines).containsExactly("one");
    }
}
