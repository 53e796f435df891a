/**
 * Honest statements whose results come back masked further than they would have to be, because nothing yet
 * follows which columns a value was computed from. They run, unheld; what they give is listed in
 * docs/threat-model.md, and a test asserts that it is still so.
 */
export const OVER_MASKED: readonly string[] = [
  'select count(*) from customers',
  'select city, count(*) from customers group by city order by city',
  'select upper(name) from customers where id = 1',
  'select max(age) from customers',
  'select c.name, count(o.id) from customers c join orders o on o.customer_id = c.id group by c.name order by c.name limit 3',
  'select id, age + 1 as older from customers order by id limit 3',
  'select id from customers where id = 1 union select id from orders where id = 1',
  'explain (costs off) select name from customers where id = 1',
  'select exists (select 1 from customers where id = 1)',
  'select add_tax(price) from products where id = 1',
  "update tickets set body = 'x' where id = 1 returning upper(body)",
  'select total, add_tax(10) from orders where id = 1',
];
