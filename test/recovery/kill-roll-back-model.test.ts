/** Between a step's effect and its record, where a repetition would do it twice. Before each step as well: test/chaos. */
import { testKills } from './support/roll-back-model-kills.ts';

await testKills('rollBackModel survives a kill after the effect of each of its steps', ['afterEffect']);
