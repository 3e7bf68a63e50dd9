/* SPDX-License-Identifier: MIT */
#include "types/uuid_value.h"

#include "base/pack.h"
#include "types/uuid.h"

#include <assert.h>

static int
compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

int
uuid_parse_value(const struct type *type, enum literal_kind kind,
		 struct slice text, struct buffer *out, struct error *error)
{
	uint8_t uuid[UUID_SIZE];

	(void)kind;
	if (!uuid_parse(text, uuid))
		return error_set(error, ERROR_INVALID,
				 "Unable to make UUID from '%.*s'",
				 SLICE_ARGUMENTS(text));
	if (type->kind == TYPE_TIMEUUID) {
		int result = uuid_validate_time(
			type, slice_make(uuid, UUID_SIZE), error);

		if (result < 0)
			return result;
	}
	buffer_append(out, uuid, UUID_SIZE);
	return 0;
}

int
uuid_validate_time(const struct type *type, struct slice value,
		   struct error *error)
{
	(void)type;
	if (uuid_version(value.data) != 1)
		return error_set(error, ERROR_INVALID,
				 "TimeUUID supports only version 1 UUIDs, "
				 "this one is version %u",
				 uuid_version(value.data));
	return 0;
}

int
uuid_compare_values(const struct type *type, struct slice a, struct slice b)
{
	unsigned version = uuid_version(a.data);
	int order = compare_u64(version, uuid_version(b.data));

	(void)type;
	if (order == 0 && version == 1)
		order = compare_u64(uuid_time(a.data), uuid_time(b.data));
	return order != 0 ? order : slice_compare(a, b);
}

int
uuid_compare_times(const struct type *type, struct slice a, struct slice b)
{
	/* Flipping the sign bits turns signed order into unsigned. */
	const uint64_t signs = UINT64_C(0x8080808080808080);
	int order = compare_u64(uuid_time(a.data), uuid_time(b.data));

	(void)type;
	if (order != 0)
		return order;
	return compare_u64(load_u64_be(a.data + 8) ^ signs,
			   load_u64_be(b.data + 8) ^ signs);
}

void
uuid_print_value(const struct type *type, struct slice value,
		 struct print_style style, struct buffer *out)
{
	uint8_t quote = style.form == VALUE_JSON ? '"' : 0;

	(void)type;
	assert(value.size == UUID_SIZE);
	print_style_append(quote, out);
	uuid_print(value.data, out);
	print_style_append(quote, out);
}
