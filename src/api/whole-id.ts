import { isWholeId, readId } from '../approvals/id.ts';
import { PosternError } from '../errors.ts';

/**
 * What has an effect takes the whole id. By its beginning alone it could reach a request other than the one its
 * approver has read, one that the agent made since.
 * @param what needs it, for the refusal
 * @param of whose id
 * @returns the id in the store's form
 * @throws PosternError `bad-input`
 */
export function wholeId(id: string, what = 'a decision', of = 'its request'): string {
  const read = readId(id);
  if (read !== null && isWholeId(read)) return read;
  throw new PosternError('bad-input', { reason: `${what} needs the whole id of ${of}` });
}
