// pgx (its own interface and every query mode) and lib/pq (database/sql): the same work, each its own way.
package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/lib/pq"
)

var ctx = context.Background()
var masked = os.Getenv("MODE") == "masked"

func say(label string, values ...any) { fmt.Println(append([]any{label}, values...)...) }

func must(err error) {
	if err != nil {
		fmt.Println("unexpected", err)
		os.Exit(1)
	}
}

func failure(err error) string {
	var e *pgconn.PgError
	var p *pq.Error
	switch {
	case err == nil:
		return "none"
	case errors.As(err, &e):
		if masked {
			return e.Code
		}
		return fmt.Sprint(e.Code, " ", e.Message, " ", e.Position, " ", e.ConstraintName)
	case errors.As(err, &p):
		return string(p.Code)
	case errors.Is(err, context.DeadlineExceeded):
		return "deadline"
	}
	return err.Error()
}

func rows(conn *pgx.Conn, text string, args ...any) string {
	result, err := conn.Query(ctx, text, args...)
	if err != nil {
		return failure(err)
	}
	var out []string
	for result.Next() {
		values, err := result.Values()
		if err != nil {
			return failure(err)
		}
		out = append(out, fmt.Sprint(values))
	}
	if result.Err() != nil {
		return failure(result.Err())
	}
	return fmt.Sprint(out, result.CommandTag())
}

func modes(conn *pgx.Conn) {
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe,
		pgx.QueryExecModeDescribeExec, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
		for range 2 {
			say(mode.String(), rows(conn, "select id, name, amount::text, tags, flag from things where id < $1 order by id", mode, 4))
		}
		say(mode.String(), rows(conn, "select $1::text, $2::float8, $3::bytea", mode, "é", 1.5, []byte{0, 255}))
		say(mode.String(), rows(conn, "select 1/$1::int", mode, 0))
		say(mode.String(), rows(conn, "selec 1", mode))
	}
}

func runPgx() {
	conn, err := pgx.Connect(ctx, "")
	must(err)
	defer conn.Close(ctx)
	if masked {
		for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe,
			pgx.QueryExecModeDescribeExec, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
			say(mode.String(), rows(conn, "select id, email from people where id < $1 order by id", mode, 9))
			say(mode.String(), rows(conn, "select id, email from people where id < $1 order by id", mode, 9))
		}
		var out bytes.Buffer
		_, err = conn.PgConn().CopyTo(ctx, &out, "copy people (email) to stdout")
		say("copy", out.String(), failure(err))
		tag, err := conn.Exec(ctx, "delete from doomed")
		say("held", tag, failure(err))
		tag, err = conn.Exec(ctx, "delete from doomed_too")
		say("denied", tag, failure(err))
		say("after", rows(conn, "select 1"))
		return
	}
	modes(conn)
	batch := &pgx.Batch{}
	batch.Queue("select 1")
	batch.Queue("select $1::text", "two")
	batch.Queue("insert into scratch values ($1, $2)", 1, "one")
	results := conn.SendBatch(ctx, batch)
	for range 3 {
		tag, err := results.Exec()
		say("batch", tag, failure(err))
	}
	must(results.Close())
	batch = &pgx.Batch{}
	batch.Queue("insert into scratch values (2, 'x')")
	batch.Queue("select 1/0")
	batch.Queue("select 3")
	say("batch fails", failure(conn.SendBatch(ctx, batch).Close()))
	say("count", rows(conn, "select count(*) from scratch"))
	pipeline := conn.PgConn().StartPipeline(ctx)
	pipeline.SendPrepare("p", "select $1::int4", nil)
	pipeline.SendFlushRequest()
	must(pipeline.Flush())
	first, err := pipeline.GetResults()
	_, isStatement := first.(*pgconn.StatementDescription)
	say("pipeline", isStatement, failure(err))
	pipeline.SendQueryPrepared("p", [][]byte{[]byte("7")}, nil, nil)
	pipeline.SendQueryParams("select 1/0", nil, nil, nil, nil)
	must(pipeline.Sync())
	pipeline.SendQueryParams("select 9", nil, nil, nil, nil)
	must(pipeline.Sync())
	for {
		result, err := pipeline.GetResults()
		if result == nil && err == nil {
			break
		}
		if reader, ok := result.(*pgconn.ResultReader); ok {
			read := reader.Read()
			say("pipeline", read.Rows, failure(read.Err))
		} else {
			say("pipeline", fmt.Sprintf("%T", result), failure(err))
		}
	}
	must(pipeline.Close())
	count, err := conn.CopyFrom(ctx, pgx.Identifier{"scratch"}, []string{"a", "b"}, pgx.CopyFromSlice(1000, func(i int) ([]any, error) {
		return []any{int32(i), fmt.Sprint("row ", i)}, nil
	}))
	say("copy", count, failure(err))
	_, err = conn.PgConn().CopyFrom(ctx, strings.NewReader("bad\n"), "copy scratch from stdin")
	say("copy fails", failure(err))
	var out bytes.Buffer
	tag, err := conn.PgConn().CopyTo(ctx, &out, "copy (select * from scratch order by 1, 2 limit 3) to stdout")
	say("copy out", out.String(), tag, failure(err))
	tx, err := conn.Begin(ctx)
	must(err)
	nested, err := tx.Begin(ctx)
	must(err)
	_, err = nested.Exec(ctx, "select 1/0")
	say("nested", failure(err))
	must(nested.Rollback(ctx))
	_, err = tx.Exec(ctx, "truncate scratch")
	must(err)
	must(tx.Commit(ctx))
	_, err = conn.Exec(ctx, "listen news")
	must(err)
	_, err = conn.Exec(ctx, "notify news, 'hello'")
	must(err)
	note, err := conn.WaitForNotification(ctx)
	must(err)
	say("notified", note.Channel, note.Payload)
	say("several", rows(conn, "select 1; select 2", pgx.QueryExecModeSimpleProtocol))
	say("large", len(rows(conn, "select repeat('x', 3000000)")))
	must(conn.PgConn().CancelRequest(ctx))
	say("after idle cancel", rows(conn, "select 1"))
	go func() { time.Sleep(300 * time.Millisecond); conn.PgConn().CancelRequest(ctx) }()
	say("cancelled", rows(conn, "select pg_sleep(20)::text"))
	say("after", rows(conn, "select 1"))
	limited, stop := context.WithTimeout(ctx, 300*time.Millisecond)
	defer stop()
	_, err = conn.Exec(limited, "select pg_sleep(20)")
	say("timed out", failure(err) != "none", conn.IsClosed())
}

