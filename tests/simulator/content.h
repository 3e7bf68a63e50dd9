/* SPDX-License-Identifier: MIT
 *
 * The bytes of a simulated file in two versions: what every reader sees, and
 * what is on stable storage, with the changes between them in a journal.  When
 * the power fails, what isn't durable survives by lot, sector by sector. */
#ifndef TESTS_SIMULATOR_CONTENT_H
#define TESTS_SIMULATOR_CONTENT_H

#include "tests/oracle/random.h"

#include <stddef.h>

enum { SECTOR_SIZE = 512 };

struct change {
	uint64_t offset;    /* of a resize: the new size */
	size_t size;
	uint8_t *data;      /* NULL: a resize */
	uint64_t sequence;  /* when it was completed; for syncs */
	bool is_durable;
};

struct bytes {
	uint8_t *data; /* zeros from size to capacity */
	size_t size;
	size_t capacity;
};

struct content {
	struct content *next; /* of all that the disk ever had */
	uint32_t number;      /* counted from 1 */
	bool is_checkpoint;
	bool is_rewritten;    /* in place: all but the lock */
	struct bytes seen;
	struct bytes durable;
	struct change *changes; /* oldest first */
	size_t change_count;
	size_t change_capacity;
	bool has_dropped;     /* seen has bytes that no sync will save */
};

/* How much of what isn't durable survives, and in what pieces. */
enum survival_grain {
	SURVIVAL_SECTORS, /* each for itself */
	SURVIVAL_WHOLE,   /* a write whole or not at all */
	SURVIVAL_PREFIX   /* a write up to some sector */
};

struct survival {
	struct random random;
	uint32_t percent;
	enum survival_grain grain;
};

struct survival survival_draw(struct random *random);

void content_finish(struct content *content);

void content_write(struct content *content, uint64_t offset, const void *data,
		   size_t size, uint64_t sequence, bool is_durable);
void content_resize(struct content *content, uint64_t size, uint64_t sequence);

/* A write that was cut short by a failure or the end of a process: some
 * sectors of it are seen, none is durable. */
void content_write_partly(struct content *content, uint64_t offset,
			  const void *data, size_t size, uint64_t sequence,
			  struct survival *survival);

/* Makes durable what was completed up to ${sequence}. */
void content_sync(struct content *content, uint64_t sequence);
/* A sync that fails forgets that there was something to do: what it doesn't
 * save by chance stays visible and is never saved. */
void content_drop(struct content *content, uint64_t sequence,
		  struct random *random);
/* Nobody sees any more what was dropped. */
void content_evict(struct content *content);

/* Damage: nothing behind ${size} was ever there. All must be durable. */
void content_cut(struct content *content, size_t size);

/* The power fails; writes in flight must have been added as partly written. */
void content_crash(struct content *content, struct survival *survival);

#endif
