package io.busbar.devices.net;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What one queue did since the device was added.
 *
 * <p>Assumptions: {@link #add} is called by one thread at a time, the queue's owner. Guarantees: no count is lost; a reader
 * sees each value whole, and values of different counters at slightly different times. Progress: wait-free.
 */
final class NetCounters {

    private static final VarHandle VALUE = MethodHandles.arrayElementVarHandle(long[].class);

    /** Longs before and after the values, so that the counters of two queues share no cache line. */
    private static final int PADDING = 16;

    /** What a queue is for. */
    enum Kind {
        RECEIVE,
        TRANSMIT,
        CONTROL
    }

    /**
     * The counters, in the order in which they are shown. The first ones of each kind have the names that Linux's
     * simulator gives them; errors, overruns and drops are sums of what follows them.
     */
    enum Counter {
        RX_PACKETS(Kind.RECEIVE, "rx packets"),
        RX_BYTES(Kind.RECEIVE, "rx bytes"),
        /** The backend's: a header that makes no sense, or that asks for what cannot be done. */
        RX_ERRORS(Kind.RECEIVE, "rx errors"),
        /** Frames that the driver's buffers cannot hold, however many. */
        RX_OVERRUNS(Kind.RECEIVE, "rx overruns"),
        /** Frames that are not for the driver, for the reasons that follow. */
        RX_DROPS(Kind.RECEIVE, "rx drops"),
        RX_FILTERED(Kind.RECEIVE, "rx filtered"),
        RX_OTHER_VLAN(Kind.RECEIVE, "rx other vlan"),
        RX_LINK_DOWN(Kind.RECEIVE, "rx link down"),
        RX_TOO_LONG(Kind.RECEIVE, "rx too long"),
        RX_MULTICAST(Kind.RECEIVE, "rx multicast"),
        RX_BROADCAST(Kind.RECEIVE, "rx broadcast"),
        /** How often a frame had to wait at the backend, as the driver had not given enough buffers. */
        RX_NO_BUFFER(Kind.RECEIVE, "rx no buffer"),
        /** Buffers that could not be used: outside the driver's memory, or too short for a header. */
        RX_BAD_BUFFERS(Kind.RECEIVE, "rx bad buffers"),
        /** Checksums that were filled in for a driver that does not take frames without. */
        RX_CHECKSUMS(Kind.RECEIVE, "rx checksums"),
        /** Frames that were cut for a driver that does not take them whole. */
        RX_CUT(Kind.RECEIVE, "rx cut"),

        TX_PACKETS(Kind.TRANSMIT, "tx packets"),
        TX_BYTES(Kind.TRANSMIT, "tx bytes"),
        /** Frames that are none, for the reasons that follow. */
        TX_ERRORS(Kind.TRANSMIT, "tx errors"),
        /** Frames that had nowhere to go, as the link was down. */
        TX_DROPS(Kind.TRANSMIT, "tx drops"),
        TX_TOO_SHORT(Kind.TRANSMIT, "tx too short"),
        TX_TOO_LONG(Kind.TRANSMIT, "tx too long"),
        TX_BAD_CHECKSUM(Kind.TRANSMIT, "tx bad checksum"),
        TX_BAD_SEGMENTS(Kind.TRANSMIT, "tx bad segments"),
        /** A part of the frame lay outside the driver's memory, or the memory was gone. */
        TX_FAULTS(Kind.TRANSMIT, "tx faults"),
        TX_MULTICAST(Kind.TRANSMIT, "tx multicast"),
        TX_BROADCAST(Kind.TRANSMIT, "tx broadcast"),
        /** How often a frame had to wait in its queue, as the backend had no room. */
        TX_NO_ROOM(Kind.TRANSMIT, "tx no room"),

        CVQ_REQUESTS(Kind.CONTROL, "cvq requests"),
        CVQ_SUCCESSES(Kind.CONTROL, "cvq successes"),
        CVQ_ERRORS(Kind.CONTROL, "cvq errors");

        private static final Counter[] ALL = values();

        private final Kind kind;
        private final String title;

        Counter(Kind kind, String title) {
            this.kind = kind;
            this.title = title;
        }
    }

    private final long[] values = new long[PADDING + Counter.ALL.length + PADDING];

    void add(Counter counter, long count) {
        int index = PADDING + counter.ordinal();
        VALUE.setOpaque(values, index, (long) VALUE.getOpaque(values, index) + count);
    }

    /** Counts one of a kind, and in the sum that it belongs to. */
    void add(Counter counter, Counter sum) {
        add(counter, 1);
        add(sum, 1);
    }

    Map<String, Long> snapshot(Kind kind) {
        Map<String, Long> snapshot = new LinkedHashMap<>();
        for (Counter counter : Counter.ALL) {
            if (counter.kind == kind) {
                snapshot.put(counter.title, (long) VALUE.getOpaque(values, PADDING + counter.ordinal()));
            }
        }
        return Collections.unmodifiableMap(snapshot);
    }
}
