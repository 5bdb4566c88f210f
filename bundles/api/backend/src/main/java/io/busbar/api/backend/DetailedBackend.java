package io.busbar.api.backend;

import java.util.Map;
import org.osgi.annotation.versioning.ConsumerType;

/** The ability of a {@link Backend} to say what came of its settings, such as the path of a terminal that it made. */
@ConsumerType
public interface DetailedBackend extends Backend {

    /**
     * Returns what is worth showing beside the settings, in order: {@code pty} to {@code /dev/pts/3}. Cheap; any thread,
     * also while the backend is closed.
     */
    Map<String, String> details();
}
