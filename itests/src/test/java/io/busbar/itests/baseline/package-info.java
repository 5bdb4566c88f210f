/** The packages that others compile against, compared with what was accepted before. */
package io.busbar.itests.baseline;
