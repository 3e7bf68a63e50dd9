/* SPDX-License-Identifier: MIT
 *
 * Databases that somebody made to do harm: numbers in buffers, records,
 * checkpoints and the manifest are changed, and every checksum over them made
 * right again.  Opening, CHECK, salvage, reading, writing, COMPACT and closing
 * may say anything, but come to an end, and touch no memory that isn't theirs
 * (the sanitizers look).
 *
 * SEED=n RUNS=m  changes m others. */
#include "base/checksum.h"
#include "base/pack.h"
#include "storage/checkpoint/checkpoint_layout.h"
#include "storage/engine_state.h"
#include "storage/format/manifest.h"
#include "storage/format/record.h"
#include "tests/support/salvage_driver.h"
#include "tests/support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS = 120, WRITES = 1500, BASE_RUNS = 25, POLLS_MAX = 200000 };

static const struct engine_options options = {
	.segment_size = 4096,
	.file_segments = 16,
	.checkpoint_size = 1 << 20,
	.cache_size = ENGINE_CACHE_NONE,
};

static uint64_t random_state;

static uint32_t
random_below(uint32_t end)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)((random_state >> 11) % end);
}

/* ---- an honest one ---- */

static void
write_row(struct engine *engine, uint32_t table, int number)
{
	static char value[24001];
	uint32_t what = random_below(100);
	size_t size = what < 3 ? 9000 + random_below(15000) :
				 10 + random_below(900);
	char key[16];

	snprintf(key, sizeof(key), "k%u", random_below(KEYS));
	memset(value, 'a' + number % 26, size);
	value[size] = '\0';
	if (what < 80)
		driver_put(engine, table, key, value);
	else
		driver_delete(engine, table, key);
	if (random_below(6) == 0)
		driver_commit(engine, engine_last_lsn(engine));
}

static struct fault_disk *
make_database(uint64_t seed)
{
	struct fault_disk *disk = fault_disk_create(7);
	struct engine *engine = driver_open(fault_disk_open(disk), &options);
	uint32_t first = driver_create_table(engine);

	random_state = seed * UINT64_C(0x9e3779b97f4a7c15) + 77;
	(void)driver_create_table(engine);
	for (int i = 0; i < WRITES; i++) {
		write_row(engine, first + random_below(2), i);
		if (i == 600 || i == 1000 || i == 1200)
			driver_checkpoint(engine);
		if (i == 700)
			driver_compact(engine);
	}
	driver_commit(engine, engine_last_lsn(engine));
	if (random_below(2) == 0)
		return driver_kill(engine, disk);
	driver_close(engine);
	return disk;
}

/* ---- forging ---- */

struct field {
	unsigned at, size;
};

static uint64_t
odd_number(uint64_t old, unsigned bits)
{
	switch (random_below(7)) {
	case 0:
		return 0;
	case 1:
		return UINT64_MAX;
	case 2:
		return old + 1 + random_below(3);
	case 3:
		return old - 1 - random_below(3);
	case 4:
		return old ^ UINT64_C(1) << random_below(bits);
	case 5:
		return UINT64_C(1) << random_below(bits);
	default:
		return (uint64_t)random_below(UINT32_MAX) << 32 |
		       random_below(UINT32_MAX);
	}
}

static void
change(uint8_t *bytes, struct field field)
{
	uint64_t number = 0;

	for (unsigned i = 0; i < field.size; i++)
		number |= (uint64_t)bytes[field.at + i] << (8 * i);
	number = odd_number(number, field.size * 8);
	for (unsigned i = 0; i < field.size; i++)
		bytes[field.at + i] = (uint8_t)(number >> (8 * i));
}

#define CHANGE_ONE(bytes, fields) \
	change(bytes, fields[random_below(ARRAY_COUNT(fields))])

