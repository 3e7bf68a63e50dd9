/* SPDX-License-Identifier: MIT
 *
 * The bytes of a checkpoint: what is written is read, and nothing else is. */
#include "base/checksum.h"
#include "base/pack.h"
#include "storage/checkpoint/checkpoint_layout.h"
#include "storage/checkpoint/checkpoint_output.h"
#include "tests/support/io_fault.h"
#include "tests/support/same_entry.h"
#include "tests/support/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { DATABASE = 77, NUMBER = 5, SEGMENTS = 40, TABLES = 3, FREED = 4 };

static const struct manifest manifest = {
	.database_id = DATABASE,
	.segment_size = 4096,
	.file_segments = 16,
	/* The least that can be behind the start of the sample. */
	.next_user_sequence = 401,
	.next_moving_sequence = 31,
	.next_segment_sequence = 60,
	.next_lsn = 9001,
};

/* ---- items ---- */

TEST(entries_at_their_limits_are_decoded)
{
	static const struct manifest large = { .segment_size = 1 << 20,
					       .file_segments = 65536 };
	static const struct index_entry cases[] = {
		{ .location = { 0, 128, 40 } },
		{ .token = INT64_MAX,
		  .fingerprint = UINT64_MAX,
		  .timestamp_us = INT64_MAX,
		  .location = { INDEX_SEGMENTS_MAX - 1, (1 << 20) - 40, 40 },
		  .expires_at_s = UINT32_MAX,
		  .has_tie = true },
		{ .token = INT64_MIN + 1,
		  .timestamp_us = INT64_MIN + 1,
		  .location = { 9, 128, 32760 },
		  .is_tombstone = true,
		  .expires_at_s = 1 },
		{ .location = { 9, 128, 32768 } },
		{ .location = { 9, 128, (32 << 20) - 8 }, .expires_at_s = 5 },
	};

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		uint8_t bytes[CHECKPOINT_ENTRY_SIZE_MAX];
		struct index_entry entry;
		size_t size = checkpoint_encode_entry(&cases[i], bytes);

		assert_int_equal(checkpoint_decode_entry(bytes, sizeof(bytes),
							 &large, &entry),
				 size);
		assert_same_entry(&cases[i], &entry);
		for (size_t cut = 0; cut < size; cut++)
			assert_int_equal(checkpoint_decode_entry(
						 bytes, cut, &large, &entry),
					 0);
	}
}

TEST(entries_that_cannot_be_are_refused)
{
	static const struct index_entry cases[] = {
		{ .location = { 1, 120, 40 } },   /* in the header */
		{ .location = { 1, 4096, 40 } },  /* behind the segment */
		{ .location = { 1, 4064, 40 } },  /* beyond its end */
		{ .location = { 1, 136, 8000 } }, /* a run that begins late */
		{ .location = { 14, 128, 12000 } }, /* beyond its file */
		{ .timestamp_us = INT64_MIN, .location = { 1, 128, 40 } },
	};
	struct index_entry fine = { .location = { 1, 128, 40 } }, entry;
	uint8_t bytes[CHECKPOINT_ENTRY_SIZE_MAX];

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		checkpoint_encode_entry(&cases[i], bytes);
		assert_int_equal(checkpoint_decode_entry(bytes, sizeof(bytes),
							 &manifest, &entry),
				 0);
	}
	checkpoint_encode_entry(&fine, bytes);
	assert_int_equal(checkpoint_decode_entry(bytes, sizeof(bytes),
						 &manifest, &entry),
			 32);
	bytes[31] |= 0x80;
	assert_int_equal(checkpoint_decode_entry(bytes, sizeof(bytes),
						 &manifest, &entry),
			 0);
}

static struct checkpoint_segment
sample_segment(uint32_t i)
{
	return (struct checkpoint_segment){
		.sequence = i == 0 ? 0 : i + 3,
		.first_write = i * 10,
		.last_write = i * 10 + i % 3,
		.birth = i == 0 ? 0 : i + 1,
		.first_token = i % 4 == 1 ? -(int64_t)i : 0,
		.last_token = i % 4 == 1 ? (int64_t)i : 0,
		.table = i % 4 == 1 ? 17 : 0,
		.life = i == 0 ? 0 : i % 7 + 1,
		.record_bytes = i * 50,
		.kind = i % 4 == 1 ? BUFFER_FULL : BUFFER_MIXED,
		.stream = i % 4 == 1 ? STREAM_MOVING : STREAM_USER,
		.generation = (uint8_t)(i % 4),
		.is_free = i % 5 == 0,
		.is_open = i == 7,
	};
}

