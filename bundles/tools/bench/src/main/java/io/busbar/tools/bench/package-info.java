/**
 * Load generators and the built-in check: programs for a plain class path, which drive devices as a virtio driver does.
 *
 * <p>Each is one command: its words in, results on one stream, progress and errors on another, an exit status back.
 */
package io.busbar.tools.bench;
