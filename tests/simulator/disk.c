/* SPDX-License-Identifier: MIT
 *
 * The disk itself: names, crashes, damage.  disk_io.c is the door to it. */
#include "tests/simulator/disk.h"

#include "base/checksum.h"
#include "tests/simulator/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void
disk_note(struct disk *disk, uint64_t number)
{
	disk->hash = checksum_mix(disk->hash, number);
}

/* ---- names ---- */

static struct disk_name *
find_name(const struct disk_names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++) {
		if (strcmp(names->names[i].name, name) == 0)
			return &names->names[i];
	}
	return NULL;
}

static void
remove_name(struct disk_names *names, const char *name)
{
	struct disk_name *found = find_name(names, name);

	if (found == NULL)
		return;
	free(found->name);
	*found = names->names[--names->count];
}

static void
set_name(struct disk_names *names, const char *name, struct content *content)
{
	remove_name(names, name);
	if (names->count == names->capacity) {
		names->capacity = names->capacity * 2 + 8;
		names->names = memory_grow(
			names->names, names->capacity * sizeof(*names->names));
	}
	names->names[names->count++] = (struct disk_name){
		.name = memory_copy_text(name),
		.content = content,
	};
}

static void
finish_names(struct disk_names *names)
{
	while (names->count > 0)
		free(names->names[--names->count].name);
	free(names->names);
	*names = (struct disk_names){ 0 };
}

static void
copy_names(struct disk_names *to, const struct disk_names *from)
{
	finish_names(to);
	for (size_t i = 0; i < from->count; i++)
		set_name(to, from->names[i].name, from->names[i].content);
}

/* The entry of a directory names a file, whatever became of the changes before
 * this one. */
static void
apply_rename(struct disk_names *names, const struct disk_rename *rename)
{
	const struct disk_name *from =
		rename->from == NULL ? NULL : find_name(names, rename->from);

	if (from != NULL && from->content == rename->content)
		remove_name(names, rename->from);
	if (rename->to != NULL)
		set_name(names, rename->to, rename->content);
	if (rename->other != NULL)
		set_name(names, rename->from, rename->other);
}

static void
add_rename(struct disk *disk, const char *from, const char *to,
	   struct content *content, struct content *other)
{
	struct disk_rename *rename;

	if (disk->rename_count == disk->rename_capacity) {
		disk->rename_capacity = disk->rename_capacity * 2 + 8;
		disk->renames = memory_grow(disk->renames,
					    disk->rename_capacity *
						    sizeof(*disk->renames));
	}
	rename = &disk->renames[disk->rename_count++];
	*rename = (struct disk_rename){
		.from = from == NULL ? NULL : memory_copy_text(from),
		.to = to == NULL ? NULL : memory_copy_text(to),
		.content = content,
		.other = other,
	};
	apply_rename(&disk->seen, rename);
}

static void
forget_renames(struct disk *disk, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(disk->renames[i].from);
		free(disk->renames[i].to);
	}
	disk->rename_count -= count;
	disk->rename_first += count;
	if (disk->rename_count > 0)
		memmove(disk->renames, disk->renames + count,
			disk->rename_count * sizeof(*disk->renames));
}

void
disk_sync_names(struct disk *disk, uint64_t renames)
{
	size_t count = 0;

	while (count < disk->rename_count &&
	       disk->rename_first + count < renames)
		apply_rename(&disk->durable, &disk->renames[count++]);
	forget_renames(disk, count);
}

struct content *
disk_find(const struct disk *disk, const char *name)
{
	const struct disk_name *found = find_name(&disk->seen, name);

	return found == NULL ? NULL : found->content;
}

struct content *
disk_add(struct disk *disk, const char *name)
{
	struct content *content = memory_take_zeroed(1, sizeof(*content));

	content->next = disk->contents;
	content->number = ++disk->content_count;
	content->is_checkpoint = strstr(name, ".checkpoint") != NULL;
	content->is_rewritten = strstr(name, ".segments") != NULL ||
				strstr(name, ".checkpoint") != NULL ||
				strstr(name, "manifest") != NULL;
	disk->contents = content;
	add_rename(disk, NULL, name, content, NULL);
	return content;
}

void
disk_rename(struct disk *disk, const char *from, const char *to)
{
	add_rename(disk, from, to, disk_find(disk, from), NULL);
}

void
disk_exchange(struct disk *disk, const char *from, const char *to)
{
	add_rename(disk, from, to, disk_find(disk, from),
		   disk_find(disk, to));
}

uint64_t
disk_used_bytes(const struct disk *disk)
{
	uint64_t used = 0;

	for (size_t i = 0; i < disk->seen.count; i++)
		used += disk->seen.names[i].content->seen.size;
	return used;
}

