package io.busbar.tools.cardos;

import io.busbar.api.driver.DeviceDriver;
import java.util.List;
import java.util.Optional;

/** A device of the card that is driven. Safe for any thread. */
sealed interface Part extends AutoCloseable permits Disk, NetCard, Terminal {

    /** Returns the driver of the device. */
    DeviceDriver device();

    /** Returns the device's name. */
    default String name() {
        return device().device();
    }

    /** Returns what it is, in some words. */
    String description();

    /** Looks whether it does what it should, with a deadline for each step. */
    List<Check> check() throws InterruptedException;

    /** Returns what of it changes by itself. */
    List<Watched<?>> watched();

    /** Returns what is other than at the last look, in sentences without the name. One thread. */
    default List<String> news() {
        return watched().stream().map(Watched::look).flatMap(Optional::stream).toList();
    }

    /** The device goes, or the system ends. Does not wait for the device. */
    @Override
    void close();
}
