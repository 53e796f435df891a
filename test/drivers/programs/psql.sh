#!/bin/sh
# psql: simple protocol, \copy both ways, \d, FETCH_COUNT, \bind and \gdesc where psql has them.
set -u
export PAGER=cat PSQLRC=/dev/null
run() { psql -X -q -v ON_ERROR_STOP=0 "$@" 2>&1; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
if [ "$MODE" = masked ]; then
  run -At -c 'select id, email from people order by id'
  run -At -c '\copy people (id, email) to stdout'
  run -At -v FETCH_COUNT=2 -c 'select email from people order by id'
  run -At -c 'delete from doomed' -c 'select count(*) from doomed' | grep -v -e '^NOTICE' -e '^HINT' -e '^DETAIL'
  printf 'delete from doomed_too;\n\\echo state :SQLSTATE\nselect 1;\n' | run -At | grep -v -e '^NOTICE' -e '^HINT' -e '^DETAIL' -e '^ERROR'
  exit 0
fi
run -c 'select * from things order by id'
run -x -c 'select * from things where id = 2'
run -At -c "select 1; select 'two'; select null" 
run -c '\d things' -c '\dt' -c '\df+ double_it' -c '\dn' -c '\d+ big_things' -c '\l' -c '\sf double_it' -c '\du nobody'
run -v FETCH_COUNT=2 -At -c 'select i from generate_series(1, 7) i'
run -c "\\copy things to '$dir/t.csv' csv header" && cat "$dir/t.csv"
run -c 'create temp table copied (like things)' -c "\\copy copied from '$dir/t.csv' csv header" -c 'select count(*) from copied'
printf 'copy scratch from stdin;\n1\tone\n2\t\\\\N\n\\.\nselect count(*) from scratch;\ncopy scratch from stdin;\nbad\trow\n\\.\nselect 1 as after_error;\ntruncate scratch;\n' | run -At
printf '\\set VERBOSITY verbose\nselect 1/0;\nselect nope;\nselect * from missing;\ninsert into things (id) values (1);\n' | run -At | grep -v '^LOCATION'
printf 'begin;\nselect 1;\nselect 1/0;\nselect 2;\nrollback;\nselect 3;\nbegin;savepoint a;select 1/0;rollback to a;select 4;commit;\n' | run -At
printf 'select id, name from things order by id limit 2 \\gset\n\\echo :id :name\nselect format($$select %%s as n$$, i) from generate_series(1,3) i \\gexec\nselect 1 as a, 2 as b \\gdesc\nselect 1 as one \\gx\n' | run
printf 'prepare p(int) as select name from things where id = $1;\nexecute p(1);\nexecute p(2);\ndeallocate p;\nexecute p(1);\n' | run -At
printf 'begin;\ndeclare c scroll cursor for select i from generate_series(1,10) i;\nfetch 3 from c;\nfetch backward 1 from c;\nmove 4 in c;\nfetch all from c;\nclose c;\ncommit;\n' | run -At
printf 'listen news;\nnotify news, $$hello$$;\nselect 1;\n' | run -At | sed 's/PID [0-9]*/PID n/'
printf '\\set AUTOCOMMIT off\nselect 1;\nselect 1/0;\nrollback;\nselect 2;\n\\set ON_ERROR_ROLLBACK on\nselect 1/0;\nselect 5;\ncommit;\n' | run -At
printf 'explain (costs off) select * from things where id = 1;\nshow server_encoding;\nset statement_timeout = 50;\nselect pg_sleep(5);\nshow statement_timeout;\n' | run -At
printf 'select 11 \\; select 22 \\; select 33;\nselect 1 as "a b", 2 as "a b";\n\n;\n-- nothing\n;\nselect;\n' | run
run -At -c "select length(repeat('x', 3000000)), md5(repeat('y', 3000000))"
run -At -c "select repeat('z', 2000000)" | md5sum
case $(psql --version) in *' 1'[6-9]*) printf 'select $1::int + $2::int \\bind 1 2 \\g\n' | run -At ;; esac
