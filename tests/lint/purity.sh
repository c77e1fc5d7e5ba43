#!/bin/bash
# The pure libraries call nothing that touches files, sockets, clocks, the environment, chance,
# processes or the loop, and keep no variable. Usage: purity.sh BUILD_DIR
set -uo pipefail

files='f?open(at|64)?|fdopen|freopen|close|fclose|read|write|pread|pwrite|readv|writev|fread|fwrite|fgets|fgetc|getc|getline|fputs|fputc|putc|puts|putchar|v?f?printf|dprintf|v?f?scanf|perror|std(in|out|err)|fflush|fseek|ftell|lseek|f?l?stat(at|64)?|access|unlink(at)?|rename|mkdir|rmdir|opendir|readdir|realpath|readlink|getcwd|chdir|pipe2?|dup[23]?|fcntl|ioctl|mmap|munmap|mkstemp|tmpfile|syslog|openlog'
clocks='time|clock|gettimeofday|clock_(gettime|getres|nanosleep)|timespec_get|sleep|usleep|nanosleep|alarm|setitimer|timer_.*|timerfd_.*|gmtime(_r)?|localtime(_r)?|mktime|strftime'
ambient='(secure_)?getenv|setenv|putenv|unsetenv|environ|setlocale|getpid|getppid|gethostname|getuid|uname|sysconf'
chance='s?rand|rand_r|s?random|[a-z]rand48|arc4random.*|getrandom|getentropy|RAND_.*'
processes='v?fork|exec[lv].*|execve|posix_spawn.*|wait(pid|id)?|kill|raise|signal|sigaction|sigprocmask|system|popen|pclose|_?exit|_Exit|atexit|pthread_.*|thrd_.*|mtx_.*'
sockets='socket(pair)?|connect|bind|listen|accept4?|send(to|msg)?|recv(from|msg)?|shutdown|[gs]etsockopt|getaddrinfo|getnameinfo|gethostby.*|select|pselect|p?poll|epoll_.*|eventfd'
libraries='event_.*|evbuffer_.*|evhttp_.*|evutil_.*|evdns_.*|ares_.*|bufferevent_.*|evconnlistener_.*|redis.*|PQ.*|curl_(easy|multi|global|share|ws)_.*|SSL_.*|BIO_.*|(xml|html)(Parse|Read|SAXParse|CtxtRead)File.*|xmlNanoHTTP.*'
banned="^($files|$clocks|$ambient|$chance|$processes|$sockets|$libraries)\$"

# Sanitizers and coverage bring functions and variables of their own.
tooling='^(__(asan|ubsan|lsan|sanitizer|sancov|gcov|llvm|start|stop|odr|msan|profc|profd|profn)|_?asan|llvm_gc|lprof|_GLOBAL_OFFSET_TABLE_)'

# check DIR: prints every offence found in DIR's lib*_core.a; false when there is one.
check() {
    local archive offences=0 member symbol plain
    while IFS= read -r archive; do
        # The third is the symbol without what _FORTIFY_SOURCE and the C library's headers make of a name:
        # __read_chk, __isoc99_sscanf.
        while IFS='|' read -r member symbol plain; do
            [[ $plain =~ $banned ]] || continue
            [[ $symbol =~ $tooling ]] && continue
            where=$(nm -l -u "$archive" 2>/dev/null | awk -v s="$symbol" '$2 == s && NF > 2 {print $3; exit}')
            echo "${where:-$archive($member)}: calls $symbol, which is not pure"
            offences=1
        done < <(nm -A -u "$archive" 2>/dev/null | sed -nE 's/^[^:]*:([^:]+): +[Uw] ([^@]+).*$/\1|\2|\2/p' |
            sed -E 's/\|__isoc[0-9]+_([^|]*)$/|\1/; s/\|__([^|]*)_chk$/|\1/' | sort -u)
        # Sanitizers and coverage put variables of their own everywhere: a plain build judges these.
        nm "$archive" 2>/dev/null | grep -E '__(asan|ubsan|gcov|sancov|llvm)|__sanitizer' >/dev/null && continue
        while IFS='|' read -r member symbol; do
            echo "$archive($member): keeps the variable $symbol"
            offences=1
        done < <(nm -A --format=sysv "$archive" 2>/dev/null |
            awk -F'|' '$7 ~ /^\.?(t?bss|t?data|\*COM\*)(\.[^r].*)?$/ && $4 ~ /OBJECT|TLS/ {
                split($1, place, ":"); gsub(/ /, "", place[3]); print place[2] "|" place[3] }')
    done < <(find "$1" -name 'lib*_core.a' | sort)
    return $offences
}

# A check that cannot fail proves nothing: it must find what is planted here, and nothing else.
self_test() {
    local seen want kind
    mkdir "$tmp/clean" "$tmp/soiled"
    cat >"$tmp/clean/a.c" <<'C'
#include <stdio.h>
#include <stdlib.h>
const char *getline_of(int i); /* a name that only begins like a banned one */
static const char *const names[] = { "a", "b" };
const char *pure(int i, char *text) { return snprintf(text, 4, "%d", i) > 0 ? names[i & 1] : getline_of(i); }
C
    cat >"$tmp/soiled/a.c" <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
struct event_base;
int event_base_loop(struct event_base *, int);
static int counter;
long impure(void) { printf("%s", getenv("HOME")); counter++; return read(counter, 0, 0) + rand() + time(NULL) + event_base_loop(0, 0); }
C
    for kind in clean soiled; do
        ${CC:-cc} -g -fPIC -w -c "$tmp/$kind/a.c" -o "$tmp/$kind/a.o" && ar rc "$tmp/$kind/libx_core.a" "$tmp/$kind/a.o" || return 1
    done
    if ! seen=$(check "$tmp/clean"); then
        echo "purity.sh: finds an offence where none is:"
        echo "$seen"
        return 1
    fi
    seen=$(check "$tmp/soiled") && { echo "purity.sh: finds nothing where everything is wrong"; return 1; }
    for want in printf getenv read rand time event_base_loop "variable counter"; do
        grep -q " $want" <<<"$seen" || { echo "purity.sh: does not find $want"; return 1; }
    done
}

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
build=${1:?usage: purity.sh BUILD_DIR}
self_test || exit 1
if [ -z "$(find "$build" -name 'libshared_core.a')" ]; then
    echo "$build: no libshared_core.a: build first"
    exit 1
fi
check "$build"
