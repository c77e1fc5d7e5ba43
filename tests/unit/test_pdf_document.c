#include "tests/unit/document_text.h"
#include "worker/core/pdf_document.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { LAYOUT_MAX = 8 * 1024 * 1024, LINES_MAX = 32 };

/* A line of a page as poppler prints it: its position and the size of its letters. */
struct line {
    double left, top, size;
    const char *text; /* as in XML: "&lt;" for '<' */
};

struct row {
    const char *what;
    const char *info; /* NULL: no pdfinfo */
    struct line lines[LINES_MAX];
    const char *title, *authors;
};

static void start_page(struct ps_buf *out)
{
    ps_buf_text(out, "<page width=\"612.000000\" height=\"792.000000\">\n");
}

/* Makes each line a block of its own, as poppler does with a header in two columns. */
static void add_line(struct ps_buf *out, const struct line *line)
{
    double at = line->left;
    const char *text = line->text;

    ps_buf_format(out, "<flow><block xMin=\"%f\" yMin=\"%f\" xMax=\"%f\" yMax=\"%f\">\n", at,
                  line->top, 500.0, line->top + line->size);
    ps_buf_format(out, "<line xMin=\"%f\" yMin=\"%f\" xMax=\"%f\" yMax=\"%f\">\n", at, line->top,
                  at + 0.5 * line->size * (double)strlen(text), line->top + line->size);
    while (*text != '\0') {
        size_t len = strcspn(text, " ");
        double width = 0.5 * line->size * (double)len;

        ps_buf_format(out, "<word xMin=\"%f\" yMin=\"%f\" xMax=\"%f\" yMax=\"%f\">%.*s</word>\n",
                      at, line->top, at + width, line->top + line->size, (int)len, text);
        at += width + 0.3 * line->size;
        text += len;
        text += strspn(text, " ");
    }
    ps_buf_text(out, "</line>\n</block></flow>\n");
}

static void add_layout(struct ps_buf *out, const struct line *lines)
{
    ps_buf_text(out, "<!DOCTYPE html>\n<html><head><title>x</title></head>\n<body>\n<doc>\n");
    start_page(out);
    for (size_t i = 0; i < LINES_MAX && lines[i].text != NULL; i++)
        add_line(out, &lines[i]);
    ps_buf_text(out, "</page>\n</doc>\n</body>\n</html>\n");
}

static void check(const struct row *row)
{
    struct ps_document document;
    struct ps_buf layout;
    struct ps_pdf_texts texts = { .info = row->info,
                                  .info_len = row->info == NULL ? 0 : strlen(row->info) };
    char *authors;

    ps_buf_init(&layout, LAYOUT_MAX);
    add_layout(&layout, row->lines);
    texts.layout = layout.data;
    texts.layout_len = layout.len;
    ps_pdf_document_parse(&texts, &document);
    authors = joined_authors(&document);
    if (row->title == NULL ? document.title != NULL
                           : document.title == NULL || strcmp(document.title, row->title) != 0)
        fail_msg("%s: title \"%s\"", row->what, document.title == NULL ? "(none)" : document.title);
    if (strcmp(authors, row->authors) != 0)
        fail_msg("%s: authors \"%s\"", row->what, authors);
    free(authors);
    ps_buf_clear(&layout);
    ps_document_clear(&document);
}

