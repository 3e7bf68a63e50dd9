/* SPDX-License-Identifier: MIT
 *
 * Random values of random types: what is printed reads back as the same
 * value, what is damaged is told from what is sound, and nothing crashes. */
#include "types/value.h"

#include "base/pack.h"
#include "tests/unit/types/literal.h"
#include "types/collection.h"
#include "types/uuid.h"

#include <stdio.h>

#include "tests/support/unit.h"

enum { VALUES = 4000, ELEMENTS_MAX = 6, DEPTH_MAX = 4, DAMAGES = 20 };

struct random {
	uint64_t state;
};

/* The state's top bits are the random ones. */
static uint32_t
next(struct random *random, uint32_t below)
{
	random->state = random->state * UINT64_C(6364136223846793005) +
			UINT64_C(1442695040888963407);
	return (uint32_t)(random->state >> 33) % below;
}

static const struct type *
make_type(struct random *random, struct arena *arena, unsigned depth)
{
	static const enum type_kind natives[] = {
		TYPE_ASCII,  TYPE_BIGINT,   TYPE_BLOB,     TYPE_BOOLEAN,
		TYPE_DOUBLE, TYPE_FLOAT,    TYPE_INT,      TYPE_TIMESTAMP,
		TYPE_UUID,   TYPE_TEXT,     TYPE_TIMEUUID, TYPE_INET,
		TYPE_DATE,   TYPE_TIME,     TYPE_SMALLINT, TYPE_TINYINT,
	};
	static const enum type_kind nests[] = { TYPE_LIST, TYPE_SET, TYPE_MAP,
						TYPE_TUPLE };
	const struct type *arguments[4];
	enum type_kind kind;
	uint16_t count = 1;

	if (depth == 0 || next(random, 2) == 0)
		return type_native(natives[next(random, 16)]);
	kind = nests[next(random, 4)];
	if (kind == TYPE_MAP)
		count = 2;
	else if (kind == TYPE_TUPLE)
		count = (uint16_t)(1 + next(random, 4));
	for (uint16_t i = 0; i < count; i++)
		arguments[i] = make_type(random, arena, depth - 1);
	return type_create(arena, kind, arguments, count, depth < DEPTH_MAX);
}

static void
fill(struct random *random, uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)next(random, 256);
}

static void
make_text(struct random *random, bool is_ascii, struct buffer *out)
{
	static const char *const pieces[] = {
		"a", "'", "\\", "\"", "\n", " ", "\x1b[0m", ",", ":", "}",
		"\x7f", "null", "é", "漢", "🙂", "\xc2\x85",
	};

	for (uint32_t left = next(random, 6); left > 0; left--)
		buffer_append_string(out,
				     pieces[next(random, is_ascii ? 12 : 16)]);
}

static void
make_native(struct random *random, const struct type *type,
	    struct buffer *out)
{
	uint8_t bytes[16];
	size_t size;

	fill(random, bytes, sizeof(bytes));
	switch (type->kind) {
	case TYPE_ASCII:
	case TYPE_TEXT:
		make_text(random, type->kind == TYPE_ASCII, out);
		return;
	case TYPE_BLOB:
		size = next(random, 10);
		break;
	case TYPE_INET:
		size = next(random, 2) ? 4 : 16;
		break;
	case TYPE_BOOLEAN:
		bytes[0] &= 1;
		size = 1;
		break;
	case TYPE_TIMEUUID:
		uuid_make_time((int64_t)load_u64_be(bytes) >> 8, bytes + 8,
			       bytes);
		size = 16;
		break;
	case TYPE_TIME:
		store_u64_be(bytes, load_u64_be(bytes) % 86400000000000u);
		size = 8;
		break;
	case TYPE_TIMESTAMP:
		/* Mostly years that have a calendar form. */
		if (next(random, 4) > 0)
			store_u64_be(bytes, (uint64_t)((int64_t)load_u64_be(
						bytes) >> 17));
		size = 8;
		break;
	case TYPE_UUID:
		size = 16;
		break;
	case TYPE_BIGINT:
	case TYPE_DOUBLE:
		size = 8;
		break;
	case TYPE_SMALLINT:
		size = 2;
		break;
	case TYPE_TINYINT:
		size = 1;
		break;
	default:
		size = 4;
		break;
	}
	buffer_append(out, bytes, size);
}

static struct slice
make_value(struct random *random, struct arena *arena,
	   const struct type *type)
{
	struct slice values[2 * ELEMENTS_MAX], value;
	struct buffer out = { 0 };
	size_t count = next(random, ELEMENTS_MAX);

	if (type->count == 0) {
		make_native(random, type, &out);
	} else {
		if (type->kind == TYPE_TUPLE)
			count = type->count;
		else
			count *= type->count;
		for (size_t i = 0; i < count; i++)
			values[i] = type->kind == TYPE_TUPLE &&
						    next(random, 4) == 0 ?
				SLICE_NULL :
				make_value(random, arena,
					   type->arguments[i % type->count]);
		assert_int_equal(collection_build(type, values, count, &out,
						  NULL), 0);
	}
	value = arena_copy(arena, buffer_slice(&out));
	buffer_finish(&out);
	return value;
}