static void
assert_same_segment(const struct checkpoint_segment *a,
		    const struct checkpoint_segment *b)
{
	assert_int_equal(a->sequence, b->sequence);
	assert_int_equal(a->first_write, b->first_write);
	assert_int_equal(a->last_write, b->last_write);
	assert_int_equal(a->birth, b->birth);
	assert_int_equal(a->first_token, b->first_token);
	assert_int_equal(a->last_token, b->last_token);
	assert_int_equal(a->table, b->table);
	assert_int_equal(a->life, b->life);
	assert_int_equal(a->record_bytes, b->record_bytes);
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->stream, b->stream);
	assert_int_equal(a->generation, b->generation);
	assert_int_equal(a->is_free, b->is_free);
	assert_int_equal(a->is_open, b->is_open);
}

TEST(segments_that_cannot_be_are_refused)
{
	struct checkpoint_start start = { .segment_sequence = 1000 };
	struct checkpoint_segment fine = sample_segment(9), segment, got;
	uint8_t bytes[CHECKPOINT_SEGMENT_SIZE];

#define DECODES()                                                  \
	(checkpoint_encode_segment(&segment, bytes),               \
	 checkpoint_decode_segment(bytes, &start, 4096, &got))
#define REFUSED(field, number)        \
	do {                          \
		segment = fine;       \
		segment.field = number; \
		assert_false(DECODES()); \
	} while (0)
	segment = fine;
	assert_true(DECODES());
	assert_same_segment(&got, &fine);
	REFUSED(sequence, 0);
	REFUSED(sequence, 1000);
	REFUSED(life, 0);
	REFUSED(kind, 0);
	REFUSED(kind, 4);
	REFUSED(stream, 3);
	REFUSED(generation, 4);
	REFUSED(record_bytes, 4097);
	REFUSED(first_write, 1000);
	REFUSED(first_token, 1000);
	segment = fine;
	segment.is_free = segment.is_open = true;
	assert_false(DECODES());
	segment = fine;
	assert_true(DECODES());
	bytes[63] |= 4;
	assert_false(checkpoint_decode_segment(bytes, &start, 4096, &got));
#undef REFUSED
#undef DECODES
}

/* ---- a whole file ---- */

static struct index_entry
sample_entry(uint32_t table, uint64_t i)
{
	return (struct index_entry){
		.token = (int64_t)(i / 2) - 40,
		.fingerprint = i * 3,
		.timestamp_us = (int64_t)i * 1000 + table,
		.location = { (uint32_t)i % 1000, 128 + (uint32_t)i % 9 * 40,
			      40 + (uint32_t)i % 5 * 8 },
		.expires_at_s = i % 6 == 0 ? (uint32_t)i + 1 : 0,
		.is_tombstone = i % 11 == 0,
		.has_tie = i % 13 == 0,
	};
}

static const uint32_t table_ids[TABLES] = { 1, 16, 18 };
static const uint64_t entry_counts[TABLES] = { 3, 300, 70 };

static void
poll_until_written(struct checkpoint_output *output)
{
	while (checkpoint_output_is_busy(output))
		assert_true(output->io->methods->poll(output->io, -1) >= 0);
	checkpoint_output_step(output);
	assert_int_equal(output->failure.code, ERROR_NONE);
}

static void
put(struct checkpoint_output *output, enum checkpoint_section section,
    uint32_t table, const uint8_t *item, size_t size)
{
	while (!checkpoint_output_put(output, section, table, item, size))
		poll_until_written(output);
}

static void
put_lists(struct checkpoint_output *output)
{
	uint8_t item[CHECKPOINT_SEGMENT_SIZE];

	for (uint32_t i = 0; i < SEGMENTS; i++) {
		struct checkpoint_segment segment = sample_segment(i);

		checkpoint_encode_segment(&segment, item);
		put(output, CHECKPOINT_SEGMENTS, 0, item, sizeof(item));
	}
	for (uint32_t i = 0; i < TABLES; i++) {
		struct checkpoint_table table = { table_ids[i], i == 1,
						  entry_counts[i] };

		checkpoint_encode_table(&table, item);
		put(output, CHECKPOINT_TABLES, 0, item, CHECKPOINT_TABLE_SIZE);
	}
	for (uint32_t i = 0; i < FREED; i++) {
		struct freed_life life = { .sequence = i + 50,
					   .segment = i,
					   .stream = STREAM_USER,
					   .first_write = 5 + i,
					   .last_write = 9 + i };

		checkpoint_encode_freed(&life, item);
		put(output, CHECKPOINT_FREED, 0, item, CHECKPOINT_FREED_SIZE);
	}
}

