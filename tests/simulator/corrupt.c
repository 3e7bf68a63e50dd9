/* SPDX-License-Identifier: MIT
 *
 * The database is only opened for reading, so that each damage can be undone
 * and the next one tried. */
#include "tests/simulator/corrupt.h"

#include "tests/simulator/act.h"
#include "tests/simulator/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	OPERATIONS = 60,
	KEPT_MAX = 12, /* moments of which the files are remembered */
	KEEP_EVERY = 6,
	CUTS_PER_FILE = 8
};

/* All files, as they were. */
struct moment {
	struct bytes *files;
	uint32_t *numbers; /* of contents */
	size_t count;
};

struct corrupt {
	struct world world;
	struct plan plan;
	struct random random;
	struct moment moments[KEPT_MAX];
	size_t moment_count;
	struct corrupt_totals *totals;
	size_t batches;
	char what[128]; /* the damage under way */
};

/* ---- a life ---- */

static void
make_plan(struct corrupt *corrupt, uint64_t seed, enum geometry geometry)
{
	struct plan *plan = &corrupt->plan;
	size_t kept = 0;

	plan_make(plan, seed, OPERATIONS, geometry);
	plan->faults = (struct disk_faults){ 0 };
	plan->has_expiry = false;
	for (size_t i = 0; i < plan->count; i++) {
		if (operation_is_peaceful(plan->operations[i].kind))
			plan->operations[kept++] = plan->operations[i];
	}
	plan->count = kept;
}

static void
remember(struct corrupt *corrupt)
{
	const struct disk *disk = corrupt->world.disk;
	struct moment *moment = &corrupt->moments[corrupt->moment_count];

	if (corrupt->moment_count == KEPT_MAX)
		return;
	corrupt->moment_count++;
	moment->count = disk->seen.count;
	moment->files =
		memory_take_zeroed(moment->count + 1, sizeof(struct bytes));
	moment->numbers =
		memory_take_zeroed(moment->count + 1, sizeof(uint32_t));
	for (size_t i = 0; i < moment->count; i++) {
		const struct content *content = disk->seen.names[i].content;
		struct bytes *file = &moment->files[i];

		moment->numbers[i] = content->number;
		file->size = content->seen.size;
		file->data = memory_take(file->size + 1);
		if (file->size > 0)
			memcpy(file->data, content->seen.data, file->size);
	}
}

static void
forget(struct corrupt *corrupt)
{
	for (size_t i = 0; i < corrupt->moment_count; i++) {
		struct moment *moment = &corrupt->moments[i];

		for (size_t j = 0; j < moment->count; j++)
			free(moment->files[j].data);
		free(moment->files);
		free(moment->numbers);
	}
}

static bool
live(struct corrupt *corrupt)
{
	struct world *world = &corrupt->world;
	struct error error = ERROR_INIT;

	world_begin(world);
	while (world->disk->has_crashed && world->violation == VIOLATION_NONE)
		world_recover(world);
	/* One may still be on its way. */
	disk_disarm(world->disk);
	for (size_t i = 0; i < corrupt->plan.count && world->engine != NULL &&
			   !world_is_over(world);
	     i++) {
		world_do(world, &corrupt->plan.operations[i]);
		if (i % KEEP_EVERY == 0)
			remember(corrupt);
	}
	if (world->engine == NULL || world_is_over(world))
		return false;
	world_drop_held(world);
	world_end_verification(world);
	if (engine_close(world->engine, &error) < 0)
		return false;
	world->engine = NULL;
	corrupt->batches = world->model.count;
	/* A tombstone whose place is damaged looks like one that was
	 * dropped. */
	world->model.grace_s = 0;
	return true;
}

/* ---- looking at what was damaged ---- */

/* Faults that the engine itself finds. */
static uint64_t
count_faults(struct world *world)
{
	struct engine_check *check;
	struct engine_fault fault;
	struct error error = ERROR_INIT;
	uint64_t faults = 0;
	int status;

	status = engine_check_open(world->engine, &check, &error);

	if (status < 0)
		return 1;
	while ((status = engine_check_next(check, &fault, NULL, &error)) !=
	       ENGINE_END) {
		if (status < 0)
			break;
		faults += status == 0;
		if (status == ENGINE_PENDING)
			drive_poll(world->engine);
	}
	engine_check_close(check);
	return faults + (status < 0);
}

