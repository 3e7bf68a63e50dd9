/* SPDX-License-Identifier: MIT
 *
 * The database under test, through its public header alone. */
#ifndef TESTS_ORACLE_SUBJECT_H
#define TESTS_ORACLE_SUBJECT_H

#include "include/logstor.h"
#include "tests/oracle/operation.h"
#include "tests/oracle/result.h"

struct subject_options {
	bool is_in_memory;
	bool is_deferred;     /* commits wait for OPERATION_COMMIT */
	bool is_non_blocking; /* PENDING, and polled from here */
	bool is_without_uring;
	enum logstor_sync sync;
	uint32_t segment_size;
	uint32_t file_segments;
};

struct subject;

/* A new database with a keyspace in use; in the directory ${path}, which
 * must not exist, unless it is in memory. */
struct subject *subject_create(const struct subject_options *options,
			       const char *path);
void subject_destroy(struct subject *subject);

void subject_run(struct subject *subject, const struct operation *operation,
		 struct result *result);

/* Our own codes beside CQL's, for answers that no statement may give. */
enum {
	SUBJECT_BAD_PAGE = 0x10001,
	SUBJECT_BAD_OPEN = 0x10002
};

#endif
