/* SPDX-License-Identifier: MIT */
#include "bench/sides.h"

#include "include/logstor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct logstor_side {
	logstor_database *database;
	logstor_session *session;
	logstor_statement *insert;
	logstor_statement *select;
};

static void
must(struct logstor_side *side, int code, const char *what)
{
	if (code >= 0)
		return;
	fprintf(stderr, "logstor: %s: %s\n", what,
		side->session ? logstor_error_message(side->session)
			      : logstor_database_error(side->database));
	exit(EXIT_FAILURE);
}

static void *
side_open(const char *path)
{
	struct logstor_side *side = calloc(1, sizeof(*side));

	if (!side)
		exit(EXIT_FAILURE);
	must(side, logstor_open(path, NULL, &side->database), "open");
	must(side, logstor_session_open(side->database, &side->session),
	     "session");
	must(side,
	     logstor_execute(side->session,
			     "CREATE KEYSPACE bench; USE bench;"
			     "CREATE TABLE t (k bigint PRIMARY KEY, v blob)"
			     " WITH storage_engine = 'logstor';",
			     NULL, NULL),
	     "schema");
	must(side,
	     logstor_prepare(side->session,
			     "INSERT INTO t (k, v) VALUES (?, ?)", -1,
			     &side->insert, NULL),
	     "prepare");
	must(side,
	     logstor_prepare(side->session, "SELECT v FROM t WHERE k = ?", -1,
			     &side->select, NULL),
	     "prepare");
	return side;
}

static void
side_close(void *context)
{
	struct logstor_side *side = context;

	logstor_finalize(side->insert);
	logstor_finalize(side->select);
	logstor_session_close(side->session);
	side->session = NULL;
	must(side, logstor_close(side->database, NULL, 0), "close");
	free(side);
}

static void
side_insert(void *context, uint64_t count, key_order order,
	    bool is_each_durable)
{
	struct logstor_side *side = context;
	uint8_t value[VALUE_SIZE];
	int64_t key;

	logstor_set_deferred_commit(side->database, !is_each_durable);
	for (uint64_t i = 0; i < count; i++) {
		key = order(i, count);
		value_make(key, value);
		must(side, logstor_bind_int64(side->insert, 0, key), "bind");
		must(side,
		     logstor_bind_blob(side->insert, 1, value, VALUE_SIZE),
		     "bind");
		must(side, logstor_step(side->insert), "insert");
	}
	must(side, logstor_commit(side->database), "commit");
	logstor_set_deferred_commit(side->database, false);
}

static void
side_select(void *context, uint64_t count, key_order order,
	    bool is_one_transaction)
{
	struct logstor_side *side = context;
	uint8_t value[VALUE_SIZE];
	const void *found;
	size_t size;
	int64_t key;

	(void)is_one_transaction;
	for (uint64_t i = 0; i < count; i++) {
		key = order(i, count);
		value_make(key, value);
		must(side, logstor_bind_int64(side->select, 0, key), "bind");
		if (logstor_step(side->select) != LOGSTOR_ROW) {
			fprintf(stderr, "logstor: key %lld is missing\n",
				(long long)key);
			exit(EXIT_FAILURE);
		}
		found = logstor_column_raw(side->select, 0, &size);
		if (size != VALUE_SIZE || memcmp(found, value, size) != 0)
			exit(EXIT_FAILURE);
		must(side, logstor_reset(side->select), "reset");
	}
}

const struct side_functions logstor_side = { side_open, side_close,
					     side_insert, side_select };
