#include "tests/unit/document_text.h"
#include "worker/core/html_document.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

struct row {
    const char *what, *html, *title, *authors; /* authors joined by '|' */
};

static void check(const struct row *row)
{
    struct ps_document document;
    char *authors;

    ps_html_document_parse(row->html, strlen(row->html), NULL, &document);
    authors = joined_authors(&document);
    if (row->title == NULL ? document.title != NULL
                           : document.title == NULL || strcmp(document.title, row->title) != 0)
        fail_msg("%s: title \"%s\"", row->what, document.title == NULL ? "(none)" : document.title);
    if (strcmp(authors, row->authors) != 0)
        fail_msg("%s: authors \"%s\"", row->what, authors);
    free(authors);
    ps_document_clear(&document);
}

static const struct row layouts[] = {
    {"pandoc wg21",
     "<!DOCTYPE html><html><head><meta charset=utf-8><title>Queues that "
      "forget</title></head><body>"
      "<div class='wrapper'><header id='title-block-header'><h1 class='title'><code>Queues</code> "
      "that\n"
      "forget</h1><table style='border:none;float:right'><tr><td>Document #:</td><td>P9041R1 [<a "
      "href='x'>"
      "Latest</a>] [<a "
      "href='y'>Status</a>]</td></tr><tr><td>Date:</td><td>2026-11-20</td></tr><tr><td>Project:"
      "</td><td>Programming Language "
      "C++</td></tr><tr><td>Audience:</td><td>LEWG<br>SG1<br></td></tr><tr><td>"
      "Reply-to:</td><td>\nWren Quillfeather<br>&lt;<a href='mailto:w@example.org' "
      "class='email'>w@example.org</a>"
      "&gt;<br>Bo Cedar (Elm)<br>&lt;<a "
      "href='mailto:bo@example.org'>bo@example.org</a>&gt;<br></td></tr></table>"
      "</header><div><h1 id='toctitle'>Contents</h1><ul><li>Abstract</li></ul></div><p>Text of Cy "
      "Damson.</p>",                                                                            "Queues that forget",            "Wren Quillfeather|Bo Cedar"  },
    { "Bikeshed",
     "<html><head><title>P9041R0: Queues that forget</title></head><body class='h-entry'><div "
      "class='head'><p "
      "data-fill-with='logo'></p><h1 class='p-name no-ref' id='title'>P9041R0<br>Queues that "
      "forget</h1><h2 "
      "class='no-num no-toc' id='subtitle'><span class='content'>Published Proposal, "
      "<time>2026-11-20</time></span>"
      "</h2><div data-fill-with='spec-metadata'><dl><dt>This version:<dd><a "
      "href='x'>https://wg21.link/P9041</a>"
      "<dt class='editor'>Authors:<dd class='editor p-author h-card vcard'><a class='p-name fn "
      "u-email email' "
      "href='mailto:w@example.org'>Wren Quillfeather</a> (<span class='p-org org'>Elm "
      "Widgets</span>)<dd "
      "class='editor p-author h-card vcard'><a class='p-name fn' href='x'>Bo "
      "Cedar</a><dt>Audience:<dd>LEWG<dt>"
      "Project:<dd>ISO/IEC 14882 Programming "
      "Languages</dl></div><hr></div><h2>Abstract</h2><p>Text.",                                "Queues that forget",            "Wren Quillfeather|Bo Cedar"  },
    { "table with open rows",
     "<html><head><title>Queues that forget</title></head><body><table><tr><td>Document "
      "number:<td>D9041R0<tr>"
      "<td>Date:<td>2026-11-20<tr><td>Audience:<td>Library Evolution Working "
      "Group<tr><td>Reply-To:<td>Wren "
      "Quillfeather &lt;wren@example.org&gt;</table><h1>Queues that forget</h1></body></html>", "Queues that forget",            "Wren Quillfeather"           },
    { "several rows of one field",
     "<title>Queues that forget</title><table><tr><th>Reply-to:</th><td>Ada "
      "Birch</td><td>ada@example.org</td></tr>"
      "<tr><td></td><td>Bo Cedar</td><td>bo@example.org</td></tr><tr><th>Audience</th><td>Cy "
      "Damson</td></tr></table>",                                                               "Queues that forget",            "Ada Birch|Bo Cedar"          },
    { "preformatted header",
     "<html><body><pre>\nDocument number  N9041=26-0067\nDate             2026-02-24\nProject     "
      "     Programming "
      "Language C++\nReply to         Ada Birch\n                 Bo Cedar\n                 "
      "bo@example.org\n</pre>\n"
      "<h1>Queues that forget</h1><p>Di Elder thinks so.",                                      "Queues that forget",            "Ada Birch|Bo Cedar"          },
    { "docutils field list",
     "<html><head><title>Queues that forget</title></head><body><div class='document' "
      "id='queues'><h1 class='title'>"
      "Queues that forget</h1><table class='docinfo' frame='void'><tbody valign='top'><tr "
      "class='field'><th "
      "class='docinfo-name'>Document number:</th><td class='field-body'>P9041R0</td></tr><tr><th "
      "class='docinfo-name'>Author:</th><td>Ada Birch</td></tr><tr><th "
      "class='docinfo-name'>Contact:</th><td><a "
      "href='mailto:ada@example.org'>ada@example.org</a></td></tr><tr><th>Author:</th><td>Bo "
      "Cedar</td></tr></tbody>"
      "</table><p>Text.</p></div>",                                                             "Queues that forget",            "Ada Birch|Bo Cedar"          },
    { "paragraph with breaks",
     "<h1>Queues that forget</h1><p>Document number: P9041R0<br>Date: 2026-11-20<br>Authors: Ada "
      "Birch, Bo Cedar "
      "and Cy Damson &lt;cy@example.org&gt;<br>Audience: LEWG</p><p>Text.</p>",                 "Queues that forget",            "Ada Birch|Bo Cedar|Cy Damson"},
    { "heading and list",
     "<title>P9041R2&colon; Queues</title><h1>P9041R2: Queues that "
      "forget</h1><h2>Authors</h2><ul><li>Ada Birch (<a "
      "href='mailto:a@example.org'>a@example.org</a>) (Elm)</li><li>D. S. Cedar (me@cedar.example) "
      "(Oak Inc)</li></ul>"
      "<h2>Contributors</h2><ul><li>Cy Damson</li></ul>",                                       "Queues that forget",            "Ada Birch|D. S. Cedar"       },
    { "by-line with addresses",
     "<title>Queues that forget</title><h1>Queues that forget</h1><p>ISO/IEC JTC1 SC22 WG21 N9041 "
      "- 2026-06-18</p><p>"
      "Ada Birch, ada@example.org<br>\nBo Cedar, bo.cedar@elm.example</p><p><a "
      "href='#i'>Introduction</a></p>",                                                         "Queues that forget",            "Ada Birch|Bo Cedar"          },
    { "the number alone is the title element",
     "<title>N9041</title><body><h1>N9041 Queues that forget</h1><p>2026-03-20<br>Ada "
      "Birch<br>Elm Labs<br><code>"
      "&lt;queues@example.org&gt;</code></p><h2>Acknowledgements</h2><p>Thanks to Bo Cedar.",   "Queues that forget",            "Ada Birch"                   },
    { "Word: paragraphs in cells",
     "<title>Queues</title><table><tr><td><p class=MsoNormal>Document"
      " number:</p></td><td><p>P9041R0</p></td></tr><tr><td><p"
      " class=MsoNormal>Reply-to:</p></td><td><p>Ada Birch</p><p>Bo Cedar"
      " &lt;bo@example.org&gt;</p></td></tr><tr><td><p>Audience:</p></td><td><p>LEW"
      "G</p></td></tr></table><p>Some Text of Mine</p>",                                        "Queues",                        "Ada Birch|Bo Cedar"          },
    { "definition list",
     "<title>Queues</title><dl><dt>Authors</dt><dd>Ada Birch, <a"
      " href=x>ada@example.org</a></dd><dd>Bo Cedar</dd><dt>Audience</dt><dd>Core"
      " Evolution</dd></dl>",                                                                   "Queues",                        "Ada Birch|Bo Cedar"          },
    { "bold label in prose",
     "<h1>Queues</h1><p><b>Author(s)</b>: Ada Birch (ada@example.org), Bo"
      " Cedar</p><p>Cy Damson is not one.</p>",                                                 "Queues",                        "Ada Birch|Bo Cedar"          },
    { "the number is the first heading",
     "<h1>P9041R0</h1><h2>Queues that forget</h2><p>Reply to: Ada Birch"
      " &lt;ada@example.org&gt;, Bo Cedar &lt;bo@example.org&gt;</p>",                          "Queues that forget",            "Ada Birch|Bo Cedar"          },
    { "a field Title, employers in a column",
     "<title>P9041R0</title><table><tr><td>Title:</td><td>Queues that"
      " forget</td></tr><tr><td>Authors:</td><td>Ada"
      " Birch</td><td>Elm</td><td>ada@example.org</td></tr><tr><td></td><td>Bo"
      " Cedar</td><td>Oak Widgets</td><td>bo@example.org</td></tr></table><h2>Abstr"
      "act</h2><p>x",                                                                           "Queues that forget",            "Ada Birch|Bo Cedar"          },
    { "blocks",
     "<html><body><div>Doc. No.: P9041R0</div><div>Date:"
      " 2026-11-20</div><div>Reply-to: Ada Birch</div><div>Email:"
      " ada@example.org</div><div>Reply-to: Bo Cedar</div><div>Email:"
      " bo@example.org</div><h1 align=center>Queues that forget<br>Revision 2</h1>",            "Queues that forget Revision 2", "Ada Birch|Bo Cedar"          },
    { "preformatted, several lines",
     "<pre>\n"
      "Doc No:   P9041R0\n"
      "Date:     2026-11-20\n"
      "Reply To: Ada Birch (Elm Widgets) <ada@example.org>,\n"
      "          Bo Cedar <bo@example.org>\n"
      "Title:    Queues that forget\n"
      "\n"
      "Abstract\n"
      "</pre>",                                                                                 "Queues that forget",            "Ada Birch|Bo Cedar"          },
    { "paragraphs of the class author",
     "<html><body><h1>Queues that forget</h1><p class=\"author\">Ada Birch</p><p"
      " class=\"author\">Bo Cedar</p><p>Text.</p></body></html>",                               "Queues that forget",            "Ada Birch|Bo Cedar"          },
    { "docutils authors",
     "<html><head><title>Queues that forget</title></head><body><div"
      " class=\"document\"><h1 class=\"title\">Queues that forget</h1><table"
      " class=\"docinfo\"><tr><th class=\"docinfo-name\">Authors:</th><td>Ada"
      " Birch\n"
      "<br />Bo Cedar</td></tr><tr class=\"field\"><th"
      " class=\"docinfo-name\">Reply-to:</th><td class=\"field-body\">Ada Birch"
      " &lt;<a class=\"reference external\""
      " href=\"mailto:ada&#64;example.org\">ada<span>&#64;</span>example.org</a>&gt"
      ";</td></tr></table>",                                                                    "Queues that forget",            "Ada Birch|Bo Cedar"          },
    { "a field for each",
     "<html><body><h1>Queues that forget</h1><p>Document number: P9041R0, ISO/IEC"
      " JTC1 SC22 WG21<br>Audience: EWG, LEWG<br>Date: 2026-11-20</p><p>Author:"
      " Ada Birch<br>Author: Bo Cedar<br></p><p>Contents</p>",                                  "Queues that forget",            "Ada Birch|Bo Cedar"          },
    { "footnotes",
     "<html><body><table><tr><td>Reply-to:</td><td>Ada O&#8217;Birch<sup>1</sup>,"
      " Bo Cedar<sup>2</sup></td></tr><tr><td></td><td><sup>1</sup>Elm Widgets,"
      " <sup>2</sup>Oak University</td></tr><tr><td></td><td>{ada,bo}@example.org</"
      "td></tr></table><h1>Queues that forget</h1>",                                            "Queues that forget",
     "Ada O\xE2\x80\x99"
      "Birch|Bo Cedar"                                                                                                                                         },
    { "postal address",
     "<html><body><h1>Queues that forget</h1><address>Ada Birch<br>Elm Street"
      " 12<br>12345 Berlin<br>Germany<br><a"
      " href=\"mailto:a@example.org\">a@example.org</a></address>",                             "Queues that forget",            "Ada Birch"                   },
    { "list",
     "<html><head><title>Queues that forget</title></head><body><ul><li>Document"
      " number: P9041R0</li><li>Date: 2026-11-20</li><li>Authors: Ada Birch, Bo"
      " Cedar</li><li>Audience: LEWG</li></ul>",                                                "Queues that forget",            "Ada Birch|Bo Cedar"          },
    { "label, then a list",
     "<html><head><title>Queues that forget</title></head><body><p>Document"
      " number: P9041R0</p><p>Reply-to:</p><ul><li>Ada Birch"
      " &lt;ada@example.org&gt;</li><li>Bo Cedar"
      " &lt;bo@example.org&gt;</li></ul><p>Hello World is nice.</p>",                           "Queues that forget",            "Ada Birch|Bo Cedar"          },
    { "bold label without a colon",
     "<html><head><title>Queues that"
      " forget</title></head><body><p><strong>Document</strong>"
      " P9041R0</p><p><strong>Reply-to</strong> Ada Birch"
      " &lt;ada@example.org&gt;</p><p><strong>Authors</strong> Ada Birch and Bo"
      " Cedar</p>",                                                                             "Queues that forget",            "Ada Birch|Bo Cedar"          },
    { "nothing but text",                      "<p>Once upon a time</p>",                       NULL,                            ""                            },
    { "nothing",                               "",                                              NULL,                            ""                            },
};

