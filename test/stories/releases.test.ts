import { testStories } from '../support/stories.ts';

testStories('releases');
