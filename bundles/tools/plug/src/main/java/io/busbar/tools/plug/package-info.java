/**
 * Bundles that come, are replaced and go while devices are in use: by command, by a feature file, and by a directory.
 *
 * <p>What is plugged in is a copy on a shelf of the instance ({@link io.busbar.tools.plug.Shelf}): whoever writes to the original
 * disturbs nobody. One thing is plugged at a time ({@link io.busbar.tools.plug.Plugs}). A bundle that replaces another one is installed
 * and started beside it, devices are swapped to it one after the other, and then the old one goes: make before break.
 */
package io.busbar.tools.plug;
