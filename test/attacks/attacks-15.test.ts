import { attacksOn } from './attacks-suite.ts';

attacksOn(15);
