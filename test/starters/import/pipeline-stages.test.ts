import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readPipelineFile } from '../../../starters/import/pipeline-stages.ts';

describe('the stages of a YAML pipeline', () => {
  it('are read with the environments of their deployment jobs, in both ways of writing them', () => {
    const { stages, variables, unknown } = readPipelineFile(`
variables: [{name: workspace, value: dev-ml-workspace}, {group: shared}, {name: computed, value: $(other)}]
stages:
- stage: Train
  jobs: [{job: train, steps: []}]
- stage: Production
  jobs:
  - deployment: deploy
    environment: production.models
  - deployment: again
    environment: {name: production, resourceType: kubernetes}
`);
    assert.deepEqual([stages, variables, unknown], [[{ name: 'Train', environments: [] }, { name: 'Production', environments: ['production'] }], { workspace: 'dev-ml-workspace' }, []]);
  });

  it('of a pipeline without stages are one', () => {
    assert.deepEqual(readPipelineFile('variables: {location: westeurope}\njobs: [{deployment: d, environment: test}]'), { stages: [{ name: '__default', environments: ['test'] }], variables: { location: 'westeurope' }, unknown: [] });
    assert.deepEqual(readPipelineFile('steps: [{script: echo}]').stages, []);
  });

  it('that a template or an expression hides are said', () => {
    const { stages, unknown } = readPipelineFile('extends: {template: base.yml}\nstages:\n- template: stages.yml\n- ${{ if eq(1, 1) }}:\n  - stage: x\n- stage: y\n  jobs: [{template: j.yml}, {deployment: d, environment: "${{ parameters.env }}"}]\n');
    assert.deepEqual(stages, [{ name: 'y', environments: [] }]);
    for (const said of [/extends a template/, /a stage is the template stages\.yml/, /a stage stands under the expression/, /a job of stage y is the template j\.yml/, /an environment of y is an expression/]) assert.ok(unknown.some((each) => said.test(each)), String(said));
    assert.match(readPipelineFile('stages: [').unknown.join(), /not valid YAML/);
    assert.deepEqual(readPipelineFile('just a text').stages, []);
  });
});
