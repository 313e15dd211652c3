/* SPDX-License-Identifier: GPL-2.0-only */
/* CONTROL: commands for operators, each a handler of argument strings. */
#ifndef XS_PROTOCOL_CONTROL_H
#define XS_PROTOCOL_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

struct xs_protocol;
struct xs_request;

/* args[0] is the command's name. */
typedef int xs_command_fn(struct xs_request *req, const char *const *args,
			  size_t n);

/* A part of a program for live-update, which is no list of strings. */
bool xs_control_is_piece(const struct xs_request *req);
int xs_control_piece(struct xs_request *req);

/* Checks that take more than a turn. */
bool xs_control_check_some(struct xs_protocol *protocol);
void xs_control_check_fini(struct xs_protocol *protocol);

#define COMMAND(name, handler, params) xs_command_fn xs_control_##handler;
#include "protocol/commands.def"
#undef COMMAND

#endif
