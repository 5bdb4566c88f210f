package io.busbar.drivers.sim;

import io.busbar.api.backend.BackendException;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;

/** What a backend says, in the bus's terms. */
final class BackendErrors {

    private BackendErrors() {}

    static VdpaException of(BackendException refused) {
        if (isNativeAccessDenied(refused)) {
            return new VdpaException(
                    VdpaError.EPERM, Reason.NATIVE_ACCESS_DISABLED, refused.getMessage(), refused);
        }
        return new VdpaException(error(refused.kind()), reason(refused.kind()), refused.getMessage(), refused);
    }

    /** The JVM says so to whoever first tries to call native code. */
    private static boolean isNativeAccessDenied(Throwable thrown) {
        Throwable cause = thrown;
        while (cause != null && !(cause instanceof IllegalCallerException)) {
            cause = cause.getCause();
        }
        return cause != null;
    }

    private static VdpaError error(BackendException.Kind kind) {
        return switch (kind) {
            case CONFIG_INVALID -> VdpaError.EINVAL;
            case NOT_FOUND -> VdpaError.ENOENT;
            case PERMISSION -> VdpaError.EACCES;
            case IN_USE -> VdpaError.EBUSY;
            case NO_SPACE -> VdpaError.ENOSPC;
            case FAILED -> VdpaError.EIO;
        };
    }

    private static Reason reason(BackendException.Kind kind) {
        return switch (kind) {
            case CONFIG_INVALID -> Reason.CONFIG_INVALID;
            case NOT_FOUND -> Reason.NOT_FOUND;
            case PERMISSION -> Reason.PERMISSION;
            case IN_USE -> Reason.IN_USE;
            case NO_SPACE -> Reason.NO_SPACE;
            case FAILED -> Reason.BACKEND_FAILED;
        };
    }
}
