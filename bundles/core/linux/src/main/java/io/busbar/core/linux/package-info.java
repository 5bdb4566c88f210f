/**
 * Linux system calls through {@code java.lang.foreign}: the only native access of the project.
 *
 * <p>Everything goes through one linked function, {@code syscall(2)}, so that the first call costs one link step and
 * the layouts are the kernel's own. x86-64 is what the tests run on; the numbers and constants of aarch64 are there
 * and have not been run.
 *
 * <p><b>Errors.</b> What can be on a hot path returns a negative errno ({@code -Errno.EAGAIN}) and never throws for an
 * expected condition; what is set-up or control throws {@link io.busbar.core.linux.LinuxException}, which names the
 * operation, its object and the errno. When native access is denied to this module every call throws
 * {@link io.busbar.core.linux.NativeAccessDeniedException}, which names the flag to add.
 *
 * <p><b>Threads.</b> Static methods that take a descriptor number may be called from any thread.
 * {@link io.busbar.core.linux.Fd}, {@link io.busbar.core.linux.CallSignal}, {@link io.busbar.core.linux.Mapping} and
 * {@link io.busbar.core.linux.Tap} may be used and closed from any thread. Objects that own native scratch memory
 * ({@link io.busbar.core.linux.Epoll}, {@link io.busbar.core.linux.UnixStream}, {@link io.busbar.core.linux.Iovecs},
 * {@link io.busbar.core.linux.IoUring}, {@link io.busbar.core.linux.RouteSocket}) have one user thread at a time. System calls that wait pin the carrier of a
 * virtual thread: wait on platform threads.
 *
 * <p><b>Addresses.</b> Memory is passed to system calls as a {@code long} address, never as a segment: the kernel checks
 * it and answers EFAULT, where a native function would bring the process down.
 */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("0.1.0")
package io.busbar.core.linux;
