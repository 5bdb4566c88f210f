package io.busbar.api.backend;

import org.osgi.annotation.versioning.ProviderType;

/**
 * Opens backends of one kind and name: the OSGi service that Busbar registers for each class with a
 * {@link BackendType}, in the name of its bundle, with the service properties {@link #TYPE} and {@link #NAME}.
 */
@ProviderType
public interface BackendFactory {

    /** Service property: the kind, such as {@link BackendType#BLOCK}. */
    String TYPE = "busbar.backend.type";

    /** Service property: the name on the command line. */
    String NAME = "busbar.backend.name";

    /** Returns the kind. */
    String type();

    /** Returns the name. */
    String name();

    /** Returns the settings as a user writes them, for help texts; may be empty. */
    String settings();

    /** Returns which bundle it comes from: symbolic name and version. */
    String origin();

    /**
     * Opens a backend, on a control thread.
     *
     * @param context the surroundings, with the settings
     * @return the opened backend, to be closed by the caller
     * @throws BackendException if it cannot be opened, or a setting is not known to it; the message is for the user
     */
    Backend open(BackendContext context) throws BackendException;
}
