/** For tests of drivers: vDPA devices with a data path of their own, which do what a test asks for, right or wrong. */
package io.busbar.testkit.vdpa;
