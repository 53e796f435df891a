/** What the generator knows of schema.ts: enough to write expressions that mostly have the right type. */
export const KINDS = ['int', 'num', 'text', 'bool', 'json', 'date', 'texts'] as const;
export type Kind = (typeof KINDS)[number] | 'other';

export type Column = { readonly name: string; readonly kind: Kind };
export type Relation = { readonly name: string; readonly columns: readonly Column[]; readonly since: number };

const LISTING = `
app.customers: id int, email text, phone text, ssn text, name text, balance num, tags texts, profile json, home other, mood other, born date, vip bool, referrer_id int, initials text
orders: id int, customer_id int, total num, note text, placed other, status text, shipped date
products: id int, title text, price num, cost num, attributes other, supplier text
order_items: order_id int, product_id int, quantity int, price num
app.accounts: id int, owner_id int, iban text, balance num
hr.accounts: id int, login text, password text
departments: id int, name text, head_id int
hr.employees: id int, name text, email text, salary num, ssn text, boss_id int, department_id int, hired date, reviews other, shift other
people: id int, name text, ssn text
staff: id int, name text, ssn text, badge text, rate num
events: id int, at date, actor text, payload json, ip other
documents: id int, author_id int, body text, meta other, "Secret Word" text, "select" text, search other
log: id int, who text, what text, at other
pairs: a int, b int, c text
v_customers: id int, email text, name text, balance num
v_contact: customer int, mail text, label text
v_star: id int, email text, phone text, ssn text, name text, balance num, tags texts, profile json, home other, mood other, born date, vip bool, referrer_id int, initials text
v_spend: id int, email text, spent num, latest other
v_everyone: id int, name text, email text, kind text
hr.v_chain: id int, name text, boss_id int, depth int
v_using: email text, name text, salary num
v_shared: id int, number text
v_values: k int, v text
v_counts: n int, mails int, gaps bool
m_customers: id int, email text, shout text
m_spend: id int, email text, spent num, latest other, shout text
v_over_mat: id int, mail text, shout text
18: virtuals: id int, secret text, open text, veiled text
`;

export const RELATIONS: readonly Relation[] = LISTING.trim()
  .split('\n')
  .map((line) => {
    const [, since, name, columns] = /^(?:(\d\d): )?([\w.]+): (.*)$/.exec(line) ?? [];
    return {
      name: name ?? '',
      since: Number(since ?? 14),
      columns: (columns ?? '').split(', ').map((column) => {
        const at = column.lastIndexOf(' ');
        return { name: column.slice(0, at), kind: column.slice(at + 1) as Kind };
      }),
    };
  });

/** Tables that the generator writes to: those whose columns take what it makes. */
export const WRITABLE = ['app.customers', 'orders', 'log', 'pairs', 'people', 'hr.employees', 'v_customers'];
