/* SPDX-License-Identifier: MIT
 *
 * The journal holds writes in their order.  Durable ones at its front are
 * folded into the durable bytes; a durable one behind one that isn't has to
 * wait, so that of two writes to one place the later one always wins. */
#include "tests/simulator/content.h"

#include "tests/simulator/memory.h"

#include <stdlib.h>
#include <string.h>

/* ---- bytes ---- */

static void
bytes_resize(struct bytes *bytes, size_t size)
{
	if (size > bytes->capacity) {
		size_t grown = bytes->capacity * 2 > size ?
				       bytes->capacity * 2 :
				       size;

		bytes->data = memory_grow(bytes->data, grown);
		memset(bytes->data + bytes->capacity, 0,
		       grown - bytes->capacity);
		bytes->capacity = grown;
	}
	if (size < bytes->size)
		memset(bytes->data + size, 0, bytes->size - size);
	bytes->size = size;
}

static void
bytes_write(struct bytes *bytes, size_t offset, const void *data, size_t size)
{
	if (offset + size > bytes->size)
		bytes_resize(bytes, offset + size);
	if (size > 0)
		memcpy(bytes->data + offset, data, size);
}

static void
bytes_copy(struct bytes *to, const struct bytes *from)
{
	bytes_resize(to, 0);
	bytes_write(to, 0, from->data, from->size);
}

static void
apply(struct bytes *bytes, const struct change *change)
{
	if (change->data == NULL)
		bytes_resize(bytes, (size_t)change->offset);
	else
		bytes_write(bytes, (size_t)change->offset, change->data,
			    change->size);
}

/* ---- the journal ---- */

static void
forget_changes(struct content *content, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(content->changes[i].data);
	content->change_count -= count;
	if (content->change_count > 0)
		memmove(content->changes, content->changes + count,
			content->change_count * sizeof(*content->changes));
}

static void
fold(struct content *content)
{
	size_t count = 0;

	while (count < content->change_count &&
	       content->changes[count].is_durable)
		apply(&content->durable, &content->changes[count++]);
	if (count > 0)
		forget_changes(content, count);
}

static struct change *
add_change(struct content *content, uint64_t offset, const void *data,
	   size_t size, uint64_t sequence)
{
	struct change *change;

	if (content->change_count == content->change_capacity) {
		content->change_capacity = content->change_capacity * 2 + 8;
		content->changes = memory_grow(
			content->changes,
			content->change_capacity * sizeof(*content->changes));
	}
	change = &content->changes[content->change_count++];
	*change = (struct change){ .offset = offset,
				   .size = size,
				   .sequence = sequence };
	if (data != NULL) {
		change->data = memory_take(size + 1);
		memcpy(change->data, data, size);
	}
	return change;
}

void
content_finish(struct content *content)
{
	forget_changes(content, content->change_count);
	free(content->changes);
	free(content->seen.data);
	free(content->durable.data);
}

/* ---- changing ---- */

void
content_write(struct content *content, uint64_t offset, const void *data,
	      size_t size, uint64_t sequence, bool is_durable)
{
	bytes_write(&content->seen, (size_t)offset, data, size);
	if (is_durable && content->change_count == 0) {
		bytes_write(&content->durable, (size_t)offset, data, size);
		return;
	}
	add_change(content, offset, data, size, sequence)->is_durable =
		is_durable;
}

void
content_resize(struct content *content, uint64_t size, uint64_t sequence)
{
	bytes_resize(&content->seen, (size_t)size);
	add_change(content, size, NULL, 0, sequence);
}

void
content_sync(struct content *content, uint64_t sequence)
{
	for (size_t i = 0; i < content->change_count; i++) {
		if (content->changes[i].sequence <= sequence)
			content->changes[i].is_durable = true;
	}
	fold(content);
}

void
content_drop(struct content *content, uint64_t sequence,
	     struct random *random)
{
	size_t kept = 0;

	for (size_t i = 0; i < content->change_count; i++) {
		struct change *change = &content->changes[i];

		if (change->sequence <= sequence && !change->is_durable) {
			if (random_percent(random, 60)) {
				content->has_dropped = true;
				free(change->data);
				continue;
			}
			change->is_durable = random_percent(random, 50);
		}
		content->changes[kept++] = *change;
	}
	content->change_count = kept;
	fold(content);
}

