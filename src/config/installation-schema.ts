/**
 * The shape of postern.yaml. Strict throughout. A secret is always a map that says where it comes from, so
 * nobody writes one in clear by accident.
 */
import { z } from 'zod';
import { channelsSchema, url } from './channel-schema.ts';
import { DEFAULT_LIMITS, LIMIT_BOUNDS } from './defaults.ts';
import type { Limits } from './installation.ts';
import { MAX_KEEP_MS, MAX_PROCESSES, MIN_KEEP_MS } from './limits.ts';
import { secret } from './secret-schema.ts';
import { EMAIL, oidcSchema } from './oidc-schema.ts';
import { duration, exactName, label, oneOrMore, parseDuration, parseSize } from './values.ts';

export const port = z
  .int('expected a whole number')
  .min(1, 'a port is between 1 and 65535')
  .max(65535, 'a port is between 1 and 65535');
/** 0 lets the system choose one, which the log then names. */
const listenPort = z
  .int('expected a whole number')
  .min(0, 'a port is between 0 and 65535')
  .max(65535, 'a port is between 0 and 65535');

const login = z.strictObject({ user: label(), password: secret });

const tls = z.strictObject({
  mode: z.enum(['disable', 'require', 'verify-full']).optional(),
  ca: label().optional(),
  serverName: label().optional(),
});

const database = z.strictObject({
  host: label(),
  port: port.optional(),
  database: label().optional(),
  environment: exactName(),
  tls: tls.optional(),
  control: login,
  logins: z.record(label(), login),
});
export type WrittenDatabase = z.output<typeof database>;

const approver = z.strictObject({
  name: exactName(),
  groups: oneOrMore(exactName()).optional(),
  roles: oneOrMore(z.enum(['approver', 'operator', 'auditor'])).optional(),
  tokenSha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, 'expected 64 hex digits: the SHA-256 of the token, never the token itself')
    .optional(),
  email: z.string().regex(EMAIL, 'expected an e-mail address, in ASCII').optional(),
  subject: label().optional(),
  slack: z
    .string()
    .regex(/^[UW][A-Z0-9]{2,30}$/, "expected a member's id, like U012ABCDEF")
    .optional(),
});

/** Either a file or a PostgreSQL database. The schema's name is also that of the channel to listen on. */
const store = z
  .strictObject({
    file: label().optional(),
    postgres: z
      .strictObject({
        host: label(),
        port: port.optional(),
        database: label(),
        user: label(),
        password: secret,
        tls: tls.optional(),
        schema: z
          .string()
          .regex(
            /^[a-z_][a-z0-9_]{0,39}$/,
            'expected 1 to 40 lower-case letters, digits or _, no digit first',
          )
          .optional(),
        instance: exactName().optional(),
      })
      .optional(),
    keep: duration(MIN_KEEP_MS, MAX_KEEP_MS).optional(),
  })
  .refine((written) => written.file === undefined || written.postgres === undefined, {
    message: 'requests are kept in one place',
    params: { suggestion: 'remove file or postgres' },
  });
export type WrittenStore = z.output<typeof store>;
export type WrittenTls = z.output<typeof tls>;

/** A number, or for `…Ms` a duration and for `…Bytes` a size. */
function limit(key: keyof Limits) {
  const [min, max] = LIMIT_BOUNDS[key];
  return z.union([z.number(), z.string()]).transform((written, context) => {
    const parse = key.endsWith('Ms') ? parseDuration : key.endsWith('Bytes') ? parseSize : () => null;
    const value = typeof written === 'number' ? written : parse(written);
    if (value === null || !Number.isInteger(value) || value < min || value > max) {
      const unit = key.endsWith('Ms')
        ? ' milliseconds, or a duration like 30s'
        : key.endsWith('Bytes')
          ? ' bytes, or a size like 1MiB'
          : '';
      context.addIssue({
        code: 'custom',
        message: `expected a whole number between ${min} and ${max}${unit}`,
      });
      return z.NEVER;
    }
    return value;
  });
}

const limitKeys = Object.keys(DEFAULT_LIMITS) as (keyof Limits)[];

export const installationSchema = z.strictObject({
  listen: z
    .strictObject({
      host: label().optional(),
      port: listenPort.optional(),
      reusePort: z.boolean().optional(),
      tls: z.strictObject({ cert: label(), key: label(), required: z.boolean().optional() }).optional(),
    })
    .nullish(),
  api: z
    .strictObject({
      host: label().optional(),
      port: listenPort.optional(),
      allowRemote: z.boolean().optional(),
      publicUrl: url.optional(),
    })
    .nullish(),
  processes: z
    .int('expected a whole number')
    .min(1, `expected 1 to ${MAX_PROCESSES}`)
    .max(MAX_PROCESSES, `expected 1 to ${MAX_PROCESSES}`)
    .optional(),
  databases: z.record(exactName(), database),
  approvers: z.array(approver).nullish(),
  channels: channelsSchema.nullish(),
  oidc: oidcSchema.nullish(),
  rules: label().optional(),
  store: store.nullish(),
  trail: z
    .strictObject({
      folder: label().optional(),
      sync: z.enum(['decisions', 'always']).optional(),
      segmentBytes: z
        .union([z.number(), z.string()])
        .transform((written, context) => {
          const value = typeof written === 'number' ? written : parseSize(written);
          if (value === null || !Number.isInteger(value) || value < 65_536 || value > 2 ** 31) {
            context.addIssue({ code: 'custom', message: 'expected a size between 64KiB and 2GiB' });
            return z.NEVER;
          }
          return value;
        })
        .optional(),
    })
    .nullish(),
  maskKey: secret,
  limits: z
    .strictObject(
      Object.fromEntries(limitKeys.map((key) => [key, limit(key).optional()])) as Record<
        keyof Limits,
        z.ZodOptional<ReturnType<typeof limit>>
      >,
    )
    .nullish(),
  log: z
    .strictObject({
      level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).optional(),
    })
    .nullish(),
});

export type WrittenInstallation = z.output<typeof installationSchema>;
