import { attacksOn } from './attacks-suite.ts';

attacksOn(17);
