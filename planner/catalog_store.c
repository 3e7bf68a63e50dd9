/* SPDX-License-Identifier: MIT
 *
 * A row's value.  Numbers are varints, strings are a varint size and bytes.
 *
 *     keyspace: version (1 byte), options
 *     table:    version (1 byte), uuid (16 bytes), storage id, next column
 *               id, default time to live, number of columns, columns,
 *               options
 *     column:   id, kind (1 byte), name, type (a string: type_encode)
 *     options:  number, then name and text of each
 *
 * Columns stand in the order of SELECT *: the key in key order, then the
 * others by name; options stand by name.  What comes back from disk must obey
 * all that, since the rest of the planner relies on it. */
#include "planner/catalog_store.h"

#include "base/limits.h"
#include "base/reader.h"
#include "base/utf8.h"

#include <stdlib.h>

enum { VERSION = 1 };
enum { KIND_KEYSPACE = 'k', KIND_TABLE = 't' };

/* ---- encoding ---- */

static struct slice
finish_encode(struct buffer *out, struct arena *arena)
{
	struct slice copy = SLICE_NULL;

	if (out->has_failed)
		arena->has_failed = true;
	else
		copy = arena_copy(arena, buffer_slice(out));
	buffer_finish(out);
	return copy;
}

static struct slice
encode_key(uint8_t kind, struct slice keyspace, struct slice table,
	   struct arena *arena)
{
	struct buffer out = { 0 };

	buffer_append_byte(&out, kind);
	buffer_append_slice(&out, keyspace);
	buffer_append_byte(&out, 0);
	buffer_append_slice(&out, table);
	return finish_encode(&out, arena);
}

struct slice
catalog_store_keyspace_key(struct slice keyspace, struct arena *arena)
{
	return encode_key(KIND_KEYSPACE, keyspace, SLICE(""), arena);
}

struct slice
catalog_store_table_key(struct slice keyspace, struct slice table,
			struct arena *arena)
{
	return encode_key(KIND_TABLE, keyspace, table, arena);
}

static void
encode_string(struct buffer *out, struct slice string)
{
	buffer_append_varint(out, string.size);
	buffer_append_slice(out, string);
}

static void
encode_options(struct buffer *out, const struct option *options,
	       uint32_t count)
{
	buffer_append_varint(out, count);
	for (uint32_t i = 0; i < count; i++) {
		encode_string(out, options[i].name);
		encode_string(out, options[i].text);
	}
}

struct slice
catalog_store_keyspace_value(const struct keyspace *keyspace,
			     struct arena *arena)
{
	struct buffer out = { 0 };

	buffer_append_byte(&out, VERSION);
	encode_options(&out, keyspace->options, keyspace->option_count);
	return finish_encode(&out, arena);
}

static void
encode_column(struct buffer *out, const struct column *column)
{
	struct buffer type = { 0 };

	buffer_append_varint(out, column->id);
	buffer_append_byte(out, (uint8_t)column->kind);
	encode_string(out, column->name);
	type_encode(column->type, &type);
	encode_string(out, buffer_slice(&type));
	out->has_failed |= type.has_failed;
	buffer_finish(&type);
}

struct slice
catalog_store_table_value(const struct table *table, struct arena *arena)
{
	struct buffer out = { 0 };

	buffer_append_byte(&out, VERSION);
	buffer_append(&out, table->uuid, sizeof(table->uuid));
	buffer_append_varint(&out, table->storage_id);
	buffer_append_varint(&out, table->next_column_id);
	buffer_append_varint(&out, table->default_time_to_live_s);
	buffer_append_varint(&out, table->column_count);
	for (uint32_t i = 0; i < table->column_count; i++)
		encode_column(&out, &table->columns[i]);
	encode_options(&out, table->options, table->option_count);
	return finish_encode(&out, arena);
}

/* ---- decoding ---- */

static struct slice
decode_string(struct reader *reader)
{
	uint64_t size = reader_varint(reader);

	if (size > reader_left(reader)) {
		reader->has_failed = true;
		return SLICE_NULL;
	}
	return reader_bytes(reader, (size_t)size);
}

/* A number of things that take at least ${size} bytes each: more than there
 * can be is refused before memory is taken for them. */
static uint32_t
decode_count(struct reader *reader, size_t size)
{
	uint64_t count = reader_varint(reader);

	if (count > reader_left(reader) / size || count > UINT32_MAX) {
		reader->has_failed = true;
		return 0;
	}
	return (uint32_t)count;
}

