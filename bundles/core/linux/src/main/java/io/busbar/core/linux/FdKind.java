package io.busbar.core.linux;

/** What a descriptor refers to, as {@code fstat(2)} tells it; an anonymous inode by its name in /proc. */
public enum FdKind {
    /** A regular file; memory files (memfd, hugetlbfs) are regular files too. */
    REGULAR,
    /** A directory. */
    DIRECTORY,
    /** A socket of any family and type. */
    SOCKET,
    /** A pipe or FIFO, either end. */
    PIPE,
    /** A character device. */
    CHARACTER,
    /** A block device. */
    BLOCK,
    /** An eventfd, of any flags. */
    EVENTFD,
    /** Anything else: epoll, io_uring, timerfd; also an eventfd where /proc is not mounted. */
    OTHER
}
