/**
 * One of several processes: a whole Postern, told by its supervisor when to stop. `child.ts CONFIG NUMBER COUNT STOP_MS`.
 * Invariant: it never outlives its supervisor, and stops in an orderly way whichever of the two is told to.
 */
import { startPostern, type Postern } from '../app.ts';
import { PosternError } from '../errors.ts';
import type { FromProcess, ToProcess } from './messages.ts';
import { SiblingsByMessage } from './siblings-by-message.ts';

const [configFile = '', number = '', count = '', stopMs = ''] = process.argv.slice(2);

let postern: Postern | null = null;
let stopping = false;

function tell(message: FromProcess, then: () => void = () => undefined): void {
  // Where the channel is gone, so is the supervisor; `disconnect` says so.
  if (process.connected) process.send?.(message, then);
  else then();
}

async function stop(): Promise<void> {
  // During the start: it is stopped once that is over.
  if (stopping || postern === null) {
    stopping = true;
    return;
  }
  stopping = true;
  await postern.stop();
  process.exit(0);
}

// A terminal sends these to every process of its group; the supervisor passes on what they mean.
process.on('SIGINT', () => undefined);
process.on('SIGHUP', () => undefined);
process.on('SIGTERM', () => void stop());
process.on('disconnect', () => {
  // Nobody is left to insist.
  setTimeout(() => process.exit(1), Number(stopMs)).unref();
  void stop();
});

const siblings = new SiblingsByMessage(tell);
process.on('message', (message: ToProcess) => {
  switch (message.kind) {
    case 'stop':
      return void stop();
    case 'reload':
      return postern?.reload();
    case 'answers':
      return siblings.answered(message.id, message.answers);
    case 'question': {
      const { id, question } = message;
      // Not up yet, or failing: no answer in time says as much.
      postern?.answer(question).then(
        (answer) => tell({ kind: 'answer', id, answer }),
        () => undefined,
      );
      return undefined;
    }
  }
});

try {
  const place = { number: Number(number), count: Number(count), siblings };
  postern = await startPostern({ configFile, place });
  const { agentPort, apiPort } = postern;
  tell({ kind: 'ready', agentPort, apiPort });
  if (stopping) {
    stopping = false;
    await stop();
  }
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof PosternError ? error.hint : '';
  tell({ kind: 'failed', message, hint }, () => process.exit(1));
}
