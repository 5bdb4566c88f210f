package io.busbar.core.linux;

/** System calls cannot be made from this JVM: native access is denied to this module, or this is not a Linux we know. */
public final class NativeAccessDeniedException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    NativeAccessDeniedException(String message, Throwable cause) {
        super(message, cause);
    }
}
