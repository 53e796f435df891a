# Ruby's pg: prepared and pipelined statements, single-row mode, COPY with encoders, notifications, cancel.
require 'pg'
$stdout.sync = true
MASKED = ENV['MODE'] == 'masked'
conn = PG.connect
conn.set_notice_processor { |text| puts "notice #{text}" unless MASKED }
def say(label, *values) = puts("#{label} #{values.map(&:inspect).join(' ')}")
def attempt(label)
  say(label, yield)
rescue PG::Error => e
  say(label, e.result&.error_field(PG::PG_DIAG_SQLSTATE), MASKED ? '' : e.result&.error_field(PG::PG_DIAG_MESSAGE_PRIMARY))
end
if MASKED
  say('simple', conn.exec('select id, email from people order by id').values)
  say('binary', conn.exec_params('select email from people where id < $1 order by id', [9], 1).values)
  attempt('held') { conn.exec('delete from doomed').cmd_tuples }
  attempt('denied') { conn.exec('delete from doomed_too').cmd_tuples }
  say('after', conn.exec('select 1').values)
  exit
end
say('simple', conn.exec('select * from things order by id').values)
say('parameters', conn.exec_params('select $1::int, $2::text, $3::bytea', [1, 'é', { value: "\x00\xff".b, format: 1 }]).values)
conn.prepare('p', 'select name from things where id = $1')
say('described', conn.describe_prepared('p').fields)
3.times { |i| say('prepared', conn.exec_prepared('p', [i]).values) }
attempt('zero') { conn.exec_params('select 1/$1::int', [0]) }
attempt('syntax') { conn.exec('selec 1') }
attempt('transaction') { conn.transaction { |c| c.exec("insert into scratch values (1, 'x')"); c.exec('select 1/0') } }
say('rolled back', conn.exec('select count(*) from scratch').values)
conn.send_query('select i from generate_series(1, 5) i')
conn.set_single_row_mode
conn.get_result.stream_each { |row| say('single', row) }
conn.get_last_result
conn.enter_pipeline_mode
5.times { |i| conn.send_query_params('select 4 / $1::int', [i - 2]) }
conn.pipeline_sync
6.times do
  while (r = conn.get_result)
    say('pipeline', PG::Constants.constants.find { |n| n.to_s.start_with?('PGRES_') && PG.const_get(n) == r.result_status }, r.ntuples.positive? ? r.values : r.error_field(PG::PG_DIAG_SQLSTATE))
    break if r.result_status == PG::PGRES_PIPELINE_SYNC
  end
end
conn.exit_pipeline_mode
conn.copy_data('copy scratch from stdin', PG::TextEncoder::CopyRow.new) { 3.times { |i| conn.put_copy_data([i, "row #{i}"]) } }
attempt('copy fails') { conn.copy_data('copy scratch from stdin') { conn.put_copy_data("bad\n") } }
conn.copy_data('copy (select * from scratch order by 1) to stdout') { while (row = conn.get_copy_data) do say('copy', row) end }
conn.exec('truncate scratch')
conn.exec("listen news; notify news, 'hello'")
conn.wait_for_notify(3) { |channel, _pid, payload| say('notified', channel, payload) }
conn.exec("do $$ begin raise notice 'hi'; end $$")
canceller = Thread.new { sleep 0.3; conn.cancel }
attempt('cancelled') { conn.async_exec('select pg_sleep(20)') }
canceller.join
# The server signals a backend twice for one cancel, and the second may meet the next statement.
begin
  conn.exec('select 1')
rescue PG::QueryCanceled
  nil
end
say('large', conn.exec("select repeat('x', 3000000)").getvalue(0, 0).size)
