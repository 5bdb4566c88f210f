/*
 * Preloaded into User Mode Linux where the state of the machine's processors is larger than the buffer that kernels before
 * 6.13 have for it (AMX: 11008 bytes, they have 2696). They read and write the front of it, and Linux refuses to write less
 * than the whole (fpu/regset.c, xstateregs_set: EFAULT). Here the rest is appended, which is that of tiles: no program in a
 * guest has asked for them, so it is zero. User Mode Linux traces from one thread.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>

typedef long trace(enum __ptrace_request request, pid_t pid, void *address, void *data);

static trace *real;
static _Alignas(64) char whole[65536];
static size_t size; /* of the processors' state; 0: not known yet */

static long set_state(pid_t pid, void *type, struct iovec *front)
{
	struct iovec all = {whole, size ? size : sizeof whole};

	if (!size) {
		if (real(PTRACE_GETREGSET, pid, type, &all) < 0)
			return -1;
		size = all.iov_len;
		memset(whole, 0, size);
	}
	if (front->iov_len >= size)
		return real(PTRACE_SETREGSET, pid, type, front);
	memcpy(whole, front->iov_base, front->iov_len);
	return real(PTRACE_SETREGSET, pid, type, &all);
}

long ptrace(enum __ptrace_request request, ...)
{
	va_list arguments;
	pid_t pid;
	void *address, *data;

	va_start(arguments, request);
	pid = va_arg(arguments, pid_t);
	address = va_arg(arguments, void *);
	data = va_arg(arguments, void *);
	va_end(arguments);
	if (!real)
		real = (trace *)dlsym(RTLD_NEXT, "ptrace");
	if (request == PTRACE_SETREGSET && address == (void *)NT_X86_XSTATE)
		return set_state(pid, address, data);
	return real(request, pid, address, data);
}