static uint32_t
decode_u32(struct reader *reader)
{
	uint64_t number = reader_varint(reader);

	if (number > UINT32_MAX)
		reader->has_failed = true;
	return reader->has_failed ? 0 : (uint32_t)number;
}

/* What is being decoded, and for whom. */
struct decoder {
	struct reader reader;
	struct slice keyspace; /* names for messages */
	struct slice table;    /* null: a keyspace's own row */
	struct error *error;
};

static int
refuse(const struct decoder *decoder, const char *what)
{
	bool is_table = !slice_is_null(decoder->table);

	return error_set(decoder->error, ERROR_CORRUPT,
			 "catalog: the definition of %s %.*s%s%.*s is "
			 "damaged: %s",
			 is_table ? "table" : "keyspace",
			 SLICE_ARGUMENTS(decoder->keyspace),
			 is_table ? "." : "", (int)decoder->table.size,
			 is_table ? (const char *)decoder->table.data : "",
			 what);
}

static int
decode_version(struct decoder *decoder)
{
	uint8_t version = reader_u8(&decoder->reader);
	int result;

	if (decoder->reader.has_failed)
		return refuse(decoder, "it is empty");
	if (version == VERSION)
		return 0;
	result = refuse(decoder, "unknown version");
	error_hint(decoder->error, "version %u was probably written by a "
		   "newer logstor; this one reads version %d", version,
		   VERSION);
	return result;
}

/* Options end the row. */
static int
decode_options(struct decoder *decoder, struct arena *arena,
	       struct option **options, uint32_t *count)
{
	*count = decode_count(&decoder->reader, 2);
	if (decoder->reader.has_failed)
		return refuse(decoder, "bad number of options");
	*options = arena_new_array(arena, struct option, *count + 1u);
	if (*options == NULL)
		return error_no_memory(decoder->error);
	for (uint32_t i = 0; i < *count; i++) {
		struct option *option = &(*options)[i];

		option->name = arena_copy(arena,
					  decode_string(&decoder->reader));
		option->text = arena_copy(arena,
					  decode_string(&decoder->reader));
		if (decoder->reader.has_failed)
			return refuse(decoder, "cut option");
		if (arena->has_failed)
			return error_no_memory(decoder->error);
		if (i > 0 && slice_compare(option[-1].name,
					   option->name) >= 0)
			return refuse(decoder, "options out of order");
	}
	if (!reader_is_at_end(&decoder->reader))
		return refuse(decoder, "bytes behind its end");
	return 0;
}

static int
decode_column(struct decoder *decoder, struct arena *arena,
	      struct column *column)
{
	struct slice name, type;
	uint8_t kind;

	column->id = decode_u32(&decoder->reader);
	kind = reader_u8(&decoder->reader);
	name = decode_string(&decoder->reader);
	type = decode_string(&decoder->reader);
	if (decoder->reader.has_failed)
		return refuse(decoder, "cut column");
	if (kind != COLUMN_KEY && kind != COLUMN_REGULAR)
		return refuse(decoder, "unknown kind of column");
	if (name.size == 0 || name.size > COLUMN_NAME_SIZE_MAX ||
	    !utf8_is_valid(name))
		return refuse(decoder, "bad column name");
	column->kind = (enum column_kind)kind;
	column->name = arena_copy(arena, name);
	if (arena->has_failed)
		return error_no_memory(decoder->error);
	if (type_decode(type, arena, &column->type, decoder->error) < 0)
		return refuse(decoder, "bad column type");
	if (!type_is_supported(column->type) ||
	    (kind == COLUMN_KEY && !type_is_ordered(column->type)))
		return refuse(decoder, "a column type that is not supported");
	return 0;
}

/* ---- what the columns promise together ---- */

static int
compare_ids(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return left < right ? -1 : left > right;
}

static int
compare_names(const void *a, const void *b)
{
	return slice_compare(*(const struct slice *)a,
			     *(const struct slice *)b);
}

