/* SPDX-License-Identifier: MIT
 *
 * What the user and the system say from outside.  A handler only notes the
 * signal, ends the statement that runs, and wakes whoever waits in
 * signals_wait(): a note taken just before the wait is never slept over. */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

#include "include/logstor.h"

/* Takes over SIGINT, SIGTERM, SIGHUP, SIGWINCH and SIGCONT and ignores
 * SIGPIPE and SIGXFSZ, so that a write that can't be is an error like others;
 * once, at the start.  False when the system refuses. */
bool signals_install(void);

/* The database whose statement a signal ends; NULL when none runs. */
void signals_watch(logstor_database *database);

/* SIGINT came since signals_clear_interrupt(). */
bool signals_is_interrupted(void);
void signals_clear_interrupt(void);
/* The signal that asks the process to end, or 0. */
int signals_termination(void);
/* Any of the two. */
bool signals_is_stopped(void);
/* The terminal changed its size or came back from a stop since the last
 * question. */
bool signals_take_resize(void);
bool signals_take_continue(void);

/* Waits until ${fd} can be read or a signal came, up to ${timeout_ms} (-1: for
 * ever): true when it can be read (or has ended). */
bool signals_wait(int fd, int timeout_ms);

#endif
