package io.busbar.tools.shell.commands;

import io.busbar.api.driver.DeviceDriver;
import io.busbar.api.vdpa.BusSnapshot;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.tools.shell.Inventory;
import java.util.Locale;
import java.util.Optional;

/**
 * A device in the hands of a command: one that this process drives already, or one that nobody has, taken for the time of the
 * command.
 *
 * @param <T> what it is driven as
 */
final class DrivenDevice<T extends DeviceDriver> implements AutoCloseable {

    /** The bus driver whose services are used. */
    static final String DRIVER = "virtio";

    private final Inventory inventory;
    private final VdpaDevice device;
    private final T driver;
    /** What the override was before; null if it was left as it is. */
    private final Optional<String> before;

    private DrivenDevice(Inventory inventory, VdpaDevice device, T driver, Optional<String> before) {
        this.inventory = inventory;
        this.device = device;
        this.driver = driver;
        this.before = before;
    }

    /**
     * Finds a device, or takes it.
     *
     * @param inventory what is there
     * @param name      as the user names it
     * @param type      what it is to be driven as
     * @throws Wrong if there is none, or it is somebody else's: says whose, and what to do
     */
    static <T extends DeviceDriver> DrivenDevice<T> open(Inventory inventory, String name, Class<T> type) throws Wrong {
        VdpaDevice device = DeviceNames.find(inventory, name)
                .orElseThrow(() -> new Wrong("there is no device \"" + name + "\"" + DeviceNames.expected(inventory)));
        BusSnapshot.Device now = Overrides.look(inventory, device);
        if (now.busDriver().equals(DRIVER)) {
            return new DrivenDevice<>(inventory, device, driver(inventory, device, type), null);
        }
        if (!now.busDriver().isEmpty()) {
            throw new Wrong(name + " is bound to the bus driver " + now.busDriver() + (now.endpoint().isEmpty() ? "" : ", at "
                    + now.endpoint()) + "; \"driver override " + name + " " + DRIVER + "\" gives it to this process, \""
                    + "driver override " + name + " " + DriverCommand.ANY + "\" gives it back");
        }
        return take(inventory, device, type);
    }

    private static <T extends DeviceDriver> DrivenDevice<T> take(Inventory inventory, VdpaDevice device, Class<T> type)
            throws Wrong {
        Optional<String> before = device.driverOverride();
        Overrides.set(inventory, device, Optional.of(DRIVER));
        try {
            BusSnapshot.Device now = Overrides.look(inventory, device);
            if (!now.busDriver().equals(DRIVER)) {
                throw new Wrong(DeviceNames.of(device) + " cannot be driven: " + PartsCommand.health(now.health()));
            }
            return new DrivenDevice<>(inventory, device, driver(inventory, device, type), before);
        } catch (Wrong e) {
            Overrides.set(inventory, device, before);
            throw e;
        }
    }

    private static <T extends DeviceDriver> T driver(Inventory inventory, VdpaDevice device, Class<T> type) throws Wrong {
        return inventory.driven().stream()
                .filter(driver -> driver.device().equals(device.name()) && driver.bus().equals(device.busName()))
                .filter(type::isInstance)
                .map(type::cast)
                .findFirst()
                .orElseThrow(() -> new Wrong(DeviceNames.of(device) + " is no device that this process can drive so"));
    }

    /** Gives it back, if it was taken. */
    @Override
    public void close() throws Wrong {
        if (before != null) {
            Overrides.set(inventory, device, before);
        }
    }

    /** Returns its driver. */
    T driver() {
        return driver;
    }

    /** Returns its name, as the user knows it. */
    String name() {
        return DeviceNames.of(device);
    }

    /** Returns its state for a sentence, with what is wrong. */
    String state() throws Wrong {
        BusSnapshot.Device now = Overrides.look(inventory, device);
        return now.state().name().toLowerCase(Locale.ROOT)
                + (now.health().ok() ? "" : ", " + PartsCommand.health(now.health()));
    }
}
