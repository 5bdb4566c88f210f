package io.busbar.runtime;

import org.apache.felix.framework.Logger;
import org.osgi.framework.Bundle;
import org.osgi.framework.ServiceReference;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** The framework's own messages, which it would print to standard output, through SLF4J. */
final class FrameworkLog extends Logger {
    private final org.slf4j.Logger target = LoggerFactory.getLogger("org.apache.felix.framework");

    @Override
    @SuppressWarnings("rawtypes") // as in the class above
    protected void doLog(Bundle bundle, ServiceReference service, int level, String message, Throwable failure) {
        doLog(level, bundle == null ? message : "Bundle " + bundle + ": " + message, failure);
    }

    @Override
    protected void doLog(int level, String message, Throwable failure) {
        var slf4j = switch (level) {
            case LOG_ERROR -> Level.ERROR;
            case LOG_WARNING -> Level.WARN;
            case LOG_INFO -> Level.INFO;
            default -> Level.DEBUG;
        };
        target.atLevel(slf4j).setCause(failure).log(message);
    }
}