static const struct field header_fields[] = {
	{ 12, 2 }, { 14, 1 }, { 15, 1 }, { 16, 2 }, { 18, 2 }, { 20, 2 },
	{ 24, 4 }, { 28, 4 }, { 32, 8 }, { 40, 4 }, { 44, 4 }, { 48, 8 },
	{ 56, 4 }, { 60, 4 }, { 64, 8 }, { 72, 8 }, { 80, 8 }, { 88, 8 },
	{ 96, 8 }, { 104, 8 },
};
static const struct field record_fields[] = {
	{ 8, 8 },  { 16, 8 }, { 24, 4 }, { 28, 4 }, { 32, 2 },
	{ 34, 1 }, { 36, 8 }, { 44, 4 }, { 48, 8 }, { 56, 8 },
};
static const struct field head_fields[] = {
	{ 20, 4 }, { 40, 8 }, { 48, 8 }, { 56, 8 }, { 64, 8 },
	{ 72, 8 }, { 80, 8 }, { 88, 4 }, { 92, 4 }, { 96, 4 },
	{ 100, 4 }, { 104, 8 }, { 112, 8 },
};
static const struct field segment_fields[] = {
	{ 0, 8 },  { 8, 8 },  { 16, 8 }, { 24, 8 }, { 32, 8 },
	{ 40, 8 }, { 48, 4 }, { 52, 4 }, { 56, 4 }, { 60, 1 },
	{ 61, 1 }, { 62, 1 }, { 63, 1 },
};
static const struct field item_fields[] = {
	{ 0, 8 }, { 8, 8 }, { 16, 8 }, { 24, 8 },
};
static const struct field manifest_fields[] = {
	{ 40, 4 },  { 44, 4 },  { 48, 8 },  { 60, 4 },  { 64, 4 },
	{ 68, 4 },  { 80, 8 },  { 88, 8 },  { 96, 8 },  { 104, 8 },
	{ 112, 8 }, { 120, 8 }, { 128, 8 }, { 136, 4 }, { 140, 4 },
	{ 144, 8 }, { 152, 8 }, { 168, 8 }, { 184, 4 }, { 188, 4 },
	{ 192, 8 }, { 200, 8 }, { 208, 8 }, { 216, 4 },
};

/* ---- the log ---- */

/* A buffer of one block, as most are; NULL when none was met. */
static uint8_t *
find_buffer(struct fault_disk *disk, const struct manifest *manifest)
{
	for (int i = 0; i < 50; i++) {
		struct buffer_header header;
		char name[SEGMENT_FILE_NAME_SIZE];
		uint8_t *bytes;
		size_t size;

		segment_file_name(random_below(manifest->file_count), name);
		bytes = fault_disk_file(disk, name, &size);
		bytes += (size_t)random_below((uint32_t)size / 4096) * 4096;
		if (format_read_header(bytes, &header) &&
		    header.data_size <= 4096 - FORMAT_HEADER_SIZE)
			return bytes;
	}
	return NULL;
}

static void
seal_records(uint8_t *bytes, uint64_t segment_seed)
{
	uint32_t at = FORMAT_HEADER_SIZE, size;
	struct buffer_header header;
	struct record record;

	format_read_header(bytes, &header);
	for (; at < 4096; at += size) {
		size = record_decode(bytes + at, 4096 - at, &record);
		if (size == 0)
			return;
		record_seal(bytes + at, size,
			    format_record_seed(segment_seed,
					       header.offset + at));
	}
}

static void
change_record(uint8_t *bytes)
{
	uint32_t at = FORMAT_HEADER_SIZE, pick = random_below(8), size;
	struct record record;

	while ((size = record_decode(bytes + at, 4096 - at, &record)) != 0 &&
	       pick-- > 0)
		at += size;
	if (at + 64 <= 4096)
		CHANGE_ONE(bytes + at, record_fields);
}

