/* SPDX-License-Identifier: MIT
 *
 * Reads a checkpoint front to back.  Blocks are read many at a time, into as
 * many stretches of memory as there are reads in flight; each block is checked
 * before anything in it is believed. */
#include "storage/checkpoint/checkpoint_layout.h"

#include "base/pack.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum { STRETCHES = 4, STRETCH_SIZE = 512 << 10 };

struct stretch {
	uint8_t *data;
	bool is_in_flight;
	struct io_operation operation;
};

struct checkpoint_reader {
	struct io *io;
	struct io_file *file;
	const struct manifest *manifest;
	char name[CHECKPOINT_NAME_SIZE];
	bool is_refused; /* nothing is known of the file */
	struct checkpoint_head head;
	struct checkpoint_table *tables; /* that may have entries */

	struct stretch stretches[STRETCHES];
	uint32_t stretch_blocks; /* of a whole one */
	uint64_t submitted;      /* blocks that were asked for */
	uint64_t next_block;

	/* Where reading is. */
	const uint8_t *at;      /* in the current block; NULL: none */
	const uint8_t *end;     /* of its groups */
	uint64_t block;         /* its number */
	const uint8_t *start;   /* its first byte */
	uint32_t group_section; /* of what follows */
	uint32_t group_table;
	uint32_t group_left;    /* items */

	uint64_t entries; /* that were read */
	bool has_entry; /* of the current table */
	int64_t last_token;
	uint64_t last_fingerprint;
};

/* ---- the file ---- */

static uint64_t
offset_of_block(const struct checkpoint_reader *reader, uint64_t block)
{
	return CHECKPOINT_HEAD_SIZE + block * reader->head.block_size;
}

static int
damaged_at(const struct checkpoint_reader *reader, uint64_t offset,
	   const char *what, struct error *error)
{
	return error_set(error, ERROR_CORRUPT,
			 "%s/%s is damaged at offset %" PRIu64 ": %s",
			 reader->io->methods->path(reader->io), reader->name,
			 offset, what);
}

/* Where reading is. */
static int
damaged(const struct checkpoint_reader *reader, const char *what,
	struct error *error)
{
	uint64_t in_block = (uint64_t)(reader->at - reader->start);

	return damaged_at(reader,
			  offset_of_block(reader, reader->block) + in_block,
			  what, error);
}

static int
cannot(const struct checkpoint_reader *reader, int negative_errno,
       const char *verb, uint64_t offset, struct error *error)
{
	return io_error(reader->io, negative_errno, verb, reader->name, offset,
			error);
}

static void
on_read_done(struct io_operation *operation)
{
	CONTAINER_OF(operation, struct stretch, operation)->is_in_flight =
		false;
}

static struct stretch *
stretch_of(struct checkpoint_reader *reader, uint64_t block)
{
	return &reader->stretches[block / reader->stretch_blocks % STRETCHES];
}

static void
submit_stretch(struct checkpoint_reader *reader)
{
	struct stretch *stretch = stretch_of(reader, reader->submitted);
	uint64_t left = reader->head.block_count - reader->submitted;
	uint64_t count = left < reader->stretch_blocks ? left :
							 reader->stretch_blocks;

	stretch->operation = (struct io_operation){
		.kind = IO_READ,
		.file = reader->file,
		.offset = offset_of_block(reader, reader->submitted),
		.data = stretch->data,
		.size = (size_t)(count * reader->head.block_size),
		.on_done = on_read_done,
	};
	stretch->operation.is_direct =
		stretch->operation.size >= IO_DIRECT_SIZE_MIN;
	stretch->is_in_flight = true;
	reader->submitted += count;
	reader->io->methods->submit(reader->io, &stretch->operation);
}

/* A stretch is read into again when all of its blocks are behind us.  The disk
 * is told at once; what is broken then is met again by those who wait. */
static void
read_ahead(struct checkpoint_reader *reader)
{
	uint64_t first = reader->next_block / reader->stretch_blocks *
			 reader->stretch_blocks;
	uint64_t end = first + (uint64_t)STRETCHES * reader->stretch_blocks;

	if (reader->submitted >= reader->head.block_count ||
	    reader->submitted >= end)
		return;
	while (reader->submitted < reader->head.block_count &&
	       reader->submitted < end)
		submit_stretch(reader);
	(void)reader->io->methods->poll(reader->io, 0);
}