static void every_layout_gives_title_and_authors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
        check(&layouts[i]);
}

/* Builds a page of this length that repeats a piece. */
static char *page_of(const char *first, const char *piece, size_t len)
{
    char *html = malloc(len + strlen(first) + strlen(piece) + 1);
    size_t at = strlen(first);

    memcpy(html, first, at);
    while (at < len) {
        memcpy(html + at, piece, strlen(piece));
        at += strlen(piece);
    }
    html[at] = '\0';
    return html;
}

/* Surrounds a header with what tools write: a picture in <head>, styles, scripts, a table of
 * contents and a long text that names many people. */
static void a_header_is_found_in_a_page_of_real_size(void **state)
{
    struct ps_document document;
    struct ps_buf html;
    char *authors;

    (void)state;
    ps_buf_init(&html, 4 * 1024 * 1024);
    for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
        if (layouts[i].title == NULL)
            continue;
        ps_buf_text(&html,
                    "<!DOCTYPE html><html><head><meta charset=\"utf-8\" /><link rel=\"icon\" "
                    "href=\"data:image/x-icon;base64,");
        for (int k = 0; k < 300; k++)
            ps_buf_text(&html, "AAABAAIAEBAAAAEAIABo/4P+");
        ps_buf_text(&html, "\" /><style>");
        for (int k = 0; k < 1000; k++)
            ps_buf_format(&html, "code.c%d > a[href='<b>'] { color: #%06x; }\n", k, (unsigned)k);
        ps_buf_text(&html, "</style><script>var a = '<p>Author: Fay Gorse';</script></head>");
        ps_buf_text(&html, layouts[i].html);
        ps_buf_text(&html, "<h2>Contents</h2><ul>");
        for (int k = 0; k < 200; k++)
            ps_buf_format(&html, "<li><a href='#s%d'>%d Section</a></li>", k, k);
        ps_buf_text(&html, "</ul>");
        for (int k = 0; k < 200; k++)
            ps_buf_format(
                &html,
                "<h2 id='s%d'>%d Section</h2><p>As Fay Gorse said, fay@example.org.</p><pre>"
                "commit %d\nAuthor: Gil Hazel &lt;gil@example.org&gt;</pre>",
                k, k, k);
        ps_html_document_parse(html.data, html.len, NULL, &document);
        authors = joined_authors(&document);
        if (document.title == NULL || strcmp(document.title, layouts[i].title) != 0 ||
            strcmp(authors, layouts[i].authors) != 0)
            fail_msg("%s: \"%s\", \"%s\"", layouts[i].what,
                     document.title == NULL ? "(none)" : document.title, authors);
        free(authors);
        ps_document_clear(&document);
        ps_buf_reset(&html);
    }
    ps_buf_clear(&html);
}

