package io.busbar.tools.upgrade;

import java.time.Duration;

/**
 * How long no device was served.
 *
 * @param stopping   until all were stopped here
 * @param takingOver until the other process had all of them
 * @param goingOn    until it served all of them
 */
record Pause(Duration stopping, Duration takingOver, Duration goingOn) {

    static final Pause NONE = new Pause(Duration.ZERO, Duration.ZERO, Duration.ZERO);

    @Override
    public String toString() {
        return stopping.plus(takingOver).plus(goingOn).toMillis() + " ms (" + stopping.toMillis() + " to stop, " + takingOver.toMillis()
                + " to take over, " + goingOn.toMillis() + " to go on)";
    }
}
