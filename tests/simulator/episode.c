/* SPDX-License-Identifier: MIT */
#include "tests/simulator/episode.h"

#include "tests/simulator/memory.h"
#include "tests/simulator/world.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

enum { SECONDS_MAX = 60 };

/* A signal knows nothing else. */
static struct world *current;
static sigjmp_buf escape;

uint64_t
episode_seed(void)
{
	return current == NULL ? 0 : current->plan->seed;
}

static void
on_signal(int number)
{
	siglongjmp(escape, number);
}

static void
watch(bool is_on)
{
	struct itimerval timer = {
		.it_value = { .tv_sec = is_on ? SECONDS_MAX : 0 },
	};
	struct sigaction action = { .sa_handler = is_on ? on_signal :
							  SIG_DFL };

	sigaction(SIGABRT, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void
run_operations(struct world *world, struct result *result)
{
	const struct plan *plan = world->plan;

	for (size_t i = 0; i < plan->count && world->engine != NULL &&
			   world->violation == VIOLATION_NONE;
	     i++) {
		result->operation = i;
		world_say(world, "%zu %s", i,
			  operation_name(plan->operations[i].kind));
		world_do(world, &plan->operations[i]);
		while (world->disk->has_crashed &&
		       world->violation == VIOLATION_NONE)
			world_recover(world);
	}
}

static void
run(struct world *world, struct result *result)
{
	world_begin(world);
	while (world->disk->has_crashed &&
	       world->violation == VIOLATION_NONE)
		world_recover(world);
	run_operations(world, result);
	/* Every life ends with a crash, and then in an orderly way. */
	if (world->engine != NULL && world->violation == VIOLATION_NONE) {
		disk_crash_now(world->disk, world->plan->has_power_cuts ?
						    DISK_POWER :
						    DISK_KILL);
		while (world->disk->has_crashed &&
		       world->violation == VIOLATION_NONE)
			world_recover(world);
	}
	world_end(world);
}

/* The engine's memory is lost then, and this process ends soon. */
static void
take_signal(struct world *world, int number)
{
	if (number == SIGALRM)
		world_violate(world, VIOLATION_STUCK, "still at work after "
						      "%d seconds",
			      SECONDS_MAX);
	else
		world_violate(world, VIOLATION_ABORTED,
			      "an assertion failed, or somebody waits for "
			      "ever for nothing");
}

void
episode_run(const struct plan *plan, bool is_verbose, struct result *result)
{
	struct world *world = memory_take_zeroed(1, sizeof(*world));
	int number;

	*result = (struct result){ 0 };
	world->plan = plan;
	world->is_verbose = is_verbose;
	current = world;
	number = sigsetjmp(escape, 1);
	if (number == 0) {
		watch(true);
		run(world, result);
	} else {
		take_signal(world, number);
	}
	watch(false);
	result->violation = world->violation;
	memcpy(result->text, world->text, sizeof(result->text));
	result->hash = world->hash;
	result->crashes = world->crashes;
	result->biting = world->biting;
	result->deeds = world->deeds;
	free(world);
	current = NULL;
}
