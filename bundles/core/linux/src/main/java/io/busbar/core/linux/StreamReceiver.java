package io.busbar.core.linux;

import java.lang.ref.Reference;
import java.util.List;

/** The receiving half of a {@link UnixStream}. */
final class StreamReceiver {
    private static final int FLAGS = MessageHeader.MSG_DONTWAIT | MessageHeader.MSG_CMSG_CLOEXEC;

    private final Fd fd;
    private final MessageHeader message;
    private final int[] descriptors = new int[UnixStream.MAX_DESCRIPTORS];
    private int descriptorCount;
    private boolean descriptorsLost;
    private int received;

    StreamReceiver(Fd fd, int descriptorRoom) {
        this.fd = fd;
        this.message = new MessageHeader(descriptorRoom);
    }

    int receive(long address, int length) {
        message.setBuffers(address, length, 0, 0);
        message.offerControlRoom();
        int count = (int) Syscall.retry(Nr.RECVMSG, fd.number(), message.address(), FLAGS, 0);
        if (count > 0) {
            collectDescriptors();
        }
        Reference.reachabilityFence(message);
        return count;
    }

    int receiveExactly(long address, int length, long timeoutNanos) {
        long start = System.nanoTime();
        received = 0;
        while (received < length) {
            int count = receive(address + received, length - received);
            if (count > 0) {
                received += count;
            } else if (count == 0) {
                return received == 0 ? 0 : -Errno.ECONNRESET;
            } else if (count != -Errno.EAGAIN) {
                return count;
            } else {
                int ready = Deadline.await(fd.number(), Poll.POLLIN, start, timeoutNanos);
                if (ready < 0) {
                    return ready;
                }
            }
        }
        return length;
    }

    int received() {
        return received;
    }

    synchronized int descriptorCount() {
        return descriptorCount;
    }

    synchronized boolean descriptorsLost() {
        return descriptorsLost;
    }

    synchronized void takeInto(List<Fd> taken) {
        for (int i = 0; i < descriptorCount; i++) {
            taken.add(Fd.own(descriptors[i]));
        }
        forgetDescriptors();
    }

    /** Synchronised, as a stream may be closed by another thread than the one that receives. */
    synchronized void closeDescriptors() {
        for (int i = 0; i < descriptorCount; i++) {
            Syscall.call(Nr.CLOSE, descriptors[i]);
        }
        forgetDescriptors();
    }

    private void forgetDescriptors() {
        descriptorCount = 0;
        descriptorsLost = false;
    }

    private synchronized void collectDescriptors() {
        descriptorsLost |= message.wasTruncated();
        int count = message.receivedDescriptors();
        for (int i = 0; i < count; i++) {
            collect(message.receivedDescriptor(i));
        }
    }

    /** A peer that sends more than anybody needs must not fill our descriptor table; nor one that we have closed. */
    private void collect(int number) {
        if (descriptorCount < descriptors.length && fd.isOpen()) {
            descriptors[descriptorCount++] = number;
        } else {
            descriptorsLost = true;
            Syscall.call(Nr.CLOSE, number);
        }
    }
}
