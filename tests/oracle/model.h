/* SPDX-License-Identifier: MIT
 *
 * What the database ought to answer, worked out by SQLite.  A CQL table is
 * an SQLite table of blobs: token, key, for each key part its wire bytes and
 * bytes that sort as its type does, the other columns, and what decides
 * conflicts.  Deletions are rows too: tombstones, which only queries skip. */
#ifndef TESTS_ORACLE_MODEL_H
#define TESTS_ORACLE_MODEL_H

#include "tests/oracle/operation.h"
#include "tests/oracle/result.h"

enum { MODEL_TABLES_MAX = 3 };

/* Rules that can be got wrong on purpose: a campaign that doesn't notice
 * would prove nothing. */
enum plant {
	PLANT_NONE = 0,
	PLANT_KEEP_UNNAMED = 1,  /* INSERT leaves unnamed columns alone */
	PLANT_TIE_FIRST = 2,     /* equal timestamps: the first write stays */
	PLANT_TIE_DELETE = 3,    /* equal timestamps: data beats deletion */
	PLANT_IN_BY_TOKEN = 4,   /* rows of IN in token order */
	PLANT_RANGE_OPEN = 5,    /* <= means < */
	PLANT_TRUNCATE_KEEPS = 6, /* TRUNCATE leaves tombstones */
	PLANT_FORGET_TTL = 7,    /* no default_time_to_live */
	PLANT_COUNT
};

struct model;

struct model *model_create(enum plant plant);
void model_destroy(struct model *model);

/* The second in which the next operations take place: what expires is decided
 * by it. */
void model_set_time(struct model *model, int64_t now_s);

/* Forgets all tables. */
void model_reset(struct model *model);

/* The table that slot holds at the moment, or NULL. */
const struct schema *model_schema(const struct model *model, unsigned slot);

/* Applies the operation, and says what it should answer. */
void model_run(struct model *model, const struct operation *operation,
	       struct result *result);

#endif
