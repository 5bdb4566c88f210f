/** {@code bench console}: bytes through a guest's console and through a pipe. */
package io.busbar.tools.bench.console;
