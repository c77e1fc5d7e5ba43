#include "shared/core/name_words.h"

#include "shared/core/alloc.h"
#include "shared/core/text_normalize.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

enum {
    SPELLINGS_MAX = 3,
    FILTER_BITS = 1 << 14,
    DIAERESIS = 0x308,
    RING = 0x30a,
    REPLACEMENT = 0xfffd,
};

/* Each word has up to three keys, and two words are equal when they share one:
 *   plain      diacritics dropped                     Köppe -> koppe
 *   spelled    ö, ä, ü, ø, å as two letters           Köppe -> koeppe
 *   contracted plain, with oe, ae, ue as one letter   Koeppe -> koppe
 * Contracting is a guess, so it leaves alone what is rarely an umlaut: a digraph at the end (Xue,
 * Joe), before a vowel or y (Joey), or before a final l (Michael is not Michal). */
struct word {
    size_t keys[SPELLINGS_MAX]; /* offsets in ps_name_words.keys; the first differs from the rest */
    size_t key_count;
    bool opens; /* a comma, semicolon or bracket precedes it */
};

/* Where a key occurs; sorted by key, so that a text is searched for many names without a scan. */
struct place {
    const char *key;
    size_t word;
};

struct ps_name_words {
    uint32_t first[SPELLINGS_MAX]; /* hashes of the first word's keys, the last one repeated */
    struct word *words;
    size_t len;
    char *keys;
    size_t keys_len;
    struct place *places; /* NULL before ps_name_words_index */
    size_t place_count;
    /* A bit for the hash of each key: 100,000 watched names are compared with each new paper, and
     * nearly all of them are ruled out here without a search. */
    uint64_t *filter;
};

static bool is_apostrophe(utf8proc_int32_t point)
{
    switch (point) {
    case '\'':
    case '`':
    case 0xb4:
    case 0x2b9:
    case 0x2bb:
    case 0x2bc:
    case 0x2bd:
    case 0x2be:
    case 0x2bf:
    case 0x55a:
    case 0x2018:
    case 0x2019:
    case 0x201b:
    case 0x2032:
    case 0xff07:
        return true;
    default:
        return false;
    }
}

char *ps_name_plain_apostrophes(const char *text, size_t len)
{
    char *clean = ps_utf8_clean(text, len);
    size_t from = 0, to = 0, end = strlen(clean);

    while (from < end) {
        utf8proc_int32_t point = REPLACEMENT;
        utf8proc_ssize_t size = utf8proc_iterate((const utf8proc_uint8_t *)clean + from,
                                                 (utf8proc_ssize_t)(end - from), &point);
        size_t used = size > 0 ? (size_t)size : 1;

        if (is_apostrophe(point)) {
            clean[to++] = '\'';
        } else {
            memmove(clean + to, clean + from, used);
            to += used;
        }
        from += used;
    }
    clean[to] = '\0';
    return clean;
}

/* Fast path: most names are ASCII and need no decomposition. Returns NULL for other text. */
static char *ascii_folded(const char *text, size_t len)
{
    char *out;

    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] >= 0x80)
            return NULL;
    out = ps_alloc(len + 1);
    for (size_t i = 0; i < len; i++) {
        char c = text[i];

        out[i] = c;
        if (c >= 'A' && c <= 'Z')
            out[i] = (char)(c - 'A' + 'a');
        else if (c == '`')
            out[i] = '\'';
        else if (c < ' ' || c == 127)
            out[i] = ' ';
    }
    out[len] = '\0';
    return out;
}

/* Gives text decomposed (also compatibility forms), case-folded, without invisible characters. */
static char *unicode_folded(const char *text, size_t len)
{
    char *plain = ps_name_plain_apostrophes(text, len);
    utf8proc_uint8_t *out = NULL;
    utf8proc_ssize_t size =
        utf8proc_map((const utf8proc_uint8_t *)plain, (utf8proc_ssize_t)strlen(plain), &out,
                     UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD |
                         UTF8PROC_IGNORE);

    free(plain);
    /* The input is valid UTF-8, so the only possible error is exhausted memory. */
    assert(size >= 0 && out != NULL);
    return (char *)out;
}

