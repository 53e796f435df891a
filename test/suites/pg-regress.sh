#!/bin/bash
# PostgreSQL 15's own suites, directly and through Postern with rules that allow everything; then the results of
# the two are compared, test by test. Sources come by apt into a cache folder; none is kept here.
#
#   test/suites/pg-regress.sh [--only=regress,isolation,pipeline] [test ...]
#
# Needs Debian's postgresql-15, postgresql-server-dev-15 and gcc. Named tests of the regression suite run after
# test_setup, in order. Known differences are the tables of docs/drivers.md: a test that differs in more lines
# than stated there is new. What was run directly is kept in the cache, and used again until it is removed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
docs=$here/../../docs/drivers.md
cache=${POSTERN_SUITES_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/postern-suites}
bin=/usr/lib/postgresql/15/bin
pgxs=/usr/lib/postgresql/15/lib/pgxs/src/test
only=regress,isolation,pipeline
case ${1:-} in --only=*) only=${1#--only=} && shift ;; esac
wants() { [[ ,$only, == *,$1,* ]]; }
for needed in "$bin/postgres" "$pgxs/regress/pg_regress" "$bin/pg_config" /usr/bin/gcc; do
  [ -x "$needed" ] || { echo "skipped: regress, isolation and pipeline, for $needed is not installed"; exit 0; }
done
mkdir -p "$cache" && cd "$cache"

fetch_source() {
  mkdir -p apt/lists/partial
  sed 's/^Types: deb$/Types: deb-src/' /etc/apt/sources.list.d/debian.sources > apt/debian.sources
  local options=(-o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$cache/apt" -o "Dir::State::Lists=$cache/apt/lists" -o APT::Sandbox::User=root)
  apt-get "${options[@]}" update > apt/log 2>&1
  # A security update's source may be withdrawn before its binary; the release's own will do.
  local version
  for version in $(apt-cache "${options[@]}" showsrc postgresql-15 | sed -n 's/^Version: //p' | sort -rV); do
    apt-get "${options[@]}" source --download-only "postgresql-15=$version" >> apt/log 2>&1 && break
  done
  tar xjf postgresql-15_*.orig.tar.bz2
}

sources() { find . -maxdepth 1 -type d -name 'postgresql-15.*' | sort -V | tail -1; }
[ -n "$(sources)" ] || fetch_source || true
[ -n "$(sources)" ] || { echo "skipped: regress, isolation and pipeline, for apt has no source of postgresql-15 ($cache/apt/log)"; exit 0; }
source=$cache/$(sources)
regress=$source/src/test/regress
mkdir -p lib
[ -f lib/regress.so ] || gcc -O1 -w -shared -fPIC -I"$("$bin/pg_config" --includedir-server)" -o lib/regress.so "$regress/regress.c"
ln -sf "$("$bin/pg_config" --pkglibdir)"/{refint,autoinc}.so lib/ 2> /dev/null || true
pipeline=$cache/lib/libpq_pipeline
build_pipeline() {
  gcc -O1 -w -I"$("$bin/pg_config" --includedir-server)" -I"$("$bin/pg_config" --includedir)" -o "$pipeline" \
    "$source/src/test/modules/libpq_pipeline/libpq_pipeline.c" -L"$("$bin/pg_config" --pkglibdir)" \
    -L"$("$bin/pg_config" --libdir)" -lpq -lpgcommon -lpgport -lm > lib/pipeline.log 2>&1
}

work=$(mktemp -d /tmp/postern-regress-XXXXXX)
password=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
as() { if [ "$(id -u)" = 0 ]; then (cd "$work" && setpriv --reuid=postgres --regid=postgres --clear-groups "$@"); else "$@"; fi; }
# The server reads the suite's data and writes files beside it, so it gets copies of its own.
cp -r "$regress" "$work/regress-suite" && cp -r "$source/src/test/isolation" "$work/isolation-suite" && cp -r lib "$work/lib"
[ "$(id -u)" = 0 ] && chown -R postgres "$work"
chmod 755 "$work"
finish() {
  exec 4>&- || true
  as "$bin/pg_ctl" -D "$work/data" -m immediate stop > /dev/null 2>&1 || true
  rm -rf "$work"
}
trap finish EXIT
exec 4> /dev/null

# $1: the suite, $2: the way there. Each run has a server of its own, for suites leave roles and databases behind.
start() {
  local suite=$1 way=$2 secret
  out=$cache/$suite-$way
  database=regression && [ "$suite" = isolation ] && database=isolation_regression
  rm -rf "$work/data" "$work/out" "$work/space" "$out" && mkdir -p "$out"
  as mkdir -p "$work/out/testtablespace" "$work/space"
  echo "$password" > "$work/pw" && chmod 644 "$work/pw"
  as "$bin/initdb" -D "$work/data" -U postgres --pwfile="$work/pw" --auth=scram-sha-256 --no-locale -E UTF8 -N > /dev/null
  port=$((20000 + RANDOM % 20000))
  as "$bin/pg_ctl" -w -D "$work/data" -l "$work/server.log" -o "-p $port -k '' -h 127.0.0.1 -F -c max_prepared_transactions=2 -c wal_level=minimal -c max_wal_senders=0 -c shared_buffers=128MB" start > /dev/null
  export PGPASSWORD=$password PGUSER=postgres
  local psql=("$bin/psql" -X -q -h 127.0.0.1 -p "$port" -d postgres)
  "${psql[@]}" -c "create database $database template template0" > /dev/null
  for setting in "lc_messages to 'C'" "lc_monetary to 'C'" "lc_numeric to 'C'" "lc_time to 'C'" "bytea_output to 'hex'" "timezone_abbreviations to 'Default'"; do
    "${psql[@]}" -c "alter database $database set $setting" > /dev/null
  done
  [ "$way" = direct ] && return
  rm -f "$work/stop" "$work/front" && mkfifo "$work/stop"
  node "$here/front.ts" "$port" "$database" postgres "$password" < "$work/stop" > "$work/front" 2> "$out/postern.log" &
  exec 4> "$work/stop"
  for _ in $(seq 200); do [ -s "$work/front" ] && break; sleep 0.1; done
  read -r port secret < "$work/front" || { echo "Postern did not start: $out/postern.log" && exit 1; }
  export PGPASSWORD=$secret
}

stop() {
  exec 4> /dev/null
  as "$bin/pg_ctl" -D "$work/data" -m fast stop > /dev/null
}

# $1: the suite, $2: the way; the rest: tests.
run() {
  local suite=$1 way=$2 began=$SECONDS
  shift 2
  [ "$way" = direct ] && [ $# -eq 0 ] && [ -f "$cache/$suite-direct/done" ] && return
  echo "== $suite, $way"
  start "$suite" "$way"
  "run_$suite" "$@"
  stop
  [ $# -gt 0 ] || touch "$out/done"
  echo "   $((SECONDS - began)) s"
}

# $1: its program, $2: the folder of the suite; the rest goes to it.
run_driver() {
  local driver=$1 suite=$2
  shift 2
  as timeout "${POSTERN_SUITE_TIMEOUT:-1800}" "$driver" --bindir="$bin" --inputdir="$suite" --outputdir="$work/out" --dlpath="$work/lib" \
    --host=127.0.0.1 --port="$port" --user=postgres --dbname="$database" --use-existing --max-connections=10 "$@" > "$out/summary" 2>&1 || true
  cp -r "$work/out/results" "$out/" 2> /dev/null || true
}

run_regress() {
  if [ $# -gt 0 ]; then run_driver "$pgxs/regress/pg_regress" "$work/regress-suite" test_setup "$@"
  else run_driver "$pgxs/regress/pg_regress" "$work/regress-suite" --schedule="$work/regress-suite/parallel_schedule"; fi
}

run_isolation() {
  run_driver "$pgxs/isolation/pg_isolation_regress" "$work/isolation-suite" \
    --schedule="$work/isolation-suite/isolation_schedule" prepared-transactions prepared-transactions-cic
}

# Each test's trace of the messages, as libpq writes it, beside what it prints; but for those two whose messages
# come in an order of their own each time.
run_pipeline() {
  mkdir -p "$out/results"
  local name trace
  for name in $("$pipeline" tests); do
    case $name in pipelined_insert | uniqviol) trace=() ;; *) trace=(-t "$out/trace") ;; esac
    if timeout 60 "$pipeline" -r 700 "${trace[@]}" "$name" "host=127.0.0.1 port=$port dbname=$database sslmode=disable" > "$out/results/$name.out" 2>&1
    then echo "test $name ... ok"; else echo "test $name ... FAILED"; fi >> "$out/summary"
    [ ${#trace[@]} -gt 0 ] || : > "$out/results/$name.out"
    [ ! -f "$out/trace" ] || cat "$out/trace" >> "$out/results/$name.out"
    tail -1 "$out/summary" >> "$out/results/$name.out"
    rm -f "$out/trace"
  done
}

# The hints that Postern adds (docs/drivers.md) are no difference.
plain() { grep -v -x -e 'HINT:  Nothing was sent to the database\. Postern reads statements with the parser of PostgreSQL 18\.' -e 'HINT:  Prepare it in this session first\.' "$1"; }
# Lines in which the test of suite $1 named $2 is known to differ, of the tables in docs/drivers.md.
known() { sed -n "s/^| \`$1\/$2\` | \([0-9]*\) |.*/\1/p" "$docs"; }

fresh=0
compare() {
  local suite=$1 name file lines expected same=0 as_known=() as_new=() unreached=()
  for file in "$cache/$suite-direct"/results/*.out; do
    name=$(basename "$file" .out)
    # A run that was cut short leaves tests begun or never begun; only finished ones can be compared.
    if ! grep -qE "^(test| ) +$name +\.\.\. (ok|FAILED)" "$cache/$suite-postern/summary"; then unreached+=("$name"); continue; fi
    lines=$(diff <(plain "$file") <(plain "$cache/$suite-postern/results/$name.out") | grep -c '^[<>]' || true)
    expected=$(known "$suite" "$name")
    if [ "$lines" -eq 0 ]; then same=$((same + 1))
    elif [ "$lines" -le "${expected:-0}" ]; then as_known+=("$name")
    else as_new+=("$name ($lines lines)"); fi
  done
  echo "$suite: same $same, differs (known) ${#as_known[@]}, differs (new) ${#as_new[@]}, not finished ${#unreached[@]}"
  [ ${#as_known[@]} -eq 0 ] || echo "  known: ${as_known[*]}"
  [ ${#as_new[@]} -eq 0 ] || printf '  new: %s\n' "${as_new[@]}"
  [ ${#unreached[@]} -eq 0 ] || echo "  not finished: ${unreached[*]}"
  fresh=$((fresh + ${#as_new[@]} + ${#unreached[@]}))
}

suites=()
wants regress && suites+=(regress)
if wants isolation; then
  if [ -x "$pgxs/isolation/pg_isolation_regress" ]; then suites+=(isolation); else echo "skipped: isolation, for $pgxs/isolation/pg_isolation_regress is not installed"; fi
fi
if wants pipeline; then
  if [ -x "$pipeline" ] || build_pipeline; then suites+=(pipeline); else echo "skipped: pipeline, for libpq_pipeline cannot be built ($cache/lib/pipeline.log)"; fi
fi
for suite in "${suites[@]}"; do
  tests=() && [ "$suite" = regress ] && tests=("$@")
  run "$suite" direct "${tests[@]}"
  run "$suite" postern "${tests[@]}"
  compare "$suite"
done
echo "results are in $cache/*-direct and $cache/*-postern"
[ "$fresh" -eq 0 ]
