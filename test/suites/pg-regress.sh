#!/bin/bash
# PostgreSQL 15's own regression suite, directly and through Postern with rules that allow everything; then
# the results of the two are compared, test by test. Sources come by apt into a cache folder; none is kept here.
#
#   test/suites/pg-regress.sh [test ...]      all of parallel_schedule when none is named
#
# Needs Debian's postgresql-15, postgresql-server-dev-15 and gcc. Named tests run after test_setup, in order.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${POSTERN_SUITES_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/postern-suites}
bin=/usr/lib/postgresql/15/bin
driver=/usr/lib/postgresql/15/lib/pgxs/src/test/regress/pg_regress
for needed in "$bin/postgres" "$driver" "$bin/pg_config"; do
  [ -x "$needed" ] || { echo "skipped: $needed is not installed"; exit 0; }
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

[ -n "$(ls -d postgresql-15.* 2> /dev/null)" ] || fetch_source
source=$cache/$(ls -d postgresql-15.*/ | head -1)
regress=${source}src/test/regress
mkdir -p lib
[ -f lib/regress.so ] || gcc -O1 -w -shared -fPIC -I"$("$bin/pg_config" --includedir-server)" -o lib/regress.so "$regress/regress.c"
ln -sf "$("$bin/pg_config" --pkglibdir)"/{refint,autoinc}.so lib/ 2> /dev/null || true

work=$(mktemp -d /tmp/postern-regress-XXXXXX)
password=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
as() { if [ "$(id -u)" = 0 ]; then (cd "$work" && setpriv --reuid=postgres --regid=postgres --clear-groups "$@"); else "$@"; fi; }
# The server reads the suite's data and writes files beside it, so it gets copies of its own.
cp -r "$regress" "$work/suite" && cp -r lib "$work/lib"
[ "$(id -u)" = 0 ] && chown -R postgres "$work"
chmod 755 "$work"
finish() {
  exec 4>&- || true
  as "$bin/pg_ctl" -D "$work/data" -m immediate stop > /dev/null 2>&1 || true
  rm -rf "$work"
}
trap finish EXIT

# $1: how it is named. Each run has a server of its own, for the suite leaves roles and databases behind.
run() {
  local way=$1 out=$cache/$1 port secret
  shift
  rm -rf "$work/data" "$work/out" "$work/space" "$out" && mkdir -p "$out"
  as mkdir -p "$work/out/testtablespace" "$work/space"
  echo "$password" > "$work/pw" && chmod 644 "$work/pw"
  as "$bin/initdb" -D "$work/data" -U postgres --pwfile="$work/pw" --auth=scram-sha-256 --no-locale -E UTF8 -N > /dev/null
  port=$((20000 + RANDOM % 20000))
  as "$bin/pg_ctl" -w -D "$work/data" -l "$work/server.log" -o "-p $port -k '' -h 127.0.0.1 -F -c max_prepared_transactions=2 -c wal_level=minimal -c max_wal_senders=0 -c shared_buffers=128MB" start > /dev/null
  export PGPASSWORD=$password PGUSER=postgres
  "$bin/psql" -X -q -h 127.0.0.1 -p "$port" -d postgres -c 'create database regression template template0' > /dev/null
  for setting in "lc_messages to 'C'" "lc_monetary to 'C'" "lc_numeric to 'C'" "lc_time to 'C'" "bytea_output to 'hex'" "timezone_abbreviations to 'Default'"; do
    "$bin/psql" -X -q -h 127.0.0.1 -p "$port" -d postgres -c "alter database regression set $setting" > /dev/null
  done
  if [ "$way" = postern ]; then
    mkfifo "$work/stop"
    node "$here/front.ts" "$port" regression postgres "$password" < "$work/stop" > "$work/front" 2> "$out/postern.log" &
    exec 4> "$work/stop"
    for _ in $(seq 100); do [ -s "$work/front" ] && break; sleep 0.1; done
    read -r port secret < "$work/front"
    export PGPASSWORD=$secret
  fi
  local what=("--schedule=$work/suite/parallel_schedule")
  [ $# -gt 0 ] && what=(test_setup "$@")
  as timeout "${POSTERN_SUITE_TIMEOUT:-1800}" "$driver" --bindir="$bin" --inputdir="$work/suite" --outputdir="$work/out" --dlpath="$work/lib" \
    --host=127.0.0.1 --port="$port" --user=postgres --dbname=regression --use-existing --max-connections=10 "${what[@]}" > "$out/summary" 2>&1 || true
  cp -r "$work/out/results" "$out/" 2> /dev/null || true
  cp "$work/out/regression.diffs" "$out/" 2> /dev/null || true
  tail -5 "$out/summary"
  [ "$way" = postern ] && exec 4>&-
  as "$bin/pg_ctl" -D "$work/data" -m fast stop > /dev/null
}

for way in direct postern; do echo "== $way"; run "$way" "$@"; done
# The hints that Postern adds (docs/drivers.md) are no difference.
plain() { grep -v -x -e 'HINT:  Nothing was sent to the database\. Postern reads statements with the parser of PostgreSQL 18\.' -e 'HINT:  Prepare it in this session first\.' "$1"; }
same=0 differ=() unreached=()
for file in "$cache"/direct/results/*.out; do
  name=$(basename "$file" .out)
  # A run that was cut short leaves tests begun or never begun; only finished ones can be compared.
  if ! grep -qE "^(test| ) +$name +\.\.\. (ok|FAILED)" "$cache/postern/summary"; then unreached+=("$name"); continue; fi
  if cmp -s <(plain "$file") <(plain "$cache/postern/results/$name.out"); then same=$((same + 1)); else differ+=("$name"); fi
done
echo "same $same, different ${#differ[@]}: ${differ[*]:-}; not finished ${#unreached[@]}"
echo "results are in $cache/direct and $cache/postern"
[ ${#differ[@]} -eq 0 ] && [ ${#unreached[@]} -eq 0 ]