static const struct row layouts[] = {
    {"pandoc wg21 through LaTeX: labels and values in two columns",
     "Title:           Queues that forget\nAuthor:          \nCreator:         mpark/wg21\n", { { 150, 80, 17, "Queues that forget" },
        { 320, 130, 10, "Document #:" },
        { 320, 145, 10, "Date:" },
        { 320, 160, 10, "Project:" },
        { 320, 175, 10, "Reply-to:" },
        { 400, 130, 10, "P9041R0" },
        { 400, 145, 10, "2026-11-20" },
        { 400, 160, 10, "Programming Language C++" },
        { 400, 175, 10, "Ada Birch" },
        { 400, 190, 10, "&lt;ada@example.org&gt;" },
        { 400, 205, 10, "Bo Cedar" },
        { 400, 220, 10, "&lt;bo@example.org&gt;" },
        { 72, 260, 14, "Contents" },
        { 72, 280, 10, "1 Introduction" },
        { 72, 295, 10, "Thanks to Cy Damson." } },
     "Queues that forget",                                                                                                                                                            "Ada Birch|Bo Cedar"},
    { "LaTeX article: a title of two lines, a by-line, no metadata",
     "Title:           \nAuthor:          \n",                                                { { 100, 120, 17, "P9041R0 - Queues that forget and the" },
        { 200, 141, 17, "tasks that wait" },
        { 230, 170, 12, "Ada Birch and Bo Cedar" },
        { 180, 186, 12, "with contributions by Cy Damson" },
        { 260, 202, 12, "2026-11-20" },
        { 72, 230, 10, "Document Number:" },
        { 170, 230, 10, "P9041R0" },
        { 72, 245, 10, "Date:" },
        { 170, 245, 10, "2026-11-20" },
        { 72, 270, 14, "1 History" },
        { 72, 290, 10, "Submitter: Di Elder Opened: 2011-01-01" } },
     "Queues that forget and the tasks that wait",                                                                                                                                    "Ada Birch|Bo Cedar"},
    { "Word: the file's name in the metadata",
     "Title: Microsoft Word - d9041r0.docx\nAuthor: Microsoft Office User\n",                 { { 72, 72, 11, "Document number: D9041R0" },
        { 72, 86, 11, "Date: 2026-11-20 Reply-to: Ada Birch, ada@example.org" },
        { 72, 100, 11, "Reply-to: Bo Cedar, bo.cedar@example.org" },
        { 72, 114, 11, "Audience: LEWG" },
        { 72, 140, 26, "Queues that" },
        { 72, 170, 26, "forget" },
        { 72, 210, 16, "Abstract" },
        { 72, 230, 11, "There has been talk." } },
     "Queues that forget",                                                                                                                                                            "Ada Birch|Bo Cedar"},
    { "metadata of another paper",
     "Title:           Stacks that remember\n",                                               { { 72, 72, 18, "Queues that forget" }, { 72, 100, 10, "Reply to: Ada Birch" } },
     "Queues that forget",                                                                                                                                                            "Ada Birch"         },
    { "metadata with the number, and an author with an address",
     "Title: Queues that forget [P9041R0]\nAuthor: \xC2\xA9 Ada Birch "
      "<ada@example.org>\n",                                                                  { { 72, 72, 18, "Queues that forget" },
        { 72, 100, 10, "Some text of the paper that says nothing else." } },
     "Queues that forget",                                                                                                                                                            "Ada Birch"         },
    { "a browser's print of Markdown",
     "Creator:         Chromium\n",                                                           { { 72, 20, 8, "queues.md" },
        { 500, 20, 8, "11/20/2026" },
        { 72, 60, 24, "P9041R0: Queues that forget" },
        { 72, 100, 18, "Authors" },
        { 72, 125, 10, "Ada Birch (ada@example.org) (Elm Widgets)" },
        { 72, 140, 10, "Bo Cedar (bo@example.org) (Oak National Laboratories)" },
        { 72, 170, 18, "Contributors" },
        { 72, 195, 10, "Cy Damson (cy@example.org) (Fir)" } },
     "Queues that forget",                                                                                                                                                            "Ada Birch|Bo Cedar"},
    { "slides",
     "Title:           PowerPoint Presentation\n",                                            { { 72, 100, 44, "Queues that" },
        { 72, 150, 44, "forget" },
        { 72, 220, 20, "P9041 \xE2\x80\x93 targeting C++29" },
        { 72, 250, 20, "Ada Birch | Elm | ada@example.org" } },
     "Queues that forget",                                                                                                                                                            "Ada Birch"         },
    { "a title with a colon is no field",
     NULL,                                                                                    { { 72, 72, 10, "Document number:" },
        { 180, 72, 10, "P9041R0" },
        { 72, 90, 10, "Reply-to:" },
        { 180, 90, 10, "Ada Birch &lt;ada@example.org&gt;" },
        { 72, 120, 22, "Queues: an alternative design for" },
        { 72, 150, 22, "those that forget" } },
     "Queues: an alternative design for those that forget",                                                                                                                           "Ada Birch"         },
    { "one size for everything: the line with the address is the author",
     NULL,                                                                                    { { 72, 72, 12, "Queues that forget" },
        { 72, 86, 12, "Ada Birch &lt;ada@example.org&gt;" },
        { 72, 100, 12, "Some text of the paper that says nothing else." } },
     "Queues that forget",                                                                                                                                                            "Ada Birch"         },
    { "nothing",                                                          "",                 { { 0, 0, 0, NULL } },                                                            NULL, ""                  },
};

