package io.busbar.backends.file;

import io.busbar.api.backend.BlockRequest;
import io.busbar.api.backend.BlockStatus;
import io.busbar.api.memory.Payload;

/** Where a request stands: what its payload has done tells where in the file it goes on. */
final class Progress {

    private Progress() {
    }

    /** Returns the offset in the file of the payload's next byte. */
    static long fileOffset(BlockRequest request) {
        return request.offset() + request.length() - request.payload().remaining();
    }

    /** Goes back to the request's first byte. */
    static void rewind(BlockRequest request) {
        Payload payload = request.payload();
        payload.position(payload.limit() - request.length());
    }

    /** Fills what is left of a read with zeroes: the file ends before the disk does. */
    static boolean zeroRest(BlockRequest request) {
        Payload payload = request.payload();
        long rest = payload.remaining();
        return payload.fill((byte) 0, rest) == rest;
    }

    static void end(BlockRequest request, boolean done) {
        request.complete(done ? BlockStatus.OK : BlockStatus.IO_ERROR);
    }
}
