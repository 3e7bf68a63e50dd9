/* SPDX-License-Identifier: MIT
 *
 * What a database must hold: a state, the batches written since, and how many
 * of these are known to have stayed.  After a crash the engine must show the
 * state behind some number of whole batches, in their order, and not fewer
 * than were acknowledged. */
#ifndef TESTS_SIMULATOR_MODEL_H
#define TESTS_SIMULATOR_MODEL_H

#include "storage/engine.h"

enum {
	MODEL_TABLES = 4, /* the first is the catalog: always there */
	MODEL_KEYS = 32,
	MODEL_DROPPED_MAX = 6,
	MODEL_GHOSTS_MAX = 32,
	MODEL_IDS_MAX = 64,
	MODEL_GRACE_DEFAULT_S = 864000
};

enum version_kind { VERSION_NONE, VERSION_ROW, VERSION_TOMBSTONE };

struct version {
	enum version_kind kind;
	uint32_t value; /* a number; 0: no bytes at all */
	uint32_t size;
	uint32_t expires_at_s;
	int64_t timestamp_us;
	/* A tombstone may be dropped at once, or only gc_grace after this. */
	bool must_wait;
	uint32_t deleted_at_s;
};

struct model_table {
	uint32_t id; /* 0: there is none */
	bool has_explicit; /* timestamps, seen for certain */
	struct version rows[MODEL_KEYS];
};

struct model_state {
	struct model_table tables[MODEL_TABLES];
};

enum change_kind { CHANGE_ROW, CHANGE_CREATE, CHANGE_DROP };

struct model_change {
	enum change_kind kind;
	uint8_t table;
	uint8_t key;
	bool is_explicit;
	uint32_t id; /* of the table */
	struct version version;
};

/* Nobody can tell whether this version was there: a deletion, or a row that has
 * expired, which may have been forgotten since.  An opening that has to do with
 * an older checkpoint may show it. */
struct model_ghost {
	uint32_t id; /* of the table */
	unsigned key;
	struct version version;
	struct version instead_of; /* the model's: while it stays, this may
				      be */
};

struct model_batch {
	uint64_t lsn;
	size_t change_end;    /* behind its last change */
	int64_t server_us;    /* newest timestamp that the engine gave for it,
				 or before it */
};

struct model {
	struct model_state base; /* before the first batch */
	struct model_state now;  /* behind the last one */
	struct model_change *changes;
	size_t change_count;
	size_t change_capacity;
	struct model_batch *batches;
	size_t count;
	size_t capacity;
	size_t committed; /* batches that no end of a process may take */
	size_t durable;   /* batches that no loss of power may take */
	int64_t server_us; /* no later timestamp of the engine may be less */
	uint32_t grace_s; /* the least that the engine was ever told */
	struct model_ghost ghosts[MODEL_GHOSTS_MAX]; /* the latest ones */
	size_t ghost_count; /* ever */
	/* Tables that are gone for good, the latest ones. */
	uint32_t dropped[MODEL_DROPPED_MAX];
	size_t dropped_count;
};

/* What was seen of one row. */
struct seen_row {
	enum engine_row_state state;
	bool is_unreadable; /* its value: the disk is known to be damaged */
	uint32_t value;
	uint32_t size;
	uint32_t expires_at_s;
	int64_t timestamp_us;
};

struct seen_table {
	uint32_t id;
	bool exists;
	struct seen_row rows[MODEL_KEYS];
};

/* What was seen of a whole database. */
struct observation {
	struct seen_table tables[MODEL_IDS_MAX];
	size_t count;
	bool knows_tables; /* exists is meaningful */
	uint32_t from_s;   /* the engine's time before and after */
	uint32_t to_s;
	uint32_t grace_s;
};

enum violation {
	VIOLATION_NONE,
	VIOLATION_LOST,
	VIOLATION_WRONG,
	VIOLATION_TORN,
	VIOLATION_RESURRECTED,
	VIOLATION_REFUSED,
	VIOLATION_UNSTABLE,
	VIOLATION_CLOCK,
	VIOLATION_COUNTERS,
	VIOLATION_STUCK,
	VIOLATION_ABORTED,
	VIOLATION_UNREPEATABLE,
	VIOLATION_COUNT
};

void model_init(struct model *model);
void model_finish(struct model *model);

/* ---- writing ---- */

/* Whether a write with this timestamp takes the place of ${old}. */
bool model_is_kept(const struct version *old, int64_t timestamp_us);
/* Whether ${version}, a tombstone or an expired row, may be forgotten by
 * ${now_s}. */
bool model_may_be_dropped(const struct version *version, uint32_t now_s,
			  uint32_t grace_s);
/* Adds to the batch that is being made; visible in now at once. */
void model_change(struct model *model, const struct model_change *change);
/* Makes the changes since the last batch one. */
void model_end_batch(struct model *model, uint64_t lsn, int64_t server_us);
/* The changes since the last batch were refused. */
void model_cancel_batch(struct model *model);

/* Everything up to ${lsn} was promised. */
void model_acknowledge(struct model *model, uint64_t lsn, bool is_durable);
/* The newest version of a row was seen without a reservation. */
void model_acknowledge_row(struct model *model, unsigned table, unsigned key,
			   bool is_durable);

/* ---- judging ---- */

/* Every table that an observation should look at. */
size_t model_ids(const struct model *model, uint32_t ids[MODEL_IDS_MAX]);

/* Looks for the number of batches, at least ${floor}, behind which the state
 * is the observed one.  Otherwise says what is wrong with it. */
enum violation model_judge(const struct model *model,
			   const struct observation *seen, size_t floor,
			   size_t *batches, char text[256]);
/* What stands behind ${batches} is certain, what came later never was, as far
 * as ${seen} tells; NULL: nobody has looked, and all is there. */
void model_rebase(struct model *model, size_t batches,
		  const struct observation *seen);

/* Whether a version that fits was there at some moment since ${from}
 * batches; ${when} says how late it was at the beginning and at the end. */
bool model_was(const struct model *model, size_t from, uint32_t id,
	       unsigned key, const struct seen_row *row,
	       const struct observation *when);
/* Whether some version was live all the time since then. */
bool model_was_always_live(const struct model *model, size_t from, uint32_t id,
			   unsigned key, const struct observation *when);

/* Whether what is seen of a row can be this version. */
bool model_is_version(const struct version *version,
		      const struct seen_row *row,
		      const struct observation *seen);

bool model_is_same(const struct observation *a, const struct observation *b);

/* Rows of all tables but the catalog: at least those that haven't expired, at
 * most all. */
void model_keys(const struct model *model, uint32_t now_s, uint64_t *least,
		uint64_t *most);

const char *violation_name(enum violation violation);

#endif