static void
assert_reads_back(struct arena *arena, const struct type *type,
		  struct slice value)
{
	const char *text = literal_print(arena, type, value, VALUE_LITERAL);
	struct slice back = literal_value(arena, type, text);

	assert_int_equal(value_validate(type, value, NULL), 0);
	if (value_compare(type, value, back) != 0)
		fail_msg("doesn't read back: %s", text);
	assert_string_equal(literal_print(arena, type, back, VALUE_LITERAL),
			    text);
}

static void
assert_type_reads_back(struct arena *arena, const struct type *type)
{
	struct buffer out = { 0 };
	const struct type *decoded;

	type_encode(type, &out);
	assert_int_equal(type_decode(buffer_slice(&out), arena, &decoded,
				     NULL), 0);
	assert_true(type_is_equal(type, decoded));
	buffer_clear(&out);
	type_print(type, &out);
	buffer_append_byte(&out, '\0');
	assert_true(type_is_equal(type, literal_type(arena,
						     (char *)out.data)));
	buffer_finish(&out);
}

TEST(what_is_printed_reads_back)
{
	struct random random = { 1 };
	struct arena arena = { 0 };
	size_t nested = 0;

	for (int i = 0; i < VALUES; i++) {
		const struct type *type = make_type(&random, &arena,
						    DEPTH_MAX);

		nested += type->count > 0;
		assert_type_reads_back(&arena, type);
		assert_reads_back(&arena, type,
				  make_value(&random, &arena, type));
		arena_clear(&arena);
	}
	assert_true(nested > VALUES / 4);
	arena_finish(&arena);
}

static int
sign(int order)
{
	return (order > 0) - (order < 0);
}

TEST(order_is_the_same_from_both_sides_and_transitive)
{
	struct random random = { 2 };
	struct arena arena = { 0 };

	for (int i = 0; i < VALUES; i++) {
		const struct type *type = make_type(&random, &arena, 2);
		struct slice a = make_value(&random, &arena, type);
		struct slice b = make_value(&random, &arena, type);
		struct slice c = make_value(&random, &arena, type);
		int ab = value_compare(type, a, b);
		int bc = value_compare(type, b, c);

		assert_int_equal(value_compare(type, a, a), 0);
		assert_int_equal(value_compare(type, b, a), -ab);
		if (ab == bc || bc == 0)
			assert_int_equal(sign(value_compare(type, a, c)),
					 ab);
		else if (ab == 0)
			assert_int_equal(value_compare(type, a, c), bc);
		arena_clear(&arena);
	}
	arena_finish(&arena);
}

/* Copied into memory of exactly their size, so that a sanitizer sees every
 * read beyond them. */
static void
damage(struct random *random, const struct type *type, struct slice value,
       size_t *refused)
{
	struct buffer bytes = { 0 };
	struct arena arena = { 0 };
	uint8_t *exact;
	size_t size;

	buffer_append_slice(&bytes, value);
	if (next(random, 3) == 0 && bytes.size > 0)
		bytes.size -= 1 + next(random, (uint32_t)bytes.size);
	else if (next(random, 3) == 0)
		buffer_append_byte(&bytes, 0);
	else if (bytes.size > 0)
		bytes.data[next(random, (uint32_t)bytes.size)] =
			(uint8_t)next(random, 256);
	size = bytes.size;
	exact = test_malloc(size + (size == 0));
	memcpy(exact, buffer_slice(&bytes).data, size);
	for (unsigned form = 0; form < 4; form++)
		literal_print(&arena, type, slice_make(exact, size),
			      (enum value_form)form);
	if (value_validate(type, slice_make(exact, size), NULL) < 0)
		++*refused;
	else if (size > 0)
		assert_int_equal(value_compare(type, slice_make(exact, size),
					       slice_make(exact, size)), 0);
	test_free(exact);
	arena_finish(&arena);
	buffer_finish(&bytes);
}

TEST(damaged_values_are_refused_or_sound)
{
	struct random random = { 3 };
	struct arena arena = { 0 };
	size_t refused = 0;

	for (int i = 0; i < VALUES / 4; i++) {
		const struct type *type = make_type(&random, &arena,
						    DEPTH_MAX);
		struct slice value = make_value(&random, &arena, type);

		for (int j = 0; j < DAMAGES; j++)
			damage(&random, type, value, &refused);
		arena_clear(&arena);
	}
	assert_true(refused > VALUES / 4 * DAMAGES / 4);
	arena_finish(&arena);
}

UNIT_MAIN()
