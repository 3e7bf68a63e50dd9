/* SPDX-License-Identifier: MIT
 *
 * Room on the disk for the checkpoints to come.  Where the disk is full only
 * checkpoints give back what moving and freeing have taken, so that their files
 * grow before what they will describe does: rows are refused while there is
 * still room for a checkpoint of all that there is.
 *
 * Engine thread only. */
#ifndef STORAGE_CHECKPOINT_CHECKPOINT_ROOM_H
#define STORAGE_CHECKPOINT_CHECKPOINT_ROOM_H

#include "storage/engine_state.h"

/* From now on files of segments grow only behind room for checkpoints. */
void checkpoint_room_watch_growth(struct engine *engine);

/* 0: there is room for checkpoints also when one more segment is full of new
 * rows, however small, or why there isn't is no lack of room; ERROR_FULL
 * otherwise, mostly from memory, since the disk is asked again only now and
 * then. */
MUST_CHECK int checkpoint_room_keep(struct engine *engine,
				    struct error *error);

#endif
