//! tokio-postgres: pipelining by concurrent futures, portals, COPY, cancel, simple queries, typed binary rows.
use bytes::Bytes;
use futures_util::{future::join_all, stream, SinkExt, StreamExt, TryStreamExt};
use native_tls::TlsConnector;
use postgres_native_tls::MakeTlsConnector;
use std::{env, pin::pin, time::Duration};
use tokio_postgres::{config::SslMode, Client, Error, SimpleQueryMessage};

fn failure(error: Error) -> String {
    match error.as_db_error() {
        Some(db) if env::var("MODE").as_deref() == Ok("masked") => db.code().code().to_string(),
        Some(db) => format!("{} {} {:?}", db.code().code(), db.message(), db.position()),
        None => format!("{error}"),
    }
}

fn simple(messages: Result<Vec<SimpleQueryMessage>, Error>) -> String {
    match messages {
        Err(error) => failure(error),
        Ok(all) => all.iter().map(|m| match m {
            SimpleQueryMessage::Row(row) => (0..row.len()).map(|i| row.get(i).unwrap_or("null")).collect::<Vec<_>>().join("|"),
            SimpleQueryMessage::CommandComplete(n) => format!("done {n}"),
            _ => "description".to_string(),
        }).collect::<Vec<_>>().join(" "),
    }
}

async fn masked(client: &Client) -> Result<(), Error> {
    println!("simple {}", simple(client.simple_query("select id, email from people order by id").await));
    for row in client.query("select id, email from people where id < $1 order by id", &[&9i32]).await? {
        println!("binary {} {:?}", row.get::<_, i32>(0), row.get::<_, Option<&str>>(1));
    }
    let out: Vec<Bytes> = client.copy_out("copy people (email) to stdout").await?.try_collect().await?;
    println!("copy {:?}", out.concat());
    println!("held {:?}", client.execute("delete from doomed", &[]).await.map_err(failure));
    println!("denied {:?}", client.execute("delete from doomed_too", &[]).await.map_err(failure));
    println!("after {}", simple(client.simple_query("select 1").await));
    Ok(())
}

async fn everything(client: &mut Client, tls: MakeTlsConnector) -> Result<(), Error> {
    println!("simple {}", simple(client.simple_query("select 1; select null, 'x'; select * from things order by id").await));
    println!("error {}", simple(client.simple_query("select 1; select 1/0; select 2").await));
    let row = client.query_one("select $1::int4, $2::text, $3::float8, $4::bytea, array[1,2]::int4[]", &[&1i32, &"é", &1.5f64, &&[0u8, 255][..]]).await?;
    println!("types {} {} {} {:?} {:?}", row.get::<_, i32>(0), row.get::<_, &str>(1), row.get::<_, f64>(2), row.get::<_, &[u8]>(3), row.get::<_, Vec<i32>>(4));
    let statement = client.prepare("select i, $1::text from generate_series(1, $2) i").await?;
    println!("statement {:?} {:?}", statement.params(), statement.columns().iter().map(|c| c.name()).collect::<Vec<_>>());
    println!("mood {:?}", client.prepare("select $1::mood").await?.params());
    let rows = join_all((1..20).map(|i| { let (client, statement) = (&*client, &statement); async move { client.query(statement, &[&"x", &i]).await.map(|r| r.len()) } })).await;
    println!("pipelined {:?}", rows.into_iter().collect::<Result<Vec<_>, _>>()?);
    let mixed = join_all([1i32, 0, 2].map(|i| { let client = &*client; async move { client.query("select 4/$1::int4", &[&i]).await.map(|r| r[0].get::<_, i32>(0)).map_err(failure) } })).await;
    println!("mixed {mixed:?}");
    println!("syntax {:?}", client.query("selec 1", &[]).await.map(|r| r.len()).map_err(failure));
    let transaction = client.transaction().await?;
    let portal = transaction.bind("select i from generate_series(1, 25) i", &[]).await?;
    loop {
        let part = transaction.query_portal(&portal, 10).await?;
        println!("portal {}", part.len());
        if part.len() < 10 { break; }
    }
    transaction.execute("insert into scratch values (1, 'x')", &[]).await?;
    transaction.rollback().await?;
    let sink = client.copy_in::<_, Bytes>("copy scratch from stdin").await?;
    let mut sink = pin!(sink);
    sink.send_all(&mut stream::iter(["1\tone\n", "2\ttwo\n"]).map(|s| Ok(Bytes::from(s)))).await?;
    println!("copied {}", sink.finish().await?);
    {
        let aborted = client.copy_in::<_, Bytes>("copy scratch from stdin").await?;
        let mut aborted = pin!(aborted);
        aborted.send(Bytes::from("3\tthree\n")).await?;
    }
    println!("after aborted copy {}", simple(client.simple_query("select count(*) from scratch").await));
    let out: Vec<Bytes> = client.copy_out("copy (select * from scratch order by 1) to stdout").await?.try_collect().await?;
    println!("copy out {:?}", out.concat());
    client.batch_execute("truncate scratch").await?;
    let token = client.cancel_token();
    let (slow, ()) = tokio::join!(client.query("select pg_sleep(20)", &[]), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        token.cancel_query(tls).await.ok();
    });
    println!("cancelled {:?}", slow.map(|r| r.len()).map_err(failure));
    // The server signals a backend twice for one cancel, and the second may meet the next statement.
    client.simple_query("select 1").await.ok();
    println!("large {}", client.query_one("select repeat('x', 3000000)", &[]).await?.get::<_, &str>(0).len());
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let mut config = tokio_postgres::Config::new();
    config.host(env::var("PGHOST").unwrap()).port(env::var("PGPORT").unwrap().parse().unwrap())
        .user(env::var("PGUSER").unwrap()).password(env::var("PGPASSWORD").unwrap()).dbname(env::var("PGDATABASE").unwrap());
    config.ssl_mode(if env::var("PGSSLMODE").as_deref() == Ok("require") { SslMode::Require } else { SslMode::Disable });
    // The certificate is made for the run and signed by nobody.
    let tls = MakeTlsConnector::new(TlsConnector::builder().danger_accept_invalid_certs(true).build().unwrap());
    let (mut client, connection) = config.connect(tls.clone()).await?;
    tokio::spawn(async move { connection.await.ok() });
    if env::var("MODE").as_deref() == Ok("masked") { masked(&client).await } else { everything(&mut client, tls).await }
}
