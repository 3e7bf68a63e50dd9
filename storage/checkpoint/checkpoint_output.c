/* SPDX-License-Identifier: MIT */
#include "storage/checkpoint/checkpoint_output.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/* Blocks by which a file grows at least when it turns out to be too short. */
enum { GROW_BLOCKS = 16 };

static void
fail(struct checkpoint_output *output, int negative_errno, const char *verb,
     uint64_t offset)
{
	if (output->failure.code == ERROR_NONE)
		(void)!io_error(output->io, negative_errno, verb, output->name,
				offset, &output->failure);
}

static bool
has_failed(const struct checkpoint_output *output)
{
	return output->failure.code != ERROR_NONE;
}

/* ---- opening ---- */

static bool
allocate_slots(struct checkpoint_output *output)
{
	for (int i = 0; i < CHECKPOINT_IN_FLIGHT_MAX; i++) {
		void *data;

		if (posix_memalign(&data, IO_ALIGNMENT,
				   output->head->block_size) != 0)
			return false;
		output->slots[i].data = data;
	}
	return true;
}

static int
open_file(struct checkpoint_output *output)
{
	const struct io_methods *methods = output->io->methods;
	int status = methods->open(output->io, output->name, 0, &output->file);

	if (status == -ENOENT)
		status = methods->open(output->io, output->name, IO_CREATE,
				       &output->file);
	if (status < 0)
		output->file = NULL;
	else
		status = methods->size(output->io, output->file,
				       &output->size);
	if (status < 0)
		fail(output, status, "open", IO_NO_OFFSET);
	return status;
}

/* It may have grown since: room for checkpoints is kept beside this one. */
static int
take_room(struct checkpoint_output *output, uint64_t size)
{
	const struct io_methods *methods = output->io->methods;
	int status;

	if (size <= output->size)
		return 0;
	status = methods->size(output->io, output->file, &output->size);
	if (status == 0 && size <= output->size)
		return 0;
	if (status == 0)
		status = methods->resize(output->io, output->file, size);
	if (status < 0) {
		fail(output, status, "extend", IO_NO_OFFSET);
		return status;
	}
	output->size = size;
	return 0;
}

int
checkpoint_output_open(struct checkpoint_output *output, struct io *io,
		       uint64_t database_id, struct checkpoint_head *head,
		       uint64_t size, struct error *error)
{
	*output = (struct checkpoint_output){
		.io = io,
		.database_id = database_id,
		.head = head,
		.failure = ERROR_INIT,
	};
	head->block_count = 0;
	if (io->methods->is_volatile)
		return 0;
	checkpoint_name(head->start.number, output->name);
	if (!allocate_slots(output)) {
		checkpoint_output_close(output);
		return error_no_memory(error);
	}
	if (open_file(output) == 0 && take_room(output, size) == 0)
		return 0;
	if (error != NULL)
		*error = output->failure;
	checkpoint_output_close(output);
	return -(int)output->failure.code;
}

void
checkpoint_output_close(struct checkpoint_output *output)
{
	assert(!checkpoint_output_is_busy(output));
	if (output->file != NULL)
		output->io->methods->close(output->io, output->file);
	output->file = NULL;
	output->open = NULL;
	for (int i = 0; i < CHECKPOINT_IN_FLIGHT_MAX; i++) {
		free(output->slots[i].data);
		output->slots[i] = (struct checkpoint_slot){ 0 };
	}
}

/* *before is what it had. */
static int
resize_file(struct io *io, uint64_t number, uint64_t size, bool may_shrink,
	    uint64_t *before)
{
	char name[CHECKPOINT_NAME_SIZE];
	struct io_file *file;
	int status;

	checkpoint_name(number, name);
	status = io->methods->open(io, name, 0, &file);
	if (status == -ENOENT)
		status = io->methods->open(io, name, IO_CREATE, &file);
	if (status < 0)
		return status;
	status = io->methods->size(io, file, before);
	if (status == 0 && (*before < size || (may_shrink && *before > size)))
		status = io->methods->resize(io, file, size);
	io->methods->close(io, file);
	return status;
}

int
checkpoint_output_reserve(struct io *io, uint64_t size)
{
	uint64_t before[CHECKPOINT_FILES], ignored;
	uint64_t i;
	int status = 0;

	if (io->methods->is_volatile)
		return 0;
	for (i = 0; i < CHECKPOINT_FILES; i++) {
		status = resize_file(io, i, size, false, &before[i]);
		if (status < 0)
			break;
	}
	/* What some of them got is worth nothing to the others. */
	while (status < 0 && i-- > 0) {
		if (before[i] < size)
			(void)!resize_file(io, i, before[i], true, &ignored);
	}
	return status;
}

/* ---- sending ---- */

static void
on_done(struct io_operation *operation)
{
	struct checkpoint_slot *slot =
		CONTAINER_OF(operation, struct checkpoint_slot, operation);

	slot->is_in_flight = false;
	slot->is_done = true;
}

static void
submit(struct checkpoint_output *output, struct checkpoint_slot *slot,
       const struct io_operation *operation)
{
	assert(!slot->is_in_flight && !slot->is_done);
	slot->operation = *operation;
	slot->operation.on_done = on_done;
	slot->is_in_flight = true;
	output->io->methods->submit(output->io, &slot->operation);
}