static void
put_entries(struct checkpoint_output *output)
{
	for (uint32_t t = 0; t < TABLES; t++) {
		for (uint64_t i = 0; i < entry_counts[t]; i++) {
			struct index_entry entry =
				sample_entry(table_ids[t], i);
			uint8_t item[CHECKPOINT_ENTRY_SIZE_MAX];
			size_t size = checkpoint_encode_entry(&entry, item);

			put(output, CHECKPOINT_ENTRIES, table_ids[t], item,
			    size);
			output->head->entry_count++;
		}
	}
}

/* Returns what the manifest keeps.  ${kept} bytes are kept in all files while
 * it is written. */
static struct manifest_checkpoint
write_sample_beside(struct io *io, uint64_t kept)
{
	struct checkpoint_head head = {
		.start = { .number = NUMBER,
			   .user_sequence = 400,
			   .moving_sequence = 30,
			   .segment_sequence = 60,
			   .lsn = 9000,
			   .clock_us = 1700000000000000,
			   .next_table = 20 },
		.block_size = 4096,
		.salt = 12345,
		.segment_count = SEGMENTS,
		.table_count = TABLES,
		.freed_count = FREED,
	};
	struct manifest_checkpoint which = { .number = NUMBER };
	struct checkpoint_output output;
	struct error error = ERROR_INIT;

	assert_int_equal(checkpoint_output_open(&output, io, DATABASE, &head,
						8192, &error),
			 0);
	assert_int_equal(checkpoint_output_reserve(io, kept), 0);
	put_lists(&output);
	put_entries(&output);
	checkpoint_output_end(&output);
	poll_until_written(&output);
	checkpoint_output_send_head(&output, &which.checksum);
	poll_until_written(&output);
	checkpoint_output_sync(&output);
	poll_until_written(&output);
	checkpoint_output_close(&output);
	return which;
}

static struct manifest_checkpoint
write_sample(struct io *io)
{
	return write_sample_beside(io, 0);
}

static const char name[] = "00-2.checkpoint";

static void
assert_sample_head(const struct checkpoint *checkpoint)
{
	assert_int_equal(checkpoint->start.number, NUMBER);
	assert_int_equal(checkpoint->start.user_sequence, 400);
	assert_int_equal(checkpoint->start.moving_sequence, 30);
	assert_int_equal(checkpoint->start.segment_sequence, 60);
	assert_int_equal(checkpoint->start.lsn, 9000);
	assert_int_equal(checkpoint->start.next_table, 20);
	assert_int_equal(checkpoint->segment_count, SEGMENTS);
	for (uint32_t i = 0; i < SEGMENTS; i++) {
		struct checkpoint_segment expected = sample_segment(i);

		assert_same_segment(&checkpoint->segments[i], &expected);
	}
	assert_int_equal(checkpoint->table_count, TABLES);
	for (uint32_t i = 0; i < TABLES; i++) {
		assert_int_equal(checkpoint->tables[i].id, table_ids[i]);
		assert_int_equal(checkpoint->tables[i].has_explicit, i == 1);
		assert_int_equal(checkpoint->tables[i].entries,
				 entry_counts[i]);
	}
	assert_int_equal(checkpoint->freed_count, FREED);
	assert_int_equal(checkpoint->freed[2].sequence, 52);
	assert_int_equal(checkpoint->freed[2].last_write, 11);
}

/* Reads everything; 0, or how it is refused. Whatever is shown must be what was
 * written. */
