/* What a draft's document says about itself, made fit for storing and for showing to people: the
 * worker's text comes from strangers. Between the results stream and everything that names a draft
 * (table discovered, messages, matching). No e-mail address passes through here. */
#ifndef PS_SCHEDULER_DRAFT_FACTS_H
#define PS_SCHEDULER_DRAFT_FACTS_H
#include "shared/core/base.h"

/* Gives title on one line without e-mail addresses; NULL when it is NULL or nothing is left. */
char *ps_draft_title(const char *title) PS_MUST_USE;
/* authors: a JSON array of names, as in struct ps_result, or NULL. Gives the names in the same
 * order with ", " between two, each made fit as a title is; NULL when no name is left. */
char *ps_draft_authors(const char *authors) PS_MUST_USE;

#endif
