/** Programs whose devices are measured: processes that begin and end with a measurement. */
package io.busbar.tools.bench.server;
