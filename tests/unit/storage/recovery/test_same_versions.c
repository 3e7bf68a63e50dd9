/* SPDX-License-Identifier: MIT
 *
 * Rows and deletions with timestamps of their own, beside walks and compaction:
 * what is read after a kill, also without the newest checkpoint, is what was
 * read before it. */
#include "storage/engine_state.h"
#include "tests/support/engine_driver.h"
#include "tests/support/unit.h"

#include <stdio.h>
#include <string.h>

enum { KEYS = 30, FILLERS = 1500, ROUNDS = 500, SEEDS = 60, VALUE = 160 };

struct world {
	struct fault_disk *disk;
	struct engine *engine;
	uint32_t fillers; /* a walk comes to them first */
	uint32_t table;
	uint64_t random;
	int writes;
	bool is_walking;
	bool is_compacting;
	char values[KEYS][VALUE]; /* before the kill; empty: no row */
};

static unsigned
pick(struct world *world, unsigned count)
{
	world->random ^= world->random << 13;
	world->random ^= world->random >> 7;
	world->random ^= world->random << 17;
	return (unsigned)((world->random >> 11) % count);
}

static struct engine *
open_disk(const struct world *world, struct fault_disk *disk)
{
	struct engine *engine = driver_open_disk(disk);

	if (world->table != 0)
		engine_set_gc_grace(engine, world->table, 0);
	return engine;
}

/* Timestamps are few and grow slowly, so that many are older than what they
 * meet, or equal. */
static void
write_one(struct world *world)
{
	unsigned most = 6 + (unsigned)world->writes / 60;
	int64_t at = 100 + (int64_t)pick(world, most);
	char key[16], value[VALUE];

	snprintf(key, sizeof(key), "k%u", pick(world, KEYS));
	if (pick(world, 3) == 0) {
		driver_delete_at(world->engine, world->table, key, at);
	} else {
		snprintf(value, sizeof(value), "%d", world->writes);
		driver_put_at(world->engine, world->table, key, value, at);
	}
	world->writes++;
}

static void
go_on(struct world *world, unsigned steps)
{
	struct error error = ERROR_INIT;
	struct engine *engine = world->engine;

	for (unsigned i = 0; i < steps; i++)
		assert_int_equal(engine_poll(engine, 0, NULL), 0);
	if (world->is_walking)
		world->is_walking = engine_checkpoint(engine, &error) ==
				    ENGINE_PENDING;
	if (world->is_compacting)
		world->is_compacting = engine_compact(engine, NULL, &error) ==
				       ENGINE_PENDING;
}

static void
note_values(struct world *world)
{
	for (int i = 0; i < KEYS; i++) {
		const char *value;
		char key[16];

		snprintf(key, sizeof(key), "k%d", i);
		value = driver_get(world->engine, world->table, key);
		snprintf(world->values[i], VALUE, "%s",
			 value == NULL ? "" : value);
	}
}

static void
expect_values(const struct world *world, struct engine *engine)
{
	for (int i = 0; i < KEYS; i++) {
		const char *value;
		char key[16];

		snprintf(key, sizeof(key), "k%d", i);
		value = driver_get(engine, world->table, key);
		assert_string_equal(value == NULL ? "" : value,
				    world->values[i]);
	}
}

/* The one before it is read instead. */
static void
expect_without_newest(struct world *world, uint64_t number)
{
	struct fault_disk *disk = fault_disk_copy(world->disk);
	char name[32];
	size_t size;
	uint8_t *bytes;
	struct engine *engine;

	snprintf(name, sizeof(name), "00-%u.checkpoint", (unsigned)number % 3);
	bytes = fault_disk_file(disk, name, &size);
	assert_true(bytes != NULL && size > 5000);
	bytes[4200] ^= 0xff;
	engine = open_disk(world, disk);
	expect_values(world, engine);
	driver_abandon(engine, disk);
}

static void
kill_it(struct world *world)
{
	const struct manifest_checkpoint *checkpoints =
		world->engine->manifest.checkpoints;
	uint64_t number = checkpoints[1].number == 0 ? 0 :
						       checkpoints[0].number;

	driver_commit(world->engine, engine_last_lsn(world->engine));
	note_values(world);
	world->disk = driver_kill(world->engine, world->disk);
	if (number != 0)
		expect_without_newest(world, number);
	world->engine = open_disk(world, world->disk);
	expect_values(world, world->engine);
	world->is_walking = false;
	world->is_compacting = false;
}

static void
do_something(struct world *world)
{
	switch (pick(world, 16)) {
	case 0:
		driver_put_many(world->engine, world->fillers,
				(int)pick(world, FILLERS), 30);
		break;
	case 1:
	case 2:
		world->is_walking |= pick(world, 2) == 0;
		break;
	case 3:
		world->is_compacting = true;
		break;
	case 4:
		if (pick(world, 6) == 0)
			kill_it(world);
		break;
	case 5:
	case 6:
	case 7:
	case 8:
		go_on(world, 1 + pick(world, 4));
		break;
	default:
		write_one(world);
	}
	go_on(world, 0);
}

TEST(a_kill_changes_no_version)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct world world = {
			.disk = fault_disk_create(seed),
			.random = seed * UINT64_C(0x9e3779b97f4a7c15),
		};

		world.disk->is_shuffling = seed % 2 == 0;
		world.engine = open_disk(&world, world.disk);
		world.fillers = driver_create_table(world.engine);
		world.table = driver_create_table(world.engine);
		engine_set_gc_grace(world.engine, world.table, 0);
		driver_put_many(world.engine, world.fillers, 0, FILLERS);
		for (int i = 0; i < ROUNDS; i++)
			do_something(&world);
		kill_it(&world);
		driver_abandon(world.engine, world.disk);
	}
}

UNIT_MAIN()
