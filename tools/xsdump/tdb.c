/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The data base of old xenstoreds: a key is a path, a record is
 *
 *   [u64 generation,] u32 n_perms, u32 value length, u32 length of names,
 *   n_perms x {u32 domid, u32 access}, value, names of children with NULs
 *
 * in the order of the machine that wrote it.  Releases before 4.6 had no
 * generation; later ones leave four bytes over at the end.
 *
 * I1  The file is opened read-only and nothing in it is believed.
 * I2  A node is met once, since its path grows with every step.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <tdb.h>

#include "base/cursor.h"
#include "wire/perm.h"
#include "xsdump.h"

struct record {
	uint32_t n_perms, value_len, names_len;
	size_t perms_at;
};

/* Which of the three layouts has the length that this record has. */
static int parse(const uint8_t *data, size_t len, struct record *record)
{
	static const struct {
		size_t header; /* before the permissions */
		size_t spare;  /* at the end */
	} layouts[] = {{20, 4}, {20, 0}, {12, 0}};
	size_t i;

	for (i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		uint64_t want = layouts[i].header + layouts[i].spare;
		struct xs_rd rd;

		if (len < layouts[i].header)
			continue;
		xs_rd_init(&rd, data + layouts[i].header - 12, 12);
		record->n_perms = xs_rd_u32(&rd);
		record->value_len = xs_rd_u32(&rd);
		record->names_len = xs_rd_u32(&rd);
		record->perms_at = layouts[i].header;
		want += 8ull * record->n_perms + record->value_len +
			record->names_len;
		if (want == len && record->n_perms &&
		    record->n_perms <= UINT16_MAX)
			return 0;
	}
	return -1;
}

static int add_node(struct xs_image *image, const char *path,
		    const uint8_t *data, const struct record *record)
{
	struct xs_image_node node = {.n_perms = (uint16_t)record->n_perms};
	struct xs_perm *perms = xsd_alloc(record->n_perms, sizeof(*perms));
	struct xs_rd rd;
	uint32_t i;
	int rc;

	xs_rd_init(&rd, data + record->perms_at, 8ul * record->n_perms);
	for (i = 0; i < record->n_perms; i++) {
		perms[i].domid = (uint16_t)xs_rd_u32(&rd);
		perms[i].access = (uint8_t)(xs_rd_u32(&rd) & 3);
	}
	rc = xs_image_keep_perms(image, perms, node.n_perms, &node.perms);
	free(perms);
	if (!rc)
		rc = xs_image_keep(image, path, strlen(path), &node.path);
	if (!rc)
		rc = xs_image_keep(
			image, data + record->perms_at + 8ul * record->n_perms,
			record->value_len, &node.value);
	return rc ? rc : xs_image_add_node(image, &node);
}

/* Paths that are still to be read, the next one last. */
struct todo {
	char **paths;
	size_t n, n_alloc;
};

static void push(struct todo *todo, const char *parent, const char *name,
		 size_t name_len)
{
	size_t len = strlen(parent);
	char *path;

	if (len + name_len + 2 > XS_IMAGE_PATH_MAX)
		return;
	if (todo->n == todo->n_alloc) {
		todo->n_alloc = 2 * todo->n_alloc + 64;
		todo->paths = realloc(todo->paths,
				      todo->n_alloc * sizeof(*todo->paths));
		if (!todo->paths)
			exit(XSD_FAILED);
	}
	path = xsd_alloc(len + name_len + 2, 1);
	snprintf(path, len + name_len + 2, "%s%s%.*s", parent,
		 len && parent[len - 1] == '/' ? ""
		 : name_len		       ? "/"
					       : "",
		 (int)name_len, name);
	todo->paths[todo->n++] = path;
}

/* Children come in their order, hence from the last to the first. */
static void push_children(struct todo *todo, const char *path,
			  const uint8_t *names, size_t len)
{
	while (len && !names[len - 1]) {
		size_t end = --len;

		while (len && names[len - 1])
			len--;
		if (end > len)
			push(todo, path, (const char *)names + len, end - len);
	}
}

static int read_nodes(struct tdb_context *tdb, struct xs_image *image,
		      const char *top)
{
	struct todo todo = {0};
	int n = 0;

	push(&todo, top, "", 0);
	while (todo.n) {
		char *path = todo.paths[--todo.n];
		TDB_DATA key = {.dptr = (unsigned char *)path,
				.dsize = strlen(path)};
		TDB_DATA data = tdb_fetch(tdb, key);
		struct record record;

		if (data.dptr && !parse(data.dptr, data.dsize, &record) &&
		    !add_node(image, path, data.dptr, &record)) {
			n++;
			push_children(&todo, path,
				      data.dptr + record.perms_at +
					      8ul * record.n_perms +
					      record.value_len,
				      record.names_len);
		}
		free(data.dptr);
		free(path);
	}
	free(todo.paths);
	return n;
}

/* All nodes, parents first; -1 with the reason in error. */
int xsd_tdb_read(const char *name, struct xs_image *image, char *error,
		 size_t error_len)
{
	struct tdb_context *tdb;

	tdb = tdb_open(name, 0, TDB_NOLOCK, O_RDONLY, 0);
	if (!tdb) {
		snprintf(error, error_len,
			 "cannot be opened as a data base (a pipe never can)");
		return -1;
	}
	read_nodes(tdb, image, "@releaseDomain");
	read_nodes(tdb, image, "@introduceDomain");
	if (!read_nodes(tdb, image, "/")) {
		snprintf(error, error_len, "is no store: it has no root");
		tdb_close(tdb);
		return -1;
	}
	tdb_close(tdb);
	return 0;
}
