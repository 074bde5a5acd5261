import temporal from 'eslint-plugin-temporal';
import tseslint from 'typescript-eslint';

/** Which rooms a folder may not import from; `workers/configuration.ts` and the client connection are the way in for starters. */
const forbid = (...patterns) => ({ 'no-restricted-imports': ['error', { patterns: patterns.map(([regex, message]) => ({ regex, message, allowTypeImports: message.startsWith('types only') })) }] });
const outside = ['(^|/)(sandbox|test|bench|scripts)/', 'nothing of the product imports these'];

export default tseslint.config(
  { ignores: ['node_modules/', '.cache/', '**/*.js', '**/*.mjs'] },
  ...tseslint.configs.recommendedTypeChecked,
  { languageOptions: { parserOptions: { projectService: true } } },
  {
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/require-await': 'off', // an interface may ask for a promise where an implementation need not wait
      '@typescript-eslint/consistent-type-imports': 'error',
      eqeqeq: 'error',
    },
  },
  { files: ['test/**/*.ts'], rules: { '@typescript-eslint/no-floating-promises': ['error', { allowForKnownSafeCalls: [{ from: 'package', name: ['test', 'it', 'describe', 'suite', 'before', 'after', 'beforeEach', 'afterEach'], package: 'node:test' }] }] } },
  { files: ['workflows/**', 'activities/**', 'workers/**'], rules: { 'no-console': 'error' } },
  { files: ['workflows/domain/**/*.ts'], rules: forbid(['\\.\\./', 'the domain imports nothing of the repository'], ['^node:', 'the domain is pure'], ['^@temporalio/', 'the domain knows no Temporal']) },
  {
    files: ['workflows/**/*.ts'],
    ignores: ['workflows/domain/**'],
    rules: forbid(['(^|/)activities/', 'types only: workflows see activities as types'], ['(^|/)(workers|starters)/', 'nothing imports these'], outside, ['^node:', 'no Node built-in in workflow code']),
  },
  {
    files: ['workflows/**/*.ts'],
    plugins: { temporal },
    rules: {
      'no-restricted-globals': ['error', 'process', 'require', 'setTimeout', 'setInterval', 'setImmediate', 'fetch', 'performance', 'crypto', 'Intl', 'WeakRef', 'FinalizationRegistry'],
      'no-restricted-properties': ['error', { object: 'Math', property: 'random' }, { object: 'Date', property: 'now' }, { property: 'toLocaleString' }, { property: 'toLocaleDateString' }, { property: 'toLocaleTimeString' }, { property: 'getTimezoneOffset' }, ...['FullYear', 'Month', 'Date', 'Day', 'Hours', 'Minutes', 'Seconds'].map((part) => ({ property: `get${part}`, message: 'local time follows the time zone of the worker' }))],
      'no-restricted-syntax': ['error', { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'read the time through workflow-clock.ts' }],
    },
  },
  { files: ['activities/**/*.ts'], rules: { ...forbid(['(^|/)workflows/(?!domain/)', 'activities import only workflows/domain'], ['(^|/)(workers|starters)/', 'nothing imports these'], outside), 'no-restricted-globals': ['error', 'process'] } },
  { files: ['workers/**/*.ts'], rules: forbid(['(^|/)starters/', 'nothing imports starters'], outside) },
  { files: ['starters/**/*.ts'], rules: forbid(['(^|/)workers/(?!configuration|temporal-client|platform-settings)', 'of workers, starters import the configuration, the platform settings and the client connection only'], outside) },
);