static int
read_sample(struct io *io, const struct manifest_checkpoint *which,
	    size_t capacity, struct error *error)
{
	struct checkpoint checkpoint;
	struct checkpoint_reader *reader;
	struct index_entry entries[64];
	uint32_t table = 0, t = 0;
	uint64_t seen = 0;
	int status = checkpoint_open(io, &manifest, which, &checkpoint,
				     &reader, error);

	if (status != 0) {
		assert_null(reader);
		assert_null(checkpoint.segments);
		return status;
	}
	assert_sample_head(&checkpoint);
	checkpoint_finish(&checkpoint);
	while ((status = checkpoint_next(reader, &table, entries, capacity,
					 error)) > 0) {
		for (int i = 0; i < status; i++) {
			struct index_entry expected;

			if (seen == entry_counts[t]) {
				seen = 0;
				t++;
			}
			assert_int_equal(table, table_ids[t]);
			expected = sample_entry(table, seen++);
			assert_same_entry(&entries[i], &expected);
		}
	}
	if (status == 0) {
		assert_int_equal(t, TABLES - 1);
		assert_int_equal(seen, entry_counts[t]);
	}
	checkpoint_close(reader);
	return status;
}

struct sample {
	struct fault_disk *disk;
	struct io *io;
	struct manifest_checkpoint which;
	uint8_t *bytes;
	size_t size;
};

static struct sample
make_sample(void)
{
	struct sample sample = { .disk = fault_disk_create(1) };

	sample.io = fault_disk_open(sample.disk);
	sample.which = write_sample(sample.io);
	sample.bytes = fault_disk_file(sample.disk, name, &sample.size);
	assert_non_null(sample.bytes);
	return sample;
}

static void
free_sample(struct sample *sample)
{
	sample->io->methods->destroy(sample->io);
	fault_disk_destroy(sample->disk);
}

TEST(what_is_written_is_read)
{
	struct sample sample = make_sample();
	struct error error = ERROR_INIT;

	for (size_t capacity = 1; capacity <= 64; capacity += 7)
		assert_int_equal(read_sample(sample.io, &sample.which,
					     capacity, &error),
				 0);
	free_sample(&sample);
}

TEST(a_longer_file_of_an_older_checkpoint_is_written_over)
{
	struct sample sample = make_sample();
	struct error error = ERROR_INIT;
	size_t before = sample.size;

	fault_disk_resize(sample.disk, name, sample.size + 40960);
	sample.which = write_sample(sample.io);
	assert_int_equal(read_sample(sample.io, &sample.which, 64, &error), 0);
	sample.bytes = fault_disk_file(sample.disk, name, &sample.size);
	assert_int_equal(sample.size, before + 40960);
	free_sample(&sample);
}

TEST(room_that_is_kept_meanwhile_stays)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct io *io = fault_disk_open(disk);
	size_t size;

	(void)write_sample_beside(io, 1 << 20);
	(void)fault_disk_file(disk, name, &size);
	assert_int_equal(size, 1 << 20);
	io->methods->destroy(io);
	fault_disk_destroy(disk);
}

static uint64_t
used_size(const struct sample *sample)
{
	return 4096 + load_u64_le(sample->bytes + 112) * 4096;
}

