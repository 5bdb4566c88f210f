package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class SyscallTest {

    @Test
    void what_the_kernel_says_is_returned_and_an_error_is_its_negative_number() throws Exception {
        assertThat(Syscall.call(Nr.GETPID, 0)).isEqualTo(ProcessHandle.current().pid());
        assertThat(Syscall.call(Nr.CLOSE, -1)).isEqualTo(-Errno.EBADF);
        assertThat(Syscall.call(Nr.READ, -1, 0, 0)).isEqualTo(-Errno.EBADF);
    }

    @Test
    void each_of_six_arguments_arrives_whole() throws Exception {
        long farOffset = 3L << 33;
        try (Fd file = MemFd.create("six", farOffset + 4096, true)) {
            long scratch = Syscall.scratch();
            Memory.ALL.set(JAVA_LONG, scratch, 0x1122334455667788L);
            assertThat(Syscall.call(Nr.PWRITE64, file.number(), scratch, Long.BYTES, farOffset)).isEqualTo(Long.BYTES);
            long address = Syscall.call(Nr.MMAP, 0, 4096, 1, 1, file.number(), farOffset);
            assertThat(Memory.ALL.get(JAVA_LONG, address)).isEqualTo(0x1122334455667788L);
            assertThat(Syscall.call(Nr.MUNMAP, address, 4096)).isZero();
        }
    }

    /** Whether the compiler finds out that an object is not needed hangs on what it has compiled before. */
    @Test
    void a_call_allocates_nothing_also_where_the_compiler_removes_no_object() throws Exception {
        ChildJvm child = ChildJvm.run(Calls.class, "--enable-native-access=ALL-UNNAMED", "-XX:-DoEscapeAnalysis");

        assertThat(child.output()).isEqualTo("0\n");
    }

    /** Prints how many bytes a round of calls has allocated when it was the best of many. */
    static final class Calls {
        private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

        private Calls() {
        }

        public static void main(String[] args) throws LinuxException {
            long least = Long.MAX_VALUE;
            try (Fd event = EventFd.create()) {
                for (int round = 0; round < 500; round++) {
                    long before = THREADS.getCurrentThreadAllocatedBytes();
                    for (int i = 0; i < 100; i++) {
                        EventFd.signal(event.number());
                        EventFd.drain(event.number());
                        EventFd.drain(event.number());
                        Poll.await(event.number(), Poll.POLLIN, 0);
                    }
                    least = Math.min(least, THREADS.getCurrentThreadAllocatedBytes() - before);
                }
            }
            System.out.println(least);
        }
    }
}
