/* SPDX-License-Identifier: MIT
 *
 * What a salvage knows while it looks through a damaged database, for its
 * parts: salvage_scan.c (the story), salvage_checkpoint.c (what a checkpoint
 * knows), salvage_visit.c (buffer by buffer), salvage_look.c (the first look),
 * salvage_take.c (the second one). */
#ifndef STORAGE_SALVAGE_SALVAGE_STATE_H
#define STORAGE_SALVAGE_SALVAGE_STATE_H

#include "storage/recovery/log_intake.h"
#include "storage/salvage/salvage_losses.h"

enum {
	GUESSED = UINT8_MAX /* a generation: the life is that of a damaged
			       header */
};

struct salvage_scan {
	struct salvage_source *source;
	struct engine *engine;
	struct log_intake intake; /* its maps, notes, replay; not its buffers */
	struct log_map damaged[2]; /* buffers of each stream that are there,
				      but not intact: told where they are */
	bool *is_there;           /* places of the checkpoint's lives */
	bool has_checkpoint;
	uint64_t first_sequence;  /* of segments: lives from it on are behind
				     the checkpoint */
	uint64_t hashed; /* bytes in this segment */
	uint64_t last_write; /* of the buffer before, in this place */
	uint32_t last_life;
};

static inline void
salvage_raise(uint64_t *highest, uint64_t number)
{
	if (number > *highest)
		*highest = number;
}

const struct void_list *salvage_voids_of(const struct salvage_scan *scan,
					 uint8_t stream);
void salvage_scan_finish(struct salvage_scan *scan);

/* ---- salvage_checkpoint.c ---- */

/* Loads the newest checkpoint that is whole, or none; what isn't is noted. */
MUST_CHECK int salvage_load(struct salvage_scan *scan, struct error *error);

/* ---- salvage_visit.c ---- */

struct salvage_visitor {
	int (*on_buffer)(struct salvage_scan *scan,
			 const struct buffer_header *header,
			 const uint8_t *bytes, struct error *error);
	/* Something that was a buffer, or may have been; up to ${end}. */
	int (*on_damage)(struct salvage_scan *scan, uint32_t segment,
			 uint32_t offset, uint32_t end, const uint8_t *bytes,
			 struct error *error);
};

/* What can't be read is a loss if ${is_told}. */
MUST_CHECK int salvage_visit(struct salvage_scan *scan,
			     const struct salvage_visitor *visitor,
			     bool is_told, struct error *error);

/* ---- salvage_look.c ---- */

MUST_CHECK int salvage_look_at_buffer(struct salvage_scan *scan,
				      const struct buffer_header *header,
				      const uint8_t *bytes,
				      struct error *error);
MUST_CHECK int salvage_look_at_damage(struct salvage_scan *scan,
				      uint32_t segment, uint32_t offset,
				      uint32_t end, const uint8_t *bytes,
				      struct error *error);
/* When everything was looked at: which buffers count, and which lives were
 * freed; buffers that are missing are a loss. */
MUST_CHECK int salvage_judge(struct salvage_scan *scan, struct error *error);

/* ---- salvage_take.c ---- */

/* A record at ${at}, if there is one that was written there in the life of that
 * seed: its bytes, else 0. */
uint32_t salvage_find_record(struct salvage_scan *scan, struct location at,
			     uint64_t seed, const uint8_t *bytes,
			     uint32_t available, struct record *record);
MUST_CHECK int salvage_take_buffer(struct salvage_scan *scan,
				   const struct buffer_header *header,
				   const uint8_t *bytes, struct error *error);
MUST_CHECK int salvage_take_damage(struct salvage_scan *scan, uint32_t segment,
				   uint32_t offset, uint32_t end,
				   const uint8_t *bytes, struct error *error);

#endif
