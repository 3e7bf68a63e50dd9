/* SPDX-License-Identifier: MIT */
#include "planner/function.h"

#include "base/pack.h"
#include "planner/session.h"
#include "types/uuid.h"
#include "types/value.h"

static const int64_t day_ms = 24 * 60 * 60 * 1000;

static int
evaluate_now(const struct evaluation *evaluation,
	     const struct slice *arguments, struct buffer *out,
	     struct error *error)
{
	uint8_t uuid[UUID_SIZE];
	/* Strictly increasing, so that no two are equal. */
	int64_t now_us = engine_timestamp_us(evaluation->database->engine);

	(void)arguments;
	(void)error;
	uuid_make_time(now_us * 10, evaluation->database->node, uuid);
	buffer_append(out, uuid, sizeof(uuid));
	return 0;
}

static int
evaluate_uuid(const struct evaluation *evaluation,
	      const struct slice *arguments, struct buffer *out,
	      struct error *error)
{
	uint8_t random[UUID_SIZE];
	uint8_t uuid[UUID_SIZE];

	(void)arguments;
	(void)error;
	engine_random(evaluation->database->engine, random, sizeof(random));
	uuid_make_random(random, uuid);
	buffer_append(out, uuid, sizeof(uuid));
	return 0;
}

static int
evaluate_timeuuid_to_timestamp(const struct evaluation *evaluation,
			       const struct slice *arguments,
			       struct buffer *out, struct error *error)
{
	(void)evaluation;
	(void)error;
	if (arguments[0].size != UUID_SIZE)
		return FUNCTION_NULL;
	buffer_append_u64_be(out, (uint64_t)uuid_time_ms(arguments[0].data));
	return 0;
}

static int
evaluate_date_to_timestamp(const struct evaluation *evaluation,
			   const struct slice *arguments, struct buffer *out,
			   struct error *error)
{
	int64_t days;

	(void)evaluation;
	(void)error;
	if (arguments[0].size != sizeof(uint32_t))
		return FUNCTION_NULL;
	days = (int64_t)load_u32_be(arguments[0].data) - (1LL << 31);
	buffer_append_u64_be(out, (uint64_t)(days * day_ms));
	return 0;
}

static int
evaluate_same(const struct evaluation *evaluation,
	      const struct slice *arguments, struct buffer *out,
	      struct error *error)
{
	(void)evaluation;
	(void)error;
	buffer_append_slice(out, arguments[0]);
	return 0;
}

/* ---- conversions to and from blobs ---- */

static int
evaluate_blob_as(enum type_kind kind, const char *name, struct slice bytes,
		 struct buffer *out, struct error *error)
{
	struct buffer shown = { 0 };

	if (value_validate(type_native(kind), bytes, error) == 0) {
		buffer_append_slice(out, bytes);
		return 0;
	}
	value_print(type_native(TYPE_BLOB),
		    slice_make(bytes.data, bytes.size > 32 ? 32 : bytes.size),
		    VALUE_LITERAL, &shown);
	(void)error_set(error, ERROR_INVALID,
			"In call to function system.%s, value %.*s%s is not a "
			"valid binary representation for type %s",
			name, (int)shown.size,
			shown.data == NULL ? "" : (const char *)shown.data,
			bytes.size > 32 ? "…" : "", name + strlen("blobas"));
	buffer_finish(&shown);
	return -ERROR_INVALID;
}

/* The types that a blob can be made of and into; the type's own name is in
 * the functions' names. */
#define CONVERTED_TYPES(X) \
	X(ascii, ASCII) X(bigint, BIGINT) X(boolean, BOOLEAN) X(date, DATE) \
	X(double, DOUBLE) X(float, FLOAT) X(inet, INET) X(int, INT) \
	X(smallint, SMALLINT) X(text, TEXT) X(time, TIME) \
	X(timestamp, TIMESTAMP) X(timeuuid, TIMEUUID) X(tinyint, TINYINT) \
	X(uuid, UUID) X(varchar, TEXT)

#define EVALUATE_BLOB_AS(type, kind)                                       \
	static int evaluate_blob_as_##type(                                \
		const struct evaluation *evaluation,                       \
		const struct slice *arguments, struct buffer *out,         \
		struct error *error)                                       \
	{                                                                  \
		(void)evaluation;                                          \
		return evaluate_blob_as(TYPE_##kind, "blobas" #type,       \
					arguments[0], out, error);         \
	}
CONVERTED_TYPES(EVALUATE_BLOB_AS)

/* ---- the table ---- */

