# c_bytes(PATH OUT): the file's bytes as a C initialiser, with a NUL at the end.
function(c_bytes path out)
  file(READ ${path} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  set(${out} "${bytes}0x00" PARENT_SCOPE)
endfunction()
