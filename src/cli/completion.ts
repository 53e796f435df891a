/**
 * `postern completion bash|zsh|fish`: words to load into a shell. Ids of pending requests are asked for when they
 * are wanted, by `postern completion ids`, which prints ids that are nothing but ids: a shell acts on what it is given.
 */
import { Argument } from 'commander';
import type { Command } from 'commander';
import { connected } from './connected.ts';
import { print } from './output.ts';

const ID = /^[0-9a-z]{4}-[0-9a-z]{4}$/;
/** Commands that take the id of a request, and those that take a grant's. */
const WITH_ID = ['show', 'approve', 'deny', 'escalate'];
const WITH_GRANT = ['grants', 'revoke'];

export function completionCommand(root: Command): void {
  root
    .command('completion')
    .description('print the completion of a shell, or the ids of pending requests or of grants')
    .addArgument(new Argument('<shell>', 'what to print').choices(['bash', 'zsh', 'fish', 'ids', 'grants']))
    .action(async (shell: Shell | 'ids' | 'grants', _options: object, command: Command) => {
      if (shell !== 'ids' && shell !== 'grants') return print(scripts(root)[shell]);
      const client = connected(command);
      // In the middle of somebody's line nothing may be said of what went wrong.
      const found =
        shell === 'ids'
          ? client.requests({ state: 'pending' }).then(({ requests }) => requests)
          : client.grants({ state: 'active' }).then(({ grants }) => grants);
      for (const { id } of await found.catch(() => [])) if (ID.test(id)) print(id);
    });
}

type Shell = 'bash' | 'zsh' | 'fish';
type Words = {
  readonly top: readonly string[];
  readonly below: readonly (readonly [string, readonly string[]])[];
};

/** From the commands themselves, so that none is forgotten. */
function wordsOf(root: Command): Words {
  const longs = (command: Command): string[] =>
    command.options.flatMap((option) =>
      option.long === undefined || option.long === null ? [] : [option.long],
    );
  const below = root.commands.map((command): [string, string[]] => [
    command.name(),
    [...command.commands.map((one) => one.name()), ...longs(command)],
  ]);
  return { top: [...below.map(([name]) => name), ...longs(root)], below };
}

function scripts(root: Command): { bash: string; zsh: string; fish: string } {
  const { top, below } = wordsOf(root);
  const ids = WITH_ID.join('|');
  const grants = WITH_GRANT.join('|');
  const cases = below.map(([name, words]) => `    ${name}) offered='${words.join(' ')}' ;;`).join('\n');
  const choose = (first: string, word: string): string => `  local offered=''
  case "${first}" in
${cases}
    *) offered='${top.join(' ')}' ;;
  esac
  case "${first}" in
    ${ids}) [[ "${word}" == -* ]] || offered="$(postern completion ids 2>/dev/null)" ;;
    ${grants}) [[ "${word}" == -* ]] || offered="$(postern completion grants 2>/dev/null)" ;;
  esac`;
  return {
    bash: `# postern completion bash: source <(postern completion bash)
_postern() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" first=''
  (( COMP_CWORD > 1 )) && first="\${COMP_WORDS[1]}"
${choose('$first', '$cur')}
  COMPREPLY=($(compgen -W "$offered" -- "$cur"))
}
complete -F _postern postern`,
    zsh: `#compdef postern
# postern completion zsh: source <(postern completion zsh)
_postern() {
  local first=''
  (( CURRENT > 2 )) && first="\${words[2]}"
  local cur="\${words[CURRENT]}"
  () {
${choose('$1', '$2')}
    compadd -- \${(s: :)\${offered//$'\\n'/ }}
  } "$first" "$cur"
}
compdef _postern postern`,
    fish: [
      '# postern completion fish: postern completion fish | source',
      'complete -c postern -f',
      `complete -c postern -n __fish_use_subcommand -a '${top.join(' ')}'`,
      ...below
        .filter(([, words]) => words.length > 0)
        .map(
          ([name, words]) =>
            `complete -c postern -n '__fish_seen_subcommand_from ${name}' -a '${words.join(' ')}'`,
        ),
      `complete -c postern -n '__fish_seen_subcommand_from ${WITH_ID.join(' ')}' -a '(postern completion ids 2>/dev/null)'`,
      `complete -c postern -n '__fish_seen_subcommand_from ${WITH_GRANT.join(' ')}' -a '(postern completion grants 2>/dev/null)'`,
    ].join('\n'),
  };
}
