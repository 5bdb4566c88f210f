/** The ring benchmark: our split ring against a C twin of the same design, compiled on the spot. */
package io.busbar.tools.bench.ring;
