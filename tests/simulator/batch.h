/* SPDX-License-Identifier: MIT
 *
 * A batch that is made, told to the model, and written. */
#ifndef TESTS_SIMULATOR_BATCH_H
#define TESTS_SIMULATOR_BATCH_H

#include "tests/simulator/act.h"

enum { BATCH_MAX = 64 };

/* Zero-initialised it is empty. */
struct batch {
	struct engine_write writes[BATCH_MAX];
	char keys[BATCH_MAX][KEY_SIZE_MAX_HERE];
	uint8_t *values[BATCH_MAX];
	struct model_change changes[BATCH_MAX];
	size_t count;
	bool may_be_too_large;
};

int64_t batch_server_timestamp(struct world *world);

/* All of these draw what isn't said, and the model shows the change at once,
 * where the write is kept. */
void batch_add_version(struct world *world, struct batch *batch,
		       unsigned table, unsigned key, struct version version,
		       bool is_explicit);
void batch_add_row(struct world *world, struct batch *batch, unsigned table,
		   unsigned key, uint32_t size);
void batch_add_tombstone(struct world *world, struct batch *batch,
			 unsigned table, unsigned key);
void batch_add_create(struct world *world, struct batch *batch,
		      unsigned table);
void batch_add_drop(struct world *world, struct batch *batch, unsigned table);

/* False when it was refused; whether it may be is judged. */
bool batch_write(struct world *world, struct batch *batch);
/* Empties it. */
void batch_finish(struct batch *batch);

#endif
