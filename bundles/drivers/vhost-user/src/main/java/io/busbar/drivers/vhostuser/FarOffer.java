package io.busbar.drivers.vhostuser;

import io.busbar.core.virtio.FeatureNames;
import java.util.Optional;

/**
 * What the far process showed of its device when it was connected: what drivers are told, and what it is held to when it
 * comes back.
 *
 * @param type     what it is
 * @param features that can be offered
 * @param queues   how many there are
 * @param config   its configuration
 * @param inflight whether it keeps a record of requests in flight
 */
record FarOffer(FarClass type, long features, int queues, ConfigBytes config, boolean inflight) {

    /**
     * Compares with what a far process that came back shows.
     *
     * @return what the driver was told and does not hold any more
     */
    Optional<String> brokenBy(FarOffer now) {
        long missing = features & ~now.features;
        if (missing != 0) {
            return Optional.of("it does not offer " + FeatureNames.names(type.deviceId(), missing) + " any more");
        }
        long more = now.features & ~features & type.mustStayAbsent();
        if (more != 0) {
            return Optional.of("it is " + FeatureNames.names(type.deviceId(), more) + " now, and was not");
        }
        if (now.queues < queues) {
            return Optional.of("it has " + now.queues + " queues, and had " + queues);
        }
        if (inflight && !now.inflight) {
            return Optional.of("it does not keep a record of requests in flight any more");
        }
        return otherConfig(now);
    }

    private Optional<String> otherConfig(FarOffer now) {
        if (now.config.size() < config.size()) {
            return Optional.of("its configuration has " + now.config.size() + " bytes, and had " + config.size());
        }
        for (int i = 0; i < config.size(); i++) {
            if (!type.mayChange(i) && config.u8(i) != now.config.u8(i)) {
                return Optional.of("byte " + i + " of its configuration is " + now.config.u8(i) + ", and was "
                        + config.u8(i));
            }
        }
        return Optional.empty();
    }
}
