package io.busbar.api.backend;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * A {@link Backend} whose place another opening with the same words can take, also in another process, while it is still open: all
 * that it has is elsewhere, or is learned again. Of the two only one is used at a time.
 */
@ConsumerType
public interface SharableBackend extends Backend {}
