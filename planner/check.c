/* SPDX-License-Identifier: MIT */
#include "planner/check.h"

#include "base/pack.h"

int
check_bind(struct binder *binder)
{
	static const struct fixed_column columns[CHECK_COLUMN_COUNT] = {
		{ "file", TYPE_TEXT },
		{ "offset", TYPE_BIGINT },
		{ "fault", TYPE_TEXT },
	};

	binder->plan->kind = PLAN_CHECK;
	return bind_fixed_columns(binder, columns, CHECK_COLUMN_COUNT);
}

int
execute_check_begin(struct execute_check *check,
		    struct logstor_session *session, struct error *error)
{
	int result;

	*check = (struct execute_check){ .session = session };
	result = engine_check_open(session->database->engine, &check->check,
				   error);
	if (result < 0)
		check->check = NULL;
	return result;
}

/* A fault without a place in its file, such as a missing file's, has a null
 * there. */
static void
show_fault(struct execute_check *check, const struct engine_fault *fault)
{
	check->values[0] = slice_from_string(fault->file);
	check->values[1] = SLICE_NULL;
	if (fault->offset <= INT64_MAX) {
		store_u64_be(check->offset, fault->offset);
		check->values[1] = slice_make(check->offset,
					      sizeof(check->offset));
	}
	check->values[2] = slice_from_string(fault->what);
}

int
execute_check_next(struct execute_check *check, struct error *error)
{
	struct engine_fault fault;
	int result = engine_check_next(check->check, &fault,
				       &check->session->work, error);

	if (result == 0)
		show_fault(check, &fault);
	return result;
}

void
execute_check_finish(struct execute_check *check)
{
	if (check->check != NULL)
		engine_check_close(check->check);
	check->check = NULL;
}
