/**
 * Tests inside a framework that holds exactly the bundles of the distribution.
 *
 * <p>{@link io.busbar.itests.framework.InFramework} runs each test of a class in a bundle of its own there.
 */
package io.busbar.itests.framework;
