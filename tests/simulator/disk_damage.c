/* SPDX-License-Identifier: MIT
 *
 * What a disk does to bytes that were safe on it.  Damage is done to what is
 * seen and to what is durable alike; what wasn't durable yet is so afterwards,
 * which a disk is free to do. */
#include "tests/simulator/disk.h"
#include "tests/simulator/memory.h"

#include <stdlib.h>
#include <string.h>

/* Mostly where something was written: files end in zeros for long. */
static size_t
used_size(const struct bytes *bytes)
{
	size_t size = bytes->size;

	while (size > 0 && bytes->data[size - 1] == 0)
		size--;
	return size;
}

static struct content *
draw_content(const struct disk *disk, struct random *random)
{
	uint32_t count = (uint32_t)disk->seen.count;

	return count == 0 ? NULL :
			    disk->seen.names[random_below(random, count)]
				    .content;
}

static size_t
draw_end(const struct content *content, struct random *random)
{
	return random_percent(random, 90) ? used_size(&content->seen) :
					    content->seen.size;
}

/* A piece of a file: sectors, blocks or segments. */
struct piece {
	struct content *content;
	size_t at;
	size_t size;
};

static bool
draw_piece(struct disk *disk, struct random *random, uint32_t segment_size,
	   struct piece *piece)
{
	const size_t units[] = { SECTOR_SIZE, IO_ALIGNMENT, segment_size };
	struct content *content = draw_content(disk, random);
	size_t unit = units[random_below(random, 3)];
	size_t end;

	if (content == NULL)
		return false;
	content_sync(content, UINT64_MAX);
	end = draw_end(content, random);
	if (end == 0)
		return false;
	piece->content = content;
	piece->at = unit * (size_t)random_below(random,
						(uint32_t)((end - 1) / unit +
							   1));
	piece->size = content->seen.size - piece->at < unit ?
			      content->seen.size - piece->at :
			      unit;
	return true;
}

static void
put(struct bytes *bytes, size_t at, const uint8_t *data, size_t size)
{
	if (at >= bytes->size)
		return;
	memcpy(bytes->data + at, data,
	       bytes->size - at < size ? bytes->size - at : size);
}

/* Whether that changes anything. */
static bool
replace(const struct piece *piece, const uint8_t *data)
{
	struct content *content = piece->content;
	bool is_same = memcmp(content->seen.data + piece->at, data,
			      piece->size) == 0;

	put(&content->seen, piece->at, data, piece->size);
	put(&content->durable, piece->at, data, piece->size);
	return !is_same;
}

static uint8_t *
copy_of(const struct piece *piece)
{
	uint8_t *copy = memory_take(piece->size + 1);

	memcpy(copy, piece->content->seen.data + piece->at, piece->size);
	return copy;
}

static bool
flip(struct content *content, struct random *random)
{
	struct piece piece;
	uint8_t byte;
	size_t end;

	if (content == NULL)
		return false;
	content_sync(content, UINT64_MAX);
	end = draw_end(content, random);
	if (end == 0)
		return false;
	piece = (struct piece){ content, random_below(random, (uint32_t)end),
				1 };
	byte = content->seen.data[piece.at];
	byte ^= (uint8_t)(1u << random_below(random, 8));
	return replace(&piece, &byte);
}

bool
disk_flip(struct disk *disk, struct random *random)
{
	return flip(draw_content(disk, random), random);
}

static bool
flip_in(struct disk *disk, const char *kind, struct random *random)
{
	uint32_t first = random_below(random, (uint32_t)disk->seen.count + 1);

	for (size_t i = 0; i < disk->seen.count; i++) {
		const struct disk_name *name =
			&disk->seen.names[(first + i) % disk->seen.count];

		if (strstr(name->name, kind) != NULL)
			return flip(name->content, random);
	}
	return false;
}

bool
disk_rot(struct disk *disk, struct random *random)
{
	return flip_in(disk, ".segments", random);
}

