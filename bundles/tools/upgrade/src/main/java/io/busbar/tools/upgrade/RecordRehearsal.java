package io.busbar.tools.upgrade;

import io.busbar.api.vdpa.Handover;
import io.busbar.api.vdpa.HandoverBus;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.UnixStream;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/**
 * Says to itself what is said while nothing is served: code that runs for the first time is loaded, and slow, and nobody is to
 * wait for that.
 */
final class RecordRehearsal {

    private static final Duration SOON = Duration.ofSeconds(5);

    private RecordRehearsal() {}

    static void run() throws IOException, VdpaException {
        List<UnixStream> ends = UnixStream.pair();
        try (RecordChannel here = new RecordChannel(ends.getFirst()); RecordChannel there = new RecordChannel(ends.getLast())) {
            Handover part = new Handover("rehearsal", 1, new byte[1], List.of(ends.getFirst().fd().number()));
            HandoverBus.Stopped device = new HandoverBus.Stopped("rehearsal", "none", part, part);
            here.send(RecordType.DEVICE, Records.stopped(device), Records.descriptors(device), SOON);
            here.send(RecordType.ADOPT, new byte[0], SOON);
            RecordChannel.Received received = there.receive(SOON).expect(RecordType.DEVICE);
            try {
                Records.stopped(received.content(), received.numbers());
            } finally {
                received.descriptors().forEach(Fd::close);
            }
            there.receive(SOON).expect(RecordType.ADOPT);
        }
    }
}
