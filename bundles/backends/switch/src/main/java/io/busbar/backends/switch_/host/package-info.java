/** The network's own host: it answers DHCP, ARP and ICMP echo at the server's address, in every VLAN. */
package io.busbar.backends.switch_.host;