static void
forge_buffer(struct fault_disk *disk, const struct manifest *manifest)
{
	uint8_t *bytes = find_buffer(disk, manifest);
	struct buffer_header header;
	uint64_t seed;

	if (bytes == NULL)
		return;
	format_read_header(bytes, &header);
	if (random_below(3) == 0)
		CHANGE_ONE(bytes, header_fields);
	else if (header.kind != BUFFER_PART)
		change_record(bytes);
	format_read_header(bytes, &header);
	if (header.data_size > 4096 - FORMAT_HEADER_SIZE)
		return;
	seed = format_segment_seed(manifest->database_id, header.segment,
				   header.segment_sequence);
	if (header.kind != BUFFER_PART)
		seal_records(bytes, seed);
	store_u64_le(bytes,
		     checksum_seeded(slice_make(bytes + 8,
						FORMAT_HEADER_SIZE - 8 +
							header.data_size),
				     format_buffer_seed(seed, header.offset)));
}

/* ---- checkpoints ---- */

static void
seal_manifest(uint8_t *bytes)
{
	uint32_t size = load_u32_le(bytes + 20);

	store_u64_le(bytes, checksum_seeded(slice_make(bytes + 8, size - 8),
					    0));
}

static void
forge_head(struct fault_disk *disk, uint8_t *bytes, struct manifest *manifest,
	   uint32_t which)
{
	uint64_t seed = checksum_mix(manifest->database_id,
				     manifest->checkpoints[which].number);
	uint8_t *named;
	size_t size;

	CHANGE_ONE(bytes, head_fields);
	store_u64_le(bytes,
		     checksum_seeded(
			     slice_make(bytes + 8, CHECKPOINT_HEAD_SIZE - 8),
			     seed));
	manifest->checkpoints[which].checksum = load_u64_le(bytes);
	named = fault_disk_file(disk, MANIFEST_NAME, &size);
	memcpy(named + 160 + (size_t)which * 16, bytes, 8);
	seal_manifest(named);
}

/* Somewhere a row could be. */
static void
change_place(uint8_t *entry)
{
	uint64_t place = load_u64_le(entry + 24);

	switch (random_below(3)) {
	case 0:
		place = (place >> 31 << 31) | random_below(200);
		break;
	case 1:
		place &= ~(UINT64_C(0x1ffff) << 31);
		place |= (uint64_t)(16 + random_below(500)) << 31;
		break;
	default:
		place &= ~(UINT64_C(0xfff) << 48);
		place |= (uint64_t)(5 + random_below(490)) << 48;
		break;
	}
	store_u64_le(entry + 24, place);
}

static uint32_t
item_size(uint32_t section)
{
	return section == CHECKPOINT_SEGMENTS ? CHECKPOINT_SEGMENT_SIZE :
	       section == CHECKPOINT_TABLES   ? CHECKPOINT_TABLE_SIZE :
						CHECKPOINT_ENTRY_SIZE_MIN;
}

static void
change_item(uint8_t *group, uint32_t room)
{
	uint32_t section = load_u32_le(group), size = item_size(section);
	uint32_t count = load_u32_le(group + 8);
	uint8_t *item;

	if (count > room / size)
		count = room / size;
	if (count == 0)
		return;
	item = group + CHECKPOINT_GROUP_HEADER_SIZE +
	       (size_t)random_below(count) * size;
	if (section == CHECKPOINT_SEGMENTS)
		CHANGE_ONE(item, segment_fields);
	else if (section == CHECKPOINT_TABLES)
		change(item, item_fields[random_below(2)]);
	else if (section == CHECKPOINT_ENTRIES && random_below(2) == 0)
		change_place(item);
	else
		CHANGE_ONE(item, item_fields);
}

