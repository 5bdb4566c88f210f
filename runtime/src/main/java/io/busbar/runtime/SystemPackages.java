package io.busbar.runtime;

/**
 * What the system bundle exports of the launcher's class path: SLF4J with its one provider, so that no bundle needs a
 * mediator and weaving; the ConfigurationAdmin API, through which the launcher hands over configurations; Gson.
 */
public final class SystemPackages {
    /** The value of {@code org.osgi.framework.system.packages.extra}. */
    public static final String EXTRA = String.join(
            ",",
            "org.slf4j;version=2.0.20",
            "org.slf4j.event;version=2.0.20",
            "org.slf4j.helpers;version=2.0.20",
            "org.slf4j.spi;version=2.0.20",
            // For bundles that were made for SLF4J 1: what 2 has of it is the same for those who log.
            "org.slf4j;version=1.7.36",
            "org.slf4j.helpers;version=1.7.36",
            "org.slf4j.spi;version=1.7.36",
            "org.osgi.service.cm;version=1.6.1",
            "com.google.gson;version=2.15.0",
            "com.google.gson.annotations;version=2.15.0",
            "com.google.gson.reflect;version=2.15.0",
            "com.google.gson.stream;version=2.15.0");

    private SystemPackages() {}
}