func runPq() {
	e := os.Getenv
	db, err := sql.Open("postgres", fmt.Sprintf("host=%s port=%s user=%s password=%s dbname=%s sslmode=%s",
		e("PGHOST"), e("PGPORT"), e("PGUSER"), e("PGPASSWORD"), e("PGDATABASE"), e("PGSSLMODE")))
	must(err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	query := func(text string, args ...any) string {
		result, err := db.Query(text, args...)
		if err != nil {
			return failure(err)
		}
		defer result.Close()
		var out []string
		for result.Next() {
			var a, b sql.NullString
			must(result.Scan(&a, &b))
			out = append(out, a.String+"|"+b.String)
		}
		return fmt.Sprint(out, failure(result.Err()))
	}
	if masked {
		say("pq simple", query("select id, email from people order by id"))
		say("pq prepared", query("select id, email from people where id < $1 order by id", 9))
		_, err = db.Exec("delete from doomed")
		say("pq held", failure(err))
		_, err = db.Exec("delete from doomed_too")
		say("pq denied", failure(err))
		say("pq after", query("select 1, 2"))
		return
	}
	say("pq simple", query("select id, name from things order by id"))
	say("pq prepared", query("select id, name from things where id < $1 and name <> $2 order by id", 4, "x"))
	say("pq error", query("select 1/$1::int, 2", 0), query("select 1, 1/(2-i) from generate_series(1,3) i"))
	statement, err := db.Prepare("select $1::int + 1")
	must(err)
	var n int
	must(statement.QueryRow(41).Scan(&n))
	must(statement.Close())
	say("pq statement", n)
	tx, err := db.Begin()
	must(err)
	copyIn, err := tx.Prepare(pq.CopyIn("scratch", "a", "b"))
	must(err)
	for i := range 100 {
		_, err = copyIn.Exec(i, fmt.Sprint(i))
		must(err)
	}
	_, err = copyIn.Exec()
	must(err)
	must(copyIn.Close())
	_, err = tx.Exec("select 1/0")
	say("pq fails", failure(err))
	say("pq commit", tx.Commit())
	say("pq count", query("select count(*), 1 from scratch"))
	limited, stop := context.WithTimeout(ctx, 300*time.Millisecond)
	defer stop()
	_, err = db.ExecContext(limited, "select pg_sleep(20)")
	say("pq cancelled", failure(err))
	say("pq after", query("select 1, 2"))
}

func main() {
	if os.Args[1] == "pgx" {
		runPgx()
	} else {
		runPq()
	}
}
