package io.busbar.core.virtio.console;

/**
 * Feature bit numbers, queues and control events of the console device (virtio 1.2, 5.3.2, 5.3.3 and 5.3.6.2;
 * {@code virtio_console.h}).
 */
public final class VirtioConsole {

    /** Config {@code cols} and {@code rows} are valid. */
    public static final int VIRTIO_CONSOLE_F_SIZE = 0;

    /** There are several ports, with control queues and {@code max_nr_ports}. */
    public static final int VIRTIO_CONSOLE_F_MULTIPORT = 1;

    /** Characters may be written to the configuration before the queues work. */
    public static final int VIRTIO_CONSOLE_F_EMERG_WRITE = 2;

    /** From the driver: it is ready for control messages (value 1), or failed (0). */
    public static final int VIRTIO_CONSOLE_DEVICE_READY = 0;

    /** From the device: there is a port ({@code DEVICE_ADD} in newer texts). */
    public static final int VIRTIO_CONSOLE_PORT_ADD = 1;

    /** From the device: a port is gone. */
    public static final int VIRTIO_CONSOLE_PORT_REMOVE = 2;

    /** From the driver: it has made the port (value 1), or could not (0). */
    public static final int VIRTIO_CONSOLE_PORT_READY = 3;

    /** From the device: the port is a console. Linux looks at the value and ignores 0. */
    public static final int VIRTIO_CONSOLE_CONSOLE_PORT = 4;

    /** From the device: the terminal has another size, which follows. */
    public static final int VIRTIO_CONSOLE_RESIZE = 5;

    /** From both: the sender's end of the port is open (value 1) or closed (0). */
    public static final int VIRTIO_CONSOLE_PORT_OPEN = 6;

    /** From the device: the port's name follows, without an end mark. */
    public static final int VIRTIO_CONSOLE_PORT_NAME = 7;

    /** The queue for control messages to the driver; with MULTIPORT. */
    public static final int CONTROL_RECEIVE_QUEUE = 2;

    /** The queue for control messages from the driver; with MULTIPORT. */
    public static final int CONTROL_TRANSMIT_QUEUE = 3;

    private static final int QUEUES_OF_PORT_0 = 2;

    private VirtioConsole() {
    }

    /**
     * Returns the queue that carries a port's bytes to the driver (virtio 1.2, 5.3.2).
     *
     * @param port 0 and up
     */
    public static int receiveQueue(int port) {
        return port == 0 ? 0 : 2 * port + QUEUES_OF_PORT_0;
    }

    /**
     * Returns the queue that carries a port's bytes from the driver.
     *
     * @param port 0 and up
     */
    public static int transmitQueue(int port) {
        return receiveQueue(port) + 1;
    }

    /**
     * Returns the port whose bytes a queue carries.
     *
     * @param queue any but the control queues
     */
    public static int portOf(int queue) {
        return queue < QUEUES_OF_PORT_0 ? 0 : queue / 2 - 1;
    }

    /**
     * Returns the number of queues.
     *
     * @param ports number of ports, 1 and up; more than 1 need MULTIPORT
     */
    public static int queueCount(int ports) {
        return ports == 1 ? QUEUES_OF_PORT_0 : 2 * (ports + 1);
    }
}
