/* SPDX-License-Identifier: MIT */
#include "planner/paging.h"

#include "base/checksum.h"
#include "base/limits.h"
#include "base/pack.h"
#include "base/reader.h"

enum { PAGING_VERSION = 1, CHECKSUM_SIZE = sizeof(uint64_t) };

/* Only against accidents: whoever wants to may make a state, and gets rows
 * that the statement would give them anyway. */
static const uint64_t seed = 0x70616765;

uint64_t
paging_fingerprint(struct slice text, const struct table *table)
{
	if (table == NULL)
		return checksum_seeded(text, seed);
	return checksum_seeded(text,
			       checksum_seeded(slice_make(table->uuid, 16),
					       seed));
}

void
paging_encode(const struct paging_position *position, uint64_t fingerprint,
	      struct buffer *out)
{
	uint8_t bytes[sizeof(uint64_t)];

	buffer_clear(out);
	buffer_append_byte(out, PAGING_VERSION);
	buffer_append_byte(out, (uint8_t)position->kind);
	store_u64_le(bytes, fingerprint);
	buffer_append(out, bytes, sizeof(bytes));
	buffer_append_varint(out, position->rows_left);
	buffer_append_varint(out, position->key.size);
	buffer_append_slice(out, position->key);
	store_u64_le(bytes, checksum_seeded(buffer_slice(out), seed));
	buffer_append(out, bytes, sizeof(bytes));
}

int
paging_refuse(struct error *error)
{
	return error_set(error, ERROR_INVALID,
			 "Invalid value for the paging state");
}

int
paging_decode(struct slice state, uint64_t fingerprint, enum access_kind kind,
	      struct paging_position *position, struct error *error)
{
	struct reader reader;
	uint64_t checksum;
	uint8_t version;
	uint8_t stored_kind;
	uint64_t stored_fingerprint;

	if (state.size < CHECKSUM_SIZE)
		return paging_refuse(error);
	state.size -= CHECKSUM_SIZE;
	checksum = load_u64_le(state.data + state.size);
	if (checksum != checksum_seeded(state, seed))
		return paging_refuse(error);
	reader = reader_make(state);
	version = reader_u8(&reader);
	stored_kind = reader_u8(&reader);
	stored_fingerprint = reader_u64_le(&reader);
	position->kind = kind;
	position->rows_left = reader_varint(&reader);
	position->key = reader_bytes(&reader, reader_varint(&reader));
	if (reader.has_failed || !reader_is_at_end(&reader) ||
	    version != PAGING_VERSION || stored_kind != (uint8_t)kind ||
	    stored_fingerprint != fingerprint || position->rows_left == 0 ||
	    position->key.size == 0 || position->key.size > KEY_SIZE_MAX)
		return paging_refuse(error);
	return 0;
}

void
paging_encode_rows(uint64_t rows, uint64_t fingerprint, struct buffer *out)
{
	uint8_t bytes[sizeof(uint64_t)];
	struct paging_position position = {
		.kind = (enum access_kind)PAGING_ROWS,
		.rows_left = UINT64_MAX,
		.key = slice_make(bytes, sizeof(bytes)),
	};

	store_u64_le(bytes, rows);
	paging_encode(&position, fingerprint, out);
}

int
paging_decode_rows(struct slice state, uint64_t fingerprint, uint64_t *rows,
		   struct error *error)
{
	struct paging_position position = { 0 };
	int result = paging_decode(state, fingerprint,
				   (enum access_kind)PAGING_ROWS, &position,
				   error);

	if (result < 0)
		return result;
	if (position.key.size != sizeof(uint64_t))
		return paging_refuse(error);
	*rows = load_u64_le(position.key.data);
	return 0;
}