static void every_layout_gives_title_and_authors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
        check(&layouts[i]);
}

static void the_first_thousand_words_are_kept(void **state)
{
    struct ps_pdf_texts texts = { 0 };
    struct ps_document document;
    struct ps_buf text;
    size_t spaces = 0;

    (void)state;
    ps_buf_init(&text, LAYOUT_MAX);
    for (int i = 0; i < 3000; i++)
        ps_buf_format(&text, "word%d\n", i);
    texts.text = text.data;
    texts.text_len = text.len;
    ps_pdf_document_parse(&texts, &document);
    assert_null(document.title);
    for (const char *at = document.words; *at != '\0'; at++)
        spaces += *at == ' ';
    assert_int_equal(spaces, PS_DOCUMENT_WORDS - 1);
    ps_document_clear(&document);
    ps_buf_clear(&text);
}

static void a_layout_that_is_cut_off_is_read_up_to_there(void **state)
{
    struct ps_buf layout;

    (void)state;
    ps_buf_init(&layout, LAYOUT_MAX);
    add_layout(&layout, layouts[0].lines);
    for (size_t len = 0; len <= layout.len; len++) {
        char *cut = malloc(len + 1); /* so that AddressSanitizer sees a read past the end */
        struct ps_pdf_texts texts = { .layout = cut, .layout_len = len };
        struct ps_document document;

        memcpy(cut, layout.data, len);
        ps_pdf_document_parse(&texts, &document);
        assert_true(document.author_count <= 2);
        ps_document_clear(&document);
        free(cut);
    }
    ps_buf_clear(&layout);
}

static double cpu_ms(void)
{
    return (double)clock() * 1000.0 / CLOCKS_PER_SEC;
}

static void hostile_layouts_take_bounded_time(void **state)
{
    static const char *const pieces[] = {
        "<word xMin=\"1\" yMin=\"1\" xMax=\"2\" yMax=\"2\">a</word>",
        ("<line xMin=\"1\" yMin=\"1\" xMax=\"2\" yMax=\"2\"><word xMin=\"1\" yMin=\"1\" xMax=\"2\" "
         "yMax=\"2\">A,</word></line>"),
        "<line>",
        "<page height=\"nan\">",
        "<page height=\"1e999\"></page>",
        "<<<<<<<<",
        "<word>",
        "&amp;&lt;&",
        "<line xMin=\"-1e308\" yMin=\"1e308\">x</line>",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        struct ps_pdf_texts texts = { 0 };
        struct ps_document document;
        struct ps_buf layout;
        double start;

        ps_buf_init(&layout, LAYOUT_MAX);
        start_page(&layout);
        if (i == 0)
            ps_buf_text(&layout, "<line>");
        while (layout.len < PS_PDF_LAYOUT_MAX)
            ps_buf_text(&layout, pieces[i]);
        texts.layout = texts.text = texts.info = layout.data;
        texts.layout_len = texts.text_len = texts.info_len = layout.len;
        start = cpu_ms();
        ps_pdf_document_parse(&texts, &document);
        print_message("%.40s: %.0f ms\n", pieces[i], cpu_ms() - start);
        assert_true(cpu_ms() - start < 2000);
        ps_document_clear(&document);
        ps_buf_clear(&layout);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_layout_gives_title_and_authors),
        cmocka_unit_test(the_first_thousand_words_are_kept),
        cmocka_unit_test(a_layout_that_is_cut_off_is_read_up_to_there),
        cmocka_unit_test(hostile_layouts_take_bounded_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