static bool is_mark(utf8proc_int32_t point)
{
    utf8proc_category_t category = point < 0x80 ? UTF8PROC_CATEGORY_CN : utf8proc_category(point);

    return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC ||
           category == UTF8PROC_CATEGORY_ME;
}

/* U+FFFD replaces a letter that an index lost ("J\uFFFDrvi") and must not split the word. */
static bool is_word_letter(utf8proc_int32_t point)
{
    utf8proc_category_t category = utf8proc_category(point);

    return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) ||
           (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO) ||
           point == REPLACEMENT;
}

/* Letters that do not decompose into a base letter and a mark. */
static const struct letter {
    utf8proc_int32_t point;
    const char *plain, *spelled;
} letters[] = {
    {0xe6,   "ae", "ae"},
    { 0xf8,  "o",  "oe"},
    { 0x153, "oe", "oe"},
    { 0x142, "l",  "l" },
    { 0x111, "d",  "d" },
    { 0xf0,  "d",  "d" },
    { 0xfe,  "th", "th"},
    { 0x127, "h",  "h" },
    { 0x131, "i",  "i" },
};

static const struct letter umlauts[] = {
    {'a',  "a", "ae"},
    { 'o', "o", "oe"},
    { 'u', "u", "ue"},
};

/* The word that is being read. The buffers have room for the whole text. */
struct reading {
    char *plain, *spelled;
    size_t plain_len, spelled_len;
    bool in_word;
    bool opens;
    size_t apostrophe; /* plain_len when the last apostrophe was seen; 0: none */
};

static void add_text(struct reading *reading, const char *plain, const char *spelled)
{
    memcpy(reading->plain + reading->plain_len, plain, strlen(plain));
    reading->plain_len += strlen(plain);
    memcpy(reading->spelled + reading->spelled_len, spelled, strlen(spelled));
    reading->spelled_len += strlen(spelled);
}

static void add_point(struct reading *reading, utf8proc_int32_t point)
{
    char text[5] = "";

    if (point < 0x80) {
        reading->plain[reading->plain_len++] = (char)point;
        reading->spelled[reading->spelled_len++] = (char)point;
        return;
    }
    for (size_t i = 0; i < PS_COUNT_OF(letters); i++) {
        if (letters[i].point == point) {
            add_text(reading, letters[i].plain, letters[i].spelled);
            return;
        }
    }
    (void)utf8proc_encode_char(point, (utf8proc_uint8_t *)text);
    add_text(reading, text, text);
}

/* Removes a mark after the last letter, or spells it as a second letter (ä as ae). */
static void add_mark(struct reading *reading, utf8proc_int32_t mark)
{
    char last = reading->plain_len > 0 ? reading->plain[reading->plain_len - 1] : '\0';

    if (mark == RING && last == 'a')
        reading->spelled[reading->spelled_len++] = 'a';
    for (size_t i = 0; mark == DIAERESIS && i < PS_COUNT_OF(umlauts); i++)
        if (umlauts[i].point == last)
            reading->spelled[reading->spelled_len++] = 'e';
}

static size_t contract(const char *plain, size_t len, char *out)
{
    size_t to = 0;

    for (size_t i = 0; i < len; i++) {
        out[to++] = plain[i];
        if (i + 2 < len && plain[i + 1] == 'e' && strchr("aou", plain[i]) != NULL &&
            plain[i + 2] >= 'a' && plain[i + 2] <= 'z' && /* a consonant */
            strchr("aeiouy", plain[i + 2]) == NULL && !(plain[i + 2] == 'l' && i + 3 == len))
            i++;
    }
    return to;
}

