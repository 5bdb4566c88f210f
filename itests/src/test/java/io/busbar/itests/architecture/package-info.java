/** Who may know whom: the rules of the folders, held against the packed bundles. */
package io.busbar.itests.architecture;
