/* SPDX-License-Identifier: MIT
 *
 * A database and a session behind the public header, and statements with
 * their results as one line of text. */
#ifndef TESTS_API_API_FIXTURE_H
#define TESTS_API_API_FIXTURE_H

#include "include/logstor.h"

enum { API_RESULT_SIZE = 1 << 16 };

struct api {
	logstor_database *database;
	logstor_session *session;
	char result[API_RESULT_SIZE];
};

/* In memory, with a keyspace `ks` in use. */
void api_open(struct api *api);
/* In a directory; no keyspace is made. */
void api_open_path(struct api *api, const char *path,
		   const struct logstor_options *options);
/* The same, with a table ks.t (k int PRIMARY KEY, v text); ks is in use. */
void api_open_table(struct api *api, const char *path,
		    const struct logstor_options *options);
/* Geometry and memory so small that little work reaches everything. */
extern const struct logstor_options api_small;
/* Writes the rows 0 … ${count} - 1 of t, of 200 bytes, ${times} over, so that
 * most of it is dead. */
void api_fill(struct api *api, int count, int times);
void api_close(struct api *api);

/* Runs one statement in ${session}: values as literals, separated by `|`,
 * rows by `;`, or `InvalidRequest: message`.  Lives until the next call. */
const char *api_query(struct api *api, const char *cql);
const char *api_query_in(struct api *api, logstor_session *session,
			 const char *cql);
/* Steps a prepared statement to its end, in the same form. */
const char *api_run(struct api *api, logstor_statement *statement);
/* Runs a script; an error fails the test. */
void api_must(struct api *api, const char *cql);
logstor_statement *api_prepare(struct api *api, const char *cql);

struct api_case {
	const char *cql;
	const char *expected; /* as api_query gives it */
};
void api_check(struct api *api, const struct api_case *cases, size_t count);

/* A new empty directory's path, which the caller frees. */
char *api_make_directory(void);
void api_remove_directory(char *path);

#endif
