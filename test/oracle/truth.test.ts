import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { MAJORS } from '../../fixtures/postgres/majors.ts';
import { startOracle } from './server.ts';
import type { OracleServer } from './server.ts';
import { columnOf } from './values.ts';
import type { ColumnKey, Source } from './values.ts';

/**
 * `statement => output; output; …`, then `store target < sources` for what is stored. An output is `=column`
 * for that column as it is, a list of columns it is computed from, or `-`. `15: …` is understood from that version on.
 */
const KNOWN = `
select 1 => -
select email, upper(email), email || phone from app.customers => =customers.email; customers.email; customers.email customers.phone
select count(*), count(email), email is null from app.customers group by email => -; -; -
select count(upper(email)), count(email) filter (where id = 1) from app.customers => customers.email; customers.email customers.id
select upper(email) is null from app.customers => customers.email
select count(x) from (select nullif(email, 'a') as x from app.customers) s => customers.email
select count(email) over (partition by ssn) from app.customers => customers.ssn
select row_number() over (order by email) from app.customers => customers.email
select c from app.customers c => customers.*
select (c).email from (select c from app.customers c) s => =customers.email
select (r).f1 from (select row(email, id) as r from app.customers) s => =customers.email
select mail, label from v_contact => =customers.email; customers.name customers.email
select email, shout from m_customers => =customers.email; customers.name
select * from v_over_mat => =customers.id; =customers.email; customers.name
select email from v_everyone => customers.email employees.email
select depth, name from hr.v_chain => -; =employees.name
select email from app.customers join hr.employees using (email) => =customers.email
select email from app.customers right join hr.employees using (email) => =employees.email
select email from app.customers full join hr.employees using (email) => customers.email employees.email
select email from app.customers union select note from orders => customers.email orders.note
select email from app.customers union all select email from v_customers => =customers.email
select email from app.customers except select note from orders => =customers.email
select (select email from app.customers limit 1) => =customers.email
select exists (select ssn from app.customers where email = 'x') => customers.email
select id in (select customer_id from orders) from app.customers => customers.id orders.customer_id
select l.v from app.customers c, lateral (values (c.email), (c.name)) l (v) => customers.email customers.name
select u from app.customers c, unnest(c.tags) u => customers.tags
select u.place from app.customers c, unnest(c.tags) with ordinality u (tag, place) => -
with c (x) as (select email from app.customers) select x, upper(x) from c => =customers.email; customers.email
with recursive t (a, b, c) as (select email, name, note from app.customers, orders union select b, c, a from t) select a from t => customers.email customers.name orders.note
with recursive t (a) as (select email from app.customers union select a from t) select a from t => =customers.email
with w as (delete from app.customers returning email) select email from w => =customers.email
select name, grouping(name), max(ssn) from employees group by rollup (name) => =employees.name; -; employees.ssn
select string_agg(name, ',' order by email) from app.customers => customers.name customers.email
select ctid from app.customers => -
select name from people => =people.name
select case when vip then email end from app.customers => customers.vip customers.email
select email::text, phone::text from app.customers => =customers.email; customers.phone
insert into log (who) select email from app.customers returning who, id => =log.who; =log.id; store log.who < customers.email
insert into log (who, what) values ('a', 'b') returning who => =log.who
update orders set (note, status) = (select email, upper(ssn) from app.customers limit 1) => store orders.note < customers.email; store orders.status < customers.ssn
update app.customers set email = phone, tags[1] = name returning upper(email) => customers.email; store customers.email < customers.phone; store customers.tags < customers.name
insert into app.customers (id) values (1) on conflict (id) do update set email = excluded.name => store customers.email < customers.name
15: merge into orders o using app.customers c on o.id = c.id when matched then update set note = c.email when not matched then insert (id, status) values (1, c.ssn) => store orders.note < customers.email; store orders.status < customers.ssn
with w as (update orders set note = c.email from app.customers c returning note) select note from w => =orders.note; store orders.note < customers.email
`;

for (const { major, module } of MAJORS)
  describe(`what the server says (PostgreSQL ${major})`, () => {
    let server: OracleServer;
    before(async () => {
      server = await startOracle({ module });
      assert.equal(server.major, major);
    });
    after(async () => server?.stop());

    const named = (key: ColumnKey): string => {
      const { relation, attnum } = columnOf(key);
      const known = server.snapshot.relations.get(relation);
      const column = known?.columns.find((one) => one.attnum === attnum)?.name;
      return `${known?.name}.${attnum === 0 ? '*' : (column ?? attnum)}`;
    };
    const list = (keys: ReadonlySet<ColumnKey>): string => [...keys].map(named).sort().join(' ') || '-';
    const shown = ({ required, plain }: Source): string =>
      plain === 'none' || plain === 'bottom' || required.size === 0 ? list(required) : `=${named(plain)}`;
    const sorted = (part: string): string => part.split(' ').sort().join(' ');

    for (const line of KNOWN.trim().split('\n')) {
      const [, mark, sql = '', expected = ''] = /^(?:(\d\d): )?(.*) => (.*)$/.exec(line) ?? [];
      it(sql, async () => {
        const answer = await server.ask(sql);
        if (Number(mark ?? 14) > major) return assert.equal(answer.kind, 'refused');
        assert.ok(answer.kind === 'understood', answer.kind === 'refused' ? answer.message : '');
        const { outputs, stores } = answer.truth;
        const said = [
          ...outputs.map(({ source }) => shown(source)),
          ...stores.map(({ target, source }) => {
            return `store ${named(`${target.relation}.${target.attnum}`)} < ${list(source.required)}`;
          }),
        ];
        assert.deepEqual(said.map(sorted), expected.split('; ').map(sorted));
      });
    }

    it('is nothing where it does not understand', async () => {
      const answer = await server.ask('selekt 1');
      assert.deepEqual(answer, { kind: 'refused', message: 'syntax error at or near "selekt"' });
      assert.equal((await server.ask('select 1')).kind, 'understood');
    });
  });
