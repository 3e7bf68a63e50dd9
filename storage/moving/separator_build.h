/* SPDX-License-Identifier: MIT
 *
 * Makes a moving buffer out of records that wait in outputs of the separator.
 * Whether a record is still live is looked up here, when the buffer is built:
 * what is dead by then isn't written.
 *
 * Engine thread only. */
#ifndef STORAGE_MOVING_SEPARATOR_BUILD_H
#define STORAGE_MOVING_SEPARATOR_BUILD_H

#include "storage/log/moving_writer.h"
#include "storage/moving/separator_output.h"

/* A record that goes into the buffer. */
struct pick {
	uint32_t table;
	uint64_t token; /* in unsigned order */
	struct waiting *waiting;
	struct output_chunk *chunk;
};

struct separator_build {
	struct engine *engine;
	struct moving_buffer *buffer;
	struct pick *picks;      /* room for a segment's records each */
	struct pick *aside;      /* to sort them */
	uint32_t count;
	uint32_t room;           /* bytes left */
	uint8_t generation;      /* highest of all outputs */
	const struct output *only; /* where all of them came from */
	bool is_mixed;           /* from outputs of different keys */
};

/* Memory for building; false when there is none. */
MUST_CHECK bool separator_build_init(struct separator_build *build,
				     struct engine *engine);
void separator_build_finish(struct separator_build *build);

void separator_build_begin(struct separator_build *build,
			   struct moving_buffer *buffer);

/* Which records of an output: all of them, those that came from one segment, or
 * those that didn't. */
enum build_filter { BUILD_ALL, BUILD_FROM, BUILD_NOT_FROM };
/* Takes live records as long as they fit; the dead ones leave the output. */
void separator_build_take(struct separator_build *build, struct output *output,
			  enum build_filter filter, uint32_t segment);
/* Sends what was taken, unless it is nothing: then it returns false. */
bool separator_build_send(struct separator_build *build);

#endif
