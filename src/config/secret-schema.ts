/** A secret as it is written: always a map that says where it comes from, so nobody writes one in clear by accident. */
import { z } from 'zod';
import { label } from './values.ts';

export const secret = z
  .strictObject({
    env: label().optional(),
    file: label().optional(),
    inline: z.string().optional(),
  })
  .refine((written) => Object.values(written).filter((value) => value !== undefined).length === 1, {
    message: 'say where the secret is, in one way',
    params: { suggestion: "env: NAME, file: path, or, in clear, inline: '...'" },
  });
export type WrittenSecret = z.output<typeof secret>;