static void
tell(struct corrupt *corrupt, const char *text)
{
	corrupt->totals->wrong++;
	printf("wrong: seed %" PRIu64 ", %s: %s\n", corrupt->plan.seed,
	       corrupt->what, text);
}

static void
look(struct corrupt *corrupt)
{
	struct world *world = &corrupt->world;
	char text[256] = "";
	size_t batches;

	if (observe(world->engine, &world->model, false, true, &world->seen,
		    &world->hash, text) != VIOLATION_NONE ||
	    model_judge(&world->model, &world->seen, corrupt->batches,
			&batches, text) != VIOLATION_NONE)
		tell(corrupt, text);
	else if (world_saw_unreadable(world))
		corrupt->totals->unread++;
	else if (count_faults(world) > 0)
		corrupt->totals->checked++;
	else
		corrupt->totals->harmless++;
}

static void
probe(struct corrupt *corrupt)
{
	struct world *world = &corrupt->world;
	struct engine_options options = corrupt->plan.options;
	struct error error = ERROR_INIT;
	uint64_t changes = world->disk->changes;

	options.is_read_only = true;
	disk_restart(world->disk);
	if (engine_open(disk_open_door(world->disk), &options, &world->engine,
			&error) < 0) {
		corrupt->totals->refused++;
		return;
	}
	look(corrupt);
	(void)engine_close(world->engine, &error);
	world->engine = NULL;
	if (world->disk->changes != changes)
		tell(corrupt, "reading has changed the disk");
}

/* ---- damaging ---- */

static void
put(struct content *content, size_t at, const uint8_t *data, size_t size)
{
	memcpy(content->seen.data + at, data, size);
	memcpy(content->durable.data + at, data, size);
}

/* Tries other bytes in the place of those that are there. */
static void
try_bytes(struct corrupt *corrupt, struct content *content, size_t at,
	  const uint8_t *data, size_t size, uint64_t *count)
{
	uint8_t *kept = memory_take(size + 1);

	memcpy(kept, content->seen.data + at, size);
	if (memcmp(kept, data, size) != 0) {
		put(content, at, data, size);
		*count += 1;
		probe(corrupt);
		put(content, at, kept, size);
	}
	free(kept);
}

static void
say(struct corrupt *corrupt, const char *kind, const char *name, size_t at)
{
	snprintf(corrupt->what, sizeof(corrupt->what), "%s of %s at %zu", kind,
		 name, at);
}

static void
flip_bits(struct corrupt *corrupt, const struct disk_name *file, uint32_t step)
{
	struct content *content = file->content;
	size_t bits = content->seen.size * 8;

	for (size_t bit = random_below(&corrupt->random, step); bit < bits;
	     bit += step) {
		uint8_t byte = content->seen.data[bit / 8];

		byte ^= (uint8_t)(1u << bit % 8);
		say(corrupt, "a bit", file->name, bit / 8);
		try_bytes(corrupt, content, bit / 8, &byte, 1,
			  &corrupt->totals->bits);
	}
}

static void
zero_sectors(struct corrupt *corrupt, const struct disk_name *file,
	     size_t unit, uint32_t skip)
{
	struct content *content = file->content;
	uint8_t *zeros = memory_take_zeroed(1, unit);

	for (size_t at = 0; at + unit <= content->seen.size;
	     at += unit * skip) {
		say(corrupt, unit == SECTOR_SIZE ? "a zero sector" :
						   "a zero segment",
		    file->name, at);
		try_bytes(corrupt, content, at, zeros, unit,
			  &corrupt->totals->sectors);
	}
	free(zeros);
}

