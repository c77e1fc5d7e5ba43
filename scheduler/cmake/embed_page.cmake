# Turns the status page's files into C. Called by the build with PAGE_DIR, OUT_FILE and BYTES (the
# file that has c_bytes).
include(${BYTES})

set(type_html "text/html; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_svg "image/svg+xml")

set(texts "")
set(rows "")
set(count 0)
# path=file
foreach(pair "/page/style.css=style.css" "/page/reader.js=reader.js" "/page/icon.svg=icon.svg"
        "/operations=operations.html" "/page/app.js=app.js" "/page/charts.js=charts.js"
        "/page/uPlot.js=vendor/uPlot.iife.min.js" "/page/uPlot.css=vendor/uPlot.min.css")
  string(REGEX MATCH "^(.*)=(.*[.]([a-z]+))$" ignored "${pair}")
  set(path "${CMAKE_MATCH_1}")
  set(type "${type_${CMAKE_MATCH_3}}")
  c_bytes(${PAGE_DIR}/${CMAKE_MATCH_2} bytes)
  string(APPEND texts "static const unsigned char file_${count}[] = {${bytes}};\n")
  string(APPEND rows "    {\"${path}\", \"${type}\", (const char *)file_${count}, sizeof(file_${count}) - 1},\n")
  math(EXPR count "${count} + 1")
endforeach()
file(WRITE ${OUT_FILE}
"#include \"scheduler/io/page_files.h\"\n\n${texts}\nconst struct ps_page_file ps_page_files[] = {\n${rows}};\nconst size_t ps_page_file_count = ${count};\n")
