/* SPDX-License-Identifier: MIT
 *
 * The same work on both sides: a table of 64-bit keys and values of
 * VALUE_SIZE bytes, through prepared statements. Each opens a database of its
 * own at ${path}; a failure ends the program with a message. */
#ifndef BENCH_SIDES_H
#define BENCH_SIDES_H

#include <stdbool.h>
#include <stdint.h>

enum { VALUE_SIZE = 100 };

/* The key of the i-th of ${count} operations. */
typedef int64_t (*key_order)(uint64_t i, uint64_t count);

struct side_functions {
	/* Must not exist yet. */
	void *(*open)(const char *path);
	void (*close)(void *side);
	/* Each row durable before the next is begun, or all at the end. */
	void (*insert)(void *side, uint64_t count, key_order order,
		       bool is_each_durable);
	/* Every key must be found, with its value. In one transaction, where a
	 * side has them, what it costs to begin each read is left out. */
	void (*select)(void *side, uint64_t count, key_order order,
		       bool is_one_transaction);
};

extern const struct side_functions logstor_side;
extern const struct side_functions sqlite_side;

/* What stands under a key: its bytes, over and over. */
void value_make(int64_t key, uint8_t value[VALUE_SIZE]);

#endif
