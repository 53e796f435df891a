/**
 * The salted passwords of Postern's own logins, kept from one connection to the next. To make one takes thousands of
 * hashes, most of what a session costs, and a database gives a login the same salt until its password is changed.
 * They are worth what the passwords are, which are in memory too.
 *
 * Invariant: what is kept is only given for the same login, password, salt and number of iterations. One is kept for
 * each login, so whatever salts a server makes up, there is no more.
 */
import { saltPassword, type SaltPassword } from '../wire/scram.ts';

type Kept = {
  readonly password: string;
  readonly salt: Buffer;
  readonly iterations: number;
  readonly salted: Promise<Buffer>;
};

const kept = new WeakMap<object, Kept>();

/** Salts a login's password, or finds it salted. @param login whose passwords; it is compared by identity */
export function saltedPasswords(login: object, salter: SaltPassword = saltPassword): SaltPassword {
  return (password, salt, iterations) => {
    const last = kept.get(login);
    if (last?.password === password && last.iterations === iterations && last.salt.equals(salt))
      return last.salted;
    const salted = salter(password, salt, iterations);
    kept.set(login, { password, salt: Buffer.from(salt), iterations, salted });
    // One that could not be made is not kept.
    salted.catch(() => {
      if (kept.get(login)?.salted === salted) kept.delete(login);
    });
    return salted;
  };
}
