package io.busbar.api.driver;

import org.osgi.annotation.versioning.ConsumerType;

/** Told that an operation has ended, once. */
@ConsumerType
@FunctionalInterface
public interface Completion {

    /**
     * The operation has ended. On the driver's thread for the device, on which no other operation of that device ends
     * meanwhile; or on the thread that began it, if it could not even begin. Must not wait or throw; it may begin other
     * operations, but not those that wait.
     *
     * @param failure what went wrong, or null if all was done
     */
    void ended(DriverException failure);
}
