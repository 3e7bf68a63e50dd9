/* SPDX-License-Identifier: MIT
 *
 * Keyspaces and tables as the CREATE statements that make them again, here or
 * in ScyllaDB. */
#ifndef PLANNER_SCHEMA_PRINT_H
#define PLANNER_SCHEMA_PRINT_H

#include "base/buffer.h"
#include "planner/catalog.h"

void schema_print_keyspace(const struct keyspace *keyspace,
			   struct buffer *out);
/* ${with_id}: the table's uuid too. */
void schema_print_table(const struct table *table, bool with_id,
			struct buffer *out);

#endif