/* ---- life ---- */

struct disk *
disk_create(uint64_t seed)
{
	struct disk *disk = memory_take_zeroed(1, sizeof(*disk));

	disk->random.state = seed;
	disk->hash = seed;
	disk->time_us = 1000000;
	disk->clock_offset_us = INT64_C(1700000000000000);
	return disk;
}

static void
free_content(struct content *content)
{
	content_finish(content);
	free(content);
}

void
disk_destroy(struct disk *disk)
{
	assert(disk->door == NULL);
	finish_names(&disk->seen);
	finish_names(&disk->durable);
	forget_renames(disk, disk->rename_count);
	free(disk->renames);
	for (size_t i = 0; i < DISK_MEMORIES; i++)
		free(disk->memories[i].data);
	while (disk->contents != NULL) {
		struct content *next = disk->contents->next;

		free_content(disk->contents);
		disk->contents = next;
	}
	free(disk);
}

/* ---- crashing ---- */

void
disk_arm(struct disk *disk, uint32_t events, enum disk_crash kind)
{
	disk->crash_at = disk->events + 1 + events;
	disk->crash_kind = kind;
}

void
disk_disarm(struct disk *disk)
{
	disk->crash_at = 0;
}

static bool
has_unsynced(const struct disk *disk)
{
	if (disk->rename_count > 0 || disk_in_flight(disk) > 0)
		return true;
	for (size_t i = 0; i < disk->seen.count; i++) {
		if (disk->seen.names[i].content->change_count > 0)
			return true;
	}
	return false;
}

/* A directory's changes are kept in their order by most file systems and by
 * nobody's promise; a rename is there or not, never half. */
static void
crash_names(struct disk *disk, struct survival *survival)
{
	bool is_ordered = random_percent(&survival->random, 60);
	size_t prefix = random_below(&survival->random,
				     (uint32_t)disk->rename_count + 1);

	for (size_t i = 0; i < disk->rename_count; i++) {
		if (is_ordered ? i < prefix :
				 random_percent(&survival->random, 50))
			apply_rename(&disk->durable, &disk->renames[i]);
	}
	forget_renames(disk, disk->rename_count);
	copy_names(&disk->seen, &disk->durable);
}

static bool
has_name(const struct disk *disk, const struct content *content)
{
	for (size_t i = 0; i < disk->seen.count; i++) {
		if (disk->seen.names[i].content == content)
			return true;
	}
	return false;
}

static void
crash_contents(struct disk *disk, struct survival *survival)
{
	for (struct content *content = disk->contents; content != NULL;
	     content = content->next) {
		if (has_name(disk, content))
			content_crash(content, survival);
	}
}

void
disk_crash_now(struct disk *disk, enum disk_crash kind)
{
	struct survival survival = survival_draw(&disk->random);

	assert(!disk->has_crashed);
	disk->unsynced_lost += has_unsynced(disk);
	disk->has_crashed = true;
	disk->crash_kind = kind;
	disk->crash_at = 0;
	disk->misdirects_next = false;
	disk->loses_next = false;
	if (disk->door != NULL)
		disk_cut_short(disk->door, &survival);
	if (kind == DISK_POWER) {
		crash_names(disk, &survival);
		crash_contents(disk, &survival);
	}
	disk_note(disk, disk_checksum(disk));
}

/* Handles are closed, so that files without a name are gone. */
void
disk_restart(struct disk *disk)
{
	struct content **link = &disk->contents;

	assert(disk->door == NULL);
	disk->has_crashed = false;
	disk->fails_checkpoints = false;
	while (*link != NULL) {
		struct content *content = *link;
		bool is_named = has_name(disk, content);

		for (size_t i = 0; i < disk->durable.count && !is_named; i++)
			is_named = disk->durable.names[i].content == content;
		for (size_t i = 0; i < disk->rename_count && !is_named; i++)
			is_named = disk->renames[i].content == content ||
				   disk->renames[i].other == content;
		if (is_named) {
			content_evict(content);
			link = &content->next;
			continue;
		}
		*link = content->next;
		free_content(content);
	}
}

/* ---- checks ---- */

uint64_t
disk_checksum(const struct disk *disk)
{
	uint64_t sum = 0;

	/* The order of names means nothing. */
	for (size_t i = 0; i < disk->seen.count; i++) {
		const struct disk_name *name = &disk->seen.names[i];
		const struct bytes *bytes = &name->content->seen;

		sum += checksum_seeded(
			slice_make(bytes->size > 0 ? bytes->data :
						     (const uint8_t *)"",
				   bytes->size),
			checksum_seeded(slice_from_string(name->name),
					bytes->size));
	}
	return sum;
}
