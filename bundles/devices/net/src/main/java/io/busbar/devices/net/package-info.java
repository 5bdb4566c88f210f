/**
 * The virtio-net device model (virtio 1.2, 5.1).
 *
 * <p>{@link io.busbar.devices.net.NetModel} holds what the driver has settled ({@link io.busbar.devices.net.DriverState}, one
 * immutable object that is replaced as a whole) and gives each queue to the object that serves it, on the thread that owns
 * it: {@link io.busbar.devices.net.TransmitQueue}, {@link io.busbar.devices.net.ReceiveQueue}, {@link io.busbar.devices.net.ControlQueue}.
 * What a driver has not accepted is finished here, by {@link io.busbar.devices.net.InternetChecksum} and
 * {@link io.busbar.devices.net.TcpSegmenter}, in private memory.
 */
package io.busbar.devices.net;
