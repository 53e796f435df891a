/** The API's own description. */
import type { FastifyInstance } from 'fastify';
import { openapi } from '../openapi.ts';
import type { Registered } from '../openapi.ts';

export function openapiRoutes(app: FastifyInstance, routes: readonly Registered[], version: string): void {
  app.get(
    '/v1/openapi.json',
    {
      config: {
        facts: {
          summary: 'This document',
          roles: ['approver', 'operator', 'auditor'],
          responses: { 200: { description: 'OpenAPI 3.1', schema: { type: 'object' } } },
        },
      },
    },
    async () => openapi(routes, version),
  );
}
