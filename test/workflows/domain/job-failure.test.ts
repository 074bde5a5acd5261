import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classifyJobFailure, logTail, withoutSecrets } from '../../../workflows/domain/job-failure.ts';

const causes: Record<string, [string, string][]> = {
  memory: [
    ['Node', 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory'],
    ['Python', 'MemoryError: Unable to allocate 7.45 GiB for an array with shape (1000000000,) and data type float64'],
    ['CUDA', 'RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB'],
    ['Spark', 'java.lang.OutOfMemoryError: Java heap space'],
    ['the kernel', 'Killed'],
    ['a container', 'Container score was OOMKilled'],
    ['an allocator', "terminate called after throwing an instance of 'std::bad_alloc'"],
  ],
  timeout: [
    ['a mini-batch', 'TimeoutError: mini-batch of rows 1 to 10 exceeded its timeout of 30 s, after 3 retries'],
    ['parallel run', 'The mini batch run timed out after 60 seconds; all retries are used up'],
    ['a deadline', 'grpc: DeadlineExceeded while scoring'],
  ],
  modelLoad: [
    ['its own format', 'ERROR model.json is not a usable model: Invalid input: expected 1'],
    ['pickle', "_pickle.UnpicklingError: invalid load key, '\\x0a'."],
    ['a module', "ModuleNotFoundError: No module named 'tensorflow.keras'"],
    ['a package', "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'zod' imported from /app/model.ts"],
    ['a library', 'ImportError: libcudart.so.11.0: cannot open shared object file'],
    ['versions', 'ValueError: the file was saved with Keras 3 and is incompatible with version 2.15'],
    ['a missing file', "FileNotFoundError: [Errno 2] No such file or directory: '/mnt/model/saved_model.pb'"],
  ],
  dataNotFound: [
    ['Node', "ERROR ENOENT: no such file or directory, open 'inputs/data/wether.csv'"],
    ['Python', "FileNotFoundError: [Errno 2] No such file or directory: '/mnt/data/2026-11-21'"],
    ['the mount', 'ScriptExecution.StreamAccess.NotFound: The requested stream was not found. Please make sure the request uri is correct.'],
    ['Delta Lake', 'AnalysisException: abfss://lake@acc.dfs.core.windows.net/readings is not a Delta table.'],
    ['Spark', 'org.apache.spark.sql.AnalysisException: Path does not exist: abfss://lake/readings'],
  ],
};

for (const [cause, lines] of Object.entries(causes)) {
  test(`${cause}, in the words of ${lines.map(([who]) => who).join(', ')}`, () => {
    for (const [who, line] of lines) assert.deepEqual(classifyJobFailure(`starting\n${line}\n`, null), { cause, evidence: { source: 'log', line, number: 2 } }, who);
  });
}

test('what was written last decides, and earlier words do not', () => {
  const log = ["mini-batch 3 timed out; retry 1 of 3", 'reading on', "ENOENT: no such file or directory, open 'inputs/data/x.csv'", 'stopped'].join('\n');
  assert.deepEqual([classifyJobFailure(log, null).cause, classifyJobFailure(log, null).evidence?.number], ['dataNotFound', 3]);
});

test('a connection that timed out, an unknown word, an empty log: unknown', () => {
  for (const line of ['connect ETIMEDOUT 10.0.0.4:443', "HTTPSConnectionPool(host='x'): Read timed out.", 'ZeroDivisionError: division by zero', 'Socket timeout', '504 Gateway Time-out', '']) assert.deepEqual(classifyJobFailure(line, null), { cause: 'unknown', evidence: null }, line);
});

test('without a log the run history tells', () => {
  assert.deepEqual(classifyJobFailure(null, 'UserError: User process exited with status code 137.'), { cause: 'memory', evidence: { source: 'run history', line: 'UserError: User process exited with status code 137.', number: null } });
  assert.deepEqual(classifyJobFailure(null, null), { cause: 'unknown', evidence: null });
  assert.equal(classifyJobFailure('Killed', 'TimeoutError').cause, 'memory', 'the log goes first');
});

test('what looks like a secret does not go on', () => {
  const line = 'GET https://acc.blob.core.windows.net/x?sv=1&sig=abc%2Bdef= AccountKey=Zm9v; Authorization: Bearer eyJ.a-b_c db_password="p w" API_KEY=123, done';
  const shown = withoutSecrets(line);
  for (const secret of ['abc%2Bdef', 'Zm9v', 'eyJ', 'p w', '123']) assert.ok(!shown.includes(secret), shown);
  assert.match(shown, /, done$/);
  assert.deepEqual(logTail('a\n\n b \npassword: hunter2\n', 2), ['b', 'password: [removed]']);
});
