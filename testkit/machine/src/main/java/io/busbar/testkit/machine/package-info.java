/**
 * What tests need of the machine that they run on, and what they measure of a process: in a way that holds on a machine
 * that is busy, and in a JVM where an earlier test's threads are still ending.
 */
package io.busbar.testkit.machine;
