/**
 * A learning Ethernet switch inside Busbar: {@code backend switch network lan0}.
 *
 * <p>The way of a frame: the thread of the sender's transmit queue reads the frame's beginning, decides, and copies the
 * frame into the ring of each port that gets it; the thread of the receiver's receive queue takes it from there. Nothing
 * else is between two guests: no other thread, no lock, no allocation.
 *
 * <p>The name of the package ends with an underscore as {@code switch} is a word of the language (JLS 6.1).
 */
package io.busbar.backends.switch_;