static void add_key(struct ps_name_words *words, struct word *word, const char *key, size_t len)
{
    for (size_t i = 0; i < word->key_count; i++) {
        const char *known = words->keys + word->keys[i];

        if (strlen(known) == len && memcmp(known, key, len) == 0)
            return;
    }
    word->keys[word->key_count++] = words->keys_len;
    memcpy(words->keys + words->keys_len, key, len);
    words->keys_len += len;
    words->keys[words->keys_len++] = '\0';
}

/* The contracted key is the first one, because ps_name_key uses it. */
static void end_word(struct ps_name_words *words, struct reading *reading, char *scratch)
{
    struct word *word = &words->words[words->len];

    if (reading->apostrophe > 0 && reading->plain_len == reading->apostrophe + 1 &&
        reading->plain[reading->apostrophe] == 's') {
        reading->plain_len--;
        reading->spelled_len--;
    }
    if (reading->plain_len > 0) {
        *word = (struct word){ .opens = reading->opens };
        add_key(words, word, scratch, contract(reading->plain, reading->plain_len, scratch));
        add_key(words, word, reading->plain, reading->plain_len);
        add_key(words, word, reading->spelled, reading->spelled_len);
        words->len++;
        reading->opens = false;
    }
    reading->plain_len = reading->spelled_len = reading->apostrophe = 0;
    reading->in_word = false;
}

static int by_key(const void *left, const void *right)
{
    const struct place *a = left, *b = right;
    int order = strcmp(a->key, b->key);

    return order != 0 ? order : (a->word > b->word) - (a->word < b->word);
}

static uint32_t hash_of(const char *key)
{
    uint32_t hash = 2166136261U; /* FNV-1a */

    for (; *key != '\0'; key++)
        hash = (hash ^ (unsigned char)*key) * 16777619U;
    return hash ^ (hash >> 16);
}

static bool filter_has(const uint64_t *filter, uint32_t hash)
{
    uint32_t bit = hash % FILTER_BITS;

    return (filter[bit / 64] >> (bit % 64) & 1) != 0;
}

void ps_name_words_index(struct ps_name_words *words)
{
    if (words->places != NULL)
        return;
    words->filter = ps_alloc_zero(FILTER_BITS / 64, sizeof(*words->filter));
    words->places = ps_alloc_array(NULL, words->len * SPELLINGS_MAX + 1, sizeof(*words->places));
    for (size_t i = 0; i < words->len; i++)
        for (size_t k = 0; k < words->words[i].key_count; k++)
            words->places[words->place_count++] =
                (struct place){ words->keys + words->words[i].keys[k], i };
    for (size_t i = 0; i < words->place_count; i++) {
        uint32_t bit = hash_of(words->places[i].key) % FILTER_BITS;

        words->filter[bit / 64] |= UINT64_C(1) << (bit % 64);
    }
    qsort(words->places, words->place_count, sizeof(*words->places), by_key);
}

static void read_words(struct ps_name_words *words, const char *text, size_t words_max)
{
    size_t len = strlen(text), at = 0;
    /* No spelling is longer than the decomposed text: ö is an o and a mark of two bytes there, and
     * oe has two bytes. */
    struct reading reading = { .plain = ps_alloc(len + 1), .spelled = ps_alloc(len + 1) };
    char *scratch = ps_alloc(len + 1);

    while (at < len && words->len < words_max) {
        utf8proc_int32_t point = REPLACEMENT;
        utf8proc_ssize_t size = utf8proc_iterate((const utf8proc_uint8_t *)text + at,
                                                 (utf8proc_ssize_t)(len - at), &point);

        at += size > 0 ? (size_t)size : 1;
        if (point < 0x80 ? (point >= 'a' && point <= 'z') || (point >= '0' && point <= '9')
                         : is_word_letter(point)) {
            reading.in_word = true;
            add_point(&reading, point);
        } else if (reading.in_word && is_mark(point)) {
            add_mark(&reading, point);
        } else if (reading.in_word && point == '\'') {
            reading.apostrophe = reading.plain_len;
        } else if (!is_mark(point) && point != '\'') {
            end_word(words, &reading, scratch);
            reading.opens = reading.opens || (point < 0x80 && point > 0 &&
                                              strchr(",;()[]<>{}|/", (char)point) != NULL);
        }
    }
    if (words->len < words_max)
        end_word(words, &reading, scratch);
    free(scratch);
    free(reading.plain);
    free(reading.spelled);
}

