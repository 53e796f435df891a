import { benignOn } from './benign-suite.ts';

benignOn(17);
