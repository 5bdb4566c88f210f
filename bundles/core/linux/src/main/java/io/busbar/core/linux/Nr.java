package io.busbar.core.linux;

/** System call numbers (Linux, {@code unistd_64.h} of x86 and {@code asm-generic/unistd.h}), for the machine we run on. */
final class Nr {
    static final int READ = number(0, 63);
    static final int WRITE = number(1, 64);
    static final int CLOSE = number(3, 57);
    static final int LSEEK = number(8, 62);
    static final int MMAP = number(9, 222);
    static final int MUNMAP = number(11, 215);
    static final int IOCTL = number(16, 29);
    static final int PREAD64 = number(17, 67);
    static final int PWRITE64 = number(18, 68);
    static final int READV = number(19, 65);
    static final int WRITEV = number(20, 66);
    static final int GETPID = number(39, 172);
    static final int SOCKET = number(41, 198);
    static final int CONNECT = number(42, 203);
    static final int SENDTO = number(44, 206);
    static final int SENDMSG = number(46, 211);
    static final int RECVMSG = number(47, 212);
    static final int SHUTDOWN = number(48, 210);
    static final int BIND = number(49, 200);
    static final int LISTEN = number(50, 201);
    static final int GETSOCKNAME = number(51, 204);
    static final int SOCKETPAIR = number(53, 199);
    static final int SETSOCKOPT = number(54, 208);
    static final int GETSOCKOPT = number(55, 209);
    static final int FCNTL = number(72, 25);
    static final int FLOCK = number(73, 32);
    static final int FDATASYNC = number(75, 83);
    static final int FTRUNCATE = number(77, 46);
    static final int FCHMOD = number(91, 52);
    static final int FSTATFS = number(138, 44);
    static final int GETTID = number(186, 178);
    static final int SCHED_SETAFFINITY = number(203, 122);
    static final int SCHED_GETAFFINITY = number(204, 123);
    static final int CLOCK_GETTIME = number(228, 113);
    static final int EPOLL_CTL = number(233, 21);
    static final int INOTIFY_ADD_WATCH = number(254, 27);
    static final int OPENAT = number(257, 56);
    static final int FCHOWNAT = number(260, 54);
    static final int UNLINKAT = number(263, 35);
    static final int READLINKAT = number(267, 78);
    static final int FCHMODAT = number(268, 53);
    static final int PPOLL = number(271, 73);
    static final int EPOLL_PWAIT = number(281, 22);
    static final int FALLOCATE = number(285, 47);
    static final int ACCEPT4 = number(288, 242);
    static final int EVENTFD2 = number(290, 19);
    static final int EPOLL_CREATE1 = number(291, 20);
    static final int INOTIFY_INIT1 = number(294, 26);
    static final int PREADV = number(295, 69);
    static final int PWRITEV = number(296, 70);
    static final int SETNS = number(308, 268);
    static final int MEMFD_CREATE = number(319, 279);
    static final int PREADV2 = number(327, 286);
    static final int PWRITEV2 = number(328, 287);
    static final int STATX = number(332, 291);
    static final int IO_URING_SETUP = number(425, 425);
    static final int IO_URING_ENTER = number(426, 426);
    static final int IO_URING_REGISTER = number(427, 427);
    static final int EPOLL_PWAIT2 = number(441, 441);

    private Nr() {
    }

    private static int number(int x86, int generic) {
        return NativeAccess.X86_64 ? x86 : generic;
    }
}
