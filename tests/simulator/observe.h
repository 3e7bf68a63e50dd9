/* SPDX-License-Identifier: MIT
 *
 * Looks at a whole database through every way of reading that an engine has,
 * and demands that they agree with one another. */
#ifndef TESTS_SIMULATOR_OBSERVE_H
#define TESTS_SIMULATOR_OBSERVE_H

#include "tests/simulator/model.h"

enum { KEY_SIZE_MAX_HERE = 64 };

/* The key with a number, written to ${bytes}. */
struct slice key_of(unsigned key, char bytes[KEY_SIZE_MAX_HERE]);
/* The number of a key, or MODEL_KEYS when it is none of ours. */
unsigned key_number(struct slice key);
/* A value that tells its number and its size; sizes 1 to 7 are impossible. */
struct slice value_of(uint32_t value, uint32_t size, uint8_t *bytes);
/* False when these aren't the bytes of any value. */
bool value_decode(struct slice bytes, uint32_t *value, uint32_t *size);

/* The engine waits for what it waits for. */
int drive_commit(struct engine *engine, uint64_t lsn, struct error *error);
int drive_read(struct engine *engine, struct engine_read *read,
	       struct error *error);
void drive_poll(struct engine *engine);

/* Fills ${seen}; the disk must not make up errors meanwhile. With
 * ${is_damaged} what can't be read is marked so, otherwise it is REFUSED.
 * ${hash} goes on with every answer. */
enum violation observe(struct engine *engine, const struct model *model,
		       bool knows_tables, bool is_damaged,
		       struct observation *seen, uint64_t *hash,
		       char text[256]);

/* What an answer shows; false when its value was never written. */
bool observe_row(const struct engine_row *row, struct seen_row *seen);
/* Compares one answer with what the model says is there now. */
bool observe_is_now(struct engine *engine, const struct version *version,
		    const struct engine_row *row, uint32_t grace_s);

#endif
