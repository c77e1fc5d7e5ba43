#include "tests/upstream/pdf.h"

#include "shared/core/alloc.h"
#include "shared/core/buf.h"

#include <stdint.h>
#include <stdlib.h>

/* Object numbers: 1 catalog, 2 page tree, 3 font, 4 its descendant, 5 the map back to Unicode, then
   a page and its content by turns. Character codes are UTF-16 units, so that no font need be
   embedded and every alphabet can be read back. */
enum { PDF_MAX = 64 * 1024 * 1024, COLUMNS = 90, ROWS = 54, FIRST_PAGE = 6, OBJECTS_MAX = 20000 };

struct pdf {
    struct ps_buf out;
    size_t offset[OBJECTS_MAX];
    unsigned objects; /* highest number so far */
};

static const char to_unicode[] =
    "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
    "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
    "/CMapName /Adobe-Identity-UCS def /CMapType 2 def\n"
    "1 begincodespacerange <0000> <FFFF> endcodespacerange\n"
    "1 beginbfrange <0000> <FFFF> <0000> endbfrange\n"
    "endcmap CMapName currentdict /CMap defineresource pop end end\n";

static void begin_object(struct pdf *pdf, unsigned number)
{
    if (number > pdf->objects)
        pdf->objects = number;
    pdf->offset[number] = pdf->out.len;
    ps_buf_format(&pdf->out, "%u 0 obj\n", number);
}

static void add_stream(struct pdf *pdf, unsigned number, const char *data, size_t len)
{
    begin_object(pdf, number);
    ps_buf_format(&pdf->out, "<< /Length %zu >>\nstream\n", len);
    ps_buf_add(&pdf->out, data, len);
    ps_buf_text(&pdf->out, "\nendstream\nendobj\n");
}

/* The next character; invalid bytes and those past U+FFFF give '?'. */
static unsigned next_character(const char **text)
{
    const unsigned char *at = (const unsigned char *)*text;
    unsigned first = at[0];
    unsigned more = first < 0x80 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
    unsigned code = more == 0 ? first : first & (0x3Fu >> more);
    bool good = first < 0x80 || (first >= 0xC2 && first < 0xF5);

    for (unsigned i = 1; i <= more; i++) {
        if ((at[i] & 0xC0) != 0x80) {
            *text += 1;
            return '?';
        }
        code = code << 6 | (at[i] & 0x3Fu);
    }
    *text += 1 + more;
    return good && code <= 0xFFFF ? code : '?';
}

static size_t word_length(const char *text)
{
    size_t len = 0;

    while (*text != '\0' && *text != ' ' && *text != '\n') {
        (void)next_character(&text);
        len++;
    }
    return len;
}

/* One line of at most COLUMNS characters, broken at a space where there is one. */
static void add_line(struct ps_buf *content, const char **text)
{
    size_t column = 0;

    ps_buf_text(content, "<");
    while (**text != '\0' && **text != '\n') {
        if (**text == ' ' && column > 0 && column + 1 + word_length(*text + 1) > COLUMNS) {
            (*text)++;
            break;
        }
        if (column >= COLUMNS)
            break;
        ps_buf_format(content, "%04X", next_character(text));
        column++;
    }
    if (**text == '\n')
        (*text)++;
    ps_buf_text(content, "> Tj T*\n");
}

static void add_page(struct pdf *pdf, unsigned number, const char **text)
{
    struct ps_buf content;

    ps_buf_init(&content, PDF_MAX);
    ps_buf_text(&content, "BT /F1 10 Tf 13 TL 50 780 Td\n");
    for (unsigned row = 0; row < ROWS && **text != '\0'; row++)
        add_line(&content, text);
    ps_buf_text(&content, "ET");
    begin_object(pdf, number);
    ps_buf_format(&pdf->out,
                  "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "
                  "/Resources << /Font << /F1 3 0 R >> >> /Contents %u 0 R >>\nendobj\n",
                  number + 1);
    add_stream(pdf, number + 1, content.data, content.len);
    ps_buf_clear(&content);
}

static void add_font(struct pdf *pdf)
{
    begin_object(pdf, 3);
    ps_buf_text(&pdf->out,
                "<< /Type /Font /Subtype /Type0 /BaseFont /Helvetica /Encoding /Identity-H "
                "/DescendantFonts [4 0 R] /ToUnicode 5 0 R >>\nendobj\n");
    begin_object(pdf, 4);
    ps_buf_text(&pdf->out,
                "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Helvetica /DW 500 "
                "/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> "
                "/FontDescriptor << /Type /FontDescriptor /FontName /Helvetica /Flags 4 "
                "/FontBBox [0 -200 1000 900] /ItalicAngle 0 /Ascent 900 /Descent -200 "
                "/CapHeight 700 /StemV 80 >> >>\nendobj\n");
    add_stream(pdf, 5, to_unicode, sizeof to_unicode - 1);
}

static void add_tail(struct pdf *pdf)
{
    size_t xref;

    begin_object(pdf, 1);
    ps_buf_text(&pdf->out, "<< /Type /Catalog /Pages 2 0 R >>\nendobj\n");
    begin_object(pdf, 2);
    ps_buf_format(&pdf->out, "<< /Type /Pages /Count %u /Kids [",
                  (pdf->objects + 1 - FIRST_PAGE) / 2);
    for (unsigned page = FIRST_PAGE; page <= pdf->objects; page += 2)
        ps_buf_format(&pdf->out, "%u 0 R ", page);
    ps_buf_text(&pdf->out, "] >>\nendobj\n");
    xref = pdf->out.len;
    ps_buf_format(&pdf->out, "xref\n0 %u\n0000000000 65535 f \n", pdf->objects + 1);
    for (unsigned number = 1; number <= pdf->objects; number++)
        ps_buf_format(&pdf->out, "%010zu 00000 n \n", pdf->offset[number]);
    ps_buf_format(&pdf->out, "trailer << /Size %u /Root 1 0 R >>\nstartxref\n%zu\n%%%%EOF\n",
                  pdf->objects + 1, xref);
}

struct ps_blob *ps_pdf_of(const char *text)
{
    struct pdf *pdf = ps_alloc_zero(1, sizeof *pdf);
    struct ps_blob *blob;
    size_t len;

    ps_buf_init(&pdf->out, PDF_MAX);
    ps_buf_text(&pdf->out, "%PDF-1.4\n");
    add_font(pdf);
    do
        add_page(pdf, pdf->objects + 1, &text);
    while (*text != '\0' && pdf->objects + 2 < OBJECTS_MAX);
    add_tail(pdf);
    len = pdf->out.len;
    blob = ps_blob_take(ps_buf_take(&pdf->out), len);
    free(pdf);
    return blob;
}
