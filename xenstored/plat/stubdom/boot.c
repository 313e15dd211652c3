/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From entry.S to main(): finds Xen, has everything set up in an order in which
 * each part has what it needs, and hands main() the words of the command line.
 *
 *   exceptions, hypercall page, memory map, page tables, shared_info, console,
 *   events, constructors, main()
 *
 * Until the console is there, text goes to Xen's log only.
 */
#include "plat/stubdom/internal.h"

#include <stdlib.h>
#include <string.h>

#include <xen/xen.h>
#include <xen/arch-x86/cpuid.h>
#include <xen/arch-x86/hvm/start_info.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/sched.h>

#include "plat/stubdom/cpu.h"
#include "plat/stubdom/hypercall.h"
#include "plat/stubdom/layout.h"
#include "plat/stubdom/libc/system.h"

/* Xen's leaves may lie behind those for other systems (xen/arch-x86/cpuid.h) */
#define CPUID_FIRST 0x40000000
#define CPUID_LAST  0x40010000
#define CPUID_STEP  0x100

#define ARGS_MAX    64

typedef void init_fn(void);

char xs_hypercall_page[PAGE_SIZE]
	__attribute__((aligned(PAGE_SIZE), section(".hypercall")));

extern uint64_t xs_canary;			       /* entry.S */
extern init_fn *xs_init_array[], *xs_init_array_end[]; /* stubdom.lds */
extern char xs_image_end[];

static const void *module;
static size_t module_len;
static uint64_t started_ns;
static char cmdline[XS_CMDLINE_MAX];
static char *args[ARGS_MAX + 1];

int main(int argc, char **argv);
_Noreturn void xs_boot(const struct hvm_start_info *info);

/* ---- Finding Xen ------------------------------------------------------ */

static uint32_t find_xen(void)
{
	uint32_t base;

	for (base = CPUID_FIRST; base < CPUID_LAST; base += CPUID_STEP) {
		struct cpuid id = xs_cpuid(base);

		if (id.ebx == XEN_CPUID_SIGNATURE_EBX &&
		    id.ecx == XEN_CPUID_SIGNATURE_ECX &&
		    id.edx == XEN_CPUID_SIGNATURE_EDX)
			return base;
	}
	return 0;
}

/* The MSR that leaf 2 names takes the address of a page for Xen to fill in. */
static void set_up_hypercalls(void)
{
	uint32_t base = find_xen();

	if (!base)
		xs_sys_crash("this is not Xen");
	xs_wrmsr(xs_cpuid(base + 2).ebx, (uintptr_t)xs_hypercall_page);
}

/* A parameter that the domain builder set. */
uint64_t xs_hvm_param(unsigned int index)
{
	struct xen_hvm_param param = {.domid = DOMID_SELF, .index = index};

	return xs_xen_hvm(HVMOP_get_param, &param) ? 0 : param.value;
}

/* ---- What the builder left in memory ---------------------------------- */

static void copy_cmdline(const struct hvm_start_info *info)
{
	const char *text = (const char *)(uintptr_t)info->cmdline_paddr;

	if (text)
		memcpy(cmdline, text, strnlen(text, sizeof(cmdline) - 1));
}

/* Where the heap may begin: behind the image and every module. */
static uint64_t find_modules(const struct hvm_start_info *info)
{
	const struct hvm_modlist_entry *mods =
		(const void *)(uintptr_t)info->modlist_paddr;
	uint64_t end = (uintptr_t)xs_image_end;
	uint32_t i;

	if (info->nr_modules) {
		module = (const void *)(uintptr_t)mods[0].paddr;
		module_len = mods[0].size;
	}
	for (i = 0; i < info->nr_modules; i++) {
		if (mods[i].paddr + mods[i].size > end)
			end = mods[i].paddr + mods[i].size;
	}
	return end;
}

/* When xs_boot() had a clock, which is nearly its beginning. */
uint64_t xs_boot_ns(void)
{
	return started_ns;
}

/* See plat_stubdom.h. */
const void *xs_plat_stubdom_module(size_t *lenp)
{
	*lenp = module_len;
	return module;
}

/* ---- Starting --------------------------------------------------------- */

static void run_constructors(void)
{
	init_fn **init;

	for (init = xs_init_array; init != xs_init_array_end; init++)
		(*init)();
}

/* Cuts the command line into words; there are no quotes in it. */
static int split_cmdline(void)
{
	char *p = cmdline;
	int n = 0;

	args[n++] = (char[]){"xenstored"};
	for (;;) {
		p += strspn(p, " ");
		if (!*p)
			return n;
		if (n == ARGS_MAX)
			xs_sys_crash("too many words on the command line");
		args[n++] = p;
		p += strcspn(p, " ");
		if (*p)
			*p++ = '\0';
	}
}

/*
 * The secret that functions leave on the stack and look for when they return.
 * Who is about to return must not see it change: this is inlined into a
 * function that does not.  Its lowest byte is 0, so that no string function can
 * copy it.
 */
static inline __attribute__((always_inline)) void choose_canary(void)
{
	uint64_t word;

	xs_sys_random(&word, sizeof(word));
	xs_canary = word & ~UINT64_C(0xff);
}

/* Called once, by entry.S.  info lies in memory that will be the heap. */
_Noreturn void xs_boot(const struct hvm_start_info *info)
{
	struct sched_shutdown down = {.reason = SHUTDOWN_poweroff};
	uint64_t reserved;

	xs_trap_init();
	set_up_hypercalls();
	if (info->magic != XEN_HVM_START_MAGIC_VALUE)
		xs_sys_crash("there is no start info of Xen");
	copy_cmdline(info);
	reserved = find_modules(info);
	xs_memory_init(reserved);
	xs_paging_init(xs_memory_end());
	xs_window_init();
	started_ns = xs_clock_ns();
	xs_console_init();
	choose_canary();
	xs_event_init();
	run_constructors();
	if (main(split_cmdline(), args))
		down.reason = SHUTDOWN_crash;
	xs_xen_sched(SCHEDOP_shutdown, &down);
	xs_sys_crash("Xen does not let us shut down");
}
