package io.busbar.core.linux;

import java.lang.ref.Reference;
import java.util.List;

/** The sending half of a {@link UnixStream}. */
final class StreamSender {
    private static final int FLAGS = MessageHeader.MSG_DONTWAIT | MessageHeader.MSG_NOSIGNAL;

    private final Fd fd;
    private final MessageHeader message = new MessageHeader(UnixStream.MAX_DESCRIPTORS);

    StreamSender(Fd fd) {
        this.fd = fd;
    }

    int send(long header, int headerLength, long payload, int payloadLength) {
        message.setDescriptorCount(0);
        return sendMessage(header, headerLength, payload, payloadLength);
    }

    int send(long header, int headerLength, long payload, int payloadLength, List<Fd> descriptors) {
        int count = descriptors.size();
        if (count > UnixStream.MAX_DESCRIPTORS) {
            throw new IllegalArgumentException(count + " descriptors: expected up to " + UnixStream.MAX_DESCRIPTORS);
        }
        message.setDescriptorCount(count);
        for (int i = 0; i < count; i++) {
            message.setDescriptor(i, descriptors.get(i).number());
        }
        return sendMessage(header, headerLength, payload, payloadLength);
    }

    int sendFully(long header, int headerLength, long payload, int payloadLength, List<Fd> descriptors,
            long timeoutNanos) {
        long start = System.nanoTime();
        int sent = 0;
        while (sent < headerLength + payloadLength) {
            int headerSent = Math.min(sent, headerLength);
            int payloadSent = sent - headerSent;
            int count = send(header + headerSent, headerLength - headerSent, payload + payloadSent,
                    payloadLength - payloadSent, sent == 0 ? descriptors : List.of());
            if (count >= 0) {
                sent += count;
            } else if (count != -Errno.EAGAIN) {
                return count;
            } else {
                int ready = Deadline.await(fd.number(), Poll.POLLOUT, start, timeoutNanos);
                if (ready < 0) {
                    return ready;
                }
            }
        }
        return sent;
    }

    private int sendMessage(long header, int headerLength, long payload, int payloadLength) {
        message.setBuffers(header, headerLength, payload, payloadLength);
        int sent = (int) Syscall.retry(Nr.SENDMSG, fd.number(), message.address(), FLAGS, 0);
        Reference.reachabilityFence(message);
        return sent;
    }
}