/* The first group of one of the sections, or the last group. */
static void
change_block(uint8_t *groups, uint32_t used)
{
	uint32_t wanted = 1 + random_below(4), at = 0;

	while (at + CHECKPOINT_GROUP_HEADER_SIZE <= used) {
		uint8_t *group = groups + at;
		uint32_t section = load_u32_le(group), end;
		uint32_t room = used - at - CHECKPOINT_GROUP_HEADER_SIZE;
		uint64_t size = (uint64_t)load_u32_le(group + 8) *
				item_size(section);

		end = size < room ? (uint32_t)size : room;
		if (section == CHECKPOINT_ENTRIES || section == wanted ||
		    end == room) {
			if (random_below(10) == 0)
				change(group, (struct field){
						      4 * random_below(3), 4 });
			else
				change_item(group, room);
			return;
		}
		at += CHECKPOINT_GROUP_HEADER_SIZE + end;
	}
}

/* The block ${index}, and what is used of it; NULL when it can't be. */
static uint8_t *
find_block(uint8_t *bytes, size_t size, const struct checkpoint_head *head,
	   uint64_t index, uint32_t *used)
{
	uint64_t at = CHECKPOINT_HEAD_SIZE + index * head->block_size;

	if (at + head->block_size > size)
		return NULL;
	*used = load_u32_le(bytes + at + 8);
	return *used > 0 && *used <= head->block_size -
					     CHECKPOINT_BLOCK_HEADER_SIZE ?
		       bytes + at :
		       NULL;
}

static void
forge_checkpoint(struct fault_disk *disk, struct manifest *manifest)
{
	uint32_t which = random_below(2), used;
	const struct manifest_checkpoint *named =
		&manifest->checkpoints[which];
	char name[CHECKPOINT_NAME_SIZE];
	struct checkpoint_head head;
	uint8_t *bytes, *block;
	uint64_t index;
	size_t size;

	checkpoint_name(named->number, name);
	bytes = named->number == 0 ? NULL : fault_disk_file(disk, name, &size);
	if (bytes == NULL ||
	    checkpoint_decode_head(bytes, manifest->database_id, named,
				   &head) != NULL)
		return;
	if (random_below(6) == 0 || head.block_count == 0 ||
	    head.block_count > UINT32_MAX) {
		forge_head(disk, bytes, manifest, which);
		return;
	}
	index = random_below((uint32_t)head.block_count);
	block = find_block(bytes, size, &head, index, &used);
	if (block == NULL)
		return;
	for (uint32_t i = random_below(4) + 1; i > 0; i--)
		change_block(block + CHECKPOINT_BLOCK_HEADER_SIZE, used);
	checkpoint_seal_block(&head, manifest->database_id, index, used,
			      block);
}

static void
forge_manifest(struct fault_disk *disk)
{
	size_t size;
	uint8_t *bytes = fault_disk_file(disk, MANIFEST_NAME, &size);

	CHANGE_ONE(bytes, manifest_fields);
	seal_manifest(bytes);
}

static void
load_manifest(struct fault_disk *disk, struct manifest *manifest)
{
	struct io *io = fault_disk_open(disk);
	struct error error = ERROR_INIT;

	assert_int_equal(manifest_load(io, manifest, &error), 0);
	io->methods->destroy(io);
}

static void
forge(struct fault_disk *disk)
{
	struct manifest manifest;

	load_manifest(disk, &manifest);
	for (uint32_t i = random_below(3) + 1; i > 0; i--) {
		uint32_t what = random_below(10);

		if (what < 5)
			forge_buffer(disk, &manifest);
		else if (what < 9)
			forge_checkpoint(disk, &manifest);
		else
			forge_manifest(disk);
	}
	manifest_finish(&manifest);
}

/* ---- using it ---- */

static uint32_t polls;

/* Failures are expected; going on for ever isn't. */
static void
poll_engine(struct engine *engine)
{
	struct error error = ERROR_INIT;

	if (engine_poll(engine, -1, &error) < 0)
		polls += POLLS_MAX / 1000;
	if (++polls > POLLS_MAX)
		fail_msg("it waits for ever");
}

