/** For tests of VOP: a link between two ends in this process. */
package io.busbar.testkit.vop;
