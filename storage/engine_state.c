/* SPDX-License-Identifier: MIT */
#include "storage/engine_state.h"

#include "base/checksum.h"
#include "base/murmur3.h"

enum { US_PER_S = 1000000 };

/* ---- time and randomness ---- */

/* What was told once is never told earlier again, nor after a restart, since
 * the high mark goes with every buffer. */
static int64_t
clock_us(struct engine *engine)
{
	int64_t now_us = engine->io->methods->clock_us(engine->io);

	if (now_us > engine->clock_us)
		engine->clock_us = now_us;
	return engine->clock_us;
}

int64_t
engine_timestamp_us(struct engine *engine)
{
	int64_t before_us = engine->clock_us;

	if (clock_us(engine) == before_us && before_us < INT64_MAX)
		engine->clock_us++;
	return engine->clock_us;
}

uint32_t
engine_now_s(struct engine *engine)
{
	int64_t now_s = clock_us(engine) / US_PER_S;

	if (now_s < 0)
		return 0;
	return now_s > UINT32_MAX ? UINT32_MAX : (uint32_t)now_s;
}

void
engine_random(struct engine *engine, void *bytes, size_t size)
{
	engine->io->methods->random(engine->io, bytes, size);
}

/* ---- keys, tables, versions ---- */

struct key_hash
engine_hash_key(const struct engine *engine, struct slice key)
{
	return (struct key_hash){
		.token = murmur3_token(key),
		.fingerprint = checksum_seeded(key, engine->manifest.secret),
	};
}

int
engine_compare_hashes(const void *a, const void *b)
{
	const struct key_hash *left = a, *right = b;

	if (left->token != right->token)
		return left->token < right->token ? -1 : 1;
	if (left->fingerprint != right->fingerprint)
		return left->fingerprint < right->fingerprint ? -1 : 1;
	return 0;
}

int
engine_check_writable(const struct engine *engine, struct error *error)
{
	if (engine->is_read_only)
		return error_set(error, ERROR_INVALID,
				 "the database is open for reading only");
	if (!engine->writer.has_failed)
		return 0;
	if (error != NULL)
		*error = engine->writer.failure;
	error_hint(error, "the database can still be read; open it again to "
			  "write");
	return -(int)engine->writer.failure.code;
}

struct table *
engine_find_table(struct engine *engine, uint32_t table)
{
	struct table *found = table_registry_find(&engine->tables, table);

	return found == NULL || found->is_dropping ? NULL : found;
}

bool
engine_is_superseded(const struct index_entry *existing, int64_t timestamp_us)
{
	return existing->timestamp_us > timestamp_us ||
	       (existing->timestamp_us == timestamp_us &&
		existing->is_tombstone);
}

bool
engine_is_live(struct engine *engine, const struct index_entry *entry)
{
	if (entry->is_tombstone)
		return false;
	return entry->expires_at_s == 0 ||
	       entry->expires_at_s > engine_now_s(engine);
}

int
engine_verify_record_of(const struct engine *engine, uint32_t table,
			const struct index_entry *entry,
			uint64_t segment_seed, const uint8_t *bytes,
			struct record *record, struct error *error)
{
	struct location at = entry->location;
	uint64_t seed = format_record_seed(segment_seed, at.offset);
	uint64_t fingerprint;

	if (!record_is_intact(bytes, at.size, seed) ||
	    record_decode(bytes, at.size, record) != at.size)
		return segment_manager_damaged(&engine->segments, at.segment,
					       at.offset,
					       "a record's checksum is wrong",
					       error);
	/* It tells keys apart as well as with their token, and costs less. */
	fingerprint = checksum_seeded(record->key, engine->manifest.secret);
	if (record->table != table || fingerprint != entry->fingerprint)
		return segment_manager_damaged(&engine->segments, at.segment,
					       at.offset,
					       "another record stands there",
					       error);
	return 0;
}

int
engine_verify_record(const struct engine *engine, uint32_t table,
		     const struct index_entry *entry, const uint8_t *bytes,
		     struct record *record, struct error *error)
{
	return engine_verify_record_of(
		engine, table, entry,
		segment_manager_seed(&engine->segments,
				     entry->location.segment),
		bytes, record, error);
}

void
engine_set_gc_grace(struct engine *engine, uint32_t table, uint32_t gc_grace_s)
{
	struct table *found = engine_find_table(engine, table);

	if (found != NULL)
		found->gc_grace_s = gc_grace_s;
}