/* CQL has two spellings of each. */
#define CONVERSION_ROWS(type, kind)                                        \
	{ "blobas" #type, TYPE_##kind, 1, { TYPE_BLOB }, true,             \
	  evaluate_blob_as_##type },                                       \
	{ "blob_as_" #type, TYPE_##kind, 1, { TYPE_BLOB }, true,           \
	  evaluate_blob_as_##type },                                       \
	{ #type "asblob", TYPE_BLOB, 1, { TYPE_##kind }, true,             \
	  evaluate_same },                                                 \
	{ #type "_as_blob", TYPE_BLOB, 1, { TYPE_##kind }, true,           \
	  evaluate_same },

static const struct function functions[] = {
	{ "now", TYPE_TIMEUUID, 0, { 0 }, false, evaluate_now },
	{ "uuid", TYPE_UUID, 0, { 0 }, false, evaluate_uuid },
	{ "totimestamp", TYPE_TIMESTAMP, 1, { TYPE_TIMEUUID }, true,
	  evaluate_timeuuid_to_timestamp },
	{ "totimestamp", TYPE_TIMESTAMP, 1, { TYPE_DATE }, true,
	  evaluate_date_to_timestamp },
	{ "totimestamp", TYPE_TIMESTAMP, 1, { TYPE_TIMESTAMP }, true,
	  evaluate_same },
	CONVERTED_TYPES(CONVERSION_ROWS)
};

/* CQL's other functions, so that a name that is merely missing here isn't
 * called unknown. Conversions of types that come later are recognised by
 * pattern. */
static const char *const known[] = {
	"abs", "avg", "cast", "collection_avg", "collection_count",
	"collection_max", "collection_min", "collection_sum", "count",
	"current_date", "current_time", "current_timestamp",
	"current_timeuuid", "currentdate", "currenttime", "currenttimestamp",
	"currenttimeuuid", "dateof", "exp", "floor", "from_json", "fromjson",
	"log", "log10", "map_keys", "map_values", "mask_default",
	"mask_hash", "mask_inner", "mask_null", "mask_outer", "mask_replace",
	"max", "max_timeuuid", "maxtimeuuid", "maxwritetime", "min",
	"min_timeuuid", "mintimeuuid", "round", "set_intersection",
	"similarity_cosine", "similarity_dot_product",
	"similarity_euclidean", "sum", "to_date", "to_json", "to_timestamp",
	"to_unix_timestamp", "todate", "tojson", "tounixtimestamp",
	"unixtimestampof",
};

static const char *const names[] = {
	"asciiasblob", "bigintasblob", "blobasascii", "blobasbigint",
	"blobasboolean", "blobasdate", "blobasdouble", "blobasfloat",
	"blobasinet", "blobasint", "blobassmallint", "blobastext",
	"blobastime", "blobastimestamp", "blobastimeuuid", "blobastinyint",
	"blobasuuid", "blobasvarchar", "booleanasblob", "count",
	"dateasblob", "doubleasblob", "floatasblob", "inetasblob",
	"intasblob", "now", "smallintasblob", "textasblob", "timeasblob",
	"timestampasblob", "timeuuidasblob", "tinyintasblob", "token",
	"totimestamp", "ttl", "uuid", "uuidasblob", "varcharasblob",
	"writetime",
};

const struct function *
function_find(struct slice name, const struct function *previous)
{
	size_t first = previous == NULL ? 0 :
					  (size_t)(previous - functions) + 1;

	for (size_t i = first; i < ARRAY_COUNT(functions); i++) {
		if (slice_is_equal_ignoring_case(
			    name, slice_from_string(functions[i].name)))
			return &functions[i];
	}
	return NULL;
}

/* intAsBlob, blobAsInt, int_as_blob, blob_as_int: a type's name around a
 * fixed part. */
static bool
is_blob_conversion(struct slice name)
{
	static const char *const fixed[] = { "blobas", "blob_as_", "asblob",
					     "_as_blob" };

	for (size_t i = 0; i < ARRAY_COUNT(fixed); i++) {
		struct slice part = slice_from_string(fixed[i]);
		bool is_prefix = i < 2;
		struct slice rest;

		if (name.size <= part.size)
			continue;
		rest = slice_make(name.data + (is_prefix ? part.size : 0),
				  name.size - part.size);
		part.data = is_prefix ? name.data : name.data + rest.size;
		if (slice_is_equal_ignoring_case(
			    part, slice_from_string(fixed[i])) &&
		    type_find_native(rest) != 0)
			return true;
	}
	return false;
}

bool
function_is_known(struct slice name)
{
	for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
		if (slice_is_equal_ignoring_case(name,
						 slice_from_string(known[i])))
			return true;
	}
	return is_blob_conversion(name);
}

const char *
function_name_at(size_t index)
{
	return index < ARRAY_COUNT(names) ? names[index] : NULL;
}