TEST(every_flipped_bit_is_refused_with_file_and_offset)
{
	struct sample sample = make_sample();
	uint64_t used = used_size(&sample);

	assert_true(used <= sample.size);
	for (size_t bit = 0; bit < used * 8; bit++) {
		struct error error = ERROR_INIT;

		sample.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(read_sample(sample.io, &sample.which, 64,
						 &error),
				     0);
		assert_int_equal(error.code, ERROR_CORRUPT);
		assert_non_null(strstr(error.message, name));
		assert_non_null(strstr(error.message, "offset"));
		sample.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	free_sample(&sample);
}

TEST(every_cut_is_refused)
{
	struct sample sample = make_sample();
	struct error error = ERROR_INIT;
	uint64_t used = used_size(&sample);

	fault_disk_resize(sample.disk, name, used);
	assert_int_equal(read_sample(sample.io, &sample.which, 64, &error), 0);
	for (size_t size = used - 512; size > 0; size -= 512) {
		fault_disk_resize(sample.disk, name, size);
		assert_int_equal(read_sample(sample.io, &sample.which, 64,
					     &error),
				 CHECKPOINT_UNUSABLE);
	}
	fault_disk_resize(sample.disk, name, 0);
	assert_int_equal(read_sample(sample.io, &sample.which, 64, &error),
			 CHECKPOINT_UNUSABLE);
	fault_disk_remove(sample.disk, name);
	assert_int_equal(read_sample(sample.io, &sample.which, 64, &error),
			 CHECKPOINT_UNUSABLE);
	free_sample(&sample);
}

TEST(blocks_of_another_attempt_or_place_are_refused)
{
	struct sample sample = make_sample();
	struct error error = ERROR_INIT;
	uint8_t block[4096];
	struct checkpoint_head head = { .start.number = NUMBER,
					.block_size = 4096,
					.salt = 12346 };

	/* Neighbours change places. */
	memcpy(block, sample.bytes + 8192, 4096);
	memcpy(sample.bytes + 8192, sample.bytes + 12288, 4096);
	memcpy(sample.bytes + 12288, block, 4096);
	assert_int_not_equal(read_sample(sample.io, &sample.which, 64, &error),
			     0);
	memcpy(sample.bytes + 12288, sample.bytes + 8192, 4096);
	memcpy(sample.bytes + 8192, block, 4096);
	assert_int_equal(read_sample(sample.io, &sample.which, 64, &error), 0);
	/* One that an attempt before this one wrote there. */
	checkpoint_seal_block(&head, DATABASE, 1, load_u32_le(block + 8),
			      sample.bytes + 8192);
	assert_int_not_equal(read_sample(sample.io, &sample.which, 64, &error),
			     0);
	free_sample(&sample);
}

/* ---- hostile, with checksums that are right ---- */

/* Whatever comes out; 0 when all of it could be read. */
static int
read_anything(struct io *io, const struct manifest_checkpoint *which)
{
	struct checkpoint checkpoint;
	struct checkpoint_reader *reader;
	struct index_entry entries[64];
	struct error error = ERROR_INIT;
	uint32_t table;
	int status = checkpoint_open(io, &manifest, which, &checkpoint,
				     &reader, &error);

	if (status != 0)
		return status;
	checkpoint_finish(&checkpoint);
	do {
		status = checkpoint_next(reader, &table, entries, 64, &error);
	} while (status > 0);
	checkpoint_close(reader);
	return status;
}

/* Changes a number in the head, which the manifest then names. */
static int
with_head(struct sample *sample, size_t at, uint32_t number)
{
	uint8_t saved[CHECKPOINT_HEAD_SIZE];
	struct manifest_checkpoint which = sample->which;
	int status;

	memcpy(saved, sample->bytes, sizeof(saved));
	store_u32_le(sample->bytes + at, number);
	which.checksum = checksum_seeded(
		slice_make(sample->bytes + 8, CHECKPOINT_HEAD_SIZE - 8),
		checksum_mix(DATABASE, NUMBER));
	store_u64_le(sample->bytes, which.checksum);
	status = read_anything(sample->io, &which);
	memcpy(sample->bytes, saved, sizeof(saved));
	return status;
}

TEST(heads_that_cannot_be_are_refused)
{
	static const struct {
		const char *why;
		size_t at;
		uint32_t number;
	} cases[] = {
		{ "another version", 16, 9 },
		{ "blocks that are no power of two", 20, 5000 },
		{ "blocks that are too small", 20, 2048 },
		{ "blocks that are too large", 20, 1 << 20 },
		{ "another database", 24, 78 },
		{ "another number", 32, 6 },
		{ "another salt", 40, 6 },
		{ "no segment sequence", 64, 0 },
		{ "segments from the future", 64, 20 },
		{ "tables from the future", 88, 17 },
		{ "more segments", 92, SEGMENTS + 1 },
		{ "fewer segments", 92, SEGMENTS - 1 },
		{ "segments beyond all bounds", 92, UINT32_MAX },
		{ "more tables", 96, TABLES + 1 },
		{ "fewer tables", 96, TABLES - 1 },
		{ "tables beyond all bounds", 96, UINT32_MAX },
		{ "more freed lives", 100, FREED + 1 },
		{ "fewer freed lives", 100, FREED - 1 },
		{ "freed lives beyond all bounds", 100, UINT32_MAX },
		{ "more entries", 104, 374 },
		{ "fewer entries", 104, 372 },
		{ "entries beyond all bounds", 108, UINT32_MAX },
		{ "more blocks", 112, 10 },
		{ "fewer blocks", 112, 3 },
		{ "no blocks", 112, 0 },
		{ "blocks beyond all bounds", 116, UINT32_MAX },
		{ "something behind the numbers", 120, 1 },
		{ "something at the head's end", 4092, 1 << 30 },
	};
	struct sample sample = make_sample();

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		if (with_head(&sample, cases[i].at, cases[i].number) == 0)
			fail_msg("accepted: %s", cases[i].why);
	}
	assert_int_equal(with_head(&sample, 92, SEGMENTS), 0);
	free_sample(&sample);
}

