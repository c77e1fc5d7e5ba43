/* What all models share. A step of a model bears the name of a script in shared/lua, of a function in C or of a
 * function in SQL, in lower case; lint.model finds each of them in the tree.
 *
 * STEP(name, who, outcome) marks a step that a real run shows. Without a trace it costs nothing. With -DTRACE it
 * compares the step with the next line of a recorded run (check.py writes trace.pml): the model accepts the run when
 * some path takes all lines in their order. In between are steps that no run shows: crashes, lost answers, the clock, and
 * those whose names the run's line "# shows:" does not have. */
#ifdef TRACE
byte trace_at;
bool rejected;
#include "trace.pml"
#define STEP(name, who, outcome)                                                                                       \
    if                                                                                                                 \
    :: !TRACE_SHOWS(name) -> skip                                                                                      \
    :: TRACE_SHOWS(name) && TRACE_NEXT(name, who, outcome) -> trace_at++                                                                    \
    :: else -> rejected = true                                                                                         \
    fi
#define HIDDEN (!rejected)
never {
    do
    :: !rejected && trace_at < TRACE_LENGTH
    :: !rejected && trace_at == TRACE_LENGTH -> break
    od
}
#else
#define STEP(name, who, outcome) skip
#define HIDDEN true
#endif

#ifdef TRACE
#define PROMISE(what) skip
#else
#define PROMISE(what) assert(what)
#endif
