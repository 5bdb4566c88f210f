/** Placeholder. */
package io.busbar.backends.file;
