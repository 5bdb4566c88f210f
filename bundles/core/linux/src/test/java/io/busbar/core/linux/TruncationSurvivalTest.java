package io.busbar.core.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A peer that truncates the memory that it shared harms itself only: the JVM lives on, whatever form the access has. */
@Timeout(240)
class TruncationSurvivalTest {
    private static final int FORMS = 30;

    @Test
    void each_form_of_access_survives_a_truncated_file_when_interpreted() throws Exception {
        check(TruncationSurvivalTest.run("1", "-Xint"));
    }

    @Test
    void each_form_of_access_survives_a_truncated_file_when_compiled() throws Exception {
        check(TruncationSurvivalTest.run("60000", "-XX:-BackgroundCompilation"));
    }

    @Test
    void each_form_of_access_survives_a_truncated_file_when_compiled_without_a_profile() throws Exception {
        check(TruncationSurvivalTest.run("100", "-XX:TieredStopAtLevel=1", "-XX:-BackgroundCompilation"));
    }

    @Test
    void a_fault_is_thrown_before_a_sleep_where_it_is_asked_for_and_else_may_come_after_it() throws Exception {
        assertThat(lateFaults(FaultBeforeSleep.ASKING)).isZero();
        assertThat(lateFaults("not asking")).as("what the question is good for").isPositive();
    }

    private static int lateFaults(String asking) throws Exception {
        ChildJvm child = ChildJvm.run(FaultBeforeSleep.class, List.of(asking), "--enable-native-access=ALL-UNNAMED");
        assertThat(child.exitStatus()).as(child.output()).isZero();
        return Integer.parseInt(child.output().strip());
    }

    private static ChildJvm run(String warmUp, String... flags) throws Exception {
        String[] all = new String[flags.length + 1];
        all[0] = "--enable-native-access=ALL-UNNAMED";
        System.arraycopy(flags, 0, all, 1, flags.length);
        return ChildJvm.run(TruncatedMapping.class, List.of(warmUp), all);
    }

    private static void check(ChildJvm child) {
        List<String> lines = child.output().lines().toList();
        assertThat(lines).last().isEqualTo(TruncatedMapping.ALIVE);
        assertThat(child.exitStatus()).isZero();
        assertThat(lines).hasSize(FORMS + 1);
        assertThat(lines.subList(0, FORMS)).allSatisfy(
                line -> assertThat(line).endsWith(line.startsWith("system call") ? ": EFAULT" : ": InternalError"));
    }
}
