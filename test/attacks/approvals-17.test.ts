import { approvalsOn } from './approvals-suite.ts';

approvalsOn(17);
