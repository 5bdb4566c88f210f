package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Native memory for one sendmsg or recvmsg at a time.
 *
 * <pre>
 *   0  struct msghdr   0 name, 8 name length, 16 iovecs, 24 count, 32 control, 40 control length, 48 flags
 *  64  struct iovec[2] 0 address, 8 length
 *  96  control         struct cmsghdr: 0 length, 8 level, 12 type, 16 descriptors of 4 bytes
 * </pre>
 */
final class MessageHeader {
    static final int MSG_CTRUNC = 0x8;
    static final int MSG_DONTWAIT = 0x40;
    static final int MSG_NOSIGNAL = 0x4000;
    static final int MSG_CMSG_CLOEXEC = 0x40000000;

    private static final int SOL_SOCKET = 1;
    private static final int SCM_RIGHTS = 1;
    private static final int IOVECS_POINTER = 16;
    private static final int IOVEC_COUNT = 24;
    private static final int CONTROL_POINTER = 32;
    private static final int CONTROL_LENGTH = 40;
    private static final int FLAGS = 48;
    private static final int IOVECS = 64;
    private static final int CONTROL = 96;
    private static final int CMSG_LEVEL = 8;
    private static final int CMSG_TYPE = 12;
    private static final int CMSG_DATA = 16;

    private final MemorySegment memory;
    private final int controlRoom;

    MessageHeader(int descriptors) {
        this.controlRoom = CMSG_DATA + (int) Memory.roundUp((long) descriptors * Integer.BYTES, Long.BYTES);
        this.memory = Arena.ofAuto().allocate(CONTROL + controlRoom, Long.BYTES);
        memory.set(JAVA_LONG, IOVECS_POINTER, memory.address() + IOVECS);
        memory.set(JAVA_LONG, CONTROL_POINTER, memory.address() + CONTROL);
    }

    long address() {
        return memory.address();
    }

    void setBuffers(long first, int firstLength, long second, int secondLength) {
        memory.set(JAVA_LONG, IOVECS, first);
        memory.set(JAVA_LONG, IOVECS + 8, firstLength);
        memory.set(JAVA_LONG, IOVECS + 16, second);
        memory.set(JAVA_LONG, IOVECS + 24, secondLength);
        memory.set(JAVA_LONG, IOVEC_COUNT, secondLength == 0 ? 1 : 2);
    }

    void offerControlRoom() {
        memory.set(JAVA_LONG, CONTROL_LENGTH, controlRoom);
        memory.set(JAVA_INT, FLAGS, 0);
    }

    void setDescriptorCount(int count) {
        memory.set(JAVA_LONG, CONTROL_LENGTH,
                count == 0 ? 0 : CMSG_DATA + Memory.roundUp((long) count * Integer.BYTES, Long.BYTES));
        memory.set(JAVA_LONG, CONTROL, CMSG_DATA + (long) count * Integer.BYTES);
        memory.set(JAVA_INT, CONTROL + CMSG_LEVEL, SOL_SOCKET);
        memory.set(JAVA_INT, CONTROL + CMSG_TYPE, SCM_RIGHTS);
    }

    void setDescriptor(int index, int number) {
        memory.set(JAVA_INT, CONTROL + CMSG_DATA + (long) index * Integer.BYTES, number);
    }

    /** Descriptors that came. Only SCM_RIGHTS comes on a socket with no further options, and once per message. */
    int receivedDescriptors() {
        if (memory.get(JAVA_LONG, CONTROL_LENGTH) < CMSG_DATA
                || memory.get(JAVA_INT, CONTROL + CMSG_LEVEL) != SOL_SOCKET
                || memory.get(JAVA_INT, CONTROL + CMSG_TYPE) != SCM_RIGHTS) {
            return 0;
        }
        return (int) ((memory.get(JAVA_LONG, CONTROL) - CMSG_DATA) / Integer.BYTES);
    }

    int receivedDescriptor(int index) {
        return memory.get(JAVA_INT, CONTROL + CMSG_DATA + (long) index * Integer.BYTES);
    }

    boolean wasTruncated() {
        return (memory.get(JAVA_INT, FLAGS) & MSG_CTRUNC) != 0;
    }
}