static double cpu_ms(void)
{
    return (double)clock() * 1000.0 / CLOCKS_PER_SEC;
}

static void hostile_pages_take_bounded_time(void **state)
{
    static const char *const pages[][2] = {
        {"",                              "<table>"                                                        },
        { "",                             "<td>"                                                           },
        { "",                             "<h1>A"                                                          },
        { "<title>",                      "A B "                                                           },
        { "<h1>",                         "A B "                                                           },
        { "<table><tr><td>Reply-to:<td>", "Ada Birch, "                                                    },
        { "<table><tr><td>Reply-to:<td>", "A (<[{"                                                         },
        { "<table>",                      "<tr><td>Reply-to:<td>Ada Birch &lt;a@example.org&gt;"           },
        { "",                             "<br>a@b.c at d dot e"                                           },
        { "<p>",                          " at at"                                                         },
        { "<p>",                          "Author: "                                                       },
        { "<pre>",                        "a  \t "                                                         },
        { "<h1 class='title'>",           "<br>P9041R0: "                                                  },
        { "",                             "<meta name=author content='Ada Birch'>"                         },
        { "",                             "<p class='author'>Ada Birch"                                    },
        { "",                             "<p class='a b c d e f g h i j k l m n o p q r s t u v w x y z'>"},
        { "<p>",                          "\xEF\xAC\x83"                                                   },
    };
    enum { PAGE = 2 * 1024 * 1024 };

    (void)state;
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        char *html = page_of(pages[i][0], pages[i][1], PAGE);
        struct ps_document document;
        double start = cpu_ms();

        ps_html_document_parse(html, strlen(html), NULL, &document);
        print_message("%s%.30s: %.0f ms\n", pages[i][0], pages[i][1], cpu_ms() - start);
        assert_true(cpu_ms() - start < 5000);
        assert_true(document.author_count <= PS_DOCUMENT_AUTHORS_MAX);
        ps_document_clear(&document);
        free(html);
    }
}

