import java.io.StringReader;
import java.io.StringWriter;
import java.sql.*;
import java.util.Arrays;
import java.util.Properties;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

/** pgjdbc: prepareThreshold, fetch size, batches, COPY, savepoints, metadata, notifications, cancel. */
public class Program {
  static final boolean MASKED = "masked".equals(System.getenv("MODE"));

  static void say(String label, Object... values) {
    System.out.println(label + " " + Arrays.deepToString(values));
  }

  interface Action { Object run() throws Exception; }

  static void attempt(String label, Action action) throws Exception {
    try {
      say(label, action.run());
    } catch (BatchUpdateException e) {
      say(label, e.getSQLState(), e.getUpdateCounts());
    } catch (SQLException e) {
      say(label, e.getSQLState(), MASKED ? "" : e.getMessage());
    }
  }

  /** Bytes in binary would print as an address. */
  static String text(ResultSet rows, int column) throws SQLException {
    return rows.getMetaData().getColumnType(column) == Types.BINARY ? Arrays.toString(rows.getBytes(column)) : rows.getString(column);
  }

  static String read(ResultSet rows) throws SQLException {
    StringBuilder out = new StringBuilder();
    int columns = rows.getMetaData().getColumnCount();
    while (rows.next()) {
      for (int i = 1; i <= columns; i++) out.append(text(rows, i)).append('|');
      out.append(' ');
    }
    rows.close();
    return out.toString();
  }

