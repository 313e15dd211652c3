/* SPDX-License-Identifier: GPL-2.0-only */
/* CONTROL: commands for operators, each a handler of argument strings. */
#ifndef XS_PROTOCOL_CONTROL_H
#define XS_PROTOCOL_CONTROL_H

#include <stddef.h>

struct xs_request;

/* args[0] is the command's name. */
typedef int xs_command_fn(struct xs_request *req, const char *const *args,
			  size_t n);

#define COMMAND(name, handler, params) xs_command_fn xs_control_##handler;
#include "protocol/commands.def"
#undef COMMAND

#endif