static int
check_unique(const struct decoder *decoder, const struct table *table)
{
	struct arena arena = { 0 };
	uint32_t count = table->column_count;
	uint32_t *ids = arena_new_array(&arena, uint32_t, count);
	struct slice *names = arena_new_array(&arena, struct slice, count);
	int result = 0;

	if (arena.has_failed) {
		arena_finish(&arena);
		return error_no_memory(decoder->error);
	}
	for (uint32_t i = 0; i < count; i++) {
		ids[i] = table->columns[i].id;
		names[i] = table->columns[i].name;
	}
	qsort(ids, count, sizeof(*ids), compare_ids);
	qsort(names, count, sizeof(*names), compare_names);
	for (uint32_t i = 1; i < count && result == 0; i++)
		if (ids[i - 1] == ids[i] ||
		    slice_is_equal(names[i - 1], names[i]))
			result = refuse(decoder, "a column twice");
	if (result == 0 && ids[count - 1] >= table->next_column_id)
		result = refuse(decoder, "a column id out of range");
	arena_finish(&arena);
	return result;
}

/* Key columns come first and are numbered; the others are sorted by name. */
static int
check_order(const struct decoder *decoder, struct table *table)
{
	for (uint32_t i = 0; i < table->column_count; i++) {
		struct column *column = &table->columns[i];

		if (column->kind == COLUMN_KEY) {
			if (table->key_count != i)
				return refuse(decoder, "columns out of "
					      "order");
			column->key_position = (uint16_t)table->key_count++;
		} else if (i > table->key_count &&
			   slice_compare(column[-1].name,
					 column->name) >= 0) {
			return refuse(decoder, "columns out of order");
		}
	}
	if (table->key_count == 0)
		return refuse(decoder, "no key column");
	return check_unique(decoder, table);
}

static int
decode_columns(struct decoder *decoder, struct table *table)
{
	uint32_t count = decode_count(&decoder->reader, 4);

	if (decoder->reader.has_failed || count == 0 || count > COLUMNS_MAX)
		return refuse(decoder, "bad number of columns");
	table->columns = arena_new_array(&table->arena, struct column, count);
	if (table->columns == NULL)
		return error_no_memory(decoder->error);
	for (; table->column_count < count; table->column_count++) {
		int result = decode_column(
			decoder, &table->arena,
			&table->columns[table->column_count]);

		if (result < 0)
			return result;
	}
	return check_order(decoder, table);
}

static int
decode_table(struct decoder *decoder, struct table *table)
{
	struct slice uuid;
	int result = decode_version(decoder);

	if (result < 0)
		return result;
	uuid = reader_bytes(&decoder->reader, sizeof(table->uuid));
	table->storage_id = decode_u32(&decoder->reader);
	table->next_column_id = decode_u32(&decoder->reader);
	table->default_time_to_live_s = decode_u32(&decoder->reader);
	if (decoder->reader.has_failed)
		return refuse(decoder, "cut head");
	if (table->storage_id < ENGINE_TABLE_FIRST)
		return refuse(decoder, "a reserved storage id");
	if (table->default_time_to_live_s > TTL_MAX_S)
		return refuse(decoder, "default time to live out of range");
	memcpy(table->uuid, uuid.data, sizeof(table->uuid));
	table->keyspace = arena_copy(&table->arena, decoder->keyspace);
	table->name = arena_copy(&table->arena, decoder->table);
	if (table->arena.has_failed)
		return error_no_memory(decoder->error);
	result = decode_columns(decoder, table);
	if (result < 0)
		return result;
	return decode_options(decoder, &table->arena, &table->options,
			      &table->option_count);
}

int
catalog_store_decode_table(struct slice keyspace, struct slice name,
			   struct slice value, struct table **table,
			   struct error *error)
{
	struct decoder decoder = {
		.reader = reader_make(value),
		.keyspace = keyspace,
		.table = name,
		.error = error,
	};
	int result;

	*table = table_create();
	if (*table == NULL)
		return error_no_memory(error);
	result = decode_table(&decoder, *table);
	if (result < 0) {
		table_release(*table);
		*table = NULL;
	}
	return result;
}

int
catalog_store_decode_keyspace(struct slice name, struct slice value,
			      struct keyspace **keyspace,
			      struct error *error)
{
	struct decoder decoder = {
		.reader = reader_make(value),
		.keyspace = name,
		.error = error,
	};
	int result;

	*keyspace = keyspace_create();
	if (*keyspace == NULL)
		return error_no_memory(error);
	(*keyspace)->name = arena_copy(&(*keyspace)->arena, name);
	result = decode_version(&decoder);
	if (result == 0)
		result = decode_options(&decoder, &(*keyspace)->arena,
					&(*keyspace)->options,
					&(*keyspace)->option_count);
	if (result == 0 && (*keyspace)->arena.has_failed)
		result = error_no_memory(error);
	if (result < 0) {
		keyspace_destroy(*keyspace);
		*keyspace = NULL;
	}
	return result;
}
