/** Between a step's effect and its record, where a repetition would do it twice. Before each step as well: test/chaos. */
import { testKills } from './support/release-model-kills.ts';

await testKills('releaseModel survives a kill after the effect of each of its steps', ['afterEffect']);
