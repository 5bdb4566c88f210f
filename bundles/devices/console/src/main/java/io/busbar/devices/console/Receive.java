package io.busbar.devices.console;

import io.busbar.api.backend.ConsoleBackend;
import io.busbar.api.device.Chain;
import io.busbar.api.device.ChainSource;
import io.busbar.api.memory.Payload;
import java.util.LinkedHashMap;
import java.util.Map;

/** The queue that carries a port's bytes to the driver: what viewers type, and what comes from the backend. */
final class Receive {

    private final Port port;
    private final Counter bytes = new Counter();
    private final Counter malformed = new Counter();

    Receive(Port port) {
        this.port = port;
    }

    /**
     * Serves the queue, on its thread.
     *
     * @param open whether the driver takes bytes now: Linux throws those away that come for a closed port
     */
    void service(ConsoleBackend backend, ChainSource source, boolean open) {
        boolean more = open;
        while (more) {
            Chain chain = source.next();
            if (chain == null) {
                return;
            }
            long count = fill(chain.writable(), backend);
            more = count != 0;
            if (more) {
                chain.complete(Math.max(0, count));
            } else {
                source.putBack();
            }
        }
    }

    /** Returns bytes filled in; 0 if there are none; negative if the buffer is of no use. */
    private long fill(Payload into, ConsoleBackend backend) {
        if (into.remaining() == 0) {
            malformed.add(1);
            return -1;
        }
        long typed = port.typed().drainTo(into);
        if (typed > 0) {
            port.wakeTypist();
        }
        long read = typed >= 0 && into.remaining() > 0 ? backend.read(port.index(), into) : typed;
        if (read < 0 && typed <= 0) {
            malformed.add(1);
            return read;
        }
        long count = into.position();
        bytes.add(count);
        return count;
    }

    Map<String, Long> statistics() {
        Map<String, Long> statistics = new LinkedHashMap<>();
        statistics.put("received bytes", bytes.get());
        statistics.put("malformed", malformed.get());
        return statistics;
    }
}