void
content_evict(struct content *content)
{
	if (!content->has_dropped)
		return;
	content->has_dropped = false;
	bytes_copy(&content->seen, &content->durable);
	for (size_t i = 0; i < content->change_count; i++)
		apply(&content->seen, &content->changes[i]);
}

void
content_cut(struct content *content, size_t size)
{
	bytes_resize(&content->seen, size);
	if (content->durable.size > size)
		bytes_resize(&content->durable, size);
}

/* ---- surviving ---- */

struct survival
survival_draw(struct random *random)
{
	static const uint8_t percents[] = { 0, 10, 50, 90, 100 };

	return (struct survival){
		.random = { random_next(random) },
		.percent = percents[random_below(random, sizeof(percents))],
		.grain = (enum survival_grain)random_below(random, 3),
	};
}

/* Writes the sectors that survive, one run of them after the other. */
static void
survive_sectors(const struct change *change, struct survival *survival,
		uint64_t *mask_end, struct bytes *to)
{
	size_t end = change->size;
	bool is_whole = random_percent(&survival->random, survival->percent);

	if (survival->grain == SURVIVAL_PREFIX) {
		size_t sectors = change->size / SECTOR_SIZE;

		end = SECTOR_SIZE *
		      (size_t)random_below(&survival->random,
					   (uint32_t)sectors + 1);
	} else if (survival->grain == SURVIVAL_WHOLE && !is_whole) {
		end = 0;
	}
	for (size_t at = 0; at < end; at += SECTOR_SIZE) {
		size_t part = end - at < SECTOR_SIZE ? end - at : SECTOR_SIZE;

		if (survival->grain == SURVIVAL_SECTORS &&
		    !random_percent(&survival->random, survival->percent))
			continue;
		bytes_write(to, (size_t)change->offset + at,
			    change->data + at, part);
	}
	*mask_end = change->offset + end;
}

void
content_write_partly(struct content *content, uint64_t offset,
		     const void *data, size_t size, uint64_t sequence,
		     struct survival *survival)
{
	struct bytes partly = { 0 };
	struct change *change = add_change(content, offset, data, size,
					   sequence);
	struct change whole = *change;
	uint64_t end;

	/* What doesn't survive is what stood there before. */
	bytes_copy(&partly, &content->seen);
	survive_sectors(&whole, survival, &end, &partly);
	if (partly.size <= whole.offset) {
		content->change_count--;
		free(whole.data);
		free(partly.data);
		return;
	}
	if (partly.size < whole.offset + whole.size)
		change->size = partly.size - (size_t)whole.offset;
	memcpy(change->data, partly.data + change->offset, change->size);
	free(partly.data);
	apply(&content->seen, change);
}

/* A file may have grown for a write whose bytes are lost, or not have grown
 * for one whose bytes are there: then they are lost too. */
static void
survive(const struct change *change, struct survival *survival,
	struct bytes *to)
{
	size_t old_size = to->size;
	uint64_t end;

	if (change->data == NULL) {
		if (random_percent(&survival->random, survival->percent))
			apply(to, change);
		return;
	}
	survive_sectors(change, survival, &end, to);
	if (old_size >= change->offset + change->size)
		return;
	if (random_percent(&survival->random, 70)) {
		size_t grown = (size_t)change->offset + change->size;

		if (random_percent(&survival->random, 30))
			grown -= SECTOR_SIZE *
				 (size_t)random_below(
					 &survival->random,
					 (uint32_t)(change->size /
						    SECTOR_SIZE) + 1);
		bytes_resize(to, grown > old_size ? grown : old_size);
	} else {
		bytes_resize(to, old_size);
	}
}

void
content_crash(struct content *content, struct survival *survival)
{
	for (size_t i = 0; i < content->change_count; i++) {
		const struct change *change = &content->changes[i];

		if (change->is_durable)
			apply(&content->durable, change);
		else
			survive(change, survival, &content->durable);
	}
	forget_changes(content, content->change_count);
	bytes_copy(&content->seen, &content->durable);
	content->has_dropped = false;
}
