/**
 * The launcher: one process, one framework, the features of the distribution, one instance's state.
 *
 * <p>Nothing here is seen by bundles but what {@link io.busbar.runtime.SystemPackages} exports from the class path.
 */
package io.busbar.runtime;
