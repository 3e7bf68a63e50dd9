/* SPDX-License-Identifier: MIT */
#include "tests/simulator/spoil.h"

#include "storage/checkpoint/checkpoint.h"
#include "storage/format/manifest.h"

enum { BOTH_PERCENT = 30 };

static bool
load_manifest(const struct disk *disk, struct manifest *manifest)
{
	const struct content *content = disk_find(disk, MANIFEST_NAME);
	struct error error = ERROR_INIT;

	if (content == NULL)
		return false;
	*manifest = (struct manifest){ 0 };
	return manifest_decode(slice_make(content->seen.data,
					  content->seen.size),
			       "disk", manifest, &error) == 0;
}

static struct content *
find_checkpoint(const struct disk *disk, uint64_t number)
{
	char name[CHECKPOINT_NAME_SIZE];

	checkpoint_name(number, name);
	return disk_find(disk, name);
}

static void
toggle(const struct flipped *flipped)
{
	struct content *content = flipped->content;

	content->seen.data[flipped->at] ^= flipped->bits;
	if (flipped->at < content->durable.size)
		content->durable.data[flipped->at] ^= flipped->bits;
}

static bool
flip(struct content *content, struct random *random, struct flipped *flipped)
{
	if (content == NULL || content->seen.size == 0)
		return false;
	content_sync(content, UINT64_MAX);
	*flipped = (struct flipped){
		.content = content,
		.at = random_below(random, (uint32_t)content->seen.size),
		.bits = (uint8_t)(1u << random_below(random, 8)),
	};
	/* Where it begins it is in use for certain. */
	if (random_percent(random, 50))
		flipped->at = random_below(random, 256);
	toggle(flipped);
	return true;
}

void
spoil_undo(const struct flipped *flipped)
{
	toggle(flipped);
}

/* One that was spoiled already may be whole again if it is spoiled twice. */
static bool
is_spoiled(const struct world *world,
	   const struct manifest_checkpoint *checkpoint)
{
	return checkpoint->number == world->spoiled_number &&
	       checkpoint->checksum == world->spoiled_checksum;
}

/* Without any checkpoint the log tells everything, as long as no tombstone was
 * dropped. */
static unsigned
may_spoil(const struct world *world, const struct manifest *manifest)
{
	const struct manifest_checkpoint *named = manifest->checkpoints;

	if (named[0].number == 0 || is_spoiled(world, &named[0]))
		return 0;
	if ((manifest->flags & MANIFEST_FORGOTTEN) == 0)
		return named[1].number == 0 ? 1 : 2;
	return named[1].number == 0 ? 0 : 1;
}

static unsigned
spoil(struct world *world, struct random *random, struct manifest *manifest,
      struct flipped flipped[2])
{
	unsigned most = may_spoil(world, manifest);
	unsigned count = 0;

	if (most == 2 && !random_percent(random, BOTH_PERCENT))
		most = 1;
	while (count < most &&
	       flip(find_checkpoint(world->disk,
				    manifest->checkpoints[count].number),
		    random, &flipped[count]))
		count++;
	return count;
}

unsigned
spoil_checkpoints(struct world *world, struct random *random,
		  struct flipped flipped[2])
{
	struct manifest manifest;
	unsigned count;

	if (!load_manifest(world->disk, &manifest))
		return 0;
	count = spoil(world, random, &manifest, flipped);
	manifest_finish(&manifest);
	return count;
}

void
spoil_for_good(struct world *world)
{
	struct manifest manifest;
	struct flipped flipped[2];
	unsigned count;

	world->spoils_next = false;
	if (world->is_damaged || !load_manifest(world->disk, &manifest))
		return;
	count = spoil(world, &world->random, &manifest, flipped);
	if (count > 0) {
		world->spoiled_number = manifest.checkpoints[0].number;
		world->spoiled_checksum = manifest.checkpoints[0].checksum;
		world->has_spoiled = true;
		world_say(world, "  the newest %u checkpoints are spoiled",
			  count);
	}
	manifest_finish(&manifest);
}
