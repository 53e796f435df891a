import { setFlagsFromString } from 'node:v8';

/**
 * Keeps V8 from compiling the SQL parser a second time. The parser is WebAssembly with one function so large that
 * V8's optimizing compiler takes 500 MiB for a second or two over it, in the middle of the first traffic: enough to
 * be killed for in a container. What that compiler gives is a quarter of the 30 to 40 µs that parsing takes, for
 * texts that were not seen before. Must be called before the parser is loaded; each flag alone leaves half the work.
 */
export function keepParserSmall(): void {
  setFlagsFromString('--no-wasm-tier-up');
  setFlagsFromString('--no-wasm-dynamic-tiering');
}