bool
disk_zero(struct disk *disk, struct random *random, uint32_t segment_size)
{
	struct piece piece;
	uint8_t *zeros;
	bool is_done;

	if (!draw_piece(disk, random, segment_size, &piece))
		return false;
	zeros = memory_take_zeroed(1, piece.size + 1);
	is_done = replace(&piece, zeros);
	free(zeros);
	return is_done;
}

/* Of two pieces of one size. */
bool
disk_swap(struct disk *disk, struct random *random, uint32_t segment_size)
{
	struct piece one, other;
	uint8_t *first, *second;
	bool is_done;

	for (int tries = 0; tries < 8; tries++) {
		if (!draw_piece(disk, random, segment_size, &one) ||
		    !draw_piece(disk, random, segment_size, &other) ||
		    one.size != other.size)
			continue;
		first = copy_of(&one);
		second = copy_of(&other);
		is_done = replace(&one, second);
		is_done = replace(&other, first) || is_done;
		free(first);
		free(second);
		if (is_done)
			return true;
	}
	return false;
}

/* ---- older versions ---- */

static bool
is_still_there(const struct disk *disk, const struct content *content)
{
	for (size_t i = 0; i < disk->seen.count; i++) {
		if (disk->seen.names[i].content == content)
			return true;
	}
	return false;
}

void
disk_keep(struct disk *disk, struct random *random, uint32_t segment_size)
{
	struct disk_memory *memory =
		&disk->memories[random_below(random, DISK_MEMORIES)];
	struct piece piece;

	if (!draw_piece(disk, random, segment_size, &piece) ||
	    !piece.content->is_rewritten)
		return;
	free(memory->data);
	*memory = (struct disk_memory){ .content_number =
						piece.content->number,
					.at = piece.at,
					.size = piece.size,
					.data = copy_of(&piece) };
}

static struct content *
find_number(const struct disk *disk, uint32_t number)
{
	for (struct content *content = disk->contents; content != NULL;
	     content = content->next) {
		if (content->number == number && is_still_there(disk, content))
			return content;
	}
	return NULL;
}

bool
disk_return(struct disk *disk, struct random *random)
{
	const struct disk_memory *memory =
		&disk->memories[random_below(random, DISK_MEMORIES)];
	struct piece piece = { .at = memory->at, .size = memory->size };

	if (memory->data == NULL)
		return false;
	piece.content = find_number(disk, memory->content_number);
	if (piece.content == NULL)
		return false;
	content_sync(piece.content, UINT64_MAX);
	if (piece.at + piece.size > piece.content->seen.size)
		return false;
	return replace(&piece, memory->data);
}

bool
disk_keep_file(const struct disk *disk, const char *name,
	       struct disk_memory *memory)
{
	struct content *content = disk_find(disk, name);
	struct piece piece = { .content = content };

	if (content == NULL)
		return false;
	piece.size = content->seen.size;
	*memory = (struct disk_memory){ .content_number = content->number,
					.size = piece.size,
					.data = copy_of(&piece) };
	return true;
}

bool
disk_put_back(struct disk *disk, const char *name,
	      const struct disk_memory *memory)
{
	struct piece piece = { .content = disk_find(disk, name),
			       .size = memory->size };

	if (piece.content == NULL)
		return false;
	content_sync(piece.content, UINT64_MAX);
	return piece.size <= piece.content->seen.size &&
	       replace(&piece, memory->data);
}

bool
disk_cut(struct disk *disk, struct random *random)
{
	struct content *content = draw_content(disk, random);
	size_t size;

	if (content == NULL || content->seen.size == 0)
		return false;
	content_sync(content, UINT64_MAX);
	size = random_below(random, (uint32_t)content->seen.size);
	if (random_percent(random, 70))
		size -= size % SECTOR_SIZE;
	content_cut(content, size);
	return true;
}
