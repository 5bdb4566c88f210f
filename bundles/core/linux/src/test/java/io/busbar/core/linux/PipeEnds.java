package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

/** A pipe for tests, both ends blocking. */
record PipeEnds(Fd reading, Fd writing) implements AutoCloseable {
    private static final int PIPE2 = NativeAccess.X86_64 ? 293 : 59;
    private static final int O_CLOEXEC = 0x80000;

    static PipeEnds create() throws LinuxException {
        long numbers = Syscall.scratch();
        LinuxException.check(Syscall.call(PIPE2, numbers, O_CLOEXEC), "create a pipe");
        return new PipeEnds(Fd.own(Memory.ALL.get(JAVA_INT, numbers)), Fd.own(Memory.ALL.get(JAVA_INT, numbers + 4)));
    }

    @Override
    public void close() {
        reading.close();
        writing.close();
    }
}
