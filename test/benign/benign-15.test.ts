import { benignOn } from './benign-suite.ts';

benignOn(15);
