/**
 * Class 19 again: what the newest grammar reads as its own syntax, and an older server as names. Postern reads with
 * the newest grammar whatever the server is. The functions of these names are in the schema.
 */
import { cases, until, type Attack } from '../case.ts';

export const VERSIONS: readonly Attack[] = cases(19, {
  'function json_value': until(16, "select json_value('{}'::jsonb, '$')"),
  'function json_query': until(16, "select upper(json_query('{}'::jsonb, '$')) from orders limit 2"),
  'function json_exists': until(16, "select json_exists('{}'::jsonb, '$')"),
  'function json_scalar': until(16, 'select json_scalar(1)'),
  'function json_serialize': until(16, "select json_serialize('1')"),
  'function json_array': until(15, 'select json_array(1)'),
  'function json_array of nothing': until(15, 'select json_array()'),
  'function json_object': until(15, 'select json_object(1, 2)'),
  'aggregate json_arrayagg': until(15, 'select json_arrayagg(id) from orders where id < 3'),
  'aggregate json_arrayagg as window': until(15, 'select json_arrayagg(id) over () from orders where id < 3'),
  'function json': until(16, 'select json(1)'),
  'function merge_action': until(16, 'select merge_action()'),
  'function json_value in FROM': until(16, "select * from json_value('{}'::jsonb, '$') as v(x)"),
  'function json_value that stores': until(
    16,
    "update orders set note = json_value('{}'::jsonb, '$') where id = 90",
    'select note from orders where id = 90',
  ),
  'function json_scalar as argument of EXECUTE': until(
    16,
    'prepare p(text) as update orders set note = $1 where id = 91',
    'execute p(json_scalar(1))',
    'select note from orders where id = 91',
  ),
  'column system_user of a CTE': until(
    15,
    'with x("system_user") as (select ssn from customers) select upper(system_user) from x limit 3',
  ),
  'column system_user of a sub-query': until(
    15,
    'select system_user from (select reverse(ssn) as system_user from customers) x limit 3',
  ),
  'column system_user, stored': until(
    15,
    // in a transaction, where no other case finds the rows
    'begin',
    'insert into orders (id, note) select 70000 + id, system_user from (select id, ssn as system_user from customers) x',
    'select note from orders where id > 70000 limit 2',
    'rollback',
  ),
  'column system_user of a table': until(15, 'select reverse(system_user), system_user from logins limit 3'),
  'number that is an alias':
    'select xa from (select reverse(ssn) as xa from customers) o where exists (select xa from (select 0xa) i) limit 3',
  'row of a number that is an alias': 'select s from (select ssn, 0xa from customers) s limit 3',
});