static int
wait_for(struct checkpoint_reader *reader, struct stretch *stretch,
	 struct error *error)
{
	const struct io_operation *operation = &stretch->operation;
	int status = io_wait(reader->io, &stretch->is_in_flight);
	int64_t result;

	if (status < 0)
		return cannot(reader, status, "wait for", IO_NO_OFFSET, error);
	result = operation->result;
	if (result >= 0 && (size_t)result != operation->size)
		result = -EIO;
	return result < 0 ? cannot(reader, (int)result, "read",
				   operation->offset, error) :
			    0;
}

/* Enters the next block, which must be there. */
static int
enter_block(struct checkpoint_reader *reader, struct error *error)
{
	struct stretch *stretch;
	uint32_t used;
	int status;

	read_ahead(reader);
	stretch = stretch_of(reader, reader->next_block);
	status = wait_for(reader, stretch, error);
	if (status < 0)
		return status;
	reader->block = reader->next_block++;
	reader->start = stretch->data + reader->block % reader->stretch_blocks *
						reader->head.block_size;
	used = checkpoint_open_block(&reader->head,
				     reader->manifest->database_id,
				     reader->block, reader->start);
	if (used == 0)
		return damaged_at(reader,
				  offset_of_block(reader, reader->block),
				  "a block's checksum is wrong", error);
	reader->at = reader->start + CHECKPOINT_BLOCK_HEADER_SIZE;
	reader->end = reader->at + used;
	return 0;
}

/* ---- groups ---- */

enum { NO_MORE = 1 };

/* Enters the next group that isn't empty; NO_MORE at the end. */
static int
enter_group(struct checkpoint_reader *reader, struct error *error)
{
	uint32_t section, table;

	if (reader->at == reader->end) {
		int status;

		if (reader->next_block == reader->head.block_count)
			return NO_MORE;
		status = enter_block(reader, error);
		if (status < 0)
			return status;
	}
	if (reader->end - reader->at < CHECKPOINT_GROUP_HEADER_SIZE)
		return damaged(reader, "a group is cut", error);
	section = load_u32_le(reader->at);
	table = load_u32_le(reader->at + 4);
	if (section < reader->group_section || section < CHECKPOINT_SEGMENTS ||
	    section > CHECKPOINT_ENTRIES ||
	    (section == CHECKPOINT_ENTRIES) != (table != 0) ||
	    table < reader->group_table)
		return damaged(reader, "a group stands where none can be",
			       error);
	if (table != reader->group_table)
		reader->has_entry = false;
	reader->group_section = section;
	reader->group_table = table;
	reader->group_left = load_u32_le(reader->at + 8);
	if (reader->group_left == 0)
		return damaged(reader, "an empty group", error);
	reader->at += CHECKPOINT_GROUP_HEADER_SIZE;
	return 0;
}

/* The next item of a fixed size in ${section}; NO_MORE when another section
 * follows. */
static int
next_item(struct checkpoint_reader *reader, uint32_t section, size_t size,
	  const uint8_t **item, struct error *error)
{
	if (reader->group_left == 0) {
		int status = enter_group(reader, error);

		if (status != 0)
			return status;
	}
	if (reader->group_section != section)
		return NO_MORE;
	if ((size_t)(reader->end - reader->at) < size)
		return damaged(reader, "a group is cut", error);
	*item = reader->at;
	reader->at += size;
	reader->group_left--;
	return 0;
}

/* An item that was just read makes no sense. */
static int
bad_item(struct checkpoint_reader *reader, const uint8_t *item,
	 struct error *error)
{
	reader->at = item;
	return damaged(reader, "it holds impossible numbers", error);
}

/* ---- before the entries ---- */

static int
read_segments(struct checkpoint_reader *reader, struct checkpoint *checkpoint,
	      struct error *error)
{
	uint32_t count = reader->head.segment_count;
	const uint8_t *item = NULL;