static void
swap_sectors(struct corrupt *corrupt, const struct disk_name *file,
	     size_t unit, uint32_t skip)
{
	const struct disk_names *names = &corrupt->world.disk->seen;
	struct content *content = file->content;

	for (size_t at = 0; at + unit <= content->seen.size;
	     at += unit * skip) {
		struct content *other =
			names->names[random_below(&corrupt->random,
						  (uint32_t)names->count)]
				.content;
		uint8_t *kept = memory_take(unit);
		size_t from;

		if (other->seen.size >= unit) {
			from = unit * (size_t)random_below(
					      &corrupt->random,
					      (uint32_t)(other->seen.size /
							 unit));
			memcpy(kept, content->seen.data + at, unit);
			say(corrupt, "a swap", file->name, at);
			if (memcmp(kept, other->seen.data + from, unit) != 0) {
				put(content, at, other->seen.data + from,
				    unit);
				put(other, from, kept, unit);
				corrupt->totals->swaps++;
				probe(corrupt);
				memcpy(kept, other->seen.data + from, unit);
				put(other, from, content->seen.data + at,
				    unit);
				put(content, at, kept, unit);
			}
		}
		free(kept);
	}
}

static const struct bytes *
find_moment(const struct moment *moment, uint32_t number)
{
	for (size_t i = 0; i < moment->count; i++) {
		if (moment->numbers[i] == number)
			return &moment->files[i];
	}
	return NULL;
}

static void
return_sectors(struct corrupt *corrupt, const struct disk_name *file,
	       size_t unit, uint32_t skip)
{
	struct content *content = file->content;

	for (size_t i = 0; i < corrupt->moment_count; i++) {
		const struct bytes *old =
			find_moment(&corrupt->moments[i], content->number);

		for (size_t at = 0; old != NULL && at + unit <= old->size &&
				    at + unit <= content->seen.size;
		     at += unit * skip) {
			say(corrupt, "an old piece", file->name, at);
			try_bytes(corrupt, content, at, old->data + at, unit,
				  &corrupt->totals->returns);
		}
	}
}

static void
cut_file(struct corrupt *corrupt, const struct disk_name *file)
{
	struct content *content = file->content;
	size_t size = content->seen.size;

	for (int i = 0; i < CUTS_PER_FILE && size > 0; i++) {
		content->seen.size = random_below(&corrupt->random,
						  (uint32_t)size);
		content->durable.size = content->seen.size;
		say(corrupt, "a cut", file->name, content->seen.size);
		corrupt->totals->cuts++;
		probe(corrupt);
		content->seen.size = content->durable.size = size;
	}
}

static void
damage_file(struct corrupt *corrupt, const struct disk_name *file,
	    uint32_t step)
{
	uint32_t segment_size = world_segment_size(&corrupt->world);
	uint32_t skip = step < 64 ? 1 : step / 64;

	content_sync(file->content, UINT64_MAX);
	flip_bits(corrupt, file, step);
	zero_sectors(corrupt, file, SECTOR_SIZE, skip);
	zero_sectors(corrupt, file, segment_size, 1);
	swap_sectors(corrupt, file, SECTOR_SIZE, skip);
	swap_sectors(corrupt, file, segment_size, 1);
	return_sectors(corrupt, file, SECTOR_SIZE, skip);
	return_sectors(corrupt, file, segment_size, 1);
	cut_file(corrupt, file);
}

void
corrupt_run(uint64_t seed, enum geometry geometry, uint32_t step,
	    struct corrupt_totals *totals)
{
	struct corrupt *corrupt = memory_take_zeroed(1, sizeof(*corrupt));
	struct world *world = &corrupt->world;

	corrupt->totals = totals;
	corrupt->random.state = seed;
	make_plan(corrupt, seed, geometry);
	world->plan = &corrupt->plan;
	if (live(corrupt)) {
		const struct disk_names *names = &world->disk->seen;

		for (size_t i = 0; i < names->count; i++)
			content_sync(names->names[i].content, UINT64_MAX);
		for (size_t i = 0; i < names->count; i++)
			damage_file(corrupt, &names->names[i], step);
	} else {
		snprintf(corrupt->what, sizeof(corrupt->what), "no damage");
		tell(corrupt, world->text);
	}
	forget(corrupt);
	model_finish(&world->model);
	if (world->engine == NULL)
		disk_destroy(world->disk);
	plan_finish(&corrupt->plan);
	free(corrupt);
}
