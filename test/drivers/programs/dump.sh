#!/bin/sh
# pg_dump and pg_restore. The server's major must not be newer than the tools'; the matrix sees to that.
set -u
[ "$MODE" = masked ] && exit 77
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
clean() { sed -e '/^--/d' -e '/^\\restrict/d' -e '/^\\unrestrict/d'; }
pg_dump --no-owner > "$dir/plain.sql" 2> "$dir/err"; echo "plain $?"; cat "$dir/err"
clean < "$dir/plain.sql"
pg_dump --no-owner --inserts --rows-per-insert=2 -t things 2>&1 | clean
pg_dump -Fc -f "$dir/c.dump" 2>&1; echo "custom $?"
pg_dump -Fd -j 2 -f "$dir/d" 2>&1; echo "directory $?"
pg_restore --no-owner -f - "$dir/c.dump" | clean | md5sum
psql -X -q -c 'drop schema if exists restored cascade' -c 'create schema restored' 2>&1 | grep -v NOTICE
clean < "$dir/plain.sql" | sed 's/public\./restored./g' | psql -X -q -v ON_ERROR_STOP=1 2>&1 | grep -v 'set_config\|^$\|row\|---' ; echo "restored"
psql -X -At -c 'select count(*) from restored.things' -c 'drop schema restored cascade' 2>&1 | grep -v -e NOTICE -e DETAIL -e '^drop'