static void titles_and_authors_contain_no_address(void **state)
{
    static const char *const pages[] = {
        "<title>Queues ada@example.org</title>",
        "<h1>Queues by Ada Birch (ada at example dot org)</h1>",
        ("<h1>Queues ada [at] example [dot] org</h1><p>Reply-to: ada@example.org, Bo Cedar "
         "{bo,ba}@example.org"),
        "<h1>Queues</h1><p>Reply-to: ada.birch@example.org<br>bo@example.org Bo Cedar",
        "<h1>Queues</h1><p>Author: Ada Birch AT example.org, Bo <bo@example.org> Cedar",
        "<h1>Queues</h1><p class=author>Ada Birch a@b@c.example",
        "<meta name=author content='Ada Birch, ada@example.org'><h1>Queues</h1>",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        struct ps_document document;
        char *authors;

        ps_html_document_parse(pages[i], strlen(pages[i]), NULL, &document);
        authors = joined_authors(&document);
        assert_non_null(document.title);
        if (strchr(document.title, '@') != NULL || strstr(document.title, "example") != NULL ||
            strchr(authors, '@') != NULL || strstr(authors, "example") != NULL)
            fail_msg("\"%s\": \"%s\", \"%s\"", pages[i], document.title, authors);
        free(authors);
        ps_document_clear(&document);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_layout_gives_title_and_authors),
        cmocka_unit_test(a_header_is_found_in_a_page_of_real_size),
        cmocka_unit_test(titles_and_authors_contain_no_address),
        cmocka_unit_test(hostile_pages_take_bounded_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
