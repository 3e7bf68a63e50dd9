/* SPDX-License-Identifier: MIT
 *
 * Options in WITH by rule: which names are known, what value each takes, and
 * what is stored of it.  Most options only matter to a cluster; they are
 * checked, kept and printed again, so that a schema survives the way through
 * logstor. */
#ifndef PLANNER_OPTION_H
#define PLANNER_OPTION_H

#include "planner/catalog.h"
#include "planner/option_value.h"

enum option_kind {
	OPTION_TEXT,
	OPTION_INTEGER,
	OPTION_NUMBER,
	OPTION_BOOLEAN,
	OPTION_MAP,
	OPTION_BOOLEAN_OR_MAP,
	OPTION_OBSOLETE /* accepted and dropped */
};

/* A value as read, by the kind that it turned out to be. */
struct option_value {
	const struct ast_property *property;
	enum option_kind kind;
	struct slice text;
	int64_t integer;
	double number;
	bool truth;
	struct option_map map;
};

struct option_rule {
	const char *name;
	enum option_kind kind;
	bool is_dropped;          /* checked, but not kept as an option */
	int32_t least;            /* INTEGER */
	int32_t ordinary;         /* INTEGER: what CQL has without it */
	/* More to check; may change the value.  NULL: nothing. */
	int (*check)(struct option_value *value, struct arena *arena,
		     struct error *error);
};

struct option_rules {
	const struct option_rule *rules;
	size_t count;
};

/* Checks all ${properties}; the kept ones become ${options}, in normal form
 * and sorted by name.  Everything is in ${arena}. */
MUST_CHECK int option_bind(const struct option_rules *rules,
			   const struct ast_property *properties,
			   struct arena *arena, struct option **options,
			   uint32_t *option_count, struct error *error);

/* The property of that name, or NULL. */
const struct ast_property *
option_find_property(const struct ast_property *properties, const char *name);

/* The declared option of that name, or NULL. */
const struct option *option_find(const struct option *options, uint32_t count,
				 struct slice name);

#endif
