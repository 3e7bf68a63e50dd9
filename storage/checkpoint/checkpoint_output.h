/* SPDX-License-Identifier: MIT
 *
 * A checkpoint's file while it is written: items are packed into blocks, some
 * of which are on their way at once.  Room is taken before it is used, and
 * kept: a file never shrinks.
 *
 * A failure sticks in ->failure and everything after it does nothing.  Where
 * nothing outlives the io, nothing is written either.  Engine thread only. */
#ifndef STORAGE_CHECKPOINT_CHECKPOINT_OUTPUT_H
#define STORAGE_CHECKPOINT_CHECKPOINT_OUTPUT_H

#include "storage/checkpoint/checkpoint_layout.h"

enum { CHECKPOINT_IN_FLIGHT_MAX = 4 };

struct checkpoint_slot {
	uint8_t *data; /* aligned, a block */
	bool is_in_flight;
	bool is_done;  /* its result wasn't looked at yet */
	struct io_operation operation;
};

struct checkpoint_output {
	struct io *io;
	struct io_file *file;
	char name[CHECKPOINT_NAME_SIZE];
	uint64_t database_id;
	struct checkpoint_head *head; /* the caller's: counts blocks here */
	uint64_t size;                /* of the file */
	struct checkpoint_slot slots[CHECKPOINT_IN_FLIGHT_MAX];
	struct checkpoint_slot *open; /* is filled, or NULL */
	uint32_t used;     /* bytes of it */
	uint32_t group_at; /* where its last group began */
	uint32_t group_count;
	enum checkpoint_section group_section;
	uint32_t group_table;
	uint64_t bytes_written;
	struct error failure; /* code 0: none */
};

/* Takes room for ${size} bytes in each of the files, or fails with a negative
 * errno and leaves them as they were, but for new ones. */
MUST_CHECK int checkpoint_output_reserve(struct io *io, uint64_t size);

/* Opens the file of ${head}'s number, makes it when it isn't there, and takes
 * room for ${size} bytes. */
MUST_CHECK int checkpoint_output_open(struct checkpoint_output *output,
				      struct io *io, uint64_t database_id,
				      struct checkpoint_head *head,
				      uint64_t size, struct error *error);
/* Nothing may be in flight. */
void checkpoint_output_close(struct checkpoint_output *output);

/* Appends an item; ${table} is 0 but for entries.  False when all blocks are on
 * their way, or something has failed: the same again after the next poll. */
MUST_CHECK bool checkpoint_output_put(struct checkpoint_output *output,
				      enum checkpoint_section section,
				      uint32_t table, const uint8_t *item,
				      size_t size);
/* Sends what is left on its way. */
void checkpoint_output_end(struct checkpoint_output *output);
/* Sends the head, or a sync of the file; nothing else may be in flight. */
void checkpoint_output_send_head(struct checkpoint_output *output,
				 uint64_t *checksum);
void checkpoint_output_sync(struct checkpoint_output *output);

/* After each poll: looks at what is done. */
void checkpoint_output_step(struct checkpoint_output *output);
bool checkpoint_output_is_busy(const struct checkpoint_output *output);

#endif
