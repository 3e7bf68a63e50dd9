/* SPDX-License-Identifier: MIT
 *
 * What every backend of struct io needs: a queue of operations, the rule for
 * names, and the operating system's clocks and randomness. */
#ifndef STORAGE_IO_IO_SUPPORT_H
#define STORAGE_IO_IO_SUPPORT_H

#include "storage/io/io.h"

/* First in, first out, linked through operation->next.  Valid when zeroed. */
struct io_queue {
	struct io_operation *head;
	struct io_operation *tail; /* meaningless while head is NULL */
	unsigned count;
};

/* Makes an operation ready to be started: nothing done yet.  Asserts what
 * struct io_operation asks of the caller. */
void io_support_prepare(struct io_operation *operation);

void io_support_push(struct io_queue *queue, struct io_operation *operation);
/* NULL when empty. */
struct io_operation *io_support_pop(struct io_queue *queue);

/* 0 for a single path component; else -EINVAL or -ENAMETOOLONG. */
int io_support_check_name(const char *name);

/* Methods of struct io. */
int64_t io_support_clock_us(struct io *io);
int64_t io_support_monotonic_us(struct io *io);
void io_support_random(struct io *io, void *bytes, size_t size);

#endif