struct ps_name_words *ps_name_words_create(const char *text, size_t len, size_t words_max)
{
    struct ps_name_words *words = ps_alloc_zero(1, sizeof(*words));
    char *ascii = ascii_folded(text, len);
    char *folded = ascii != NULL ? ascii : unicode_folded(text, len);
    size_t bytes = strlen(folded), most = bytes / 2 + 1;

    if (most > words_max)
        most = words_max;
    words->words = ps_alloc_array(NULL, most + 1, sizeof(*words->words));
    words->keys = ps_alloc_array(NULL, bytes + most + 1, SPELLINGS_MAX);
    read_words(words, folded, most);
    free(folded);
    for (size_t i = 0; words->len > 0 && i < SPELLINGS_MAX; i++) {
        const struct word *first = words->words;
        size_t k = i < first->key_count ? i : first->key_count - 1;

        words->first[i] = hash_of(words->keys + first->keys[k]);
    }
    return words;
}

void ps_name_words_destroy(struct ps_name_words *words)
{
    if (words == NULL)
        return;
    free(words->words);
    free(words->keys);
    free(words->places);
    free(words->filter);
    free(words);
}

size_t ps_name_words_count(const struct ps_name_words *words)
{
    return words->len;
}

static bool same_word(const struct ps_name_words *a, size_t a_at, const struct ps_name_words *b,
                      size_t b_at)
{
    const struct word *left = &a->words[a_at], *right = &b->words[b_at];

    for (size_t i = 0; i < left->key_count; i++)
        for (size_t k = 0; k < right->key_count; k++)
            if (strcmp(a->keys + left->keys[i], b->keys + right->keys[k]) == 0)
                return true;
    return false;
}

static bool follows(const struct ps_name_words *text, size_t at, const struct ps_name_words *name)
{
    for (size_t i = 1; i < name->len; i++)
        if (at + i >= text->len || text->words[at + i].opens || !same_word(text, at + i, name, i))
            return false;
    return true;
}

/* Returns the index of the first place of key, or where it would be. */
static size_t first_place(const struct ps_name_words *text, const char *key)
{
    size_t low = 0, high = text->place_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(text->places[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool ps_name_words_contain(const struct ps_name_words *text, const struct ps_name_words *name)
{
    if (text->places == NULL) { /* there is no index */
        for (size_t at = 0; name->len > 0 && at < text->len; at++)
            if (same_word(text, at, name, 0) && follows(text, at, name))
                return true;
        return false;
    }
    if (!filter_has(text->filter, name->first[0]) && !filter_has(text->filter, name->first[1]) &&
        !filter_has(text->filter, name->first[2]))
        return false;
    for (size_t k = 0; name->len > 0 && k < name->words[0].key_count; k++) {
        const char *key = name->keys + name->words[0].keys[k];

        for (size_t at = first_place(text, key);
             at < text->place_count && strcmp(text->places[at].key, key) == 0; at++)
            if (follows(text, text->places[at].word, name))
                return true;
    }
    return false;
}

char *ps_name_key(const char *text, size_t len)
{
    struct ps_name_words *words = ps_name_words_create(text, len, SIZE_MAX);
    char *key = ps_alloc(words->keys_len + 1);
    size_t to = 0;

    for (size_t i = 0; i < words->len; i++) {
        const char *word = words->keys + words->words[i].keys[0];

        if (i > 0)
            key[to++] = ' ';
        memcpy(key + to, word, strlen(word));
        to += strlen(word);
    }
    key[to] = '\0';
    ps_name_words_destroy(words);
    return key;
}
