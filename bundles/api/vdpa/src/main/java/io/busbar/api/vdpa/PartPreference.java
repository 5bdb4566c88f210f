package io.busbar.api.vdpa;

import org.osgi.annotation.versioning.ProviderType;

/**
 * Says which bundle's backends and device models are used where several bundles have one of the same name: an OSGi service. Safe for
 * any thread.
 */
@ProviderType
public interface PartPreference {

    /**
     * From now on whoever opens something of a name that this bundle has takes this bundle's, whatever the versions are. Of several
     * bundles that are preferred it is the one that was last. Devices keep what they have.
     *
     * @param bundleId the bundle, which is active
     */
    void prefer(long bundleId);
}