	for (uint32_t i = 0; i < count; i++) {
		int status = next_item(reader, CHECKPOINT_SEGMENTS,
				       CHECKPOINT_SEGMENT_SIZE, &item, error);

		if (status == NO_MORE)
			return damaged(reader, "segments are missing", error);
		if (status < 0)
			return status;
		if (!checkpoint_decode_segment(item, &reader->head.start,
					       reader->manifest->segment_size,
					       &checkpoint->segments[i]))
			return bad_item(reader, item, error);
		checkpoint->segment_count++;
	}
	return 0;
}

static int
read_tables(struct checkpoint_reader *reader, struct checkpoint *checkpoint,
	    struct error *error)
{
	uint32_t count = reader->head.table_count;
	const uint8_t *item = NULL;

	for (uint32_t i = 0; i < count; i++) {
		struct checkpoint_table *table = &checkpoint->tables[i];
		int status = next_item(reader, CHECKPOINT_TABLES,
				       CHECKPOINT_TABLE_SIZE, &item, error);

		if (status == NO_MORE)
			return damaged(reader, "tables are missing", error);
		if (status < 0)
			return status;
		if (!checkpoint_decode_table(item, table) ||
		    table->id >= reader->head.start.next_table ||
		    (i > 0 && table->id <= table[-1].id))
			return bad_item(reader, item, error);
		checkpoint->table_count++;
	}
	return 0;
}

static int
read_freed(struct checkpoint_reader *reader, struct checkpoint *checkpoint,
	   struct error *error)
{
	uint32_t count = reader->head.freed_count;
	const uint8_t *item = NULL;

	for (uint32_t i = 0; i < count; i++) {
		int status = next_item(reader, CHECKPOINT_FREED,
				       CHECKPOINT_FREED_SIZE, &item, error);

		if (status == NO_MORE)
			return damaged(reader, "freed lives are missing",
				       error);
		if (status < 0)
			return status;
		if (!checkpoint_decode_freed(item, &checkpoint->freed[i]))
			return bad_item(reader, item, error);
		checkpoint->freed_count++;
	}
	return 0;
}

/* What the head promises takes room, and the file has so much. */
static bool
is_plausible(const struct checkpoint_head *head, uint64_t file_size)
{
	uint64_t needed =
		(uint64_t)head->segment_count * CHECKPOINT_SEGMENT_SIZE +
		(uint64_t)head->table_count * CHECKPOINT_TABLE_SIZE +
		(uint64_t)head->freed_count * CHECKPOINT_FREED_SIZE;
	uint64_t room = head->block_count * head->block_size;

	return checkpoint_file_size(head) <= file_size && needed <= room &&
	       head->entry_count <= (room - needed) / CHECKPOINT_ENTRY_SIZE_MIN;
}

static void *
allocate(uint32_t count, size_t size)
{
	return calloc((size_t)count + 1, size);
}

static int
read_before_entries(struct checkpoint_reader *reader,
		    struct checkpoint *checkpoint, struct error *error)
{
	const struct checkpoint_head *head = &reader->head;
	int status;

	checkpoint->start = head->start;
	checkpoint->entry_count = head->entry_count;
	checkpoint->bytes = checkpoint_file_size(head);
	checkpoint->segments = allocate(head->segment_count,
					sizeof(*checkpoint->segments));
	checkpoint->tables =
		allocate(head->table_count, sizeof(*checkpoint->tables));
	checkpoint->freed =
		allocate(head->freed_count, sizeof(*checkpoint->freed));
	reader->tables = allocate(head->table_count, sizeof(*reader->tables));
	if (checkpoint->segments == NULL || checkpoint->tables == NULL ||
	    checkpoint->freed == NULL || reader->tables == NULL)
		return error_no_memory(error);
	status = read_segments(reader, checkpoint, error);
	if (status == 0)
		status = read_tables(reader, checkpoint, error);
	if (status == 0)
		status = read_freed(reader, checkpoint, error);
	if (status == 0)
		memcpy(reader->tables, checkpoint->tables,
		       head->table_count * sizeof(*reader->tables));
	return status;
}

/* ---- opening ---- */

