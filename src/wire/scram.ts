/** SCRAM-SHA-256, both sides: the door to the files that share the work. */

export { SCRAM_ITERATIONS, SCRAM_SALT_BYTES } from './limits.ts';
export { saslprep } from './saslprep.ts';
export { ScramClient } from './scram-client.ts';
export { SCRAM_SHA_256, SCRAM_SHA_256_PLUS } from './scram-message.ts';
export { scramMechanisms, ScramServer, type ScramOutcome } from './scram-server.ts';
export {
  makeVerifier,
  mockVerifier,
  parseVerifier,
  saltPassword,
  type SaltPassword,
  type Verifier,
} from './scram-verifier.ts';
