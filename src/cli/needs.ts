import type { RequestView } from '../api/views.ts';
import { safe } from './output.ts';

/** What each rule demands, as people would say it. */
export function needs({ requirements }: Pick<RequestView, 'requirements'>): string {
  const demands = requirements.map(({ approvers, quorum }) => {
    const people = quorum === 1 ? 'one' : `${quorum} different people`;
    return `${people} of ${approvers.length === 0 ? 'all approvers' : approvers.map(safe).join(' or ')}`;
  });
  return [...new Set(demands)].join(', and ');
}
