/** {@code bench net}: frames through a network device of ours and through DPDK's own, with DPDK's driver. */
package io.busbar.tools.bench.net;
