package io.busbar.core.linux;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class NativeAccessTest {
    @Test
    void it_is_there_in_this_jvm() {
        assertThat(NativeAccess.isAvailable()).isTrue();
        assertThat(NativeAccess.unavailabilityCause()).isEmpty();
    }

    @Test
    void where_it_is_denied_a_call_names_the_flag_to_add_each_time() throws Exception {
        ChildJvm child = ChildJvm.run(WithoutNativeAccess.class, "--illegal-native-access=deny");

        assertThat(child.output()).containsSubsequence(
                "available: false",
                "first: Native access is disabled for unnamed modules: start java with --enable-native-access=ALL-UNNAMED",
                "second: Native access is disabled for unnamed modules: start java with --enable-native-access=ALL-UNNAMED");
        assertThat(child.exitStatus()).isZero();
    }

    /** What a part of ours meets in a JVM without the flag. */
    static final class WithoutNativeAccess {
        private WithoutNativeAccess() {
        }

        public static void main(String[] args) throws LinuxException {
            System.out.println("available: " + NativeAccess.isAvailable());
            System.out.println("first: " + failure());
            System.out.println("second: " + failure());
        }

        private static String failure() throws LinuxException {
            try {
                EventFd.create().close();
                return "no failure";
            } catch (NativeAccessDeniedException e) {
                return e.getMessage();
            }
        }
    }
}