static struct checkpoint_slot *
find_free_slot(struct checkpoint_output *output)
{
	for (int i = 0; i < CHECKPOINT_IN_FLIGHT_MAX; i++) {
		struct checkpoint_slot *slot = &output->slots[i];

		if (!slot->is_in_flight && !slot->is_done &&
		    slot != output->open)
			return slot;
	}
	return NULL;
}

static void
close_group(struct checkpoint_output *output)
{
	if (output->group_count > 0)
		checkpoint_encode_group(output->open->data + output->group_at,
					output->group_section,
					output->group_table,
					output->group_count);
	output->group_count = 0;
}

static void
send_block(struct checkpoint_output *output)
{
	struct checkpoint_head *head = output->head;
	struct checkpoint_slot *slot = output->open;
	uint64_t offset = checkpoint_file_size(head);
	uint64_t end = offset + head->block_size;

	close_group(output);
	checkpoint_seal_block(head, output->database_id, head->block_count,
			      output->used - CHECKPOINT_BLOCK_HEADER_SIZE,
			      slot->data);
	head->block_count++;
	output->open = NULL;
	if (end > output->size) {
		uint64_t blocks = head->block_count / 8 + GROW_BLOCKS;

		if (take_room(output, end + blocks * head->block_size) < 0)
			return;
	}
	submit(output, slot,
	       &(struct io_operation){ .kind = IO_WRITE,
				       .file = output->file,
				       .offset = offset,
				       .data = slot->data,
				       .size = head->block_size });
}

/* Whether the open block takes ${size} bytes more, in a group of their own or
 * in the last one. */
static bool
has_room(const struct checkpoint_output *output, size_t size, bool is_new_group)
{
	if (is_new_group)
		size += CHECKPOINT_GROUP_HEADER_SIZE;
	return output->head->block_size - output->used >= size;
}

static bool
open_block(struct checkpoint_output *output)
{
	output->open = find_free_slot(output);
	output->used = CHECKPOINT_BLOCK_HEADER_SIZE;
	output->group_count = 0;
	return output->open != NULL;
}

bool
checkpoint_output_put(struct checkpoint_output *output,
		      enum checkpoint_section section, uint32_t table,
		      const uint8_t *item, size_t size)
{
	bool is_new_group = output->group_count == 0 ||
			    output->group_section != section ||
			    output->group_table != table;

	if (output->io->methods->is_volatile)
		return true;
	if (output->open != NULL && !has_room(output, size, is_new_group))
		send_block(output);
	if (has_failed(output))
		return false;
	if (output->open == NULL) {
		if (!open_block(output))
			return false;
		is_new_group = true;
	}
	if (is_new_group) {
		close_group(output);
		output->group_section = section;
		output->group_table = table;
		output->group_at = output->used;
		output->used += CHECKPOINT_GROUP_HEADER_SIZE;
	}
	memcpy(output->open->data + output->used, item, size);
	output->used += (uint32_t)size;
	output->group_count++;
	return true;
}

void
checkpoint_output_end(struct checkpoint_output *output)
{
	if (output->open != NULL && !has_failed(output))
		send_block(output);
	output->open = NULL;
}

void
checkpoint_output_send_head(struct checkpoint_output *output,
			    uint64_t *checksum)
{
	struct checkpoint_slot *slot = &output->slots[0];

	assert(!checkpoint_output_is_busy(output));
	*checksum = 0;
	if (output->io->methods->is_volatile)
		return;
	*checksum = checkpoint_encode_head(output->head, output->database_id,
					   slot->data);
	submit(output, slot,
	       &(struct io_operation){ .kind = IO_WRITE,
				       .file = output->file,
				       .data = slot->data,
				       .size = CHECKPOINT_HEAD_SIZE });
}

void
checkpoint_output_sync(struct checkpoint_output *output)
{
	struct io *io = output->io;

	assert(!checkpoint_output_is_busy(output));
	if (io->methods->is_volatile)
		return;
	submit(output, &output->slots[0],
	       &(struct io_operation){ .kind = IO_SYNC,
				       .file = output->file });
}

/* ---- completing ---- */

static void
check_result(struct checkpoint_output *output,
	     const struct io_operation *operation)
{
	int64_t result = operation->result;

	if (operation->kind == IO_SYNC) {
		if (result < 0)
			fail(output, (int)result, "sync", IO_NO_OFFSET);
		return;
	}
	if (result >= 0 && (size_t)result != operation->size)
		result = -EIO;
	if (result < 0)
		fail(output, (int)result, "write", operation->offset);
	else
		output->bytes_written += operation->size;
}

void
checkpoint_output_step(struct checkpoint_output *output)
{
	for (int i = 0; i < CHECKPOINT_IN_FLIGHT_MAX; i++) {
		struct checkpoint_slot *slot = &output->slots[i];

		if (!slot->is_done)
			continue;
		slot->is_done = false;
		check_result(output, &slot->operation);
	}
}

bool
checkpoint_output_is_busy(const struct checkpoint_output *output)
{
	for (int i = 0; i < CHECKPOINT_IN_FLIGHT_MAX; i++) {
		if (output->slots[i].is_in_flight)
			return true;
	}
	return false;
}
