package io.busbar.busdrivers.vhostuser;

import static io.busbar.core.virtio.vhostuser.ProtocolFeature.CONFIG;
import static io.busbar.core.virtio.vhostuser.ProtocolFeature.CONFIGURE_MEM_SLOTS;
import static io.busbar.core.virtio.vhostuser.ProtocolFeature.INFLIGHT_SHMFD;
import static io.busbar.core.virtio.vhostuser.ProtocolFeature.MQ;
import static io.busbar.core.virtio.vhostuser.ProtocolFeature.STATUS;

import io.busbar.core.virtio.vhostuser.FrontEndRequest;
import io.busbar.core.virtio.vhostuser.ProtocolFeature;
import java.util.Arrays;
import java.util.Optional;

/**
 * The requests of a front-end that this back-end knows (vhost-user, Front-end message types): least payload in bytes,
 * how many descriptors, whether it has a reply of its own, and the protocol feature that it needs.
 * Those that are not here belong to features that are not offered.
 *
 * <p>A payload may be longer than the least, as User Mode Linux always sends a memory table with room for two regions.
 */
enum Request {
    GET_FEATURES(0, 0, 0, true, null),
    SET_FEATURES(8, 0, 0, false, null),
    SET_OWNER(0, 0, 0, false, null),
    RESET_OWNER(0, 0, 8, false, null),
    SET_MEM_TABLE(8, 0, 8, false, null),
    SET_LOG_FD(0, 0, 1, false, null),
    SET_VRING_NUM(8, 0, 0, false, null),
    SET_VRING_ADDR(40, 0, 0, false, null),
    SET_VRING_BASE(8, 0, 0, false, null),
    GET_VRING_BASE(8, 0, 0, true, null),
    SET_VRING_KICK(8, 0, 1, false, null),
    SET_VRING_CALL(8, 0, 1, false, null),
    SET_VRING_ERR(8, 0, 1, false, null),
    GET_PROTOCOL_FEATURES(0, 0, 0, true, null),
    SET_PROTOCOL_FEATURES(8, 0, 0, false, null),
    GET_QUEUE_NUM(0, 0, 0, true, MQ),
    SET_VRING_ENABLE(8, 0, 0, false, null),
    SET_BACKEND_REQ_FD(0, 1, 1, false, ProtocolFeature.BACKEND_REQ),
    GET_CONFIG(12, 0, 0, true, CONFIG),
    SET_CONFIG(12, 0, 0, false, CONFIG),
    GET_INFLIGHT_FD(20, 0, 0, true, INFLIGHT_SHMFD),
    SET_INFLIGHT_FD(20, 1, 1, false, INFLIGHT_SHMFD),
    RESET_DEVICE(0, 0, 0, false, ProtocolFeature.RESET_DEVICE),
    GET_MAX_MEM_SLOTS(0, 0, 0, true, CONFIGURE_MEM_SLOTS),
    ADD_MEM_REG(40, 1, 1, false, CONFIGURE_MEM_SLOTS),
    REM_MEM_REG(40, 0, 1, false, CONFIGURE_MEM_SLOTS),
    SET_STATUS(8, 0, 0, false, STATUS),
    GET_STATUS(0, 0, 0, true, STATUS);

    private static final Request[] BY_ID = byId();

    private final int id;
    private final int leastPayload;
    private final int leastDescriptors;
    private final int mostDescriptors;
    private final boolean hasReply;
    private final ProtocolFeature needs;

    Request(
            int leastPayload, int leastDescriptors, int mostDescriptors, boolean hasReply, ProtocolFeature needs) {
        this.id = FrontEndRequest.valueOf(name()).id();
        this.leastPayload = leastPayload;
        this.leastDescriptors = leastDescriptors;
        this.mostDescriptors = mostDescriptors;
        this.hasReply = hasReply;
        this.needs = needs;
    }

    static Optional<Request> of(int id) {
        return id >= 0 && id < BY_ID.length ? Optional.ofNullable(BY_ID[id]) : Optional.empty();
    }

    int id() {
        return id;
    }

    /** Returns whether the front-end waits for a reply in any case. */
    boolean hasReply() {
        return hasReply;
    }

    /**
     * Checks what can be checked without looking into the payload.
     *
     * @param message  the request
     * @param features protocol features that were negotiated
     * @throws RefusedException if something is missing or too much
     */
    void check(Message message, long features) throws RefusedException {
        if (needs != null && !needs.in(features)) {
            throw new RefusedException("protocol feature " + needs + " was not negotiated");
        }
        if (message.size() < leastPayload) {
            throw new RefusedException(
                    "a payload of " + message.size() + " bytes: expected at least " + leastPayload);
        }
        int descriptors = message.descriptorCount();
        if (descriptors < leastDescriptors || descriptors > mostDescriptors) {
            throw new RefusedException(descriptors + " descriptors: expected "
                    + (leastDescriptors == mostDescriptors
                            ? leastDescriptors
                            : leastDescriptors + " to " + mostDescriptors));
        }
    }

    private static Request[] byId() {
        int last = Arrays.stream(values()).mapToInt(Request::id).max().orElseThrow();
        Request[] requests = new Request[last + 1];
        for (Request request : values()) {
            requests[request.id] = request;
        }
        return requests;
    }
}
