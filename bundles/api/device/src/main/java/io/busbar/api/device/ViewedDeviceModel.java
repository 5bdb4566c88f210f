package io.busbar.api.device;

import io.busbar.api.vdpa.ConsoleAccess;
import io.busbar.api.vdpa.ConsoleViewer;
import io.busbar.api.vdpa.VdpaException;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A console's device model at which somebody can go on looking who looked at the one before: a part of its successor's beginning, as
 * the state that is handed over ({@link StatefulDeviceModel}), in which positions are the same.
 */
@ConsumerType
public interface ViewedDeviceModel extends ConsoleAccess {

    /**
     * How somebody looks.
     *
     * @param port     the port's number
     * @param mode     {@code TAKE_OVER} for the typist, {@code TYPE} for who types as soon as nobody else does, {@code WATCH} else
     * @param who      who it is
     * @param position up to where it has read: bytes that the driver has sent to the port since the device began
     * @param columns  of its terminal; 0 if it has not said its size
     * @param rows     of its terminal; 0 if it has not said its size
     */
    record Looking(int port, ConsoleViewer.Mode mode, String who, long position, int columns, int rows) {}

    /** Somebody who can go on at another model. */
    interface Viewer extends ConsoleViewer {

        /** Returns how it looks now. The thread that reads is not reading. */
        Looking looking();
    }

    @Override
    Viewer view(int port, ConsoleViewer.Mode mode, String who) throws VdpaException;

    /**
     * Goes on for somebody who looks at another model, whose state this one has taken over: from its position on nothing is left out that
     * is still kept, and nothing is shown twice. Before any queue is served; the typist first.
     *
     * @param from how it looks there
     * @return the viewer here, to be closed by the caller
     * @throws VdpaException EINVAL for a port or position that is not there; ENOSPC if there are too many viewers
     */
    Viewer resume(Looking from) throws VdpaException;
}
