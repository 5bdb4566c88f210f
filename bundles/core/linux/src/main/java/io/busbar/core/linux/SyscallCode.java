package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.HexFormat;
import java.util.Optional;

/**
 * A function of a few instructions that makes a system call and returns what the kernel returned, in a page of its own for
 * as long as the process lives.
 */
final class SyscallCode {

    /**
     * {@code long (number, a, b, c, d, e, f)} by the C calling convention of x86-64 (System V ABI, AMD64 supplement, 3.2.3
     * and A.2.1): the call's number goes to rax, the arguments one register down, the fourth into r10.
     */
    private static final String X86_64 = """
            F30F1EFA    endbr64
            4889F8      mov rax, rdi
            4889F7      mov rdi, rsi
            4889D6      mov rsi, rdx
            4889CA      mov rdx, rcx
            4D89C2      mov r10, r8
            4D89C8      mov r8, r9
            4C8B4C2408  mov r9, [rsp+8]
            0F05        syscall
            C3          ret
            """;

    private static final long PAGE = 4096;
    private static final int PROT_READ = 1;
    private static final int PROT_WRITE = 2;
    private static final int PROT_EXEC = 4;
    private static final int MAP_PRIVATE_ANONYMOUS = 0x22;
    /** Numbers of x86-64; {@link Nr} is not there yet, as it asks what machine this is. */
    private static final long MMAP = 9;
    private static final long MPROTECT = 10;

    private SyscallCode() {
    }

    /**
     * Makes the function.
     *
     * @param bootstrap {@link NativeAccess#syscall()}, to make its page with
     * @return {@code long (number, six arguments)}; empty if this machine is of another kind, or gives no page for code
     */
    static Optional<MethodHandle> link(MethodHandle bootstrap) {
        if (!NativeAccess.X86_64) {
            return Optional.empty();
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(JAVA_LONG);
            long page = (long) bootstrap.invokeExact(state, MMAP, 0L, PAGE, (long) (PROT_READ | PROT_WRITE),
                    (long) MAP_PRIVATE_ANONYMOUS, -1L, 0L);
            if (page == -1) {
                return Optional.empty();
            }
            byte[] code = code();
            MemorySegment.copy(code, 0, MemorySegment.ofAddress(page).reinterpret(PAGE), JAVA_BYTE, 0, code.length);
            long refused = (long) bootstrap.invokeExact(state, MPROTECT, page, PAGE, (long) (PROT_READ | PROT_EXEC),
                    0L, 0L, 0L);
            return refused == 0 ? Optional.of(function(page)) : Optional.empty();
        } catch (RuntimeException | Error unchecked) {
            throw unchecked;
        } catch (Throwable impossible) {
            throw new AssertionError("a page for code", impossible);
        }
    }

    private static byte[] code() {
        StringBuilder digits = new StringBuilder();
        X86_64.lines().forEach(line -> digits.append(line, 0, line.indexOf(' ')));
        return HexFormat.of().parseHex(digits);
    }

    private static MethodHandle function(long address) {
        ValueLayout.OfLong word = JAVA_LONG;
        return Linker.nativeLinker().downcallHandle(MemorySegment.ofAddress(address),
                FunctionDescriptor.of(word, word, word, word, word, word, word, word));
    }
}
