/** What the card has of a network: one IPv4 address, ARP and ICMP echo for it, and frames to itself. */
package io.busbar.tools.cardos.net;
