/* SPDX-License-Identifier: MIT */
#include "bench/sides.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sqlite_side {
	sqlite3 *database;
	sqlite3_stmt *insert;
	sqlite3_stmt *select;
};

static void
must(struct sqlite_side *side, int code, const char *what)
{
	if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW)
		return;
	fprintf(stderr, "sqlite: %s: %s\n", what,
		sqlite3_errmsg(side->database));
	exit(EXIT_FAILURE);
}

static void
run(struct sqlite_side *side, const char *sql)
{
	must(side, sqlite3_exec(side->database, sql, NULL, NULL, NULL), sql);
}

/* As durable as logstor's default: a commit is on stable storage. */
static void *
side_open(const char *path)
{
	struct sqlite_side *side = calloc(1, sizeof(*side));

	if (!side)
		exit(EXIT_FAILURE);
	must(side, sqlite3_open(path, &side->database), "open");
	run(side, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
		  "CREATE TABLE t (k INTEGER PRIMARY KEY, v BLOB);");
	must(side,
	     sqlite3_prepare_v3(side->database,
				"INSERT OR REPLACE INTO t (k, v) VALUES (?, ?)",
				-1, SQLITE_PREPARE_PERSISTENT, &side->insert,
				NULL),
	     "prepare");
	must(side,
	     sqlite3_prepare_v3(side->database, "SELECT v FROM t WHERE k = ?",
				-1, SQLITE_PREPARE_PERSISTENT, &side->select,
				NULL),
	     "prepare");
	return side;
}

static void
side_close(void *context)
{
	struct sqlite_side *side = context;

	sqlite3_finalize(side->insert);
	sqlite3_finalize(side->select);
	must(side, sqlite3_close(side->database), "close");
	free(side);
}

static void
side_insert(void *context, uint64_t count, key_order order,
	    bool is_each_durable)
{
	struct sqlite_side *side = context;
	uint8_t value[VALUE_SIZE];
	int64_t key;

	if (!is_each_durable)
		run(side, "BEGIN");
	for (uint64_t i = 0; i < count; i++) {
		key = order(i, count);
		value_make(key, value);
		sqlite3_bind_int64(side->insert, 1, key);
		sqlite3_bind_blob(side->insert, 2, value, VALUE_SIZE,
				  SQLITE_STATIC);
		must(side, sqlite3_step(side->insert), "insert");
		must(side, sqlite3_reset(side->insert), "insert");
	}
	if (!is_each_durable)
		run(side, "COMMIT");
}

static void
side_select(void *context, uint64_t count, key_order order,
	    bool is_one_transaction)
{
	struct sqlite_side *side = context;
	uint8_t value[VALUE_SIZE];
	int64_t key;

	if (is_one_transaction)
		run(side, "BEGIN");
	for (uint64_t i = 0; i < count; i++) {
		key = order(i, count);
		value_make(key, value);
		sqlite3_bind_int64(side->select, 1, key);
		if (sqlite3_step(side->select) != SQLITE_ROW ||
		    sqlite3_column_bytes(side->select, 0) != VALUE_SIZE ||
		    memcmp(sqlite3_column_blob(side->select, 0), value,
			   VALUE_SIZE) != 0) {
			fprintf(stderr, "sqlite: key %lld is wrong\n",
				(long long)key);
			exit(EXIT_FAILURE);
		}
		must(side, sqlite3_reset(side->select), "select");
	}
	if (is_one_transaction)
		run(side, "COMMIT");
}

const struct side_functions sqlite_side = { side_open, side_close, side_insert,
					    side_select };