static void
assert_refused_under(const struct sample *sample, const struct manifest *other)
{
	struct checkpoint_reader *reader;
	struct checkpoint checkpoint;
	struct error error = ERROR_INIT;

	assert_int_equal(checkpoint_open(sample->io, other, &sample->which,
					 &checkpoint, &reader, &error),
			 CHECKPOINT_UNUSABLE);
	assert_int_equal(error.code, ERROR_CORRUPT);
}

TEST(a_start_behind_the_manifest_is_refused)
{
	struct sample sample = make_sample();
	struct manifest other = manifest;

	other.next_user_sequence--;
	assert_refused_under(&sample, &other);
	other = manifest;
	other.next_moving_sequence--;
	assert_refused_under(&sample, &other);
	other = manifest;
	other.next_segment_sequence--;
	assert_refused_under(&sample, &other);
	other = manifest;
	other.next_lsn--;
	assert_refused_under(&sample, &other);
	free_sample(&sample);
}

static uint64_t
block_checksum(uint64_t salt, uint64_t index, const uint8_t *block)
{
	uint64_t seed = checksum_mix(DATABASE, NUMBER);

	seed = checksum_mix(checksum_mix(seed, salt), index);
	return checksum_seeded(slice_make(block + 8, 4088), seed);
}

TEST(something_behind_the_groups_of_a_block_is_refused)
{
	struct checkpoint_head head = { .start.number = NUMBER,
					.block_size = 4096,
					.salt = 7 };
	uint8_t block[4096] = { 0 };

	for (size_t at = 16 + 100; at < sizeof(block); at += 1989) {
		checkpoint_seal_block(&head, DATABASE, 3, 100, block);
		assert_int_equal(checkpoint_open_block(&head, DATABASE, 3,
						       block),
				 100);
		block[at] = 1;
		store_u64_le(block, block_checksum(7, 3, block));
		assert_int_equal(checkpoint_open_block(&head, DATABASE, 3,
						       block),
				 0);
	}
}

/* Sets each number of a block to something else, checksum included: what comes
 * out may be refused or differ, but must end well. */
TEST(blocks_with_any_number_changed_end_well)
{
	struct sample sample = make_sample();
	uint64_t blocks = load_u64_le(sample.bytes + 112);
	static const uint32_t numbers[] = { 0, 1, 5, 0x80000000, UINT32_MAX };
	size_t accepted = 0, refused = 0;

	for (uint64_t block = 0; block < blocks; block++) {
		uint8_t *bytes = sample.bytes + 4096 + block * 4096;
		uint8_t saved[4096];

		memcpy(saved, bytes, sizeof(saved));
		for (size_t at = 8; at < 4096; at += block == 0 ? 4 : 52) {
			store_u32_le(bytes + at, numbers[at / 4 % 5]);
			store_u64_le(bytes,
				     block_checksum(12345, block, bytes));
			if (read_anything(sample.io, &sample.which) == 0)
				accepted++;
			else
				refused++;
			memcpy(bytes, saved, sizeof(saved));
		}
	}
	assert_true(accepted > 0 && refused > 100);
	free_sample(&sample);
}

/* ---- a disk that fails ---- */

TEST(a_file_that_cannot_be_read_is_unusable)
{
	struct sample sample = make_sample();
	struct error error = ERROR_INIT;

	sample.disk->fail_kinds = 1u << IO_READ;
	sample.disk->fail_errno = EIO;
	for (uint64_t after = 0; after < 2; after++) {
		sample.disk->fail_after = after;
		assert_int_equal(read_sample(sample.io, &sample.which, 64,
					     &error),
				 CHECKPOINT_UNUSABLE);
		assert_int_equal(error.code, ERROR_IO);
	}
	sample.disk->fail_errno = 0;
	assert_int_equal(read_sample(sample.io, &sample.which, 64, &error), 0);
	free_sample(&sample);
}

TEST(names_go_in_turns)
{
	char names[4][CHECKPOINT_NAME_SIZE];

	for (uint64_t i = 0; i < 4; i++)
		checkpoint_name(UINT64_C(300000000000) + i, names[i]);
	assert_string_equal(names[0], "00-0.checkpoint");
	assert_string_equal(names[1], "00-1.checkpoint");
	assert_string_equal(names[2], "00-2.checkpoint");
	assert_string_equal(names[3], "00-0.checkpoint");
}

UNIT_MAIN()
