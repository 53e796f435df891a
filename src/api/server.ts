/**
 * The HTTP API: requests, decisions, agents, rules and trail, for the CLI, pages and programs alike.
 *
 * Invariants: every route but the two health routes needs a token, by one hook that reads the route's own
 * facts, so a route without facts cannot be registered; every refusal has the registry's shape; neither the
 * log nor an answer to an unknown error quotes what anybody sent (I8).
 * Non-goals: TLS (a reverse proxy's), sessions, cookies, CORS: no page of another origin is served.
 */
import Fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { isLoopback } from '../config/loopback.ts';
import { PosternError } from '../errors.ts';
import { VERSION } from '../version.ts';
import { makeAuthenticator, requireRole } from './authentication.ts';
import type { ApiDeps } from './deps.ts';
import { makeEventHub } from './event-hub.ts';
import type { EventHub } from './event-hub.ts';
import {
  CALLS_WINDOW_MS,
  HEADERS_TIMEOUT_MS,
  MAX_BODY_BYTES,
  MAX_CONNECTIONS,
  MAX_COUNTED_CALLERS,
  REQUEST_TIMEOUT_MS,
  SLOW_CLIENT_CHECK_MS,
} from './limits.ts';
import { registered } from './openapi.ts';
import type { Registered } from './openapi.ts';
import { checkHostAndOrigin } from './origin.ts';
import { asPosternError, placeOf, refusalOf } from './refusal.ts';
import { agentRoutes } from './routes/agents.ts';
import { auditRoutes } from './routes/audit.ts';
import { eventRoutes } from './routes/events.ts';
import { grantRoutes } from './routes/grants.ts';
import { healthRoutes } from './routes/health.ts';
import { linkRoutes } from './routes/link.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { loginRoutes } from './routes/login.ts';
import { openapiRoutes } from './routes/openapi.ts';
import { policyRoutes } from './routes/policy.ts';
import { requestRoutes } from './routes/requests.ts';
import { textRoutes } from './routes/text.ts';
import { whoamiRoutes } from './routes/whoami.ts';
import { makeWindowCount } from './window-count.ts';

export type { ApiDeps } from './deps.ts';

/**
 * Listens, and resolves once it does. `close` ends event streams, lets answers under way finish and frees
 * the port.
 * @throws Error of the socket when it cannot listen; PosternError `config-invalid` for a bad token digest
 */
export async function startApi(deps: ApiDeps): Promise<{ port: number; close(): Promise<void> }> {
  const hub = makeEventHub(deps.approvals, undefined, undefined, deps.grants);
  try {
    const app = buildApi(deps, hub);
    await app.listen({ host: deps.host, port: deps.port });
    app.server.maxConnections = MAX_CONNECTIONS;
    const address = app.server.address();
    if (!isLoopback(deps.host)) {
      deps.log.warn(
        { host: deps.host },
        'the API listens beyond this machine and speaks plain HTTP: put TLS in front of it',
      );
    }
    return {
      port: typeof address === 'object' && address !== null ? address.port : deps.port,
      async close() {
        hub.close();
        await app.close();
      },
    };
  } catch (error) {
    hub.close();
    throw error;
  }
}

const DEFAULT_TIMEOUTS = {
  headersMs: HEADERS_TIMEOUT_MS,
  requestMs: REQUEST_TIMEOUT_MS,
  checkMs: SLOW_CLIENT_CHECK_MS,
};

/** Nothing here is a page: nothing may be framed, sniffed, run or told where it was called from. */
const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** The routes without a socket. */
export function buildApi(deps: ApiDeps, hub: EventHub): FastifyInstance {
  const timeouts = { ...DEFAULT_TIMEOUTS, ...deps.timeouts };
  const app = Fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: timeouts.requestMs,
    http: { headersTimeout: timeouts.headersMs, connectionsCheckingInterval: timeouts.checkMs },
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    // Nothing is coerced or dropped in silence: what does not fit the schema is refused.
    ajv: {
      customOptions: {
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: false,
        allowUnionTypes: true,
      },
    },
  });
  const routes: Registered[] = [];
  app.addHook('onRoute', (route) => {
    routes.push(registered(route));
  });
  guard(app, deps);
  answerErrors(app, deps);
  healthRoutes(app, deps);
  metricsRoutes(app, deps);
  loginRoutes(app, deps);
  whoamiRoutes(app);
  requestRoutes(app, deps);
  linkRoutes(app);
  textRoutes(app, deps);
  eventRoutes(app, hub);
  grantRoutes(app, deps);
  agentRoutes(app, deps);
  policyRoutes(app, deps);
  auditRoutes(app, deps);
  for (const plugin of deps.plugins ?? []) plugin(app);
  openapiRoutes(app, routes, VERSION);
  return app;
}

/** Host, origin, token and role, in this order, before a body is read. */
function guard(app: FastifyInstance, deps: ApiDeps): void {
  const authenticator = makeAuthenticator(deps.approvers, deps.oidc);
  const calls = makeWindowCount(deps.maxCallsPerMinute, CALLS_WINDOW_MS, MAX_COUNTED_CALLERS);
  app.decorateRequest('caller', null);
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(HEADERS);
    const facts = request.routeOptions.config.facts;
    // No browser can sign, so neither rebinding nor another page reaches a signed route.
    if (facts?.signed !== true) checkHostAndOrigin(request.headers.host, request.headers.origin, deps.host);
    if (facts?.roles === 'anyone') return;
    const caller = await authenticator.authenticate(request.headers.authorization, request.ip);
    request.caller = caller;
    if (!calls.within(caller.name)) throw new PosternError('too-many-calls', { who: caller.name });
    if (facts !== undefined)
      requireRole(caller, facts.roles, `call ${request.method} ${request.routeOptions.url}`);
  });
  app.addHook('onResponse', async (request, reply) => {
    // The route's pattern, never the address as sent: its query may hold what somebody typed.
    deps.log.info(
      {
        method: request.method,
        route: request.routeOptions.url ?? 'none',
        status: reply.statusCode,
        caller: request.caller?.name ?? null,
        durationMs: Math.round(reply.elapsedTime),
      },
      'api call',
    );
  });
}

function answerErrors(app: FastifyInstance, deps: ApiDeps): void {
  app.setErrorHandler((thrown, request, reply) => {
    const error = asPosternError(thrown);
    if (error.code === 'internal-error') {
      deps.log.error(
        { route: request.routeOptions.url ?? 'none', ...placeOf(thrown) },
        'the API could not answer',
      );
    }
    // RFC 6750 section 3.1; RFC 6585 section 4.
    if (error.http === 401)
      reply.header(
        'www-authenticate',
        error.code === 'token-refused' ? 'Bearer error="invalid_token"' : 'Bearer',
      );
    if (error.http === 429) reply.header('retry-after', String(CALLS_WINDOW_MS / 1000));
    return reply.code(error.http).send(refusalOf(error));
  });
  app.setNotFoundHandler((request) => {
    throw new PosternError('not-found', {
      what: `${request.method} route`,
      name: request.url.split('?', 1)[0] ?? '',
    });
  });
}
