package io.busbar.core.linux;

import java.util.Optional;

/** A file that somebody else has locked. */
public final class FileLockedException extends LinuxException {
    private static final long serialVersionUID = 1L;

    private final transient LockHolder holder;

    FileLockedException(String what, LockHolder holder) {
        super(what, Errno.EAGAIN, "it is locked by " + (holder == null ? "another process" : holder));
        this.holder = holder;
    }

    /** Who holds the lock, where it could be found out: the holder's process must be visible and ours to look at. */
    public Optional<LockHolder> holder() {
        return Optional.ofNullable(holder);
    }
}
