package io.busbar.devices.console;

/** What a port asks of its device. Any thread; returns at once. */
interface Surroundings {

    /** The queue that carries a port's bytes from the driver has something to do. */
    void wakeTransmit(int port);

    /** The queue that carries a port's bytes to the driver has something to do. */
    void wakeReceive(int port);

    /** What the driver is to know of a port may have changed: whether it is open, its size. */
    void stateChanged(int port);

    /** The driver uses a port, so it has it, whatever it has said. On the thread of the port's queue. */
    void inUse(int port);
}
