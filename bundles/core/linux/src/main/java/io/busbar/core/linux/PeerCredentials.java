package io.busbar.core.linux;

/**
 * Who is at the other end of a Unix socket, as the kernel noted when it was connected.
 *
 * @param pid process id in our namespace; 0 when it is not visible from here
 * @param uid effective user id
 * @param gid effective group id
 */
public record PeerCredentials(int pid, int uid, int gid) {
}
