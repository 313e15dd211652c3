/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The program that takes over from this one: it comes in pieces through the
 * store's own protocol and is kept in memory, like the state it will get.
 *
 * It cannot be tried beside this one.  What is tried is that it is an image
 * that can be started, and that the state can be read by a program like us.
 */
#include "plat/stubdom/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plat/stubdom/elf.h"

static void forget(uint8_t **data, size_t *len)
{
	free(*data);
	*data = NULL;
	*len = 0;
}

/* See plat.h. */
int plat_program_receive(struct xs_plat *plat, size_t size)
{
	forget(&plat->program, &plat->program_len);
	plat->program = malloc(size);
	plat->program_size = plat->program ? size : 0;
	return plat->program ? 0 : -E2BIG;
}

/* See plat.h. */
int plat_program_piece(struct xs_plat *plat, const void *data, size_t len)
{
	if (len > plat->program_size - plat->program_len)
		return -EINVAL;
	memcpy(plat->program + plat->program_len, data, len);
	plat->program_len += len;
	return 0;
}

/* See plat.h.  The trial is over when this returns. */
int plat_program_start(struct xs_plat *plat, const char *const *argv,
		       const void *data, size_t len)
{
	struct xs_elf_image image;

	(void)argv;
	plat->said[0] = '\0';
	plat->status = 1;
	if (!plat->program || plat->program_len != plat->program_size ||
	    xs_elf_read(&image, plat->program, plat->program_len))
		snprintf(plat->said, sizeof(plat->said),
			 "this is no image of a stub domain");
	else if (data)
		plat->status =
			plat->check(data, len, plat->said, sizeof(plat->said));
	return 0;
}

/* See plat.h. */
int plat_program_wait(struct xs_plat *plat, int timeout_ms, int *statusp,
		      char *out, size_t max)
{
	(void)timeout_ms;
	*statusp = plat->status;
	snprintf(out, max, "%s", plat->said);
	return 0;
}

/* See plat.h.  The program itself stays until another comes. */
void plat_program_stop(struct xs_plat *plat)
{
	plat->said[0] = '\0';
}

/* See plat.h. */
int plat_state_write(struct xs_plat *plat, const void *data, size_t len)
{
	plat_state_remove(plat);
	plat->state = malloc(len);
	if (!plat->state)
		return -ENOMEM;
	memcpy(plat->state, data, len);
	plat->state_len = len;
	return 0;
}

/* See plat.h. */
void plat_state_remove(struct xs_plat *plat)
{
	forget(&plat->state, &plat->state_len);
}

/* The words of argv but for the program's name. */
int xs_program_cmdline(const struct xs_plat *plat, const char *const *argv,
		       char cmdline[XS_CMDLINE_MAX])
{
	size_t len;

	/* The port of the first ring is not asked for twice. */
	len = (size_t)snprintf(cmdline, XS_CMDLINE_MAX, "--event %u",
			       plat->master_port);
	for (argv++; *argv; argv++) {
		if (len + strlen(*argv) + 2 > XS_CMDLINE_MAX)
			return -E2BIG;
		len += (size_t)snprintf(cmdline + len, XS_CMDLINE_MAX - len,
					" %s", *argv);
	}
	return 0;
}

/* See plat.h. */
int plat_live_exec(struct xs_plat *plat, const char *const *argv)
{
	char cmdline[XS_CMDLINE_MAX];
	int ret = xs_program_cmdline(plat, argv, cmdline);

	if (ret)
		return ret;
	return xs_kexec(plat->program, plat->program_len, plat->state,
			plat->state_len, cmdline);
}
