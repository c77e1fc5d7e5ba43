#include "scheduler/core/reader_pages.h"

#include "scheduler/core/markup.h"
#include "shared/core/alloc.h"
#include "shared/core/str.h"
#include "shared/core/subgroup.h"
#include "shared/core/utc_time.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* HTML and Atom for readers, from the library alone. Every text that came from outside passes
 * through markup.h, which escapes it. A page takes its style and its script from the scheduler and
 * loads nothing from other hosts. The functions are in the order of the pages: finds, search, one
 * paper, the feed. */

enum {
    AUTHORS_SHOWN = 6,    /* of one document; the others are counted */
    DOCUMENTS_SHOWN = 200 /* rows of a table; no paper has as many */
};

static void text(struct ps_buf *out, const char *value)
{
    (void)ps_buf_text(out, value);
}

/* Text of strangers: isolated, so that its direction of writing ends with it. */
static void foreign(struct ps_buf *out, const char *value)
{
    text(out, "<bdi>");
    ps_markup_text(out, value);
    text(out, "</bdi>");
}

/* Adds a link to the page of a paper number. name is a class of the style sheet; "" for none. */
static void link_group(struct ps_buf *out, const struct ps_library_group *group, const char *name,
                       const char *label)
{
    ps_buf_format(out, "<a%s%s%s href=\"/papers/%s\">", name[0] == '\0' ? "" : " class=\"", name,
                  name[0] == '\0' ? "" : "\"", ps_group_key(group));
    foreign(out, label);
    text(out, "</a>");
}

/* Adds everything above a page's own content: the head, the navigation, the search field and the
 * place where the script shows results. here names the current page. */
