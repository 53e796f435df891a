/**
 * JSON paths as the nodes of a tree, walked along with the value. Several may be active at one place, since
 * `.*` and a name may both fit a member.
 *
 * Invariant: a value whose form is not what a path expects is met with more masking, never with less, as in
 * SQL's lax mode: `.name` goes through arrays, `[*]` takes a value that is no array for its only element.
 */
import type { JsonPath } from '../../policy/rules.ts';

export type PathNode = {
  /** A path ends here: the whole value is replaced. */
  ends: boolean;
  readonly members: Map<string, PathNode>;
  anyMember: PathNode | null;
  elements: PathNode | null;
  /** Reached by `.*` alone, so the values it meets are mostly not the ones that are meant. */
  readonly byWildcard: boolean;
};

export function pathTree(paths: readonly JsonPath[]): PathNode {
  const root = node(false);
  for (const path of paths) {
    let at = root;
    for (const step of path) {
      switch (step.kind) {
        case 'member': {
          const next = at.members.get(step.name) ?? node(false);
          at.members.set(step.name, next);
          at = next;
          break;
        }
        case 'members':
          at = at.anyMember ??= node(true);
          break;
        case 'elements':
          at = at.elements ??= node(false);
          break;
        default:
          step satisfies never;
      }
    }
    at.ends = true;
  }
  return root;
}

function node(byWildcard: boolean): PathNode {
  return { ends: false, members: new Map(), anyMember: null, elements: null, byWildcard };
}

export type Active = readonly PathNode[];
export const NOWHERE: Active = [];

export function endsHere(active: Active): boolean {
  for (const one of active) if (one.ends) return true;
  return false;
}

/** A text or number where a path wants to go further: the data is not what the path was written for. */
export function stopsAt(active: Active): boolean {
  for (const one of active) if (one.ends || !one.byWildcard) return true;
  return false;
}

/** What is active for an object: `[*]` takes it for an array's only element. */
export function inObject(active: Active): Active {
  let found = active;
  for (let i = 0; i < found.length; i++) {
    const elements = found[i]!.elements;
    if (elements !== null && !found.includes(elements)) found = [...found, elements];
  }
  return found;
}

/** What is active for an array's elements: `.name` goes through to them. */
export function inElements(active: Active): Active {
  const found: PathNode[] = [];
  for (const one of active) {
    if (one.elements !== null) found.push(one.elements);
    if (one.members.size > 0 || one.anyMember !== null) found.push(one);
  }
  return found;
}

export function inMember(active: Active, name: string): Active {
  let found: PathNode[] | null = null;
  for (const one of active) {
    const member = one.members.get(name);
    if (member !== undefined) (found ??= []).push(member);
    if (one.anyMember !== null) (found ??= []).push(one.anyMember);
  }
  return found ?? NOWHERE;
}
