/** A console backend that writes what the guest sends to a file, with rotation. */
package io.busbar.backends.log;