static void
read_all(struct engine *engine, uint32_t table)
{
	struct engine_scan_range range = { .table = table,
					   .first_token = INT64_MIN,
					   .last_token = INT64_MAX };
	struct error error = ERROR_INIT;
	struct engine_scan *scan;
	struct engine_row row;
	uint64_t count;
	int status;

	for (int i = 0; i < KEYS; i++) {
		struct engine_read read = { .table = table,
					    .rows = &row,
					    .count = 1 };
		char key[16];

		snprintf(key, sizeof(key), "k%d", i);
		row = (struct engine_row){ .key = slice_from_string(key) };
		while (engine_read(engine, &read, &error) == ENGINE_PENDING)
			poll_engine(engine);
		engine_read_finish(engine, &read);
	}
	(void)engine_count(engine, table, INT64_MIN, INT64_MAX, &count);
	if (engine_scan_open(engine, &range, &scan, &error) < 0)
		return;
	while ((status = engine_scan_next(scan, &row, &error)) == 0 ||
	       status == ENGINE_PENDING) {
		if (status == ENGINE_PENDING)
			poll_engine(engine);
	}
	engine_scan_close(scan);
}

static void
check_all(struct engine *engine)
{
	struct error error = ERROR_INIT;
	struct engine_check *check;
	struct engine_fault fault;
	int status;

	if (engine_check_open(engine, &check, &error) < 0)
		return;
	while ((status = engine_check_next(check, &fault, NULL, &error)) == 0 ||
	       status == ENGINE_PENDING) {
		if (status == ENGINE_PENDING)
			poll_engine(engine);
	}
	engine_check_close(check);
}

static int
write_and_commit(struct engine *engine, const struct engine_write *write)
{
	struct error error = ERROR_INIT;
	uint64_t lsn;
	int status;

	while ((status = engine_write(engine, write, 1, &lsn, &error)) ==
	       ENGINE_PENDING)
		poll_engine(engine);
	while (status == 0 &&
	       (status = engine_commit(engine, lsn, &error)) == ENGINE_PENDING)
		poll_engine(engine);
	return status;
}

static void
write_all(struct engine *engine)
{
	static const uint8_t value[900];
	struct error error = ERROR_INIT;
	int status = 0;

	for (uint32_t i = 0; i < 400 && status == 0; i++) {
		struct engine_write write = {
			.kind = i % 9 == 0 ? ENGINE_WRITE_TOMBSTONE :
					     ENGINE_WRITE_ROW,
			.table = ENGINE_TABLE_FIRST + i % 2,
			.timestamp_us = engine_timestamp_us(engine),
		};
		char key[16];

		snprintf(key, sizeof(key), "k%u", i % KEYS);
		write.key = slice_from_string(key);
		if (write.kind == ENGINE_WRITE_ROW)
			write.value = slice_make(value, 500 + i);
		status = write_and_commit(engine, &write);
	}
	while (engine_compact(engine, NULL, &error) == ENGINE_PENDING)
		poll_engine(engine);
	while (engine_checkpoint(engine, &error) == ENGINE_PENDING)
		poll_engine(engine);
	(void)write_and_commit(
		engine,
		&(struct engine_write){ .kind = ENGINE_WRITE_DROP_TABLE,
					.table = ENGINE_TABLE_FIRST });
	while (engine_checkpoint(engine, &error) == ENGINE_PENDING)
		poll_engine(engine);
}

static void
use(struct fault_disk *disk, bool is_read_only)
{
	struct engine_options how = options;
	struct error error = ERROR_INIT;
	struct engine *engine = NULL;

	how.is_read_only = is_read_only;
	if (engine_open(fault_disk_open(disk), &how, &engine, &error) < 0)
		return;
	for (uint32_t i = 0; i < 3; i++)
		read_all(engine, ENGINE_TABLE_FIRST + i);
	check_all(engine);
	if (!is_read_only)
		write_all(engine);
	(void)engine_close(engine, &error);
}