/* The manifest that names a checkpoint was written behind it. */
static bool
is_behind(const struct manifest *manifest,
	  const struct checkpoint_start *start)
{
	return start->user_sequence < manifest->next_user_sequence &&
	       start->moving_sequence < manifest->next_moving_sequence &&
	       start->segment_sequence <= manifest->next_segment_sequence &&
	       start->lsn < manifest->next_lsn;
}

static int
read_head(struct checkpoint_reader *reader,
	  const struct manifest_checkpoint *which, struct error *error)
{
	struct io *io = reader->io;
	uint8_t bytes[CHECKPOINT_HEAD_SIZE];
	const char *what;
	uint64_t size;
	int64_t got;
	int status = io->methods->size(io, reader->file, &size);

	if (status < 0)
		return cannot(reader, status, "read", IO_NO_OFFSET, error);
	got = io_read_now(io, reader->file, 0, bytes, sizeof(bytes));
	if (got < 0)
		return cannot(reader, (int)got, "read", 0, error);
	if ((size_t)got != sizeof(bytes))
		return damaged_at(reader, 0, "it is too short", error);
	what = checkpoint_decode_head(bytes, reader->manifest->database_id,
				      which, &reader->head);
	if (what != NULL)
		return damaged_at(reader, 0, what, error);
	if (!is_behind(reader->manifest, &reader->head.start))
		return damaged_at(reader, 0,
				  "it began behind the manifest's numbers",
				  error);
	if (!is_plausible(&reader->head, size))
		return damaged_at(reader, 0, "it is shorter than it says",
				  error);
	return 0;
}

/* No more memory than there is to read. */
static int
allocate_stretches(struct checkpoint_reader *reader, struct error *error)
{
	const struct checkpoint_head *head = &reader->head;
	uint64_t blocks = head->block_count;

	if (blocks > STRETCH_SIZE / head->block_size)
		blocks = STRETCH_SIZE / head->block_size;
	if (blocks == 0)
		blocks = 1;
	reader->stretch_blocks = (uint32_t)blocks;
	for (uint64_t i = 0; i < STRETCHES && i * blocks < head->block_count;
	     i++) {
		void *data;

		if (posix_memalign(&data, IO_ALIGNMENT,
				   (size_t)blocks * head->block_size) != 0)
			return error_no_memory(error);
		reader->stretches[i].data = data;
	}
	return 0;
}

static int
open_reader(struct checkpoint_reader *reader,
	    const struct manifest_checkpoint *which,
	    struct checkpoint *checkpoint, struct error *error)
{
	struct io *io = reader->io;
	int status;

	checkpoint_name(which->number, reader->name);
	status = io->methods->open(io, reader->name, IO_READ_ONLY,
				   &reader->file);
	if (status < 0) {
		reader->file = NULL;
		reader->is_refused = io_is_refused(status);
		return cannot(reader, status, "open", IO_NO_OFFSET, error);
	}
	status = read_head(reader, which, error);
	if (status == 0)
		status = allocate_stretches(reader, error);
	if (status == 0)
		status = read_before_entries(reader, checkpoint, error);
	return status;
}

int
checkpoint_open(struct io *io, const struct manifest *manifest,
		const struct manifest_checkpoint *which,
		struct checkpoint *checkpoint,
		struct checkpoint_reader **reader, struct error *error)
{
	struct checkpoint_reader *opened = calloc(1, sizeof(*opened));
	struct error failure = ERROR_INIT;
	bool is_refused;
	int status;

	*checkpoint = (struct checkpoint){ 0 };
	*reader = NULL;
	if (opened == NULL)
		return error_no_memory(error);
	opened->io = io;
	opened->manifest = manifest;
	status = open_reader(opened, which, checkpoint, &failure);
	if (status == 0) {
		*reader = opened;
		return 0;
	}
	is_refused = opened->is_refused;
	checkpoint_close(opened);
	checkpoint_finish(checkpoint);
	if (error != NULL)
		*error = failure;
	/* Out of memory says nothing about the file. */
	return is_refused || failure.code == ERROR_FULL ? status :
							  CHECKPOINT_UNUSABLE;
}

