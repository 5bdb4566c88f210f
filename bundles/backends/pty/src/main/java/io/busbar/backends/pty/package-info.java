/** A console backend that is a pseudo-terminal, for terminal programs: {@code screen /dev/pts/3}. */
package io.busbar.backends.pty;
