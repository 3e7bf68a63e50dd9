/* SPDX-License-Identifier: MIT */
#include "storage/log/write_check.h"

#include <inttypes.h>

bool
write_is_registration(const struct engine_write *write)
{
	return write->kind == ENGINE_WRITE_CREATE_TABLE ||
	       write->kind == ENGINE_WRITE_DROP_TABLE;
}

uint8_t
write_record_flags(const struct engine_write *write)
{
	if (write->kind == ENGINE_WRITE_TOMBSTONE)
		return RECORD_TOMBSTONE;
	if (write->kind == ENGINE_WRITE_ROW && write->expires_at_s != 0)
		return RECORD_ROW | RECORD_EXPIRING;
	return RECORD_ROW;
}

static size_t
value_size_of(const struct engine_write *write)
{
	return write->kind == ENGINE_WRITE_ROW ? write->value.size : 0;
}

static uint32_t
registration_size(void)
{
	return (uint32_t)record_size(RECORD_ROW, REGISTRY_KEY_SIZE,
				     REGISTRY_VALUE_SIZE);
}

uint32_t
write_record_size(const struct engine *engine, const struct engine_write *write)
{
	size_t value_size = value_size_of(write);
	uint32_t most = engine_row_size_max(engine);

	if (write_is_registration(write))
		return registration_size();
	if (value_size > most || write->key.size > most - value_size)
		return 0;
	return (uint32_t)record_size(write_record_flags(write),
				     write->key.size, value_size);
}

bool
write_needs_explicit(const struct table *table,
		     const struct engine_write *write)
{
	return write->is_explicit && table->id >= ENGINE_TABLE_FIRST &&
	       !table->has_explicit && !table->is_explicit_written;
}

static int
no_such_table(uint32_t table, struct error *error)
{
	return error_set(error, ERROR_MISUSE, "there is no table %" PRIu32,
			 table);
}

static int
check_row(struct engine *engine, const struct engine_write *write,
	  struct error *error)
{
	const struct table *table = engine_find_table(engine, write->table);

	if (table == NULL || table->is_marked || table == engine->registry ||
	    table == engine->freed)
		return no_such_table(write->table, error);
	if (write->key.size == 0)
		return error_set(error, ERROR_INVALID, "the key is empty");
	if (write->key.size > UINT16_MAX)
		return error_set(error, ERROR_INVALID,
				 "a key of %zu bytes is too large: at most %d",
				 write->key.size, UINT16_MAX);
	if (write->timestamp_us == INT64_MIN)
		return error_set(error, ERROR_INVALID,
				 "the smallest timestamp can't be written");
	return 0;
}

static int
check_create(struct engine *engine, const struct engine_write *write,
	     struct error *error)
{
	struct table *table =
		table_registry_find(&engine->tables, write->table);

	if (table != NULL || write->table < ENGINE_TABLE_FIRST ||
	    write->table >= engine->tables.next_id)
		return error_set(error, ERROR_MISUSE,
				 "table %" PRIu32 " can't be created",
				 write->table);
	table = table_registry_add(&engine->tables, write->table);
	if (table == NULL)
		return error_no_memory(error);
	table->is_checked = true;
	return 0;
}

static int
check_drop(struct engine *engine, const struct engine_write *write,
	   struct error *error)
{
	struct table *table = engine_find_table(engine, write->table);

	if (table == NULL || table->is_marked ||
	    write->table < ENGINE_TABLE_FIRST)
		return no_such_table(write->table, error);
	table->is_marked = true;
	return 0;
}

static int
check_write(struct engine *engine, const struct engine_write *write,
	    struct error *error)
{
	switch (write->kind) {
	case ENGINE_WRITE_ROW:
	case ENGINE_WRITE_TOMBSTONE:
		return check_row(engine, write, error);
	case ENGINE_WRITE_CREATE_TABLE:
		return check_create(engine, write, error);
	case ENGINE_WRITE_DROP_TABLE:
		return check_drop(engine, write, error);
	}
	return error_set(error, ERROR_MISUSE, "unknown kind of write");
}