  static Connection connect(String... more) throws SQLException {
    Properties p = new Properties();
    p.setProperty("user", System.getenv("PGUSER"));
    p.setProperty("password", System.getenv("PGPASSWORD"));
    p.setProperty("sslmode", System.getenv("PGSSLMODE"));
    for (int i = 0; i < more.length; i += 2) p.setProperty(more[i], more[i + 1]);
    return DriverManager.getConnection("jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE"), p);
  }

  static void masked(Connection c) throws Exception {
    PreparedStatement s = c.prepareStatement("select id, email from people where id < ? order by id");
    for (int i = 0; i < 8; i++) {
      s.setInt(1, 9);
      say("prepared", read(s.executeQuery()));
    }
    c.setAutoCommit(false);
    s.setFetchSize(2);
    say("fetch", read(s.executeQuery()));
    c.commit();
    c.setAutoCommit(true);
    StringWriter out = new StringWriter();
    c.unwrap(PGConnection.class).getCopyAPI().copyOut("copy people (email) to stdout", out);
    say("copy", out);
    attempt("held", () -> c.createStatement().executeUpdate("delete from doomed"));
    attempt("denied", () -> c.createStatement().executeUpdate("delete from doomed_too"));
    say("after", read(c.createStatement().executeQuery("select 1")));
  }

  static void work(Connection c, String label) throws Exception {
    PreparedStatement s = c.prepareStatement("select id, name, amount, tags, doc, flag, ratio, raw from things where id < ? order by id");
    for (int i = 0; i < 8; i++) {
      s.setInt(1, i);
      say(label, read(s.executeQuery()));
    }
    c.setAutoCommit(false);
    PreparedStatement rows = c.prepareStatement("select i from generate_series(1, ?) i");
    rows.setFetchSize(10);
    rows.setInt(1, 35);
    say(label + " fetch", read(rows.executeQuery()));
    ResultSet open = rows.executeQuery();
    open.next();
    say(label + " interleaved", read(c.createStatement().executeQuery("select 'other'")), open.getInt(1));
    open.close();
    c.commit();
    attempt(label + " error", () -> read(c.createStatement().executeQuery("select 1/0")));
    attempt(label + " failed", () -> read(c.createStatement().executeQuery("select 1")));
    c.rollback();
    Savepoint point = c.setSavepoint();
    attempt(label + " unique", () -> c.createStatement().executeUpdate("insert into things (id) values (1)"));
    c.rollback(point);
    PreparedStatement batch = c.prepareStatement("insert into scratch values (?, ?)");
    for (int i = 0; i < 300; i++) {
      batch.setInt(1, i);
      batch.setString(2, "row " + i);
      batch.addBatch();
    }
    say(label + " batch", batch.executeBatch().length);
    c.commit();
    Statement mixed = c.createStatement();
    mixed.addBatch("insert into scratch values (1000, 'x')");
    mixed.addBatch("insert into scratch values (1/0, 'y')");
    mixed.addBatch("insert into scratch values (1001, 'z')");
    attempt(label + " batch fails", mixed::executeBatch);
    c.rollback();
    c.setAutoCommit(true);
    PreparedStatement keys = c.prepareStatement("insert into scratch values (?, ?)", Statement.RETURN_GENERATED_KEYS);
    keys.setInt(1, 5000);
    keys.setString(2, "keys");
    keys.executeUpdate();
    say(label + " keys", read(keys.getGeneratedKeys()));
    Statement several = c.createStatement();
    boolean more = several.execute("select 1; select 2; update scratch set b = 'u' where a = 1");
    say(label + " several", more, read(several.getResultSet()), several.getMoreResults(), read(several.getResultSet()), several.getMoreResults(), several.getUpdateCount());
    CopyManager copy = c.unwrap(PGConnection.class).getCopyAPI();
    say(label + " copy in", copy.copyIn("copy scratch from stdin", new StringReader("9001\tone\n9002\ttwo\n")));
    attempt(label + " copy fails", () -> copy.copyIn("copy scratch from stdin", new StringReader("bad\n")));
    StringWriter out = new StringWriter();
    copy.copyOut("copy (select * from scratch where a > 4000 order by 1) to stdout", out);
    say(label + " copy out", out);
    c.createStatement().execute("truncate scratch");
  }

  public static void main(String[] args) throws Exception {
    if (MASKED) {
      masked(connect());
      return;
    }
    work(connect(), "default");
    work(connect("prepareThreshold", "1"), "threshold 1");
    work(connect("prepareThreshold", "-1", "binaryTransfer", "true"), "forced binary");
    work(connect("reWriteBatchedInserts", "true"), "rewritten batches");
    work(connect("autosave", "always"), "autosave");
    Connection simple = connect("preferQueryMode", "simple");
    say("simple", read(simple.createStatement().executeQuery("select * from things order by id")));
    PreparedStatement p = simple.prepareStatement("select ?, ?::int");
    p.setString(1, "it's");
    p.setInt(2, -5);
    say("simple", read(p.executeQuery()));
    Connection c = connect("ApplicationName", "jdbc");
    DatabaseMetaData meta = c.getMetaData();
    ResultSet columns = meta.getColumns(null, "public", "things", "%");
    while (columns.next()) say("column", columns.getString("COLUMN_NAME"), columns.getString("TYPE_NAME"), columns.getInt("NULLABLE"));
    say("keys", read(meta.getPrimaryKeys(null, "public", "things")));
    say("tables", read(meta.getTables(null, "public", "%", new String[] {"TABLE"})));
    ResultSetMetaData names = c.createStatement().executeQuery("select id as one, name from things").getMetaData();
    say("names", names.getColumnLabel(1), ((org.postgresql.PGResultSetMetaData) names).getBaseColumnName(1), names.getColumnTypeName(2));
    CallableStatement call = c.prepareCall("{? = call double_it(?)}");
    call.registerOutParameter(1, Types.INTEGER);
    call.setInt(2, 21);
    call.execute();
    say("call", call.getInt(1));
    c.createStatement().execute("listen news");
    c.createStatement().execute("notify news, 'hello'");
    var notes = c.unwrap(PGConnection.class).getNotifications(1000);
    say("notified", notes.length, notes[0].getName(), notes[0].getParameter());
    Statement slow = c.createStatement();
    slow.setQueryTimeout(1);
    attempt("timeout", () -> slow.executeQuery("select pg_sleep(20)"));
    say("after", read(c.createStatement().executeQuery("select 1")));
    say("large", read(c.createStatement().executeQuery("select repeat('x', 3000000)")).length());
    Statement updatable = c.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE);
    ResultSet rs = updatable.executeQuery("select id, name from things where id = 1");
    rs.next();
    rs.updateString("name", rs.getString("name"));
    rs.updateRow();
    say("updated", rs.getString("name"));
    say("valid", c.isValid(2));
  }
}
