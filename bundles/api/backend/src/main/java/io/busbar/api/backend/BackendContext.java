package io.busbar.api.backend;

import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/** What an opened backend knows of its surroundings. Safe for any thread. */
@ProviderType
public interface BackendContext {

    /** Returns the name of the device that the backend serves, such as {@code disk0}. */
    String deviceName();

    /**
     * Returns what the user configured for this backend. The words of the device, such as a net device's {@code mtu}, can be
     * looked at too, where a backend has to do with the same.
     */
    Settings settings();

    /** Returns whether the device was configured read-only: the backend must not write, and need not be able to. */
    boolean readOnly();

    /**
     * Returns what the backend whose place this one takes has handed over, in another process: it is opened with that, and not anew.
     * Only for a {@link HandoverBackend}.
     */
    Optional<BackendState> predecessor();

    /**
     * Returns the names of the device's channels, which the device model decides: a net device's queue pairs, a console's
     * ports; empty for a disk.
     */
    List<String> channels();

    /**
     * Says that the backend's properties have a new answer, such as {@link BlockBackend#info()} another capacity or
     * {@link NetBackend#info()} another link; the driver is told by a config change. From any thread; returns at once.
     */
    void infoChanged();

    /**
     * Says that something waits to be received: {@link NetBackend#peek} or {@link ConsoleBackend#read} has an answer after
     * it had none. From any thread, wait-free; more often than needed does no harm.
     *
     * @param channel 0 to {@code channels().size() - 1}
     */
    void readable(int channel);

    /**
     * Says that there is room again after {@link NetBackend#transmit} or {@link ConsoleBackend#write} had none. From any
     * thread, wait-free; more often than needed does no harm.
     *
     * @param channel 0 to {@code channels().size() - 1}
     */
    void writable(int channel);

    /**
     * Says that the backend has failed, such as a lost disk. The bus shows it; the device keeps calling, and
     * the backend goes on failing its requests. From any thread; returns at once.
     *
     * @param sentence what happened, for the user
     */
    void failed(String sentence);

    /** Says that what {@link #failed} told is over, such as a full disk. From any thread; returns at once. */
    void recovered();
}
