package io.busbar.api.backend;

import org.osgi.annotation.versioning.ProviderType;

/** What an opened backend knows of its surroundings. Safe for any thread. */
@ProviderType
public interface BackendContext {

    /** Returns the name of the device that the backend serves, such as {@code disk0}. */
    String deviceName();

    /** Returns what the user configured for this backend. */
    Settings settings();

    /** Returns whether the device was configured read-only: the backend must not write, and need not be able to. */
    boolean readOnly();

    /**
     * Says that {@link BlockBackend#info()} has a new answer, such as another capacity; the driver is told by a config
     * change. From any thread; returns at once.
     */
    void infoChanged();

    /**
     * Says that the backend has failed for good, such as a lost disk. The bus shows it; the device keeps calling, and
     * the backend goes on failing its requests. From any thread; returns at once.
     *
     * @param sentence what happened, for the user
     */
    void failed(String sentence);
}
