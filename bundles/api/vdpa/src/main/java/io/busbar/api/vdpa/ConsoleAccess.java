package io.busbar.api.vdpa;

import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * The ability of a console device to be looked at, and typed at, beside its backend: what the driver sends goes to both, and
 * what is typed here comes to the driver between what comes from there.
 */
@ConsumerType
public interface ConsoleAccess {

    /**
     * Returns the ports, the console first.
     *
     * @throws VdpaException EAGAIN while the device has no device model
     */
    List<ConsolePort> consolePorts() throws VdpaException;

    /**
     * Begins to look at a port. On the console the viewer is first shown what was sent last before.
     *
     * @param port its number, an index into {@link #consolePorts()}
     * @param mode whether the viewer wants to type
     * @param who  who it is, for the others: a word or two
     * @return the viewer, to be closed by the caller
     * @throws VdpaException EINVAL for a port that is not there; ENOSPC if there are too many viewers; EAGAIN while the
     *                       device has no device model
     */
    ConsoleViewer view(int port, ConsoleViewer.Mode mode, String who) throws VdpaException;
}