void
write_forget_checks(struct engine *engine, const struct engine_write *writes,
		    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct table *table;

		if (!write_is_registration(&writes[i]) &&
		    !writes[i].is_explicit)
			continue;
		table = table_registry_find(&engine->tables, writes[i].table);
		if (table == NULL)
			continue;
		table->is_marked = false;
		table->is_explicit_checked = false;
		if (table->is_checked)
			table_registry_retire(&engine->tables, table);
	}
}

static int
too_large(const struct engine *engine, const struct engine_write *write,
	  struct error *error)
{
	return error_set(error, ERROR_INVALID,
			 "a row of %zu bytes is too large: key and value may "
			 "have %" PRIu32 " bytes together",
			 write->key.size + value_size_of(write),
			 engine_row_size_max(engine));
}

static int
check_batch_size(const struct engine *engine, const struct write_plan *alone,
		 size_t count, struct error *error)
{
	uint32_t most = buffered_writer_batch_max(&engine->writer);

	if (alone->buffers > most)
		return error_set(error, ERROR_INVALID,
				 "a batch of %zu writes is too large: it must "
				 "fit %" PRIu32 " bytes of buffers",
				 count, most * engine->segments.segment_size);
	if (alone->run_bytes > BUFFERED_WRITER_RUN_BYTES_MAX ||
	    alone->runs > BUFFERED_WRITER_RUNS_MAX)
		return error_set(error, ERROR_INVALID,
				 "a batch of %zu writes is too large: its rows "
				 "that are larger than a segment may have %d "
				 "bytes together, and be %d",
				 count, BUFFERED_WRITER_RUN_BYTES_MAX,
				 BUFFERED_WRITER_RUNS_MAX);
	return 0;
}

/* Tables' first explicit timestamps in a batch. */
struct registrations {
	uint32_t count;
	uint32_t table;
	bool may_move; /* behind other writes than the table's explicit ones */
};

static void
add_registration(struct registrations *registrations, uint32_t table)
{
	registrations->count++;
	registrations->table = table;
}

static void
note_write(struct registrations *registrations,
	   const struct engine_write *write)
{
	if (registrations->count > 1 ||
	    (registrations->count == 1 &&
	     (!write->is_explicit || write->table != registrations->table)))
		registrations->may_move = true;
}

/* A registration stands before the first explicit write that is kept, which
 * may be a later one than that it was planned for: what comes between takes a
 * buffer more then, at most. */
static void
add_room_to_move(struct write_plan *plan,
		 const struct registrations *registrations)
{
	if (!registrations->may_move)
		return;
	plan->buffers += registrations->count;
	plan->segments += registrations->count;
}

/* The room that a write takes, a table's first explicit timestamp included. */
static int
plan_write(struct engine *engine, const struct engine_write *write,
	   struct write_plan *plan, struct write_plan *alone,
	   struct registrations *registrations, struct error *error)
{
	uint32_t segment_size = engine->segments.segment_size;
	uint32_t size = write_record_size(engine, write);
	struct table *table;

	if (size == 0)
		return too_large(engine, write, error);
	if (write->is_explicit && !write_is_registration(write)) {
		table = table_registry_find(&engine->tables, write->table);
		if (write_needs_explicit(table, write) &&
		    !table->is_explicit_checked) {
			table->is_explicit_checked = true;
			add_registration(registrations, table->id);
			write_plan_add(plan, segment_size,
				       registration_size());
			write_plan_add(alone, segment_size,
				       registration_size());
		}
	}
	note_write(registrations, write);
	write_plan_add(plan, segment_size, size);
	write_plan_add(alone, segment_size, size);
	return 0;
}

int
write_check(struct engine *engine, const struct engine_write *writes,
	    size_t count, struct write_plan *plan, struct error *error)
{
	struct registrations registrations = { 0 };
	struct write_plan alone = { 0 };

	*plan = buffered_writer_plan(&engine->writer);
	for (size_t i = 0; i < count; i++) {
		int status = check_write(engine, &writes[i], error);

		if (status == 0)
			status = plan_write(engine, &writes[i], plan, &alone,
					    &registrations, error);
		if (status == 0)
			status = check_batch_size(engine, &alone, count, error);
		if (status < 0)
			return status;
	}
	add_room_to_move(plan, &registrations);
	add_room_to_move(&alone, &registrations);
	return check_batch_size(engine, &alone, count, error);
}