static void
save(struct fault_disk *disk)
{
	struct fault_disk *fresh = fault_disk_create(9);
	struct salvage_report report = { 0 };
	struct error error = ERROR_INIT;

	/* Whatever it says. */
	if (salvage_run(fault_disk_open(disk), fault_disk_open(fresh), &report,
			&error) < 0)
		assert_int_not_equal(error.code, ERROR_NONE);
	fault_disk_destroy(fresh);
}

static uint64_t
number_from(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

TEST(whatever_number_is_forged_it_ends_well)
{
	uint64_t first = number_from("SEED", 1);
	uint64_t runs = number_from("RUNS", 200);
	struct fault_disk *base = NULL, *disk;

	for (uint64_t seed = first; seed < first + runs; seed++) {
		if (base == NULL || seed % BASE_RUNS == 0) {
			if (base != NULL)
				fault_disk_destroy(base);
			base = make_database(seed / BASE_RUNS);
		}
		disk = fault_disk_copy(base);
		random_state = seed * UINT64_C(0xbf58476d1ce4e5b9) + 5;
		polls = 0;
		print_message("# SEED=%llu RUNS=1\n", (unsigned long long)seed);
		forge(disk);
		use(disk, true);
		save(disk);
		use(disk, false);
		fault_disk_destroy(disk);
	}
	fault_disk_destroy(base);
}

/* ---- one by one ---- */

/* Every entry of the newest checkpoint leads to the same place. */
static void
overlap_entries(struct fault_disk *disk, uint64_t wanted)
{
	struct manifest manifest;
	char name[CHECKPOINT_NAME_SIZE];
	struct checkpoint_head head;
	uint8_t *bytes;
	size_t size;

	load_manifest(disk, &manifest);
	checkpoint_name(manifest.checkpoints[0].number, name);
	bytes = fault_disk_file(disk, name, &size);
	assert_null(checkpoint_decode_head(bytes, manifest.database_id,
					   &manifest.checkpoints[0], &head));
	for (uint64_t i = 0; i < head.block_count; i++) {
		uint32_t used = 0;
		uint8_t *block = find_block(bytes, size, &head, i, &used);
		uint8_t *group = block + CHECKPOINT_BLOCK_HEADER_SIZE;
		uint8_t *end = group + used;

		while (group < end) {
			uint32_t section = load_u32_le(group);
			uint32_t count = load_u32_le(group + 8);

			group += CHECKPOINT_GROUP_HEADER_SIZE;
			for (; count > 0; count--) {
				if (section == CHECKPOINT_ENTRIES)
					store_u64_le(group + 24, wanted);
				group += item_size(section);
			}
		}
		checkpoint_seal_block(&head, manifest.database_id, i, used,
				      block);
	}
	manifest_finish(&manifest);
}

static uint64_t
place_of(uint32_t segment, uint32_t size)
{
	return segment | UINT64_C(128 / 8) << 31 | (uint64_t)(size / 8) << 48;
}

TEST(entries_that_take_more_than_a_segment_make_a_checkpoint_unusable)
{
	static const uint32_t sizes[] = { 3968, 7936 /* a run */ };

	for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		struct fault_disk *disk = fault_disk_create(7);
		struct engine *engine =
			driver_open(fault_disk_open(disk), &options);
		uint32_t table = driver_create_table(engine);

		driver_put_many(engine, table, 0, 200);
		driver_checkpoint(engine);
		driver_checkpoint(engine);
		driver_close(engine);
		overlap_entries(disk, place_of(1, sizes[i]));
		engine = driver_open(fault_disk_open(disk), &options);
		assert_int_equal(engine->warning.code, ERROR_CORRUPT);
		assert_int_equal(driver_count(engine, table), 200);
		assert_int_equal(driver_scan_count(engine, table), 200);
		driver_close(engine);
		fault_disk_destroy(disk);
	}
}

UNIT_MAIN()