void
checkpoint_close(struct checkpoint_reader *reader)
{
	if (reader == NULL)
		return;
	for (int i = 0; i < STRETCHES; i++) {
		/* A broken backend may write there at any time: all of it is
		 * lost. */
		if (io_wait(reader->io, &reader->stretches[i].is_in_flight) < 0)
			return;
	}
	for (int i = 0; i < STRETCHES; i++)
		free(reader->stretches[i].data);
	if (reader->file != NULL)
		reader->io->methods->close(reader->io, reader->file);
	free(reader->tables);
	free(reader);
}

/* ---- entries ---- */

static bool
is_table_known(const struct checkpoint_reader *reader, uint32_t id)
{
	uint32_t low = 0, high = reader->head.table_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (reader->tables[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < reader->head.table_count && reader->tables[low].id == id;
}

/* How many of them ascend, and do so behind those before. */
static size_t
count_in_order(const struct checkpoint_reader *reader,
	       const struct index_entry *entries, size_t count)
{
	int64_t token = reader->last_token;
	uint64_t fingerprint = reader->last_fingerprint;
	size_t i = 0;

	if (!reader->has_entry && count > 0) {
		token = entries[0].token;
		fingerprint = entries[0].fingerprint;
		i = 1;
	}
	for (; i < count; i++) {
		const struct index_entry *entry = &entries[i];

		if (entry->token < token ||
		    (entry->token == token &&
		     entry->fingerprint <= fingerprint))
			break;
		token = entry->token;
		fingerprint = entry->fingerprint;
	}
	return i;
}

/* The first ${count} entries are fine, and the one behind them isn't. */
static int
bad_entry(struct checkpoint_reader *reader, struct index_entry *entries,
	  size_t count, const char *what, struct error *error)
{
	size_t left = (size_t)(reader->end - reader->at);

	reader->at += checkpoint_decode_entries(
		reader->at, left, reader->manifest, entries, &count);
	return damaged(reader, what, error);
}

/* The next ${count} entries, which the group has. */
static int
next_entries(struct checkpoint_reader *reader, struct index_entry *entries,
	     size_t count, struct error *error)
{
	size_t left = (size_t)(reader->end - reader->at);
	size_t decoded = count, in_order;
	size_t size = checkpoint_decode_entries(
		reader->at, left, reader->manifest, entries, &decoded);

	in_order = count_in_order(reader, entries, decoded);
	if (in_order < decoded)
		return bad_entry(reader, entries, in_order,
				 "entries are out of order", error);
	if (decoded < count)
		return bad_entry(reader, entries, decoded,
				 "an entry is impossible", error);
	reader->at += size;
	reader->group_left -= (uint32_t)count;
	reader->entries += count;
	reader->has_entry = true;
	reader->last_token = entries[count - 1].token;
	reader->last_fingerprint = entries[count - 1].fingerprint;
	return 0;
}

static int
enter_entries(struct checkpoint_reader *reader, struct error *error)
{
	int status;

	if (reader->group_left == 0) {
		status = enter_group(reader, error);
		if (status != 0)
			return status;
	}
	if (reader->group_section != CHECKPOINT_ENTRIES)
		return damaged(reader, "there is more than the head says",
			       error);
	if (!is_table_known(reader, reader->group_table))
		return damaged(reader, "entries of a table that isn't there",
			       error);
	return 0;
}

int
checkpoint_next(struct checkpoint_reader *reader, uint32_t *table,
		struct index_entry *entries, size_t capacity,
		struct error *error)
{
	int status = enter_entries(reader, error);

	if (status == NO_MORE) {
		if (reader->entries != reader->head.entry_count)
			return damaged_at(reader, 0, "entries are missing",
					  error);
		return 0;
	}
	if (status < 0)
		return status;
	*table = reader->group_table;
	if (capacity > reader->group_left)
		capacity = reader->group_left;
	status = next_entries(reader, entries, capacity, error);
	return status < 0 ? status : (int)capacity;
}

uint64_t
checkpoint_bytes_read(const struct checkpoint_reader *reader)
{
	return offset_of_block(reader, reader->next_block);
}
