/** The documents against the sources that they speak of. */
package io.busbar.itests.documents;
