/* SPDX-License-Identifier: GPL-2.0-only */
/* Where compilers send a program that is about to overrun a buffer, or has. */
#include "plat/stubdom/libc/debian.h"

#include "plat/stubdom/libc/system.h"

/* flag: how strict to be with %n, which there is none of. */
int __vsnprintf_chk(char *buf, size_t max, int flag, size_t size,
		    const char *fmt, va_list ap)
{
	(void)flag;
	if (max > size)
		xs_sys_crash("vsnprintf: the buffer is smaller than it says");
	return vsnprintf(buf, max, fmt, ap);
}

/* The canary between a function's buffers and its return address died. */
void __stack_chk_fail(void)
{
	xs_sys_crash("a buffer on the stack was overrun");
}
