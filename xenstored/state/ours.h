/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sizes and flags of our own records; docs/formats/state-stream.md. */
#ifndef XS_STATE_OURS_H
#define XS_STATE_OURS_H

#define XS_GLOBAL_EXT_LEN	  16
#define XS_CONN_EXT_LEN		  40
#define XS_TXN_LEN		  40
#define XS_REQUEST_LEN		  40 /* before path and data */
#define XS_CHECKSUM_LEN		  8

#define XS_CONN_EXT_IGNORED	  1u
#define XS_CONN_EXT_SHUTDOWN_TOLD 2u
#define XS_CONN_EXT_INTRODUCED	  4u
#define XS_CONN_EXT_FLAGS	  7u

#define XS_TXN_DOOMED		  1u

#endif
