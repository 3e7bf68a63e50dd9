/* SPDX-License-Identifier: MIT
 *
 * The options of CREATE TABLE … WITH: those that Cassandra and ScyllaDB know.
 * `storage_engine` must be 'logstor', `default_time_to_live` and
 * `gc_grace_seconds` work, `id` is the table's uuid; the others are checked and
 * kept for DESCRIBE. */
#ifndef PLANNER_TABLE_OPTION_H
#define PLANNER_TABLE_OPTION_H

#include "planner/catalog.h"
#include "planner/option.h"

/* Fills the table's options and default_time_to_live_s, in its arena.
 * ${has_uuid} says whether the statement gave the table's uuid. */
MUST_CHECK int table_option_bind(const struct ast_property *properties,
				 struct table *table, bool *has_uuid,
				 struct error *error);

/* How long the table's deletions are to be kept, at least: its
 * gc_grace_seconds, or CQL's default. */
uint32_t table_option_gc_grace_s(const struct table *table);

/* The names of all options, for completion; NULL behind the last. */
const char *table_option_name_at(size_t index);

#endif
