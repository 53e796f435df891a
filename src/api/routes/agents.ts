/**
 * Agents: list, add, rotate, disable. A password is made here, shown in one answer and kept nowhere; the
 * store gets its verifier.
 */
import { randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { PosternError } from '../../errors.ts';
import { callerOf } from '../caller.ts';
import type { ApiDeps, RouteFacts } from '../deps.ts';
import { MAX_NAMES } from '../limits.ts';
import { agentName, agentSchema, agentWithPasswordSchema, closed, label, labels } from '../schemas.ts';
import { agentView } from '../views.ts';

/** 24 bytes are 32 characters of base64url and 192 bits. */
const PASSWORD_BYTES = 24;

type NewAgent = { name: string; owner: string; groups?: string[]; databases: string[]; login: string };

export function agentRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const { agents } = deps;

  app.get('/v1/agents', { config: { facts: listFacts } }, async () => ({
    agents: (await agents.list()).map(agentView),
  }));

  app.post<{ Body: NewAgent }>(
    '/v1/agents',
    { schema: { body: newAgentSchema }, config: { facts: addFacts } },
    async (request, reply) => {
      const { name, owner, groups = [], databases, login } = request.body;
      checkPlaces(deps, databases, login);
      if ((await agents.find(name)) !== null)
        throw new PosternError('already-exists', { what: 'agent', name });
      const password = newPassword();
      const verifier = await deps.makeVerifier(password);
      const by = callerOf(request).name;
      const added = await agents.add({ name, owner, groups, databases, login, verifier }, by);
      return reply.code(201).send({ agent: agentView(added), password });
    },
  );

  app.post<{ Params: { name: string } }>(
    '/v1/agents/:name/rotate',
    { schema: { params: nameParams }, config: { facts: rotateFacts } },
    async (request) => {
      const password = newPassword();
      const verifier = await deps.makeVerifier(password);
      const rotated = await agents.rotate(request.params.name, verifier, callerOf(request).name);
      return { agent: agentView(rotated), password };
    },
  );

  app.post<{ Params: { name: string } }>(
    '/v1/agents/:name/disable',
    { schema: { params: nameParams }, config: { facts: disableFacts } },
    async (request) => agentView(await agents.disable(request.params.name, callerOf(request).name)),
  );
}

function newPassword(): string {
  return randomBytes(PASSWORD_BYTES).toString('base64url');
}

/** Every database must be known and have the login, so that an agent fails here and not at its first connection. */
function checkPlaces(deps: ApiDeps, databases: readonly string[], login: string): void {
  if (databases.includes('*') && databases.length > 1) {
    throw new PosternError('bad-input', { reason: 'either "*" for every database, or their names' });
  }
  const meant = databases.includes('*') ? deps.databases.map((database) => database.name) : databases;
  for (const wanted of meant) {
    const database = deps.databases.find((one) => one.name === wanted);
    if (database === undefined) throw new PosternError('not-found', { what: 'database', name: wanted });
    if (!database.logins.includes(login)) {
      throw new PosternError('not-found', { what: `login of database "${wanted}"`, name: login });
    }
  }
}

const nameParams = {
  type: 'object',
  required: ['name'],
  additionalProperties: false,
  properties: { name: agentName },
} as const;

const newAgentSchema = {
  type: 'object',
  required: ['name', 'owner', 'databases', 'login'],
  additionalProperties: false,
  properties: {
    name: agentName,
    owner: label,
    groups: labels,
    login: label,
    databases: {
      type: 'array',
      minItems: 1,
      maxItems: MAX_NAMES,
      uniqueItems: true,
      items: { type: 'string', pattern: `^\\*$|${label.pattern}` },
    },
  },
} as const;

const listFacts: RouteFacts = {
  summary: 'All agents',
  roles: ['operator'],
  responses: {
    200: {
      description: 'Without their verifiers',
      schema: closed({ agents: { type: 'array', items: agentSchema } }),
    },
  },
};

const addFacts: RouteFacts = {
  summary: 'Add an agent and make its password',
  roles: ['operator'],
  responses: {
    201: { description: 'The password is in this answer and nowhere else', schema: agentWithPasswordSchema },
  },
};

const rotateFacts: RouteFacts = {
  summary: "Replace an agent's password",
  roles: ['operator'],
  responses: {
    200: { description: 'The new password; the old one no longer works', schema: agentWithPasswordSchema },
  },
};

const disableFacts: RouteFacts = {
  summary: 'Let an agent connect no more, and end its sessions, requests and grants',
  roles: ['operator'],
  responses: { 200: { description: 'The agent, disabled', schema: agentSchema } },
};
