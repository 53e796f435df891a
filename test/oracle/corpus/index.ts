import { statementsIn } from '../schema.ts';
import type { Asked } from '../schema.ts';
import { AGGREGATING } from './aggregating.ts';
import { NESTING } from './nesting.ts';
import { SELECTING } from './selecting.ts';
import { WRITING } from './writing.ts';

/** Statements written by people, each for a way a value can travel. */
export const CORPUS: readonly Asked[] = [SELECTING, NESTING, AGGREGATING, WRITING].flatMap(statementsIn);
