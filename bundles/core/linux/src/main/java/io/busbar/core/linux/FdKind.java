package io.busbar.core.linux;

/** What a descriptor refers to, as {@code fstat(2)} tells it; an anonymous inode by its name in /proc. */
public enum FdKind {
    /** A regular file; memory files (memfd, hugetlbfs) are regular files too. */
    REGULAR,
    DIRECTORY,
    SOCKET,
    /** A pipe or FIFO, either end. */
    PIPE,
    CHARACTER,
    BLOCK,
    EVENTFD,
    /** Anything else: epoll, io_uring, timerfd; also an eventfd where /proc is not mounted. */
    OTHER
}