static void open_page(const struct ps_reader_view *view, const char *title, const char *feed,
                      const char *query, const char *here, struct ps_buf *out)
{
    text(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
              "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
              "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    ps_markup_text(out, title);
    text(out, "</title>\n<link rel=\"icon\" href=\"/page/icon.svg\" type=\"image/svg+xml\">\n"
              "<link rel=\"stylesheet\" href=\"/page/style.css\">\n"
              "<link rel=\"alternate\" type=\"application/atom+xml\" title=\"Atom feed\" href=\"");
    ps_markup_text(out, feed);
    text(out, "\">\n<script src=\"/page/reader.js\" defer></script>\n</head>\n<body>\n"
              "<a class=\"skip\" href=\"#main\">Skip to the content</a>\n<header class=\"site\">\n"
              "<a class=\"home\" href=\"/\"><img src=\"/page/icon.svg\" alt=\"\" width=\"28\" "
              "height=\"28\"><span>Paperscout</span></a>\n<nav aria-label=\"Pages\"><a href=\"/\"");
    text(out, strcmp(here, "finds") == 0 ? " aria-current=\"page\">Finds</a>" : ">Finds</a>");
    if (!view->is_public)
        text(out, "<a href=\"/operations\">Operations</a>");
    text(out, "</nav>\n<form class=\"search\" action=\"/search\" role=\"search\">"
              "<input id=\"search\" type=\"search\" name=\"q\" maxlength=\"200\" "
              "autocomplete=\"off\" spellcheck=\"false\" aria-label=\"Search papers and drafts\" "
              "placeholder=\"Search papers and drafts: P2300, execution, a name\" value=\"");
    ps_markup_text(out, query);
    text(out, "\"><button type=\"submit\">Search</button></form>\n</header>\n"
              "<main id=\"main\" tabindex=\"-1\">\n"
              "<section id=\"results\" aria-live=\"polite\" aria-label=\"Search results\" hidden>"
              "</section>\n");
}

/* Adds everything below a page's own content. A public page has no link to the operators' data. */
static void close_page(const struct ps_reader_view *view, const char *feed, struct ps_buf *out)
{
    text(out, "</main>\n<footer class=\"muted\"><p><a href=\"");
    ps_markup_text(out, feed);
    text(out, "\">Atom feed</a>");
    if (!view->is_public)
        text(out, " · <a href=\"/operations\">Operations</a> · the same as data: "
                  "<a href=\"/api/fleet\">/api/fleet</a>, <a href=\"/health\">/health</a>, "
                  "<a href=\"/metrics\">/metrics</a>");
    text(out, ". Papers and drafts belong to their authors.</p></footer>\n</body>\n</html>\n");
}

/* The state of the fleet in words, for operators. */
static const char *verdict_words(const struct ps_reader_fleet *fleet)
{
    return fleet->verdict == NULL                ? "Starting"
           : strcmp(fleet->verdict, "ok") == 0   ? "Working"
           : strcmp(fleet->verdict, "warn") == 0 ? "Working, with a warning"
                                                 : "Not working";
}

/* Adds the line about the state of the fleet. A public page says only what matters to readers:
 * whether finds may be late, when the site was polled, and what was found. */
static void add_strip(const struct ps_reader_view *view, struct ps_buf *out)
{
    const struct ps_reader_fleet *fleet = view->fleet;
    const char *verdict = fleet->verdict == NULL ? "" : fleet->verdict;
    char span[PS_UTC_TIME_TEXT];

    text(out, "<section class=\"strip\" id=\"fleet\" aria-label=\"State of the fleet\">");
    if (view->is_public)
        ps_buf_format(out, "<b class=\"badge %s\">%s</b>", verdict,
                      strcmp(verdict, "bad") == 0 ? "Finds may be late" : "Working");
    else
        ps_buf_format(out, "<a class=\"badge %s\" href=\"/operations\">%s</a>", verdict,
                      verdict_words(fleet));
    if (!view->is_public && fleet->incidents > 0)
        ps_buf_format(out, "<span><a href=\"/operations\">%zu %s</a></span>", fleet->incidents,
                      fleet->incidents == 1 ? "notice" : "notices");
    if (fleet->paused)
        text(out, "<span><b class=\"warn\">Probing is paused</b></span>");
    text(out, "<span>Last poll <b>");
    ps_markup_time(out, fleet->last_poll_ms);
    text(out, "</b></span>");
    if (fleet->polling) {
        text(out, "<span>Next <b>running now</b></span>");
    } else if (fleet->next_poll_ms > 0) {
        text(out, "<span>Next <b>");
        ps_markup_due(out, fleet->next_poll_ms);
        text(out, "</b></span>");
    }
    ps_buf_format(out, "<span>Last 24 hours <b>%" PRId64 " %s, %" PRId64 " %s</b></span>",
                  fleet->drafts_day, fleet->drafts_day == 1 ? "draft" : "drafts", fleet->papers_day,
                  fleet->papers_day == 1 ? "paper" : "papers");
    if (fleet->upload_ms > 0) {
        text(out, "<span>Upload to message <b>");
        ps_utc_time_format_span(fleet->upload_ms / 1000, span);
        text(out, span);
        text(out, "</b></span>");
    }
    if (!view->is_public && fleet->probes_day >= 0) {
        ps_buf_format(out, "<span>Probes <b>%" PRId64, fleet->probes_day);
        if (fleet->budget > 0)
            ps_buf_format(out, " of %" PRId64, fleet->budget);
        text(out, "</b></span>");
    }
    text(out, "</section>\n");
}

/* Adds a link for each author, which filters the finds. A paper may have hundreds of authors;
 * the first AUTHORS_SHOWN are shown. */
static void add_authors(struct ps_buf *out, const char *authors)
{
    struct ps_str rest = ps_str_of(authors), part;
    int shown = 0, more = 0;

    while (ps_str_next(&rest, ',', &part)) {
        struct ps_str name = ps_str_trim(part);
        char *copy;

        if (name.len == 0)
            continue;
        if (shown == AUTHORS_SHOWN) {
            more++;
            continue;
        }
        copy = ps_alloc_copy(name.data, name.len);
        text(out, shown++ == 0 ? "<a href=\"/?author=" : ", <a href=\"/?author=");
        ps_markup_query(out, copy);
        text(out, "\">");
        foreign(out, copy);
        text(out, "</a>");
        free(copy);
    }
    if (more > 0)
        ps_buf_format(out, " and %d more", more);
}

/* A field such as "LEWG, LWG" is a link for each part that names a group. */
static void add_subgroup(struct ps_buf *out, const char *subgroup)
{
    struct ps_str rest = ps_str_of(subgroup), part;
    char name[PS_SUBGROUP_MAX + 1];
    bool first = true;

    while (ps_str_next(&rest, ',', &part)) {
        struct ps_str trimmed = ps_str_trim(part);
        char *copy;

        if (trimmed.len == 0)
            continue;
        copy = ps_alloc_copy(trimmed.data, trimmed.len);
        text(out, first ? "" : ", ");
        if (ps_subgroup_parse(trimmed, name)) {
            ps_buf_format(out, "<a href=\"/?subgroup=%s\">", name);
            foreign(out, copy);
            text(out, "</a>");
        } else {
            foreign(out, copy);
        }
        free(copy);
        first = false;
    }
}

/* Returns in words what has happened, and gives the class of its colour. */
static const char *find_words(const struct ps_find *find, const char **out_class)
{
    const struct ps_document *document = find->document;

    *out_class = "";
    if (document->kind == PS_DOCUMENT_PAPER) {
        *out_class = find->initial ? "" : "new";
        return find->kind == PS_FIND_CHANGED ? "paper changed"
               : find->initial               ? "paper"
                                             : "new paper";
    }
    if (document->gone_ms > 0) {
        *out_class = "bad";
        return "draft gone";
    }
    if (find->kind == PS_FIND_CHANGED) {
        *out_class = "warn";
        return "draft changed";
    }
    *out_class = strcmp(document->type, "hit_recent") == 0 ? "ok" : "";
    return strcmp(document->type, "hit_old") == 0 ? "older draft" : "new draft";
}

static void add_title(struct ps_buf *out, const struct ps_document *document)
{
    const char *title = ps_document_title(document);

    link_group(out, document->group, "", title[0] == '\0' ? "No title known yet" : title);
}

static void add_document_link(struct ps_buf *out, const struct ps_document *document)
{
    const char *end = ps_markup_link_open(out, document->url);

    foreign(out, document->name);
    text(out, end);
}

/* Adds one entry of the list of finds. */
static void add_find(struct ps_buf *out, const struct ps_find *find)
{
    const struct ps_document *document = find->document;
    const char *name, *words = find_words(find, &name);

    text(out, "<li><div class=\"find\"><p class=\"title\">");
    add_title(out, document);
    text(out, "</p><p class=\"meta\">");
    link_group(out, document->group, "id", ps_group_key(document->group));
    ps_buf_format(out, " <b class=\"chip %s\">%s</b> ", name, words);
    add_document_link(out, document);
    if (ps_document_authors(document)[0] != '\0') {
        text(out, " · ");
        add_authors(out, ps_document_authors(document));
    }
    if (ps_document_subgroup(document)[0] != '\0') {
        text(out, " · ");
        add_subgroup(out, ps_document_subgroup(document));
    }
    text(out, "</p></div><span class=\"age\">");
    if (find->initial) /* dates have no time of day */
        ps_markup_text(out, document->date);
    else
        ps_markup_time(out, find->at_ms);
    text(out, "</span></li>\n");
}

/* "?kind=drafts&author=…": what is kept of filter in a link; kind NULL: the filter's. */
static char *query_of(const struct ps_find_filter *filter, const char *kind)
{
    struct ps_buf out;
    const char *separator = "?";

    ps_buf_init(&out, PS_READER_PAGE_BYTES_MAX);
    if (kind == NULL)
        kind = filter->drafts_only ? "drafts" : filter->papers_only ? "papers" : "";
    if (kind[0] != '\0') {
        ps_buf_format(&out, "?kind=%s", kind);
        separator = "&";
    }
    if (filter->author != NULL) {
        ps_buf_format(&out, "%sauthor=", separator);
        ps_markup_query(&out, filter->author);
        separator = "&";
    }
    if (filter->subgroup != NULL) {
        ps_buf_format(&out, "%ssubgroup=", separator);
        ps_markup_query(&out, filter->subgroup);
        separator = "&";
    }
    if (filter->group != NULL)
        ps_buf_format(&out, "%spaper=%s", separator, ps_group_key(filter->group));
    return ps_buf_take(&out);
}

/* Adds the links that choose between all finds, drafts and papers; they keep the other filters. */
static void add_kinds(const struct ps_find_filter *filter, struct ps_buf *out)
{
    static const char *const kinds[][2] = {
        {"",        "All"   },
        { "drafts", "Drafts"},
        { "papers", "Papers"}
    };
    size_t current = filter->drafts_only ? 1 : filter->papers_only ? 2 : 0;

    text(out, "<nav class=\"kinds\" aria-label=\"Kind of find\">");
    for (size_t i = 0; i < PS_COUNT_OF(kinds); i++) {
        char *query = query_of(filter, kinds[i][0]);

        ps_buf_format(out, "<a href=\"/");
        ps_markup_text(out, query);
        ps_buf_format(out, "\"%s>%s</a>", i == current ? " aria-current=\"true\"" : "",
                      kinds[i][1]);
        free(query);
    }
    text(out, "</nav>");
}

static void add_finds_title(const struct ps_find_filter *filter, struct ps_buf *out)
{
    text(out, "<h1>Latest finds");
    if (filter->author != NULL) {
        text(out, " by ");
        foreign(out, filter->author);
    }
    if (filter->subgroup != NULL) {
        text(out, " for ");
        foreign(out, filter->subgroup);
    }
    text(out, "</h1>");
}

/* Adds the link that shows as many finds as a page may have. */
static void add_more(const struct ps_find_filter *filter, struct ps_buf *out)
{
    char *query = query_of(filter, NULL);

    text(out, "<p class=\"more\"><a href=\"/");
    ps_markup_text(out, query);
    ps_buf_format(out, "%scount=%d\">Show more</a></p>\n", query[0] == '\0' ? "?" : "&amp;",
                  PS_READER_FINDS_MAX);
    free(query);
}

void ps_reader_finds(const struct ps_reader_view *view, const struct ps_find_filter *filter,
                     size_t count, struct ps_buf *out_html)
{
    struct ps_find *finds = ps_alloc_zero(PS_READER_FINDS_MAX + 1, sizeof(*finds));
    char *query = query_of(filter, NULL), *feed = ps_alloc_format("/feed.atom%s", query);
    size_t len;

    count = count < PS_READER_FINDS_MAX ? count : PS_READER_FINDS_MAX;
    len = ps_library_finds(view->library, filter, finds, count + 1);
    open_page(view, "Paperscout: new C++ papers and drafts", feed, "", "finds", out_html);
    add_strip(view, out_html);
    text(out_html, "<div class=\"row\">");
    add_finds_title(filter, out_html);
    add_kinds(filter, out_html);
    text(out_html, "<a class=\"feed\" href=\"");
    ps_markup_text(out_html, feed);
    text(out_html, "\">Atom feed</a></div>\n<div id=\"news\" role=\"status\"></div>\n");
    if (len == 0)
        ps_buf_format(out_html, "<p class=\"card empty\">%s</p>\n",
                      !view->loaded ? "The papers are being read. Reload in a moment."
                      : filter->author != NULL || filter->subgroup != NULL
                          ? "Nothing was found that matches."
                          : "Nothing was found yet.");
    else
        text(out_html, "<ul class=\"finds\">\n");
    for (size_t i = 0; i < len && i < count; i++)
        add_find(out_html, &finds[i]);
    if (len > 0)
        text(out_html, "</ul>\n");
    if (len > count && count < PS_READER_FINDS_MAX)
        add_more(filter, out_html);
    close_page(view, feed, out_html);
    free(feed);
    free(query);
    free(finds);
}

void ps_reader_search(const struct ps_reader_view *view, const char *query, struct ps_buf *out_html)
{
    struct ps_library_group *groups[PS_SEARCH_RESULTS];
    const char *asked = query == NULL ? "" : query;
    size_t count = ps_library_search(view->library, asked, groups, PS_SEARCH_RESULTS);

    open_page(view, "Search: Paperscout", "/feed.atom", asked, "search", out_html);
    if (count > PS_SEARCH_RESULTS)
        ps_buf_format(out_html, "<h1>The first %d of %zu papers</h1>\n", PS_SEARCH_RESULTS, count);
    else
        ps_buf_format(out_html, "<h1>%zu %s</h1>\n", count, count == 1 ? "paper" : "papers");
    if (count == 0)
        text(out_html, "<p class=\"card empty\">No paper and no draft has all of these words. A "
                       "word may be the beginning of one: a number, a part of a title, a name, a "
                       "subgroup.</p>\n");
    else
        text(out_html, "<ul class=\"finds\">\n");
    for (size_t i = 0; i < count && i < PS_SEARCH_RESULTS; i++) {
        const struct ps_document *newest = ps_group_latest(groups[i]);

        text(out_html, "<li><div class=\"find\"><p class=\"title\">");
        add_title(out_html, newest);
        text(out_html, "</p><p class=\"meta\">");
        link_group(out_html, groups[i], "id", ps_group_key(groups[i]));
        text(out_html, " ");
        add_document_link(out_html, newest);
        if (ps_document_authors(newest)[0] != '\0')
            text(out_html, " · ");
        add_authors(out_html, ps_document_authors(newest));
        text(out_html, "</p></div><span class=\"age\">");
        if (newest->date[0] == '\0') /* a draft */
            ps_markup_time(out_html, newest->found_ms);
        else
            ps_markup_text(out_html, newest->date);
        text(out_html, "</span></li>\n");
    }
    if (count > 0)
        text(out_html, "</ul>\n");
    close_page(view, "/feed.atom", out_html);
}

cJSON *ps_reader_search_json(struct ps_library *library, const char *query, size_t max)
{
    struct ps_library_group **groups = ps_alloc_zero(max, sizeof(struct ps_library_group *));
    size_t count = ps_library_search(library, query == NULL ? "" : query, groups, max);
    cJSON *answer = cJSON_CreateObject(), *results;

    ps_json_add_cut(answer, "query", query == NULL ? "" : query, PS_LIBRARY_QUERY_BYTES);
    ps_json_add_int(answer, "total", (int64_t)count);
    results = cJSON_AddArrayToObject(answer, "results");
    for (size_t i = 0; i < count && i < max; i++) {
        const struct ps_document *newest = ps_group_latest(groups[i]);
        cJSON *result = cJSON_CreateObject();

        ps_json_add_text(result, "key", ps_group_key(groups[i]));
        ps_json_add_cut(result, "title", ps_document_title(newest), 400);
        ps_json_add_cut(result, "authors", ps_document_authors(newest), 400);
        ps_json_add_cut(result, "subgroup", ps_document_subgroup(newest), 100);
        ps_json_add_text(result, "name", newest->name);
        ps_json_add_text(result, "url", newest->url);
        ps_json_add_text(result, "date", newest->date);
        ps_json_add_time(result, "found_at", newest->found_ms);
        cJSON_AddItemToArray(results, result);
    }
    free(groups);
    return answer;
}

/* The page of one paper: the table of its drafts, as the site served them. */
static void add_drafts(const struct ps_library_group *group, struct ps_buf *out)
{
    const struct ps_document *documents[DOCUMENTS_SHOWN];
    size_t count = ps_group_documents(group, PS_DOCUMENT_DRAFT, documents, DOCUMENTS_SHOWN);

    text(out, "<section class=\"card list\" aria-labelledby=\"drafts-title\">"
              "<h2 id=\"drafts-title\">Drafts</h2>");
    if (count == 0) {
        text(out, "<p class=\"muted\">No draft of it was found on isocpp.org.</p></section>\n");
        return;
    }
    text(out, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Table of drafts\">"
              "<table><thead><tr><th scope=\"col\">Draft</th><th scope=\"col\">State</th>"
              "<th scope=\"col\">Found</th><th scope=\"col\">Changed</th>"
              "<th scope=\"col\">Last-Modified of the site</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < count; i++) {
        const struct ps_document *draft = documents[i];

        text(out, "<tr><td class=\"tight\">");
        add_document_link(out, draft);
        ps_buf_format(out, "</td><td>%s",
                      draft->gone_ms > 0                       ? "gone since "
                      : strcmp(draft->type, "hit_recent") == 0 ? "new when found"
                      : strcmp(draft->type, "hit_old") == 0    ? "old when found"
                                                               : "undated when found");
        if (draft->gone_ms > 0)
            ps_markup_time(out, draft->gone_ms);
        text(out, "</td><td class=\"tight\">");
        ps_markup_time(out, draft->found_ms);
        text(out, "</td><td class=\"tight\">");
        ps_markup_time(out, draft->changed_ms);
        text(out, "</td><td class=\"tight\">");
        ps_markup_text(out, draft->last_modified[0] == '\0' ? "–" : draft->last_modified);
        text(out, "</td></tr>\n");
    }
    text(out, "</tbody></table></div></section>\n");
}

/* The page of one paper: the table of its revisions in the index. */
static void add_revisions(const struct ps_library_group *group, struct ps_buf *out)
{
    const struct ps_document *documents[DOCUMENTS_SHOWN];
    size_t count = ps_group_documents(group, PS_DOCUMENT_PAPER, documents, DOCUMENTS_SHOWN);

    text(out, "<section class=\"card list\" aria-labelledby=\"revisions-title\">"
              "<h2 id=\"revisions-title\">Revisions in the index</h2>");
    if (count == 0) {
        text(out, "<p class=\"muted\">The index does not have it yet.</p></section>\n");
        return;
    }
    text(out, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Table of "
              "revisions\"><table><thead><tr><th scope=\"col\">Paper</th><th scope=\"col\">Title"
              "</th><th scope=\"col\">Date</th><th scope=\"col\">First seen</th></tr></thead>"
              "<tbody>\n");
    for (size_t i = 0; i < count; i++) {
        text(out, "<tr><td class=\"tight\">");
        add_document_link(out, documents[i]);
        text(out, "</td><td>");
        foreign(out, documents[i]->title);
        if (documents[i]->authors[0] != '\0') {
            text(out, "<span class=\"sub\">");
            foreign(out, documents[i]->authors);
            text(out, "</span>");
        }
        text(out, "</td><td class=\"tight\">");
        ps_markup_text(out, documents[i]->date);
        text(out, "</td><td class=\"tight\">");
        ps_markup_time(out, documents[i]->found_ms);
        text(out, "</td></tr>\n");
    }
    text(out, "</tbody></table></div></section>\n");
}

/* The page of one paper: how many people and channels were notified. It names nobody. */
static void add_notified(const struct ps_reader_facts *facts, struct ps_buf *out)
{
    text(out, "<section class=\"card list\" aria-labelledby=\"notified-title\">"
              "<h2 id=\"notified-title\">Notified</h2>");
    if (facts->notified_len == 0)
        text(out, "<p class=\"muted\">No message about it was sent.</p>");
    else
        text(out, "<ul class=\"plain\">");
    for (size_t i = 0; i < facts->notified_len; i++) {
        const struct ps_reader_notified *one = &facts->notified[i];

        text(out, "<li>");
        foreign(out, one->name);
        ps_buf_format(out, ": %" PRId64 " %s and %" PRId64 " %s", one->people,
                      one->people == 1 ? "person" : "people", one->channels,
                      one->channels == 1 ? "channel" : "channels");
        if (one->first_ms > 0) {
            text(out, ", first ");
            ps_markup_time(out, one->first_ms);
        }
        if (one->last_ms > one->first_ms) {
            text(out, ", last ");
            ps_markup_time(out, one->last_ms);
        }
        if (one->waiting > 0)
            ps_buf_format(out, "; %" PRId64 " wait", one->waiting);
        text(out, "</li>\n");
    }
    if (facts->notified_len > 0)
        text(out, "</ul>");
    text(out, "</section>\n");
}

/* The page of one paper: which names are probed next, and why as often as they are. */
static void add_asks(const struct ps_reader_facts *facts, struct ps_buf *out)
{
    text(out, "<section class=\"card list\" aria-labelledby=\"asks-title\">"
              "<h2 id=\"asks-title\">Asked for next</h2>");
    if (facts->why != NULL) {
        text(out, "<p>");
        ps_markup_text(out, facts->why);
        text(out, "</p>");
    }
    if (facts->asks_len > 0)
        text(out, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Names asked "
                  "for\"><table><thead><tr><th scope=\"col\">Name</th><th scope=\"col\">Next, about"
                  "</th><th scope=\"col\">Last</th><th scope=\"col\">Expected a day</th></tr>"
                  "</thead><tbody>\n");
    for (size_t i = 0; i < facts->asks_len; i++) {
        text(out, "<tr><td class=\"tight\">");
        ps_markup_text(out, facts->asks[i].file);
        text(out, "</td><td class=\"tight\">");
        ps_markup_due(out, facts->asks[i].next_ms);
        text(out, "</td><td class=\"tight\">");
        ps_markup_time(out, facts->asks[i].last_ms);
        text(out, "</td><td class=\"tight\">");
        if (facts->asks[i].rate > 0)
            ps_buf_format(out, "%.2g", facts->asks[i].rate);
        else
            text(out, "–"); /* the classic planner expects nothing in numbers */
        text(out, "</td></tr>\n");
    }
    if (facts->asks_len > 0)
        text(out, "</tbody></table></div>");
    text(out, "</section>\n");
}

/* The page of one paper: the last answers of the site. */
static void add_probes(const struct ps_reader_facts *facts, struct ps_buf *out)
{
    text(out, "<section class=\"card list\" aria-labelledby=\"probes-title\">"
              "<h2 id=\"probes-title\">Last answers of the site</h2>");
    if (facts->probes_len == 0)
        text(out, "<p class=\"muted\">None is kept.</p>");
    else
        text(out, "<ul class=\"plain\">");
    for (size_t i = 0; i < facts->probes_len; i++) {
        const struct ps_reader_probe *probe = &facts->probes[i];

        text(out, "<li>");
        ps_markup_time(out, probe->at_ms);
        text(out, ": ");
        ps_markup_text(out, probe->file);
        text(out, " ");
        ps_markup_text(out, probe->outcome);
        if (probe->status > 0)
            ps_buf_format(out, ", HTTP %" PRId64, probe->status);
        if (probe->category != NULL) {
            text(out, ", ");
            ps_markup_text(out, probe->category);
        }
        text(out, "</li>\n");
    }
    if (facts->probes_len > 0)
        text(out, "</ul>");
    text(out, "</section>\n");
}

static void add_paper_head(const struct ps_library_group *group, const char *feed,
                           struct ps_buf *out)
{
    const struct ps_document *newest = ps_group_latest(group);
    const char *title = ps_document_title(newest);

    text(out, "<div class=\"paper\"><p class=\"id\">");
    ps_markup_text(out, ps_group_key(group));
    text(out, "</p><h1>");
    foreign(out, title[0] == '\0' ? "No title known yet" : title);
    text(out, "</h1><p class=\"meta\">");
    if (ps_document_authors(newest)[0] != '\0') {
        add_authors(out, ps_document_authors(newest));
        text(out, " · ");
    }
    if (ps_document_subgroup(newest)[0] != '\0') {
        add_subgroup(out, ps_document_subgroup(newest));
        text(out, " · ");
    }
    text(out, "newest: ");
    add_document_link(out, newest);
    ps_buf_format(out,
                  " · <a rel=\"noreferrer noopener\" href=\"https://wg21.link/%s\">wg21.link"
                  "/%s</a> · <a href=\"",
                  ps_group_key(group), ps_group_key(group));
    ps_markup_text(out, feed);
    text(out, "\">feed of this paper</a></p></div>\n");
}

void ps_reader_paper(const struct ps_reader_view *view, const struct ps_library_group *group,
                     const struct ps_reader_facts *facts, struct ps_buf *out_html)
{
    char *feed = ps_alloc_format("/feed.atom?paper=%s", ps_group_key(group));
    char *title =
        ps_alloc_format("%s: %s", ps_group_key(group), ps_document_title(ps_group_latest(group)));

    open_page(view, title, feed, "", "paper", out_html);
    add_paper_head(group, feed, out_html);
    add_drafts(group, out_html);
    add_revisions(group, out_html);
    if (facts->trouble != NULL) {
        text(out_html, "<p class=\"trouble warn\">Messages and probes cannot be shown: ");
        ps_markup_text(out_html, view->is_public ? "try again later" : facts->trouble);
        text(out_html, "</p>\n");
    } else {
        text(out_html, "<div class=\"pair\">");
        add_notified(facts, out_html);
        add_probes(facts, out_html);
        text(out_html, "</div>\n");
    }
    if (facts->why != NULL || facts->asks_len > 0)
        add_asks(facts, out_html);
    close_page(view, feed, out_html);
    free(title);
    free(feed);
}

void ps_reader_missing(const struct ps_reader_view *view, const char *what, struct ps_buf *out_html)
{
    open_page(view, "Not found: Paperscout", "/feed.atom", "", "missing", out_html);
    text(out_html,
         "<h1>Not found</h1>\n<p class=\"card empty\">No paper and no draft is known as ");
    foreign(out_html, what);
    text(out_html, ". A page has the number of a paper in its address: /papers/P2300, "
                   "/papers/N5007, /papers/LWG4000.</p>\n");
    close_page(view, "/feed.atom", out_html);
}

/* The id of the subject of a feed's entry; it never changes: RFC 4151, with a date on which the
 * project began.
 */
static void add_tag(struct ps_buf *out, const char *kind, const char *name)
{
    ps_buf_format(out, "tag:paperscout.example,2026:%s", kind);
    if (name != NULL) {
        text(out, "/");
        ps_markup_query(out, name);
    }
}

static void add_rfc3339(struct ps_buf *out, const char *element, int64_t wall_ms)
{
    char time[PS_UTC_TIME_TEXT];

    ps_utc_time_format_time(wall_ms, time);
    ps_buf_format(out, "<%s>%s</%s>\n", element, time, element);
}

/* Adds one author element for each name. */
static void add_entry_authors(struct ps_buf *out, const char *authors)
{
    struct ps_str rest = ps_str_of(authors), part;
    bool any = false;

    while (ps_str_next(&rest, ',', &part)) {
        struct ps_str name = ps_str_trim(part);
        char *copy;

        if (name.len == 0)
            continue;
        copy = ps_alloc_copy(name.data, name.len);
        text(out, "<author><name>");
        ps_markup_text(out, copy);
        text(out, "</name></author>\n");
        free(copy);
        any = true;
    }
    if (!any) /* RFC 4287, 4.1.2: an entry has an author */
        text(out, "<author><name>WG21</name></author>\n");
}

/* An entry is a document in one state: a change of a draft is an entry of its own, which readers
 * show as new. */
static void add_entry(struct ps_buf *out, const struct ps_find *find)
{
    const struct ps_document *document = find->document;
    const char *title = ps_document_title(document), *name, *words = find_words(find, &name);
    char *state = NULL;

    if (find->kind == PS_FIND_CHANGED)
        state = ps_alloc_format("%s@%" PRId64, document->name, find->at_ms / 1000);
    text(out, "<entry>\n<id>");
    add_tag(out, document->kind == PS_DOCUMENT_PAPER ? "paper" : "draft",
            state == NULL ? document->name : state);
    text(out, "</id>\n<title>");
    ps_markup_text(out, document->name);
    text(out, ": ");
    ps_markup_text(out, title[0] == '\0' ? "no title known yet" : title);
    ps_buf_format(out, " (%s)</title>\n", words);
    add_rfc3339(out, "updated", find->at_ms);
    add_rfc3339(out, "published", find->kind == PS_FIND_NEW ? find->at_ms : document->found_ms);
    add_entry_authors(out, ps_document_authors(document));
    text(out, "<link rel=\"alternate\" href=\"");
    if (ps_markup_is_link(document->url))
        ps_markup_text(out, document->url);
    else
        ps_buf_format(out, "/papers/%s", ps_group_key(document->group));
    text(out, "\"/>\n");
    ps_buf_format(out, "<link rel=\"related\" type=\"text/html\" href=\"/papers/%s\"/>\n",
                  ps_group_key(document->group));
    if (ps_document_subgroup(document)[0] != '\0') {
        text(out, "<category term=\"");
        ps_markup_text(out, ps_document_subgroup(document));
        text(out, "\"/>\n");
    }
    text(out, "<summary>");
    ps_markup_text(out, words);
    if (ps_document_authors(document)[0] != '\0') {
        text(out, " by ");
        ps_markup_text(out, ps_document_authors(document));
    }
    text(out, "</summary>\n</entry>\n");
    free(state);
}

int64_t ps_reader_feed(struct ps_library *library, const struct ps_find_filter *filter,
                       const char *self, struct ps_buf *out_xml)
{
    struct ps_find *finds = ps_alloc_zero(PS_FEED_ENTRIES, sizeof(*finds));
    size_t len = ps_library_finds(library, filter, finds, PS_FEED_ENTRIES);
    int64_t updated_ms = len == 0 ? 0 : finds[0].at_ms;
    char *query = query_of(filter, NULL);

    text(out_xml, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                  "<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"en\">\n<id>");
    add_tag(out_xml, "feed", query[0] == '\0' ? NULL : query + 1);
    text(out_xml, "</id>\n<title>Paperscout: C++ papers and drafts");
    if (filter->group != NULL)
        ps_buf_format(out_xml, ", %s", ps_group_key(filter->group));
    if (filter->author != NULL) {
        text(out_xml, " by ");
        ps_markup_text(out_xml, filter->author);
    }
    if (filter->subgroup != NULL) {
        text(out_xml, " for ");
        ps_markup_text(out_xml, filter->subgroup);
    }
    text(out_xml, "</title>\n");
    add_rfc3339(out_xml, "updated", updated_ms);
    text(out_xml, "<link rel=\"self\" type=\"application/atom+xml\" href=\"");
    ps_markup_text(out_xml, self);
    text(out_xml, "\"/>\n<link rel=\"alternate\" type=\"text/html\" href=\"");
    if (filter->group != NULL)
        ps_buf_format(out_xml, "/papers/%s", ps_group_key(filter->group));
    else {
        text(out_xml, "/");
        ps_markup_text(out_xml, query);
    }
    text(out_xml, "\"/>\n<generator>Paperscout</generator>\n");
    for (size_t i = 0; i < len; i++)
        add_entry(out_xml, &finds[i]);
    text(out_xml, "</feed>\n");
    free(query);
    free(finds);
    return updated_ms;
}
