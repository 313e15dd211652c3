/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gtmctl - the hypervisor part of transparent migration by hand, in dom0:
 *
 *   gtmctl size DOMID            could it be moved, how much is it
 *   gtmctl get DOMID FILE        the context of a paused domain
 *   gtmctl set DOMID FILE        give it to one that never ran
 *   gtmctl grants DOMID          what others can write to
 *   gtmctl suspend DOMID         as if the guest had suspended itself
 *   gtmctl echo FILE OUT [SECS [OUT2]]
 *                                give it to an empty domain that has just the
 *                                memory it names, read it back at once (OUT)
 *                                and SECS later, after an unpause (OUT2)
 *   gtmctl refusals FILE         what is refused for any context
 *   gtmctl fuzz N SEED SECS FILE...
 *                                N hostile contexts for as many domains, made
 *                                of FILEs and of some that it has
 *
 * It prints what happened on one line, and ends with 0 (done), 1 (Xen refused)
 * or 2 (could not even ask).  The empty domain of echo has vcpus without a
 * state, which stay down: nothing runs in it, but its clocks do.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hv/gtmctl.h"

xc_interface *xch;

_Noreturn void die(const char *what)
{
	fprintf(stderr, "gtmctl: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int refused(const char *what, uint32_t reason)
{
	printf("%s: errno %d (%s) reason %u (%s)\n", what, errno,
	       strerror(errno), reason, xc_gtm_reason(reason));
	return 1;
}

static uint32_t number(const char *s)
{
	char *end;
	unsigned long n = strtoul(s, &end, 0);

	if (!*s || *end || n > UINT32_MAX) {
		fprintf(stderr, "gtmctl: %s is no number\n", s);
		exit(2);
	}
	return (uint32_t)n;
}

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

void *read_file(const char *path, uint64_t *size)
{
	FILE *f = fopen(path, "rb");
	uint8_t *buf = malloc(XEN_GTM_MAX_SIZE + 1);

	if (!f || !buf)
		die(path);
	*size = fread(buf, 1, XEN_GTM_MAX_SIZE + 1, f);
	if (ferror(f))
		die(path);
	fclose(f);
	return buf;
}

static void write_file(const char *path, const void *buf, uint64_t size)
{
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(buf, 1, size, f) != size || fclose(f))
		die(path);
}

static int cmd_size(uint32_t domid)
{
	uint64_t size = 0;
	uint32_t reason;

	if (xc_domain_gtm_get_context(xch, domid, NULL, &size, &reason))
		return refused("size", reason);
	printf("size %" PRIu64 "\n", size);
	return 0;
}

static int cmd_get(uint32_t domid, const char *path)
{
	uint64_t size = 0, start;
	uint32_t reason;
	void *buf;
	int rc;

	if (xc_domain_gtm_get_context(xch, domid, NULL, &size, &reason))
		return refused("size", reason);
	buf = malloc(size);
	if (!buf)
		die("memory");

	start = now_us();
	rc = xc_domain_gtm_get_context(xch, domid, buf, &size, &reason);
	if (rc) {
		rc = refused("get", reason);
	} else {
		printf("get %" PRIu64 " bytes in %" PRIu64 " us\n", size,
		       now_us() - start);
		write_file(path, buf, size);
	}
	free(buf);
	return rc;
}

static int set_context(uint32_t domid, const void *buf, uint64_t size)
{
	uint64_t start = now_us();
	uint32_t reason, offset;

	if (xc_domain_gtm_set_context(xch, domid, buf, size, &reason,
				      &offset)) {
		printf("offset %u: ", offset);
		return refused("set", reason);
	}
	printf("set %" PRIu64 " bytes in %" PRIu64 " us\n", size,
	       now_us() - start);
	return 0;
}

static int cmd_set(uint32_t domid, const char *path)
{
	uint64_t size;
	void *buf = read_file(path, &size);
	int rc = set_context(domid, buf, size);

	free(buf);
	return rc;
}

static int cmd_grants(uint32_t domid)
{
	uint32_t next = 0, mapped = 0, total = 0;

	do {
		uint64_t gfns[64];
		uint32_t nr = 64, i;

		if (xc_domain_gtm_grants(xch, domid, &next, gfns, &nr, &mapped))
			return refused("grants", 0);
		for (i = 0; i < nr; i++)
			printf("%s%#" PRIx64, total++ ? " " : "gfns ", gfns[i]);
	} while (next != UINT32_MAX);

	printf("%swritten %u mapped %u\n", total ? " " : "", total, mapped);
	return 0;
}

static int cmd_suspend(uint32_t domid)
{
	if (xc_domain_shutdown(xch, domid, SHUTDOWN_suspend))
		die("shutdown");
	return 0;
}

static int run_a_moment(uint32_t domid, unsigned int seconds, const char *path)
{
	sleep(seconds);
	if (xc_domain_unpause(xch, domid) || xc_domain_pause(xch, domid))
		die("unpause");
	return cmd_get(domid, path);
}

/* A domain that was given half a context must not run, whoever asks for it. */
static int try_to_run(uint32_t domid)
{
	xc_dominfo_t info;

	if (xc_domain_unpause(xch, domid) ||
	    xc_domain_getinfo(xch, domid, 1, &info) != 1)
		die("unpause");
	printf("unpaused: %s\n", info.crashed ? "crashed" : "runs");
	return 1;
}

static int cmd_echo(const char *path, const char *out, unsigned int seconds,
		    const char *later)
{
	struct pages pages = {.nr = 0};
	uint64_t size;
	void *buf = read_file(path, &size);
	unsigned int vcpus = find_pages(buf, size, &pages);
	uint32_t domid = make_domain(true, vcpus ? vcpus : 1, &pages);
	int rc = set_context(domid, buf, size);

	if (!rc)
		rc = cmd_get(domid, out);
	else if (later)
		rc = try_to_run(domid);
	if (!rc && later)
		rc = run_a_moment(domid, seconds, later);
	destroy_domain(domid);
	free(buf);
	return rc;
}

static int usage(void)
{
	fprintf(stderr, "usage: gtmctl size DOMID | get DOMID FILE | "
			"set DOMID FILE | grants DOMID | "
			"suspend DOMID | echo FILE OUT [SECS OUT2] | "
			"refusals FILE | fuzz N SEED SECS FILE...\n");
	return 2;
}

int main(int argc, char **argv)
{
	const char *cmd = argc > 2 ? argv[1] : "";
	int rc;

	xch = xc_interface_open(NULL, NULL, 0);
	if (!xch)
		die("xc_interface_open");

	if (argc == 3 && !strcmp(cmd, "size"))
		rc = cmd_size(number(argv[2]));
	else if (argc == 4 && !strcmp(cmd, "get"))
		rc = cmd_get(number(argv[2]), argv[3]);
	else if (argc == 4 && !strcmp(cmd, "set"))
		rc = cmd_set(number(argv[2]), argv[3]);
	else if (argc == 3 && !strcmp(cmd, "grants"))
		rc = cmd_grants(number(argv[2]));
	else if (argc == 3 && !strcmp(cmd, "suspend"))
		rc = cmd_suspend(number(argv[2]));
	else if (argc == 4 && !strcmp(cmd, "echo"))
		rc = cmd_echo(argv[2], argv[3], 0, NULL);
	else if (argc == 6 && !strcmp(cmd, "echo"))
		rc = cmd_echo(argv[2], argv[3], number(argv[4]), argv[5]);
	else if (argc == 3 && !strcmp(cmd, "refusals"))
		rc = refusals(argv[2]);
	else if (argc >= 5 && !strcmp(cmd, "fuzz"))
		rc = fuzz(number(argv[2]), number(argv[3]), number(argv[4]),
			  argv + 5, (unsigned int)argc - 5);
	else
		rc = usage();

	xc_interface_close(xch);
	return rc;
}
