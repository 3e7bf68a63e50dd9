/* SPDX-License-Identifier: MIT */
#include "bench/lmdb_side.h"

#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LOAD_BATCH = 50000 };

struct lmdb_side {
	MDB_env *environment;
	MDB_txn *reader;
	MDB_dbi table;
	uint64_t rows;
	uint32_t value_size;
	uint64_t seed;
	uint64_t version;
};

static void
must(int code, const char *what)
{
	if (code == MDB_SUCCESS)
		return;
	fprintf(stderr, "lmdb: %s: %s\n", what, mdb_strerror(code));
	exit(EXIT_FAILURE);
}

static void
put(struct lmdb_side *side, MDB_txn *transaction, uint64_t number)
{
	uint8_t key_bytes[SIDE_KEY_SIZE], value_bytes[SIDE_VALUE_MAX];
	MDB_val key = { SIDE_KEY_SIZE, key_bytes };
	MDB_val value = { side->value_size, value_bytes };

	side_key(number, key_bytes);
	side_value(number, ++side->version, value_bytes, side->value_size);
	must(mdb_put(transaction, side->table, &key, &value, 0), "put");
}

static void
load(struct lmdb_side *side)
{
	MDB_txn *transaction;

	must(mdb_env_set_flags(side->environment, MDB_NOSYNC, 1), "flags");
	for (uint64_t at = 0; at < side->rows;) {
		must(mdb_txn_begin(side->environment, NULL, 0, &transaction),
		     "begin");
		for (int i = 0; i < LOAD_BATCH && at < side->rows; i++)
			put(side, transaction, at++);
		must(mdb_txn_commit(transaction), "commit");
	}
	must(mdb_env_set_flags(side->environment, MDB_NOSYNC, 0), "flags");
	must(mdb_env_sync(side->environment, 1), "sync");
}

struct lmdb_side *
lmdb_side_create(const char *path, uint64_t rows, uint32_t value_size)
{
	struct lmdb_side *side = calloc(1, sizeof(*side));
	MDB_txn *transaction;

	if (!side)
		exit(EXIT_FAILURE);
	side->rows = rows;
	side->value_size = value_size;
	side_remove(path);
	if (mkdir(path, 0700) < 0)
		must(MDB_PANIC, path);
	must(mdb_env_create(&side->environment), "create");
	/* Old pages are kept while they are copied: four times is plenty. */
	must(mdb_env_set_mapsize(side->environment,
				 (rows * (value_size + 64) * 4 + (64 << 20)) &
					 ~(size_t)4095),
	     "map size");
	must(mdb_env_open(side->environment, path,
			  MDB_NOTLS | MDB_NORDAHEAD, 0600),
	     "open");
	must(mdb_txn_begin(side->environment, NULL, 0, &transaction), "begin");
	must(mdb_dbi_open(transaction, NULL, MDB_CREATE, &side->table),
	     "table");
	must(mdb_txn_commit(transaction), "commit");
	load(side);
	must(mdb_txn_begin(side->environment, NULL, MDB_RDONLY, &side->reader),
	     "begin");
	mdb_txn_reset(side->reader);
	return side;
}

void
lmdb_side_close(struct lmdb_side *side)
{
	if (!side)
		return;
	mdb_txn_abort(side->reader);
	mdb_env_close(side->environment);
	free(side);
}

static void
get(struct lmdb_side *side)
{
	uint64_t number = number_next(&side->seed) % side->rows;
	uint8_t key_bytes[SIDE_KEY_SIZE];
	MDB_val key = { SIDE_KEY_SIZE, key_bytes }, value;

	side_key(number, key_bytes);
	must(mdb_get(side->reader, side->table, &key, &value), "get");
	if (value.mv_size != side->value_size ||
	    memcmp(value.mv_data, &number, sizeof(number)) != 0)
		must(MDB_CORRUPTED, "get");
}

double
lmdb_side_read(struct lmdb_side *side, unsigned batch, bool is_held,
	       uint64_t count)
{
	double start = stopwatch_now();

	must(mdb_txn_renew(side->reader), "renew");
	for (uint64_t i = 0; i < count; i++) {
		if (!is_held && i > 0 && i % batch == 0) {
			mdb_txn_reset(side->reader);
			must(mdb_txn_renew(side->reader), "renew");
		}
		get(side);
	}
	mdb_txn_reset(side->reader);
	return (double)count / (stopwatch_now() - start);
}

double
lmdb_side_overwrite(struct lmdb_side *side, double seconds,
		    struct latencies *latencies)
{
	double start = stopwatch_now(), now = start, before;
	MDB_txn *transaction;
	uint64_t rows = 0;

	for (; now - start < seconds; rows += SIDE_BATCH) {
		before = now;
		must(mdb_txn_begin(side->environment, NULL, 0, &transaction),
		     "begin");
		for (int i = 0; i < SIDE_BATCH; i++)
			put(side, transaction,
			    number_next(&side->seed) % side->rows);
		must(mdb_txn_commit(transaction), "commit");
		now = stopwatch_now();
		latencies_add(latencies, now - before);
	}
	return (double)rows / (now - start);
}
