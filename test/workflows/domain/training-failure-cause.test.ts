import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lineOfField } from '../../../workflows/domain/circuit-config.ts';
import { classifyTrainingFailure, type TrainingCause } from '../../../workflows/domain/training-failure-cause.ts';

const words: [TrainingCause, string][] = [
  ['dataAccess', 'DataAccessError(NotFound)'],
  ['dataAccess', 'StreamAccessException was caused by NotFoundException.'],
  ['dataAccess', 'deltalake._internal.TableNotFoundError: no log files'],
  ['dataAccess', 'abfss://lake@acct.dfs.core.windows.net/readings is not a Delta table'],
  ['dataAccess', 'Status code 403, AuthorizationPermissionMismatch'],
  ['dataAccess', "Data asset weather:7 registration failed: the path is empty"],
  ['dataAccess', "ENOENT: no such file or directory, open 'inputs/data/weather.csv'"],
  ['dataAccess', 'The input data (azureml://datastores/workspaceblobstore/paths/data/late.csv) has no files.'],
  ['config', 'yaml.scanner.ScannerError: mapping values are not allowed here'],
  ['config', 'ERROR the training configuration is wrong:'],
  ['config', 'YAMLParseError: Nested mappings are not allowed'],
  ['quota', 'Not enough quota available for Standard_DS3_v2 in SubscriptionId ***. Current usage/limit: 0/6. Additional needed: 8'],
  ['quota', 'ClusterCoreQuotaReached: the cluster cannot grow'],
  ['quota', 'OutOfQuota'],
  ['environment', 'ImageBuildFailure: building the image failed'],
  ['environment', "ModuleNotFoundError: No module named 'tensorflow'"],
  ['environment', "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'zod' imported from /app/training-config.ts"],
  ['environment', 'Deployment failed due to timeout while waiting for Environment Image to become available'],
  ['unknown', 'loss is NaN'],
  ['unknown', 'Segmentation fault'],
];

describe('classifyTrainingFailure', () => {
  for (const [cause, line] of words) {
    it(`${cause}: ${line}`, () => {
      assert.equal(classifyTrainingFailure(`epoch 1/3 loss 0.4\n${line}\nbye\n`, null).cause, cause);
      assert.equal(classifyTrainingFailure(null, line).cause, cause);
    });
  }

  it('takes the last telling line, with its number; the log goes before the run history', () => {
    const log = "warning: ModuleNotFoundError ignored\nepoch 1/3\nStreamAccessException: NotFound\n";
    const { cause, evidence } = classifyTrainingFailure(log, 'Not enough quota available');
    assert.deepEqual([cause, evidence], ['dataAccess', { source: 'log', line: 'StreamAccessException: NotFound', number: 3 }]);
    assert.deepEqual(classifyTrainingFailure('', 'Not enough quota available').evidence, { source: 'run history', line: 'Not enough quota available', number: null });
    assert.deepEqual(classifyTrainingFailure(null, null), { cause: 'unknown', evidence: null, details: { path: null, file: null, line: null, field: null, needed: null } });
  });

  it('reads file and line of what Python\'s YAML parser says, and the field that a schema refuses', () => {
    const python = classifyTrainingFailure('Traceback\nyaml.scanner.ScannerError: mapping values are not allowed here\n  in "config/plants/P001/C001.yml", line 7, column 20\n', null).details;
    assert.deepEqual([python.file, python.line], ['config/plants/P001/C001.yml', 7]);
    const unknown = classifyTrainingFailure('ERROR the training configuration is wrong:\n✖ Unrecognized key: "dropout"\n  → at hyperparameters\n', null).details;
    assert.equal(unknown.field, 'hyperparameters.dropout');
    const range = classifyTrainingFailure('ERROR the training configuration is wrong:\n✖ Too big: expected number to be <=4096\n  → at hyperparameters.hidden_units\n', null).details;
    assert.equal(range.field, 'hyperparameters.hidden_units');
  });

  it('reads the path that failed, the vCPUs that lack, and no secret', () => {
    const { details, evidence } = classifyTrainingFailure('BlobNotFound: https://acct.blob.core.windows.net/c/data.csv?sig=abc123 is not there\n', null);
    assert.equal(details.path, 'https://acct.blob.core.windows.net/c/data.csv');
    assert.doesNotMatch(evidence!.line, /abc123/);
    assert.equal(classifyTrainingFailure(null, 'Not enough quota available for X. Current usage/limit: 0/6. Additional needed: 8').details.needed, 8);
  });
});

describe('lineOfField', () => {
  const text = 'training:\n  cutoff_date: "2015-06-30"\n  hyperparameters:\n    learning_rate: 0.01\n    dropout: 1\n';
  it('finds a field with or without what it lies in', () => {
    assert.deepEqual(['training.hyperparameters.dropout', 'hyperparameters.dropout', 'dropout', 'cutoff_date', 'epochs'].map((field) => lineOfField(text, field)), [5, 5, 5, 2, null]);
  });
});
