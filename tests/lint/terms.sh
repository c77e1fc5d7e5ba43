#!/bin/bash
# Words that must not come back: coined names and phrases that readers stumbled over. Each pattern has the term to use instead. The
# words are searched for in every C file; the phrases also in documents, scripts, Lua and tests, apart from what documents and tests
# may say of telling.
set -uo pipefail

# Names of the contract and of the database, which stay: columns, fields of records in Redis, labels of metrics. And texts of tests
# that are data: names of programs, ids of metadata.
stored='told_(by|at)|\\?"told_ms\\?"|"heard"|table heard|FROM heard|INTO heard|UPDATE heard|ps_heard_[a-z]+|heard_(at|person)|Microsoft Office'

# Identifiers and words, matched as whole parts of an identifier. Extended regular expression, tab, replacement.
words='office	leadership
lanes?	channel queue
closer	delivery record
answerer	command_runner
twins?	duplicate
aside	deferred
mend(s|ed)?	repair
told	reported or notified
tells?	reports, logs, notifies
heard	inbound event
whoever	name the actor
nobody.?s	name the owner
slips?	misspelt name, typing error'

# Phrases of the old language, in comments and texts of C. Each misled a reader or had to be read twice.
phrases='promise [0-9]	guarantee N
for ever	forever, or state the limit
is no more	is freed, has ended
of [a-z]+ none	rewrite the sentence
(must|to) be told	must be reported
(is|are|was|were) told	is notified, is reported, is given
tell(s)? people	notifies people
told to	sent to
hears? of	is notified of
you hear	you are notified
what comes	name the thing
what went out	name the thing
look-?ups? under way	lookups in flight
earlier service	the Python service
sees? to it	name the actor
as one likes	at any time
it is so already	nothing to change
tier is none	name the value and what is expected
the answer is none	there is no answer
who asked	name the actor
where not	otherwise
is later than it can be	is in the future
access away and does so	denies access
alone has none	rewrite the sentence
take(s|n)? it too	accepts it as well
put right	repaired
passed over	skipped, ignored
comes? to be	exists, future
has its answer	is answered
not looked at	not probed, not read
looked at again	probed again, read again
does not run any more	is never called afterwards
will not be made	is cancelled
no sooner	not before
makes? known	reports
of whom	name the actor
whence	from where
lest	so that not
in its turn	then'

# corpus ROOT FILE...: each line as FILE:LINE:TEXT, without the names that stay.
corpus() {
    local root=$1
    shift
    (cd "$root" && grep -aHn '' "$@") | sed -E "s/$stored//g"
}

# find_patterns TABLE: prints each line of standard input whose text has a pattern of the table; false if there is one.
find_patterns() {
    local bad=0 pattern hint text
    # One pass for all patterns; only the lines it finds are judged by each.
    text=$(grep -iE "^[^:]*:[0-9]+:(.*[^a-zA-Z0-9])?($(cut -f1 <<<"$1" | paste -sd'|'))([^a-zA-Z0-9]|\$)") || return 0
    while IFS=$'\t' read -r pattern hint; do
        grep -iE "^[^:]*:[0-9]+:(.*[^a-zA-Z0-9])?($pattern)([^a-zA-Z0-9]|\$)" <<<"$text" |
            sed "s/\$/   <- instead of \"$pattern\": $hint/" | grep . && bad=1
    done <<<"$1"
    return $bad
}

# check ROOT: prints every forbidden word; false if there is one.
check() {
    local root=$1 bad=0 files
    mapfile -t files < <(cd "$root" && find . -regextype posix-extended -regex '\./(shared|scheduler|worker|notifier|tests)/.*\.[ch]' \
        -printf '%P\n' | sort)
    [ ${#files[@]} -gt 0 ] || { echo "terms.sh: no files"; return 1; }
    corpus "$root" "${files[@]}" | find_patterns "$words
$phrases" || bad=1
    # Released migrations never change.
    mapfile -t files < <(cd "$root" && find . -regextype posix-extended \( -name build -o -name vendor -o -name .git -o -name corpora -o -name node_modules \) -prune \
        -o -regex '.*\.(md|sh|py|lua|js|html)' -printf '%P\n' | sort | grep -vE '^tests/lint/terms\.sh$')
    [ ${#files[@]} -eq 0 ] || corpus "$root" "${files[@]}" | find_patterns "$(grep -v told <<<"$phrases")" || bad=1
    return $bad
}

# The lint finds a planted word of each kind and accepts similar words.
self_test() {
    local seen
    mkdir -p "$tmp/shared/core" "$tmp/notifier/io"
    echo '/* planes, Kindle, fold, besides, officer, retell, heardle */ int ps_foretold_count;' >"$tmp/shared/core/a.c"
    echo 'x("told_by"); /* the table heard, heard_at */' >"$tmp/notifier/io/a.c"
    seen=$(check "$tmp") || { echo "terms.sh: reports a permitted word:"; echo "$seen"; return 1; }
    echo 'int twins_count;' >>"$tmp/shared/core/a.c"
    echo '/* It is told for ever (promise 7). */' >>"$tmp/shared/core/a.c"
    seen=$(check "$tmp") && { echo "terms.sh: finds no planted word"; return 1; }
    echo 'It goes on for ever.' >"$tmp/README.md"
    seen=$(check "$tmp")
    [ "$(grep -c . <<<"$seen")" = 6 ] || { echo "terms.sh: finds not exactly the planted words:"; echo "$seen"; return 1; }
}

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
self_test || exit 1
check "$(dirname "$0")/../.."
