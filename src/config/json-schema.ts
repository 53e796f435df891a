/** rules.yaml's shape as JSON Schema, for editors. `fixtures/rules.schema.json` is this, written out; a test compares. */
import { z } from 'zod';
import { rulesSchema } from './rules-schema.ts';

export function rulesJsonSchema(): object {
  return {
    title: 'Postern rules.yaml',
    ...z.toJSONSchema(rulesSchema, { io: 'input', unrepresentable: 'any' }),
  };
}
